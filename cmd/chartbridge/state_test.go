package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/extract/drchronotest"
)

func (s *site) streams() map[string]streamView {
	s.t.Helper()
	out, _ := s.mustRun(exitDone, "state", "list", "--output", "json")
	var list []streamView
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		s.t.Fatal(err)
	}
	all := map[string]streamView{}
	for _, v := range list {
		all[v.Endpoint] = v
	}
	return all
}

func TestStateRewind(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	if got := len(s.streams()); got != 0 {
		t.Errorf("%d streams before the first run, want none", got)
	}
	s.mustRun(exitDone, "run", "--only", "extract", "--endpoints", "patients,doctors,lab_orders")
	before := s.streams()["patients"]
	if before.State != "drained" || before.Watermark == "" || before.Rows == 0 || before.Open {
		t.Fatalf("patients: %+v, want them drained", before)
	}
	if out, _ := s.mustRun(exitDone, "state", "show", "patients"); !strings.Contains(out, before.Watermark) {
		t.Errorf("show lacks the watermark %s: %s", before.Watermark, out)
	}
	to := "2026-01-05T06:07:08"
	if out, _ := s.mustRun(exitDone, "state", "rewind", "patients", "--to", to); !strings.Contains(out, to) {
		t.Errorf("rewind says %s, want the new watermark", out)
	}
	if got := s.streams()["patients"].Watermark; got != to {
		t.Errorf("watermark %s, want %s", got, to)
	}
	if out, _ := s.mustRun(exitDone, "audit", "list"); !strings.Contains(out, "state rewind") || !strings.Contains(out, operator()) || !strings.Contains(out, before.Watermark) {
		t.Errorf("the audit log tells not who rewound what from where: %s", out)
	}
	s.mustRun(exitDone, "run", "--only", "extract", "--endpoints", "patients")
	after := s.streams()["patients"]
	if after.Since != "2026-01-04T05:07:08" || after.Watermark != before.Watermark || after.Changed != 0 {
		t.Errorf("the next run: %+v; want it to ask 25 hours before %s, to change nothing and to end where it was", after, to)
	}
}

// A first load and a full read that are under way have no watermark to move
// back: their place in the list is given up, and they begin anew.
func TestStateRewindOfAnOpenDrain(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.v.DrChrono.Inject(drchronotest.BrokenJSON(func(r *http.Request) bool {
		q := r.URL.Query()
		return q.Get("page") == "2" || q.Get("payer_type") == "gateway"
	}, -1))
	s.v.DrChrono.Inject(drchronotest.Fault{Match: drchronotest.On("patients"), Do: func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "page_size=50", "page_size=20", 1)
		next.ServeHTTP(w, r)
	}})
	s.mustRun(exitFailed, "run", "--only", "extract", "--endpoints", "patients,insurances")
	s.v.DrChrono.ClearFaults()
	for _, endpoint := range []string{"patients", "insurances"} {
		if v := s.streams()[endpoint]; !v.Open || v.Page != 1 {
			t.Fatalf("%s: %+v, want it open after a page", endpoint, v)
		}
		if out, _ := s.mustRun(exitDone, "state", "rewind", endpoint, "--to", "2026-01-05", "--as", "Ada Roma"); !strings.Contains(out, "after 1 page; the next run reads everything") {
			t.Errorf("rewind of %s says %s, want what the next run does", endpoint, out)
		}
		if v := s.streams()[endpoint]; v.Open || v.Watermark != "" || !strings.Contains(v.Note, "Ada Roma") {
			t.Errorf("%s: %+v, want it given up, without a watermark, and by whom", endpoint, v)
		}
	}
	s.mustRun(exitDone, "run", "--only", "extract", "--endpoints", "patients,insurances")
	for endpoint, pages := range map[string]int{"patients": 1, "insurances": 3} {
		if v := s.streams()[endpoint]; v.State != "drained" || v.Since != "" || v.Page != pages || v.Watermark == "" {
			t.Errorf("the next run: %s %+v, want it read from its beginning", endpoint, v)
		}
	}
}

func TestStateRewindRefuses(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.mustRun(exitDone, "run", "--only", "extract", "--endpoints", "patients,doctors")
	before := s.streams()
	tests := []struct {
		name, says string
		args       []string
	}{
		{"a blank name", "--as", []string{"patients", "--to", "2026-01-05", "--as", " "}},
		{"no stamp", "--to", []string{"patients", "--as", "Ada Roma"}},
		{"a zone", "without a zone", []string{"patients", "--to", "2026-01-05T00:00:00Z", "--as", "Ada Roma"}},
		{"the future", "in the future", []string{"patients", "--to", (wallClock{}).Now().Add(48 * time.Hour).Format(time.DateOnly), "--as", "Ada Roma"}},
		{"forward", "not before the watermark", []string{"patients", "--to", before["patients"].Watermark, "--as", "Ada Roma"}},
		{"a full read", "in full", []string{"doctors", "--to", "2026-01-05", "--as", "Ada Roma"}},
		{"never read", "never read", []string{"tasks", "--to", "2026-01-05", "--as", "Ada Roma"}},
		{"unknown", "no endpoint", []string{"tusks", "--to", "2026-01-05", "--as", "Ada Roma"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, errs := s.mustRun(exitUsage, append([]string{"state", "rewind"}, tt.args...)...); !strings.Contains(errs, tt.says) {
				t.Errorf("it says %q, want %q", errs, tt.says)
			}
		})
	}
	if after := s.streams(); after["patients"] != before["patients"] {
		t.Errorf("a refused rewind changed the stream: %+v", after["patients"])
	}
}
