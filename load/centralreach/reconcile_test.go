package centralreach

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/load/loadtest"
	"github.com/google/go-cmp/cmp"
)

// ten is the visit that the cases vary: client 1 with provider 9 at 10:00 in
// New York.
var ten = time.Date(2026, 3, 2, 15, 0, 0, 0, time.UTC)

func visit(id string, hours int) Visit {
	at := ten.Add(time.Duration(hours) * time.Hour)
	return Visit{ID: id, Client: "1", Provider: "9", Start: at, End: at.Add(time.Hour)}
}

func visitEvent(id string, hours int, change func(*Event)) Event {
	v := visit(id, hours)
	e := Event{ID: id, Client: v.Client, Provider: v.Provider, Start: v.Start, End: v.End}
	if change != nil {
		change(&e)
	}
	return e
}

func cancelled(e *Event) { e.Canceled = true }

func TestReconcile(t *testing.T) {
	gone := visit("a", 0)
	gone.Off = true
	placed := visit("a", 0)
	placed.PlaceOfService = 9
	stranger := visit("a", 0)
	stranger.Client = ""
	tests := []struct {
		name   string
		visits []Visit
		events []Event
		want   []string // visit event outcome fields
	}{
		{"the same", []Visit{visit("a", 0)}, []Event{visitEvent("7", 0, nil)}, []string{"a 7 matched []"}},
		{"none there", []Visit{visit("a", 0)}, nil, []string{"a  missing []"}},
		{"theirs alone", nil, []Event{visitEvent("7", 0, nil)}, []string{" 7 extra []"}},
		{"theirs alone and cancelled", nil, []Event{visitEvent("7", 0, cancelled)}, nil},
		{"another end", []Visit{visit("a", 0)}, []Event{visitEvent("7", 0, func(e *Event) { e.End = e.End.Add(time.Minute) })}, []string{"a 7 mismatched [endDate]"}},
		{"another provider", []Visit{visit("a", 0)}, []Event{visitEvent("7", 0, func(e *Event) { e.Provider = "8" })}, []string{"a 7 mismatched [providerId]"}},
		{"another client", []Visit{visit("a", 0)}, []Event{visitEvent("7", 0, func(e *Event) { e.Client = "2" })}, []string{"a  missing []", " 7 extra []"}},
		{"moved on its day", []Visit{visit("a", 0)}, []Event{visitEvent("7", 3, nil)}, []string{"a 7 mismatched [startDate endDate]"}},
		{"moved late on its day, which in UTC is the next", []Visit{visit("a", 0)}, []Event{visitEvent("7", 10, nil)}, []string{"a 7 mismatched [startDate endDate]"}},
		{"another day", []Visit{visit("a", 0)}, []Event{visitEvent("7", 24, nil)}, []string{"a  missing []", " 7 extra []"}},
		{"two of a day against one: not guessed", []Visit{visit("a", 0), visit("b", 1)}, []Event{visitEvent("7", 3, nil)},
			[]string{"a  missing []", "b  missing []", " 7 extra []"}},
		{"the exact one is not taken by a moved one", []Visit{visit("a", 0), visit("b", 3)}, []Event{visitEvent("7", 3, nil)},
			[]string{"a  missing []", "b 7 matched []"}},
		{"cancelled there", []Visit{visit("a", 0)}, []Event{visitEvent("7", 0, cancelled)}, []string{"a 7 mismatched [isCanceled]"}},
		{"off here", []Visit{gone}, []Event{visitEvent("7", 0, nil)}, []string{"a 7 mismatched [isCanceled]"}},
		{"off on both sides", []Visit{gone}, []Event{visitEvent("7", 0, cancelled)}, []string{"a 7 matched []"}},
		{"off here, not there", []Visit{gone}, nil, []string{"a  matched []"}},
		{"the live one of two at one time", []Visit{visit("a", 0)}, []Event{visitEvent("6", 0, cancelled), visitEvent("7", 0, nil)}, []string{"a 7 matched []"}},
		{"twice there", []Visit{visit("a", 0)}, []Event{visitEvent("6", 0, nil), visitEvent("7", 0, nil)}, []string{"a 6 matched []", " 7 extra []"}},
		{"another place", []Visit{placed}, []Event{visitEvent("7", 0, func(e *Event) { e.PlaceOfService = 10 })}, []string{"a 7 mismatched [placeOfServiceId]"}},
		{"a place not known there", []Visit{placed}, []Event{visitEvent("7", 0, nil)}, []string{"a 7 matched []"}},
		{"a client without a contact id", []Visit{stranger}, []Event{visitEvent("7", 0, func(e *Event) { e.Client = "" })}, []string{"a  missing []", " 7 extra []"}},
	}
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, c := range Reconcile(tt.visits, tt.events, zone) {
				got = append(got, fmt.Sprint(c.Visit, " ", c.Event, " ", c.Outcome, " ", load.Names(c.Fields)))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("comparisons (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEvents(t *testing.T) {
	s, o := newVendor(t, loadtest.CentralReachOptions{})
	for i := range 60 {
		s.Seed(loadtest.Event{ProviderID: 9, ClientID: int64(1 + i%2), Start: ten.Add(time.Duration(i) * time.Hour), End: ten.Add(time.Duration(i+1) * time.Hour)})
	}
	id := s.Seed(loadtest.Event{ProviderID: 8, ClientID: 1, Start: ten, End: ten.Add(time.Hour), Canceled: true, PlaceOfService: 10})[0]
	s.Seed(loadtest.Event{ProviderID: 9, ClientID: 1, Start: ten.Add(-time.Hour), End: ten})
	d := open(t, o)
	events, err := d.Events(t.Context(), []string{"9"}, []string{"1"}, ten, ten.Add(100*time.Hour))
	if err != nil || len(events) != 61 {
		t.Fatalf("%d events, %v; want 61, each once", len(events), err)
	}
	want := Event{ID: fmt.Sprint(id), Client: "1", Provider: "8", Start: ten, End: ten.Add(time.Hour), Canceled: true, PlaceOfService: 10}
	if diff := cmp.Diff(want, events[1]); diff != "" {
		t.Errorf("second event (-want +got):\n%s", diff)
	}
	s.Inject(loadtest.HTML200().On("GET", "/by-provider"))
	if _, err = d.Events(t.Context(), []string{"9"}, nil, ten, ten); err == nil || !strings.Contains(err.Error(), "providerId 9") {
		t.Errorf("error %v, want one that names the provider", err)
	}
}

func TestEventWithoutTimes(t *testing.T) {
	s, o := newVendor(t, loadtest.CentralReachOptions{})
	d := open(t, o)
	s.Inject(loadtest.Status(200, `[{"eventId":5,"startDate":"soon","endDate":"2026-03-02T16:00:00Z"}]`).On("GET", "/by-provider"))
	if _, err := d.Events(t.Context(), []string{"9"}, nil, ten, ten); err == nil {
		t.Error("no error, want one for a time that cannot be read")
	}
	s.Inject(loadtest.Status(200, `[{"eventId":5,"startDate":"2026-03-02T15:00:00.0000000Z","endDate":"2026-03-02T16:00:00"}]`).On("GET", "/by-provider"))
	got, err := d.Events(t.Context(), []string{"9"}, nil, ten, ten)
	if err != nil || len(got) != 1 || !got[0].Start.Equal(ten) || got[0].Start.Location() != time.UTC {
		t.Errorf("events %v, %v; want one at %v", got, err, ten)
	}
}

// TestStamps: ISO 8601 in the forms that servers write, UTC where none is named.
func TestStamps(t *testing.T) {
	want := time.Date(2026, 11, 10, 14, 0, 0, 0, time.UTC)
	for _, text := range []string{"2026-11-10T14:00:00Z", "2026-11-10T14:00Z", "2026-11-10T14:00", "2026-11-10T14:00:00", "2026-11-10T14:00:00.0000000",
		"2026-11-10T14:00:00.000Z", "2026-11-10T09:00:00-05:00", "2026-11-10T09:00-0500", "2026-11-10T09:00:00.000-05", "2026-11-10 14:00:00+00:00", " 2026-11-10T14:00Z "} {
		if got, ok := utc(text); !ok || !got.Equal(want) {
			t.Errorf("%q is %v, %v; want %v", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "2026-11-10", "14:00", "10/11/2026 14:00", "2026-11-10T25:00Z"} {
		if got, ok := utc(text); ok {
			t.Errorf("%q is read as %v", text, got)
		}
	}
}
