package reports

import (
	"encoding/json"
	"io"
	"time"

	"github.com/chartbridge/chartbridge/etl"
)

// A summary is the content of summary.json. Times are UTC, RFC 3339.
type summary struct {
	Run          string                               `json:"run"`
	Since        string                               `json:"since,omitempty"` // the first run of a range
	Trigger      string                               `json:"trigger"`
	StartedAt    string                               `json:"started_at"`
	FinishedAt   string                               `json:"finished_at"`
	ExitCode     int                                  `json:"exit_code"`
	Balanced     *bool                                `json:"balanced,omitempty"`
	Calls        callSummary                          `json:"calls"`
	Endpoints    []endpointSummary                    `json:"endpoints"`
	Destinations map[string]map[string]map[string]int `json:"destinations"` // destination, object, outcome; also source, difference, extra
	Problems     map[string]int                       `json:"problems"`     // by code
	Drift        []driftSummary                       `json:"drift"`        // of DrChrono's schema, found by this run
}

type callSummary struct {
	Total      int            `json:"total"`
	ByEndpoint map[string]int `json:"by_endpoint"`
}

type endpointSummary struct {
	Endpoint string `json:"endpoint"`
	State    string `json:"state"`
	Pages    int    `json:"pages"` // read by this run
	Rows     int    `json:"rows"`
	Changed  int    `json:"changed"` // of these, new or different: what this run staged
	Note     string `json:"note"`
	stored          // its counts stand beside the others
}

// stored counts all that is staged of an endpoint, whatever run brought it.
type stored struct {
	Staged     int `json:"staged"`
	Gone       int `json:"gone"`
	Deleted    int `json:"deleted"`
	Unreadable int `json:"unreadable"`
}

func (r *report) writeJSON(path string) error {
	f := r.facts
	s := summary{Run: r.o.Run.ID, Since: r.o.Range.Since, Trigger: f.run.trigger, StartedAt: utc(r.o.Run.At), FinishedAt: utc(r.o.Finished), ExitCode: r.o.ExitCode,
		Balanced: f.balanced(), Calls: callSummary{ByEndpoint: f.calls}, Endpoints: []endpointSummary{},
		Destinations: map[string]map[string]map[string]int{}, Problems: f.codes, Drift: f.driftOf(r.o.Run.ID)}
	for _, n := range f.calls {
		s.Calls.Total += n
	}
	for _, e := range f.endpoints {
		s.Endpoints = append(s.Endpoints, endpointSummary{e.name, e.state, e.pages, e.rows, e.changed, e.note, e.stored})
	}
	for _, k := range f.keys {
		if s.Destinations[k.destination] == nil {
			s.Destinations[k.destination] = map[string]map[string]int{}
		}
		s.Destinations[k.destination][k.object] = f.counts(k)
	}
	return writeFile(path, func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(s)
	})
}

// counts is one object's part of summary.json: every outcome, also those that
// nothing is in.
func (f *facts) counts(k key) map[string]int {
	n := map[string]int{"source": f.source[k], "difference": f.difference(k), string(etl.Extra): f.extra[k]}
	for _, o := range etl.Outcomes {
		n[string(o)] = f.counted(k, o)
	}
	return n
}

func utc(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// utcStamp writes an instant as the database does.
func utcStamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
