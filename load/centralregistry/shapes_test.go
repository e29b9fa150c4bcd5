package centralregistry

import (
	"encoding/json"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/transform"
	"github.com/google/go-cmp/cmp"
)

func TestWholeBody(t *testing.T) {
	want := `{"discharge_user_name":"Cy Dunn","unique_site_id":"DE434055","crid":"000456789","identification_hash":"` + testHash +
		`","discharge_date":"2026-02-28","discharge_reason":2,"dose_through_date":"2026-02-28","medication":1,"dosage":80}`
	if diff := cmp.Diff(want, string(discharged().judge(t).Body)); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
}

func TestColumns(t *testing.T) {
	columns := Shapes(ShapeOptions{})[0].Columns
	if len(columns) != 16 {
		t.Errorf("%d columns, want the document's 16", len(columns))
	}
	for i, c := range columns {
		if c.Required != (i < 9) || c.From == "" {
			t.Errorf("%s: required %t, from %q; the first 9 are required, and all come from somewhere", c.Name, c.Required, c.From)
		}
	}
}

func TestWhoIsDischarged(t *testing.T) {
	nobody := discharged()
	nobody.demographics = nil
	nobody.lookups = testLookups{}
	tests := []struct {
		name string
		c    *chart
		want bool
	}{
		{"CRID and reason", discharged(), true},
		{"no CRID", discharged().with("crid", ""), false},
		{"still admitted", discharged().with("dischargeReason", ""), false},
		{"reason none", discharged().with("dischargeReason", "None"), false},
		{"no lookups, no custom demographics", nobody, false},
	}
	for _, tt := range tests {
		v := tt.c.judge(t)
		if excluded := v.Outcome == etl.Excluded && v.Cause == etl.CauseNoDischarge; excluded == tt.want {
			t.Errorf("%s: got %q %q", tt.name, v.Outcome, v.Cause)
		}
	}
}

// TestMeanings: a meaning that the lookups lack is a problem where a record
// needs it, and none where it does not.
func TestMeanings(t *testing.T) {
	for _, tt := range []struct{ key, field, names string }{
		{"crid", "crid", "crid"}, {"dischargeReason", "discharge_reason", "dischargeReason"},
		{"admission", "discharge_date", "admission"}, {"dischargeDate", "discharge_date", "dischargeDate"},
		{"doseThroughDate", "dose_through_date", "doseThroughDate"},
	} {
		c := discharged()
		delete(c.lookups[demographicsLookup], tt.key)
		c.breaks(t, "meaning "+tt.key, tt.field, etl.CodeLookup, demographicsLookup)
		if p := c.judge(t).Problems[0]; p.Lookup != demographicsLookup || p.Key != tt.names {
			t.Errorf("%s: problem names %s %s", tt.key, p.Lookup, p.Key)
		}
	}
	c := discharged().with("crid", "")
	delete(c.lookups[demographicsLookup], "dischargeReason")
	if v := c.judge(t); v.Outcome != etl.Excluded {
		t.Errorf("no CRID: got %s, want excluded, whatever the lookups lack", v.Outcome)
	}
}

// TestANameIsNoID: with a name in the place of an id no value would ever be
// found, and each discharge be excluded in silence.
func TestANameIsNoID(t *testing.T) {
	for key, field := range map[string]string{"crid": "crid", "dischargeReason": "discharge_reason"} {
		c := discharged()
		test := c.testCase(t)
		c.lookups[demographicsLookup][key] = "Central Registry ID"
		if v := Shapes(c.options)[0].Judge(test)[0]; v.Outcome != etl.Invalid || v.Problems[0].Field != field {
			t.Errorf("%s by a name: got %s %v, want it to be invalid", key, v.Outcome, v.Problems)
		}
	}
}

func TestSpellings(t *testing.T) {
	all := [][]string{
		{"crid"}, {"admission", "admissionDate", "admit_date"}, {"dischargeReason", "discharge_reason", "reason"},
		{"dischargeDate", "discharge_date"}, {"doseThroughDate", "dose_through_date", "doseThrough", "dose_through"},
	}
	for _, keys := range all {
		for _, key := range keys[1:] {
			c := discharged()
			ids := c.lookups[demographicsLookup]
			ids[key] = ids[keys[0]]
			delete(ids, keys[0])
			c.demographics[key] = c.demographics[keys[0]]
			c.body(t, "key "+key)
		}
	}
	for _, name := range lookupNames[1:] {
		c := discharged()
		test := c.testCase(t)
		test.Lookups = testLookups{name: c.lookups[demographicsLookup]}
		if v := Shapes(c.options)[0].Judge(test)[0]; v.Outcome != "" {
			t.Errorf("lookup %q: got %s", name, v.Outcome)
		}
	}
}

