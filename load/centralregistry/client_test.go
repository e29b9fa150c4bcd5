package centralregistry

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/load/loadtest"
)

var _ load.Destination = (*Destination)(nil)

// A testClock moves only when told to.
type testClock struct {
	mu sync.Mutex
	at time.Time
}

func (c *testClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *testClock) Sleep(ctx context.Context, d time.Duration) error {
	c.move(d)
	return ctx.Err()
}

func (c *testClock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// A site is a destination with the registry that it talks to.
type site struct {
	*Destination
	registry *loadtest.Registry
	clock    *testClock
}

const testSite = "DE434055"

func newSite(t *testing.T, change func(*Options)) site {
	t.Helper()
	clock := &testClock{at: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	registry := loadtest.NewRegistry(loadtest.RegistryOptions{Now: clock.Now, Prefix: "/registry", Username: "u",
		Password: "p", HashKey: testKey, Sites: []string{testSite, "DE000001"}})
	registry.Admit(testCRID, testBirth, "2026-01-15", true)
	server := httptest.NewServer(registry)
	t.Cleanup(server.Close)
	o := Options{BaseURL: server.URL + "/registry", LoginPath: "/login", DischargePath: "/discharge", Username: "u",
		Password: "p", FirstName: "Cy", LastName: "Dunn", SiteID: testSite, InFlight: 2, Clock: clock}
	if change != nil {
		change(&o)
	}
	return site{New(o), registry, clock}
}

// delivery is what the chart maps to, on its way.
func delivery(t *testing.T, c *chart) etl.Delivery {
	t.Helper()
	v := c.judge(t)
	if v.Outcome != "" {
		t.Fatalf("got %s %+v, want a discharge", v.Outcome, v.Problems)
	}
	return etl.Delivery{Destination: Name, Object: object, SourceID: "4711", Op: etl.Discharge, Body: v.Body}
}

func (s site) send(t *testing.T, c *chart) load.Answer {
	t.Helper()
	return s.Send(context.Background(), delivery(t, c))
}

func TestDischarge(t *testing.T) {
	s := newSite(t, nil)
	if err := s.Open(context.Background()); err != nil {
		t.Fatal(err)
	}
	a := s.send(t, discharged().with("doseThroughDate", "2026-03-05").row("dosage_quantity", "108.32"))
	if a.Kind != load.Acknowledged || a.TargetID != load.Recorded || a.Status != 200 || a.Phase != load.PhaseAnswer {
		t.Errorf("got %+v, want acknowledged", a)
	}
	if n := len(s.registry.Objects(object)); n != 1 {
		t.Errorf("%d discharges, want 1", n)
	}
	if calls := s.registry.Calls(); calls["login token"] != 1 || calls["create discharge"] != 1 {
		t.Errorf("calls %v, want one login and one discharge", calls)
	}
}

// TestEveryMappedDischargeIsTaken sends what the rules let through to the
// registry, which checks the same document on its own.
func TestEveryMappedDischargeIsTaken(t *testing.T) {
	undosed := func() *chart {
		return discharged().with("dischargeReason", "12").with("doseThroughDate", "2026-01-15").taking()
	}
	none := undosed()
	none.lookups[medicationLookup] = map[string]string{"none": "12"}
	for name, tt := range map[string]struct {
		c     *chart
		dosed bool
	}{
		"plain": {discharged(), true}, "take-home": {discharged().with("doseThroughDate", "2026-04-01"), true},
		"today":    {discharged().with("dischargeDate", "2026-03-01"), true},
		"words":    {discharged().with("dischargeReason", "Patient deceased."), true},
		"decimals": {discharged().row("dosage_quantity", "16.0000"), true},
		"no dose":  {undosed(), false}, "no dose, 12": {none, false},
	} {
		s := newSite(t, nil)
		s.registry.Admit(testCRID, testBirth, "2026-01-15", tt.dosed)
		if a := s.send(t, tt.c); a.Kind != load.Acknowledged {
			t.Errorf("%s: got %+v, want acknowledged", name, a)
		}
	}
}

func TestObjectsAndFind(t *testing.T) {
	s := newSite(t, nil)
	objects := s.Objects()
	if len(objects) != 1 || objects[0] != (load.Object{Name: "discharge", Final: true}) || s.Name() != "central_registry" {
		t.Errorf("%s has objects %+v", s.Name(), objects)
	}
	findings, err := s.Find(context.Background(), object, make([]etl.Delivery, 2))
	if err != nil || len(findings) != 2 || findings[0].Proved || findings[1].TargetID != "" {
		t.Errorf("got %+v, %v, want two findings that prove nothing", findings, err)
	}
	if n := len(s.registry.Journal()); n != 0 {
		t.Errorf("%d calls, want none", n)
	}
}

// TestNeverTwice: whatever happens to the answer, one request leaves and the
// outcome is known or said to be unknown.
func TestNeverTwice(t *testing.T) {
	ctx, giveUp := context.WithCancel(context.Background())
	defer giveUp()
	lost := loadtest.Fault{When: loadtest.After, Do: func(x *loadtest.Exchange) {
		giveUp()
		<-x.Request.Context().Done()
		x.Reset = true
	}}
	for _, tt := range []struct {
		name    string
		fault   loadtest.Fault
		applied bool
	}{
		{"reset before", loadtest.ResetBefore(), false},
		{"reset after", loadtest.ResetAfter(), true},
		{"broken off", loadtest.TruncateAfter(), true},
		{"given up after", lost, true},
		{"500 after", loadtest.StatusAfter(500), true},
		{"502 before", loadtest.Status(502, "bad gateway"), false},
		{"429", loadtest.TooMany("1"), false},
		{"a page", loadtest.HTML200(), false},
		{"accepted without a word", loadtest.Status(202, `{}`), false},
		{"11-999", loadtest.Status(500, `{"success":false,"code":"11-999"}`), false},
		{"redirect", loadtest.Status(307, `{}`), false},
	} {
		s := newSite(t, nil)
		if err := s.Open(context.Background()); err != nil {
			t.Fatal(err)
		}
		s.registry.Inject(tt.fault.On("POST", "/discharge"))
		sending := context.Background()
		if tt.name == "given up after" {
			sending = ctx
		}
		if a := s.Send(sending, delivery(t, discharged())); a.Kind != load.Unknown || a.TargetID != "" {
			t.Errorf("%s: got %+v, want unknown", tt.name, a)
		}
		if n := s.registry.Calls()["create discharge"]; n != 1 {
			t.Errorf("%s: %d requests, want 1", tt.name, n)
		}
		if applied := len(s.registry.Objects(object)) == 1; applied != tt.applied || s.registry.Duplicates() != nil {
			t.Errorf("%s: applied %t, want %t", tt.name, applied, tt.applied)
		}
	}
}

func TestUnreachable(t *testing.T) {
	s := newSite(t, nil)
	if err := s.Open(context.Background()); err != nil {
		t.Fatal(err)
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	s.o.BaseURL = gone.URL
	if a := s.send(t, discharged()); a.Kind != load.NotSent || a.Phase != load.PhaseDial {
		t.Errorf("got %+v, want not sent", a)
	}
	if _, err := (&login{o: s.o, client: s.client}).token(t.Context()); err == nil || !strings.Contains(err.Error(), "the connection is refused") {
		t.Errorf("got %v, want it to say that the connection is refused", err)
	}
}

func TestAlreadyDischarged(t *testing.T) {
	s := newSite(t, nil)
	s.registry.Inject(loadtest.ResetAfter())
	del := delivery(t, discharged())
	if a := s.Send(context.Background(), del); a.Kind != load.Unknown {
		t.Errorf("lost answer: got %+v, want unknown", a)
	}
	first := s.Send(context.Background(), del)
	del.Lost = true
	later := s.Send(context.Background(), del)
	for kind, a := range map[load.Kind]load.Answer{load.Exists: first, load.Unknown: later} {
		if a.Kind != kind || a.Status != 409 || a.Problem.Code != alreadyDischarged || a.Problem.Message == "" || a.TargetID != "" {
			t.Errorf("got %+v, want %s", a, kind)
		}
	}
	if d := s.registry.Duplicates(); d != nil {
		t.Errorf("duplicates %v", d)
	}
}

func TestRejected(t *testing.T) {
	twin := discharged().with("crid", "000456780")
	born := discharged()
	born.patient["date_of_birth"] = "1980-02-04"
	elsewhere := discharged()
	elsewhere.options.SiteID = "DE000001"
	for _, tt := range []struct {
		name, code, field string
		c                 *chart
	}{
		{"another birth date", "11-002", "identification_hash", born},
		{"an unknown patient", "11-102", "", twin},
		{"another site", "11-101", "", elsewhere},
	} {
		s := newSite(t, nil)
		a := s.send(t, tt.c)
		if a.Kind != load.Rejected || a.Problem.Code != tt.code || a.Problem.Field != tt.field || a.Problem.Message == "" {
			t.Errorf("%s: got %+v, want rejected %s %q", tt.name, a, tt.code, tt.field)
		}
	}
}
