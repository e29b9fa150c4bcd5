package sql

import (
	"context"
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract"
	"github.com/google/go-cmp/cmp"
)

// drainOf stages rows as one whole drain.
func drainOf(t *testing.T, s *Store, endpoint, run string, raw ...string) etl.Cursor {
	t.Helper()
	e, ok := extract.Find(endpoint)
	if !ok {
		t.Fatalf("no endpoint %s", endpoint)
	}
	var rows []etl.Row
	for _, r := range raw {
		rows = append(rows, extract.ReadRow(e, []byte(r), ""))
	}
	c, err := s.StagePage(context.Background(), etl.Run{ID: run, At: noon}, etl.Cursor{Endpoint: endpoint, Lane: "nightly", State: etl.StreamDrained}, rows, false)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// marks are the records that are gone or deleted, and by what.
func marks(t *testing.T, s *Store) (list []string) {
	t.Helper()
	err := s.db.Select(&list, `SELECT endpoint || ' ' || source_id || ': ' || deleted || CASE gone WHEN 1 THEN ', gone' ELSE '' END
		FROM record WHERE deleted <> '' OR gone = 1 ORDER BY endpoint, source_id`)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// What a row says of itself is kept with it, and taken off when it says so no
// longer.
func TestDeletedByFlag(t *testing.T) {
	s := openAt(t, t.TempDir(), "process 1")
	drainOf(t, s, "appointments", "r1", `{"id":"1","deleted_flag":true}`, `{"id":"2","deleted_flag":false}`)
	drainOf(t, s, "documents", "r1", `{"id":3,"archived":true}`, `{"id":4,"archived":true}`)
	drainOf(t, s, "custom_insurance_plan_names", "r1", `{"id":5,"archived":1}`)
	drainOf(t, s, "patients", "r1", `{"id":6,"patient_status":"I"}`, `{"id":7,"patient_status":"D"}`, `{"id":8,"patient_status":"A"}`)
	drainOf(t, s, "documents", "r2", `{"id":4,"archived":false}`)
	want := []string{"appointments 1: deleted_flag", "custom_insurance_plan_names 5: archived", "documents 3: archived",
		"patients 6: inactive", "patients 7: inactive"}
	if diff := cmp.Diff(want, marks(t, s)); diff != "" {
		t.Errorf("marks (-want +got):\n%s", diff)
	}
}

// A log of deletions counts whichever list is read first, and a line item that
// is listed again is there again.
func TestLineItemDeletions(t *testing.T) {
	s := openAt(t, t.TempDir(), "process 1")
	drainOf(t, s, "line_item_deletions", "r1", `{"billing_line_item_id":11,"created_at":"2026-03-01T08:00:00","appointment_id":1}`)
	drainOf(t, s, "line_items", "r1", `{"id":11,"code":"97153"}`, `{"id":12,"code":"97155"}`)
	drainOf(t, s, "line_item_deletions", "r2", `{"billing_line_item_id":12,"created_at":"2026-03-02T08:00:00","appointment_id":1}`)
	want := []string{"line_items 11: line_item_deletions, gone", "line_items 12: line_item_deletions, gone"}
	if diff := cmp.Diff(want, marks(t, s)); diff != "" {
		t.Errorf("marks (-want +got):\n%s", diff)
	}
}

const (
	payment = `"patient":1,"appointment":7,"payment_method":"CASH"`
	created = `{` + payment + `,"amount":"20.00","action":"C","updated_at":"2026-03-01T08:00:00"}`
	removed = `{` + payment + `,"amount":"20.00","action":"D","updated_at":"2026-03-01T09:00:00"}`
	anew    = `{` + payment + `,"amount":"20.00","action":"C","updated_at":"2026-03-01T09:30:00"}`
	first   = `{"id":1,` + payment + `,"amount":"20.00","updated_at":"2026-03-01T08:00:00"}`
	second  = `{"id":2,` + payment + `,"amount":"20.00","updated_at":"2026-03-01T09:30:00"}`
	twin    = `{"id":3,` + payment + `,"amount":"20.00","updated_at":"2026-03-01T08:30:00"}`
)

// The log of payments names none by its id: what it deletes is marked where
// only one can be meant, and never guessed.
func TestPaymentLogDeletions(t *testing.T) {
	gone := func(id string) []string { return []string{"patient_payments " + id + ": patient_payment_log, gone"} }
	for name, c := range map[string]struct {
		log, payments []string
		want          []string
		note          bool
	}{
		"deleted":                       {[]string{created, removed}, []string{first}, gone("1"), false},
		"the log knows no creation":     {[]string{removed}, []string{first}, gone("1"), false},
		"entered anew":                  {[]string{created, removed, anew}, []string{first, second}, gone("1"), false},
		"entered anew, the old unseen":  {[]string{created, removed, anew}, []string{second}, nil, false},
		"one of twins":                  {[]string{created, removed}, []string{first, twin}, nil, true},
		"another amount":                {[]string{removed}, []string{strings.Replace(first, "20.00", "25.00", 1)}, nil, false},
		"the same amount as a number":   {[]string{removed}, []string{strings.Replace(first, `"20.00"`, "20", 1)}, gone("1"), false},
		"another patient":               {[]string{removed}, []string{strings.Replace(first, `"patient":1`, `"patient":2`, 1)}, nil, false},
		"another visit":                 {[]string{removed}, []string{strings.Replace(first, `"appointment":7`, `"appointment":8`, 1)}, nil, false},
		"an update is no deletion":      {[]string{strings.Replace(removed, `"D"`, `"U"`, 1)}, []string{first}, nil, false},
		"a later payment is not meant":  {[]string{removed}, []string{second}, nil, false},
		"an entry without a visit":      {[]string{strings.Replace(removed, `"appointment":7`, `"appointment":null`, 1)}, []string{first}, nil, false},
		"two entries for two payments":  {[]string{created, removed, strings.Replace(removed, "20.00", "30.00", 1)}, []string{first, strings.Replace(strings.Replace(first, "20.00", "30.00", 1), `"id":1`, `"id":4`, 1)}, append(gone("1"), gone("4")...), false},
		"two entries, and only one fit": {[]string{removed, strings.Replace(removed, "09:00", "09:10", 1)}, []string{first}, gone("1"), false},
	} {
		for _, logFirst := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				s := openAt(t, t.TempDir(), "process 1")
				var notes string
				for _, isLog := range []bool{logFirst, !logFirst} {
					if isLog {
						notes += drainOf(t, s, "patient_payment_log", "r1", c.log...).Note
					} else {
						notes += drainOf(t, s, "patient_payments", "r1", c.payments...).Note
					}
				}
				if diff := cmp.Diff(c.want, marks(t, s)); diff != "" {
					t.Errorf("log first %v: marks (-want +got):\n%s", logFirst, diff)
				}
				if got := strings.Contains(notes, "do not say which"); got != c.note {
					t.Errorf("note %q; want one: %v", notes, c.note)
				}
			})
		}
	}
}

// An entry speaks once: a payment like the one that it deleted, made later, is
// not deleted with it.
func TestPaymentEntrySpeaksOnce(t *testing.T) {
	s := openAt(t, t.TempDir(), "process 1")
	drainOf(t, s, "patient_payments", "r1", first)
	drainOf(t, s, "patient_payment_log", "r1", removed)
	drainOf(t, s, "patient_payments", "r2", twin)
	want := []string{"patient_payments 1: patient_payment_log, gone"}
	if diff := cmp.Diff(want, marks(t, s)); diff != "" {
		t.Errorf("marks (-want +got):\n%s", diff)
	}
}
