package extract_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/extract"
	"github.com/chartbridge/chartbridge/extract/drchronotest"
	"github.com/google/go-cmp/cmp"
)

// patientRow is a row as a first load brings it.
func patientRow(i int) string {
	email := `"p@example.test"`
	if i%10 == 0 {
		email = `""`
	}
	return fmt.Sprintf(`{"id":%d,"gender":"Female","patient_status":"A","email":%s,"zip_code":"00%d","middle_name":null,"offices":[1,2],
		"custom_demographics":[],"primary_insurance":{"insurance_company":"Example \"Health\"","insurance_payer_id":"1"}}`, i, email, i%1000)
}

// profiled is a watch after a drain of n rows.
func profiled(t *testing.T, w *extract.Watch, n int, change func(i int, row string) string) []string {
	t.Helper()
	w.Open = extract.NewProfile("patients")
	for i := range n {
		row := patientRow(i)
		if change != nil {
			row = change(i, row)
		}
		w.Open.Add([]byte(row), true)
	}
	var list []string
	for _, d := range w.Settle() {
		list = append(list, fmt.Sprintf("%s: %s, %s -> %s", d.Kind, d.Field, d.Before, d.After))
	}
	for _, p := range []**extract.Profile{&w.Base, &w.Recent} { // as a database keeps it
		kept, err := extract.ReadProfile("patients", (*p).String())
		if err != nil {
			t.Fatal(err)
		}
		*p = kept
	}
	return list
}

func swap(old, new string) func(int, string) string {
	return func(_ int, row string) string { return strings.Replace(row, old, new, 1) }
}

func TestDrift(t *testing.T) {
	for name, c := range map[string]struct {
		rows   int
		change func(int, string) string
		want   []string
	}{
		"nothing":         {30, nil, nil},
		"one new field":   {1, swap(`{"id"`, `{"pronouns":"they","id"`), []string{"new field: pronouns,  -> text, in 100% of the rows"}},
		"new, nested":     {2, swap(`"insurance_payer_id"`, `"plan_tier":2,"insurance_payer_id"`), []string{"new field: primary_insurance.plan_tier,  -> number, in 100% of the rows"}},
		"new and empty":   {1, swap(`{"id"`, `{"pronouns":null,"id"`), []string{"new field: pronouns,  -> always empty"}},
		"vanished":        {3, swap(`"patient_status":"A",`, ``), []string{"vanished field: patient_status, text, in 100% of the rows -> absent"}},
		"too few to tell": {2, swap(`"patient_status":"A",`, ``), nil},
		"number to text":  {1, swap(`"offices":[1,2]`, `"offices":["1"]`), []string{"changed type: offices, list of number -> list of text"}},
		"text to number":  {1, swap(`"insurance_payer_id":"1"`, `"insurance_payer_id":1`), []string{"changed type: primary_insurance.insurance_payer_id, text -> number"}},
		"never had one":   {1, swap(`"middle_name":null`, `"middle_name":"Bo"`), nil},
		"first of a list": {1, swap(`"custom_demographics":[]`, `"custom_demographics":[{"field_type":1,"value":"x"}]`), nil},
		"more empty":      {12, swap(`"p@example.test"`, `null`), []string{"more empty: email, 10% empty -> 100% empty"}},
		"few more empty":  {9, swap(`"p@example.test"`, `null`), nil},
		"a little emptier": {20, func(i int, row string) string {
			if i%5 == 1 {
				return swap(`"p@example.test"`, `null`)(i, row)
			}
			return row
		}, nil},
		"new value":          {1, swap(`"gender":"Female"`, `"gender":"Nonbinary"`), []string{`new value: gender, values known: 1 -> "Nonbinary"`}},
		"documented value":   {1, swap(`"gender":"Female"`, `"gender":"Other"`), nil},
		"words, not a value": {1, swap(`"gender":"Female"`, `"gender":"Ada Roma, born 1984-03-09"`), []string{"new value: gender, values known: 1 -> (free text)"}},
		"a blank value":      {1, swap(`"gender":"Female"`, `"gender":""`), nil},
		"no enumeration":     {1, swap(`"zip_code":"000"`, `"zip_code":"Ada Roma"`), nil},
		"an odd name":        {1, swap(`{"id"`, `{"Ada Roma 555-0101":1,"id"`), nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := &extract.Watch{Base: extract.NewProfile("patients"), Recent: extract.NewProfile("patients")}
			if got := profiled(t, w, 40, nil); got != nil {
				t.Errorf("a first load tells %q", got)
			}
			if diff := cmp.Diff(c.want, profiled(t, w, c.rows, c.change)); diff != "" {
				t.Errorf("drift (-want +got):\n%s", diff)
			}
			if got := profiled(t, w, c.rows, c.change); c.want != nil && got != nil {
				t.Errorf("it is told again: %q", got)
			}
			if text := w.Base.String() + w.Recent.String(); strings.Contains(text, "Roma") || strings.Contains(text, "example") {
				t.Errorf("the profile holds a value: %s", text)
			}
		})
	}
}

