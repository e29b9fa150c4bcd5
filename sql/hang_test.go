package sql

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
)

// Whatever waits to be noted, is noted, or changed its patient since: what
// hangs on a patient is found.
func TestWhatHangsOnAPatient(t *testing.T) {
	s := openAt(t, t.TempDir(), "a")
	page := func(state string, rows ...etl.Row) {
		t.Helper()
		c := etl.Cursor{Endpoint: "appointments", Lane: "nightly", State: state}
		if _, err := s.StagePage(context.Background(), run1, c, rows, false); err != nil {
			t.Fatal(err)
		}
	}
	visit := func(id, patient, doctor string) etl.Row {
		r := rowOf(id, fmt.Sprintf(`{"id":%q,"patient":%q,"doctor":%q}`, id, patient, doctor), false)
		r.Patient, r.Doctor = patient, doctor
		return r
	}
	hangs := func(when string, want map[string][]string) {
		t.Helper()
		for patient, ids := range want {
			list, err := s.ByPatient(context.Background(), "appointments", []string{patient})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, src := range list {
				got = append(got, src.ID)
			}
			if !slices.Equal(got, ids) {
				t.Errorf("%s, on patient %s hang %v, want %v", when, patient, got, ids)
			}
		}
	}
	page(etl.StreamOpen, visit("1", "a", "x"), visit("2", "a", "y"), visit("3", "", "x"))
	hangs("while the drain is open", map[string][]string{"a": {"1", "2"}})
	page(etl.StreamOpen, visit("2", "b", "y"))
	hangs("and moved", map[string][]string{"a": {"1"}, "b": {"2"}})
	page(etl.StreamDrained, visit("4", "b", ""))
	hangs("at its end", map[string][]string{"a": {"1"}, "b": {"2", "4"}})
	page(etl.StreamOpen, visit("1", "b", "y"), visit("4", "", "x"), visit("5", "a", "x"))
	hangs("and moved after it", map[string][]string{"a": {"5"}, "b": {"1", "2"}})
	if _, err := s.StagePage(context.Background(), run1, etl.Cursor{Endpoint: "doctors", Lane: "nightly", State: etl.StreamDrained},
		[]etl.Row{{ID: "x", Doctor: "x", Hash: []byte{1}, Raw: []byte(`{"id":"x"}`)}}, false); err != nil {
		t.Fatal(err)
	}
	var rows []int64
	err := s.ChangedByDoctor(context.Background(), "appointments", "doctors", 0, func(row int64) { rows = append(rows, row) })
	if err != nil {
		t.Fatal(err)
	}
	if slices.Sort(rows); !slices.Equal(rows, []int64{3, 4, 5}) {
		t.Errorf("on the doctor hang rows %v, want those of 3, 4 and 5", rows)
	}
}

// Whatever else a page's transaction meets, the connection that it gives back
// is as durable as all others.
func TestLaterDurabilityIsGivenBack(t *testing.T) {
	s := openAt(t, t.TempDir(), "a")
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	for _, way := range []string{"a page", "an error", "a context that ends"} {
		c := etl.Cursor{Endpoint: "patients", Lane: "nightly", State: etl.StreamOpen}
		ctx := context.Background()
		switch way {
		case "an error":
			c.State = "no such state"
		case "a context that ends":
			ctx = ended
		}
		if _, err := s.StagePage(ctx, run1, c, []etl.Row{rowOf("1", `{"id":1}`, false)}, false); (err == nil) != (way == "a page") {
			t.Errorf("%s: %v", way, err)
		}
		if err := s.assertSettings(context.Background()); err != nil {
			t.Errorf("after %s: %v", way, err)
		}
	}
}
