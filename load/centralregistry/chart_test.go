package centralregistry

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/transform"
)

// Values that must never stand in a problem.
const (
	testCRID  = "000456789"
	testBirth = "1980-02-03"
	testKey   = "synthetic"
	testDrug  = "Methadone 10 mg/mL oral concentrate"
)

// testHash is the HMAC of testBirth under testKey, made with another program.
const testHash = "ebd772e71f2100f57bdf7834a80955a96aa6f44a7b0ee68b861ccebc0aab1c86"

type fieldMap = map[string]any

// testLookups are lookups by name and key.
type testLookups map[string]map[string]string

func (l testLookups) Find(destination, lookup, key string) (string, bool) {
	id, ok := l[lookup][key]
	return id, ok && destination == Name
}

func (l testLookups) Has(_, lookup string) bool { return len(l[lookup]) > 0 }

// A chart is a patient with everything that a verdict hangs on.
type chart struct {
	options      ShapeOptions
	patient      fieldMap
	demographics map[string]string // by the key of the lookup
	medications  []fieldMap
	lookups      testLookups
	now          time.Time
}

// discharged is a patient whose discharge breaks no rule.
func discharged() *chart {
	return &chart{
		options: ShapeOptions{UserName: "Cy Dunn", SiteID: "DE434055", HashKey: testKey},
		patient: fieldMap{"id": 4711, "first_name": "Ada", "last_name": "Roma", "date_of_birth": testBirth},
		demographics: map[string]string{"crid": testCRID, "admission": "2026-01-15", "dischargeReason": "2",
			"dischargeDate": "2026-02-28", "doseThroughDate": "2026-02-28"},
		medications: []fieldMap{methadone("2026-01-15", "")},
		lookups: testLookups{demographicsLookup: {"crid": "7001", "admission": "7002", "dischargeReason": "7003",
			"dischargeDate": "7004", "doseThroughDate": "7005"}},
		now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
	}
}

func methadone(started, stopped string) fieldMap { return drugRow(testDrug, "80", started, stopped) }

func drugRow(name, quantity, started, stopped string) fieldMap {
	return fieldMap{"name": name, "dosage_quantity": quantity, "dosage_units": "mg", "status": "active",
		"date_started_taking": started, "date_stopped_taking": stopped}
}

func (c *chart) with(key, value string) *chart {
	c.demographics[key] = value
	return c
}

func (c *chart) taking(rows ...fieldMap) *chart {
	c.medications = rows
	return c
}

// row changes the chart's first medication.
func (c *chart) row(key string, value any) *chart {
	c.medications[0][key] = value
	return c
}

func (c *chart) judge(t *testing.T) transform.Verdict {
	t.Helper()
	shapes := Shapes(c.options)
	verdicts := shapes[0].Judge(c.testCase(t))
	if len(shapes) != 1 || len(verdicts) != 1 {
		t.Fatalf("%d shapes, %d verdicts, want one each", len(shapes), len(verdicts))
	}
	return verdicts[0]
}

func (c *chart) testCase(t *testing.T) *transform.Case {
	t.Helper()
	var list []fieldMap
	for key, value := range c.demographics {
		if id := c.lookups[demographicsLookup][key]; id != "" {
			list = append(list, fieldMap{"field_type": json.Number(id), "value": value})
		}
	}
	c.patient["custom_demographics"] = list
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	env := &transform.Env{Destination: Name, Object: object, Now: c.now, Zone: zone, Lookups: c.lookups}
	env.Medications = map[string][]transform.Medication{}
	for _, m := range c.medications {
		row, fault := transform.As[transform.Medication](&transform.Case{Source: etl.Source{Raw: encode(t, m)}})
		if fault != "" {
			t.Fatal(fault)
		}
		env.Medications["4711"] = append(env.Medications["4711"], row)
	}
	return &transform.Case{Env: env, Source: etl.Source{Ref: etl.Ref{Endpoint: "patients", ID: "4711"},
		Patient: "4711", Raw: encode(t, c.patient)}}
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// body maps a chart that breaks no rule.
func (c *chart) body(t *testing.T, rule string) map[string]json.RawMessage {
	t.Helper()
	v := c.judge(t)
	if v.Outcome != "" {
		t.Fatalf("%s: got %s %+v, want a discharge", rule, v.Outcome, v.Problems)
	}
	var body map[string]json.RawMessage
	if err := json.Unmarshal(v.Body, &body); err != nil {
		t.Fatal(err)
	}
	return body
}

// obeys checks that a chart obeys the document's rule, and what is sent.
func (c *chart) obeys(t *testing.T, rule, field, want string) {
	t.Helper()
	if got := string(c.body(t, rule)[field]); got != want {
		t.Errorf("%s: %s is %s, want %s", rule, field, got, want)
	}
}

// breaks checks that a chart breaks the document's rule and no other, and that
// the problem shows nothing of the patient.
func (c *chart) breaks(t *testing.T, rule, field, code, says string) {
	t.Helper()
	v := c.judge(t)
	if v.Outcome != etl.Invalid || len(v.Problems) != 1 || v.Body != nil {
		t.Fatalf("%s: got %q %+v, want invalid with one problem", rule, v.Outcome, v.Problems)
	}
	p := v.Problems[0]
	if p.Field != field || p.Code != code || !strings.Contains(p.Message, says) {
		t.Errorf("%s: got %+v, want %s %s %q", rule, p, field, code, says)
	}
	text := string(encode(t, v))
	for _, secret := range []string{testCRID, testBirth, testKey, testHash, testDrug, "Ada", "Roma"} {
		if strings.Contains(text, secret) {
			t.Errorf("%s: a problem holds a patient's value", rule)
		}
	}
	if v.Cause != code {
		t.Errorf("%s: cause %q, want %q", rule, v.Cause, code)
	}
}
