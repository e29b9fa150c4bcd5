package centralreach

import (
	"context"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/load/loadtest"
	"github.com/chartbridge/chartbridge/transform"
	"github.com/go-json-experiment/json"
)

// A clock moves when it sleeps or is told to.
type clock struct {
	mu    sync.Mutex
	t     time.Time
	slept []time.Duration
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.move(d)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.slept = append(c.slept, d)
	return ctx.Err()
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// newVendor serves a simulated CentralReach below a path and gives options
// that reach it. The vendor's clock is its own, so that a token can run out
// there first.
func newVendor(t *testing.T, vendor loadtest.CentralReachOptions) (*loadtest.CentralReach, Options) {
	t.Helper()
	vendor.Prefix, vendor.ClientID, vendor.ClientSecret, vendor.APIKey, vendor.OrgID = "/cr", "id", "secret", "key", 77
	s := loadtest.NewCentralReach(vendor)
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	return s, Options{
		BaseURL: srv.URL + "/cr/enterprise/v1", TokenURL: srv.URL + "/cr/connect/token",
		ClientID: "id", ClientSecret: "secret", APIKey: "key", OrgID: "77", ExternalIDPrefix: "dc-", CreateEmployees: true,
		InFlight: 4, Clock: newClock(), Write: Write{Clients: true, Employees: true},
	}
}

func newClock() *clock { return &clock{t: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

// open makes a destination that is ready to send.
func open(t *testing.T, o Options) *Destination {
	t.Helper()
	d := New(o)
	if err := d.Open(t.Context()); err != nil {
		t.Fatalf("open: %v", err)
	}
	return d
}

type fields = map[string]any

// ada is a client's body as the shape maps it.
func ada() fields {
	return fields{"externalSystemId": "dc-71", "firstName": "Ada", "lastName": "Roma", "primaryEmail": "ada@example.test",
		"city": "Albany", "stateProvince": "NY", "phoneCell": "5550100123", "dateOfBirth": "2015-04-05T00:00:00Z", "ContactForm": "Client"}
}

func with(base fields, name string, v any) fields {
	out := fields{}
	for k, old := range base {
		out[k] = old
	}
	out[name] = v
	if v == nil {
		delete(out, name)
	}
	return out
}

func delivery(t *testing.T, object, target string, body fields) etl.Delivery {
	t.Helper()
	raw, err := json.Marshal(body, json.Deterministic(true))
	if err != nil {
		t.Fatal(err)
	}
	return etl.Delivery{Object: object, SourceID: "71", TargetID: target, Body: raw}
}

func findOne(t *testing.T, d *Destination, del etl.Delivery) load.Finding {
	t.Helper()
	findings, err := d.Find(t.Context(), del.Object, []etl.Delivery{del})
	if err != nil {
		t.Fatalf("find: %v", err)
	}
	return findings[0]
}

// lookups is a lookups file of one destination: lookup to key to id.
type lookups map[string]map[string]string

func (l lookups) Find(_, lookup, key string) (string, bool) {
	id, ok := l[lookup][key]
	if !ok && lookup == "contactForm" {
		id, ok = l[lookup]["default"]
	}
	return id, ok
}

func (l lookups) Has(_, lookup string) bool { return len(l[lookup]) > 0 }

// newCase is a source record before its judge.
func newCase(t *testing.T, endpoint string, raw fields, l lookups) *transform.Case {
	t.Helper()
	body, err := json.Marshal(raw)
	if err != nil {
		t.Fatal(err)
	}
	return &transform.Case{
		Env:    &transform.Env{Destination: Name, Now: newClock().Now(), Zone: time.UTC, Lookups: l},
		Source: etl.Source{Ref: etl.Ref{Endpoint: endpoint, ID: "71"}, Raw: body},
	}
}