func TestUnreadable(t *testing.T) {
	c := discharged()
	c.patient["date_of_birth"] = []string{testBirth}
	if v := c.judge(t); v.Outcome != etl.Failed || v.Cause != etl.CauseUnreadable {
		t.Errorf("got %s %s, want failed unreadable", v.Outcome, v.Cause)
	}
}

func TestEveryProblemAtOnce(t *testing.T) {
	c := discharged().with("crid", "1").with("dischargeDate", "soon").with("doseThroughDate", "").with("dischargeReason", "26")
	c.options, c.patient["date_of_birth"] = ShapeOptions{}, nil
	var got []string
	for _, p := range c.judge(t).Problems {
		got = append(got, p.Field+" "+p.Code)
	}
	want := []string{"discharge_user_name required", "unique_site_id format", "crid format", "identification_hash required",
		"discharge_date format", "discharge_reason range", "dose_through_date required"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

// TestAside: what is left aside is in every body, and comes from the config or
// its key.
func TestAside(t *testing.T) {
	for _, name := range Shapes(ShapeOptions{})[0].Aside {
		c := discharged()
		before := string(c.body(t, "aside")[name])
		c.options.UserName, c.options.SiteID, c.options.HashKey = "Di Ore", "AL123456", "another"
		if after := string(c.body(t, "aside")[name]); before == "" || after == before {
			t.Errorf("%s is %q, and with another config %q", name, before, after)
		}
	}
}

// TestTornDemographics: of two values that differ none is taken, whatever the
// meaning; the same one twice, or a blank one beside it, is that value.
func TestTornDemographics(t *testing.T) {
	twice := func(c *chart, key, value string) *transform.Case {
		test := c.testCase(t)
		c.patient["custom_demographics"] = append(c.patient["custom_demographics"].([]fieldMap),
			fieldMap{"field_type": json.Number(c.lookups[demographicsLookup][key]), "value": value})
		test.Source.Raw = encode(t, c.patient)
		return test
	}
	for _, m := range []meaning{meaningCRID, meaningAdmission, meaningReason, meaningDate, meaningDoseThrough, housing.meaning} {
		key := m.keys[0]
		c := discharged().with("housing", "rents")
		c.lookups[demographicsLookup]["housing"] = "7009"
		for value, torn := range map[string]bool{"other": true, c.demographics[key]: false, "": false} {
			v := Shapes(c.options)[0].Judge(twice(c, key, value))[0]
			if got := v.Outcome == etl.Invalid && len(v.Problems) == 1 && v.Problems[0].Field == m.field && v.Cause == etl.CodeConflict; got != torn || !torn && v.Outcome != "" {
				t.Errorf("%s beside another value %q: got %q %+v", m.words, value, v.Outcome, v.Problems)
			}
		}
	}
	c := discharged().with("dischargeReason", "")
	if v := Shapes(c.options)[0].Judge(twice(c, "crid", "000111222"))[0]; v.Outcome != etl.Excluded {
		t.Errorf("still admitted, with two CRIDs: got %q, want excluded", v.Outcome)
	}
}

// TestSamePatient: patients with the same CRID are known, discharged or not, by
// what nobody can make without the key.
func TestSamePatient(t *testing.T) {
	mark := func(c *chart) string { return string(c.judge(t).Twin) }
	first := mark(discharged())
	if first == "" || len(first) != 16 || first != mark(discharged().with("dischargeReason", "")) || first != mark(discharged().with("dischargeDate", "soon")) {
		t.Error("the same CRID is not known again")
	}
	other := discharged()
	other.options.HashKey = "another"
	if first == mark(discharged().with("crid", "000456780")) || first == mark(other) {
		t.Error("another CRID, or another key, gives the same mark")
	}
	if mark(discharged().with("crid", "")) != "" || mark(discharged().with("crid", "00045678")) != "" {
		t.Error("no CRID gives a mark")
	}
}