// Rows that come a few a night are told of when they are enough, and a field
// that comes back after it vanished is a new one.
func TestDriftOverNights(t *testing.T) {
	w := &extract.Watch{Base: extract.NewProfile("patients"), Recent: extract.NewProfile("patients")}
	profiled(t, w, 40, nil)
	without, empty := swap(`"patient_status":"A",`, ``), swap(`"p@example.test"`, `null`)
	var got []string
	for range 4 {
		got = append(got, profiled(t, w, 2, without)...)
	}
	got = append(got, profiled(t, w, 1, nil)...)
	for range 8 {
		got = append(got, profiled(t, w, 2, empty)...)
	}
	want := []string{"vanished field: patient_status, text, in 100% of the rows -> absent",
		"new field: patient_status,  -> text, in 100% of the rows", "more empty: email, 22% empty -> 100% empty"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("drift (-want +got):\n%s", diff)
	}
}

// What DrChrono sends otherwise than before is found when its list has drained,
// told once, and the rows are staged all the same.
func TestDriftOfAStream(t *testing.T) {
	w := newWorld(t, newPractice(), smallPages)
	w.good("patients")
	if note := w.cursor("patients").Note; strings.Contains(note, "drift") {
		t.Errorf("a first load says %q", note)
	}
	w.vendor.Inject(drchronotest.Drift(nil, -1))
	for night, want := range []string{"schema drift: 1 new field, 1 vanished field, 1 changed type, 1 more empty, 1 new value", ""} {
		c := w.cursor("patients")
		c.Watermark = "" // all of them are asked for again
		if err := w.store.PutCursor(context.Background(), w.run, c); err != nil {
			t.Fatal(err)
		}
		w.clock.pass(24 * time.Hour)
		w.good("patients")
		if note := w.cursor("patients").Note; !strings.Contains(note, want) || want == "" && strings.Contains(note, "drift") {
			t.Errorf("night %d says %q, want %q", night, note, want)
		}
	}
	for id, src := range w.staged("patients") {
		if src.Fault == "" && !strings.Contains(string(src.Raw), "pronouns") {
			t.Errorf("patient %s lacks what is new", id)
		}
	}
}

// A row may be anything: a profile neither panics nor grows without bound.
func FuzzProfile(f *testing.F) {
	f.Add(patientRow(1))
	f.Add(`{"a":[[{"b":"\\"}]],"c":-1.5e3,"d":tru`)
	f.Add(`{"\u0061":{"":{}}}`)
	f.Fuzz(func(t *testing.T, row string) {
		p := extract.NewProfile("patients")
		p.Add([]byte(row), false)
		if _, err := extract.ReadProfile("patients", p.String()); err != nil {
			t.Error(err)
		}
	})
}

func BenchmarkProfile(b *testing.B) {
	row := []byte(patientRow(1))
	p := extract.NewProfile("patients")
	b.SetBytes(int64(len(row)))
	for range b.N {
		p.Add(row, true)
	}
}

// A night changes young records: what is empty in them until they age, and a
// blank that is one of an enumeration's values, is no drift.
func TestYoungRecordsAreNoDrift(t *testing.T) {
	w := &extract.Watch{Base: extract.NewProfile("appointments"), Recent: extract.NewProfile("appointments")}
	for _, row := range []string{`{"id":"1","status":"Complete","billing_status":"Settled","first_billed_date":"2026-01-01","notes":"x"}`,
		`{"id":"2","status":"","billing_status":"","first_billed_date":null,"notes":"y"}`} {
		w.Open = extract.NewProfile("appointments")
		for range 50 {
			w.Open.Add([]byte(row), false)
		}
		if got := w.Settle(); got != nil {
			t.Errorf("%s is told as %+v", row, got)
		}
	}
}
