package extract_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/extract"
	"github.com/google/go-cmp/cmp"
)

// A window is read where the document has a range of visits' days: beside
// since, date_range is one, and elsewhere it speaks of something else.
func TestRangedEndpoints(t *testing.T) {
	for _, d := range readDocument(t) {
		e, ok := extract.Find(d.name)
		if !ok {
			continue
		}
		want := ""
		switch {
		case slices.Contains(d.filters, "appointment_date_range"):
			want = "appointment_date_range"
		case slices.Contains(d.filters, "date_range") && slices.Contains(d.filters, "since"):
			want = "date_range"
		}
		if e.Range != want {
			t.Errorf("%s: range %q, want %q", d.name, e.Range, want)
		}
	}
}

func dayOf(text string) time.Time {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return t
}

func TestWindows(t *testing.T) {
	cases := []struct {
		from, to string
		newest   bool
		want     []string
	}{
		{"2026-03-01", "2026-03-01", true, []string{"2026-03-01 to 2026-03-01"}},
		{"2025-07-05", "2025-12-31", true, []string{"2025-07-05 to 2025-12-31"}}, // 180 days
		{"2025-07-04", "2025-12-31", true, []string{"2025-07-05 to 2025-12-31", "2025-07-04 to 2025-07-04"}},
		{"2025-07-04", "2025-12-31", false, []string{"2025-07-04 to 2025-12-30", "2025-12-31 to 2025-12-31"}},
		{"2024-01-01", "2024-12-31", false, []string{"2024-01-01 to 2024-06-28", "2024-06-29 to 2024-12-25", "2024-12-26 to 2024-12-31"}},
	}
	for _, c := range cases {
		var got []string
		lanes := map[string]bool{}
		for _, w := range extract.Windows("b1", dayOf(c.from), dayOf(c.to), []string{"appointments"}, c.newest, nil) {
			got = append(got, w.From+" to "+w.To)
			lanes[w.Lane] = true
		}
		if diff := cmp.Diff(c.want, got); diff != "" || len(lanes) != len(got) {
			t.Errorf("%s to %s, newest %v: %d lanes (-want +got):\n%s", c.from, c.to, c.newest, len(lanes), diff)
		}
	}
}

// What visits hang on comes first; days of several endpoints go side by side.
func TestWindowsInOrder(t *testing.T) {
	var got []string
	for _, w := range extract.Windows("b1", dayOf("2025-01-01"), dayOf("2025-12-31"), []string{"clinical_notes", "appointments", "patients", "doctors"}, true, nil) {
		got = append(got, w.String())
	}
	want := []string{"doctors in full", "patients since 2025-01-01",
		"appointments 2025-07-05 to 2025-12-31", "clinical_notes 2025-07-05 to 2025-12-31",
		"appointments 2025-01-06 to 2025-07-04", "clinical_notes 2025-01-06 to 2025-07-04",
		"appointments 2025-01-01 to 2025-01-05", "clinical_notes 2025-01-01 to 2025-01-05"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWindowCalls(t *testing.T) {
	staged := map[string]extract.Span{
		"appointments":   {Rows: 3650, First: "2025-01-01", Last: "2025-12-31"},
		"clinical_notes": {Rows: 365},
		"patients":       {Rows: 900, Since: 120, First: "2020-01-01", Last: "2025-12-31"},
		"insurances":     {Rows: 700},
	}
	want := map[string][3]int{ // plain, bulk, plain where pages had 20 rows
		"appointments": {8, 6, 90}, "clinical_notes": {9, 3, 9}, "patients": {3, 3, 6}, "insurances": {5, 5, 37},
	}
	for _, w := range extract.Windows("b1", dayOf("2025-07-05"), dayOf("2025-12-31"), []string{"appointments", "clinical_notes", "patients", "insurances"}, true, staged) {
		if got := [3]int{w.Calls(false, 0), w.Calls(true, 1000), w.Calls(false, 20)}; got != want[w.Endpoint] {
			t.Errorf("%s: %v calls, want %v (%d rows)", w, got, want[w.Endpoint], w.Guess)
		}
	}
}

func TestFinish(t *testing.T) {
	at := time.Date(2026, 3, 2, 1, 30, 0, 0, time.UTC)
	share := func(start time.Time) int { // a schedule falls due at half past two
		if start.Hour() == 2 {
			return 200
		}
		return 500
	}
	cases := []struct {
		calls, used int
		want        string
	}{
		{0, 0, "01:30"}, {60, 0, "01:32"}, {60, 470, "02:01"}, {500, 0, "01:46"}, {650, 0, "02:05"}, {701, 0, "03:00"}, {1201, 0, "04:00"},
	}
	for _, c := range cases {
		got, err := extract.Finish(at, c.calls, c.used, time.Hour, 2*time.Second, share)
		if err != nil || got.Format("15:04") != c.want {
			t.Errorf("%d calls, %d used: %s (%v), want %s", c.calls, c.used, got.Format("15:04"), err, c.want)
		}
	}
	if _, err := extract.Finish(at, 1, 0, time.Hour, time.Second, func(time.Time) int { return 0 }); !errors.Is(err, extract.ErrNever) {
		t.Errorf("no calls at all: %v, want ErrNever", fmt.Sprint(err))
	}
}
