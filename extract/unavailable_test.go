package extract_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract"
	"github.com/chartbridge/chartbridge/extract/drchrono"
	"github.com/chartbridge/chartbridge/extract/drchronotest"
	"github.com/google/go-cmp/cmp"
)

func TestRefusedEndpoint(t *testing.T) {
	for _, status := range []int{403, 404} {
		w := newWorld(t, newPractice())
		w.vendor.Inject(drchronotest.Status(drchronotest.On("lab_orders"), -1, status, `{"detail":"no"}`))
		w.good("lab_orders", "patients")
		if c := w.cursor("lab_orders"); c.State != etl.StreamUnavailable || !strings.Contains(c.Note, "not available to the account") {
			t.Errorf("%d: state %s, note %q; want it unavailable, and why", status, c.State, c.Note)
		}
		if c := w.cursor("patients"); c.State != etl.StreamDrained {
			t.Errorf("%d: patients are %s, want the night to go on", status, c.State)
		}
		w.vendor.ClearFaults()
		w.good("lab_orders")
		if c := w.cursor("lab_orders"); c.State != etl.StreamDrained || c.Note != "" {
			t.Errorf("%d: once allowed: state %s, note %q; want it drained", status, c.State, c.Note)
		}
	}
}

// without grants every scope but one.
func without(scope string) func(*drchronotest.Options) {
	return func(o *drchronotest.Options) {
		var granted []string
		for _, s := range strings.Fields("user calendar patients patients:summary billing billing:patient-payment clinical labs messages settings tasks") {
			if s != scope {
				granted = append(granted, s+":read")
			}
		}
		o.Scopes, o.EmptyOnMissingScope = strings.Join(granted, " "), true
	}
}

// An empty 200 where the scope is missing is no empty list: the stream is
// unavailable, its watermark stays, and nothing is marked.
func TestEmptyForLackOfScope(t *testing.T) {
	w := newWorld(t, newPractice(), without("labs"))
	w.good("lab_orders", "sublabs", "patients")
	for _, e := range []string{"lab_orders", "sublabs"} {
		c := w.cursor(e)
		if c.State != etl.StreamUnavailable || c.Watermark != "" || !strings.Contains(c.Note, "labs:read") {
			t.Errorf("%s: state %s, watermark %q, note %q; want it unavailable for lack of labs:read", e, c.State, c.Watermark, c.Note)
		}
	}
	if c := w.cursor("patients"); c.State != etl.StreamDrained || c.Rows == 0 {
		t.Errorf("patients are %s with %d rows, want the night to go on", c.State, c.Rows)
	}
}

func TestScopeLostAndGranted(t *testing.T) {
	practice := newPractice()
	w := newWorld(t, practice)
	w.good("sublabs", "lab_orders")
	all, mark := w.ids("sublabs"), w.cursor("lab_orders").Watermark
	scope := "patients:read"
	w.stage.Scope = func(context.Context) string { return scope }
	w.vendor.Inject(emptyList("sublabs"))
	w.vendor.Inject(emptyList("lab_orders"))
	w.clock.pass(48 * time.Hour)
	w.good("sublabs", "lab_orders")
	if diff := cmp.Diff(all, w.ids("sublabs")); diff != "" {
		t.Errorf("sublabs once the scope is lost:\n%s", diff)
	}
	if got := w.cursor("lab_orders").Watermark; got != mark {
		t.Errorf("the watermark moved from %q to %q on an empty list without scope", mark, got)
	}
	scope = "labs:read"
	w.good("sublabs", "lab_orders")
	if got := w.cursor("lab_orders").State; got != etl.StreamDrained {
		t.Errorf("lab_orders are %s once the scope is granted, want drained", got)
	}
}

// A list that brings rows, and one that is empty though its scope is granted
// or not known, is an ordinary one.
func TestEmptyWithScope(t *testing.T) {
	for _, scope := range []string{"labs:read", "labs", ""} {
		w := newWorld(t, newPractice())
		w.stage.Scope = func(context.Context) string { return scope }
		w.vendor.Inject(emptyList("lab_orders"))
		w.good("lab_orders")
		if got := w.cursor("lab_orders").State; got != etl.StreamDrained {
			t.Errorf("scope %q: an empty list is %s, want drained", scope, got)
		}
	}
}

func TestLacks(t *testing.T) {
	tests := []struct{ scopes, granted, want string }{
		{"calendar, clinical", "calendar:read clinical:read", ""},
		{"calendar, clinical", "calendar:read clinical:write", "clinical:read"},
		{"calendar, clinical", "patients:read", "calendar:read clinical:read"},
		{"patients:summary", "patients:read", "patients:summary:read"},
		{"patients:summary", "patients:summary:read", ""},
		{"", "patients:read", ""},
		{"labs", "", ""},
	}
	for _, tt := range tests {
		if got := strings.Join(extract.Endpoint{Scopes: tt.scopes}.Lacks(tt.granted), " "); got != tt.want {
			t.Errorf("%q under %q lacks %q, want %q", tt.scopes, tt.granted, got, tt.want)
		}
	}
}

// Where no endpoint is there, the address is wrong: the night says so instead
// of going on as if nothing had changed. What is forbidden is no such case.
func TestNothingCanBeRead(t *testing.T) {
	w := newWorld(t, newPractice())
	w.refuse = func(string) int { return http.StatusNotFound }
	err := w.night("doctors", "patients", "offices")
	if !errors.Is(err, drchrono.ErrUnreachable) || !strings.Contains(err.Error(), "none of 3 endpoints") {
		t.Errorf("%v, want it to say that nothing can be read", err)
	}
	w.refuse = func(string) int { return http.StatusForbidden }
	w.good("doctors", "patients", "offices")
	w.refuse = nil
	w.good("doctors", "patients", "offices")
}
