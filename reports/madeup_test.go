package reports

import (
	"context"
	"fmt"
	"iter"
)

// madeUp is a snapshot of as many clients as are asked for, held nowhere.
type madeUp struct{ rows int }

// Rows gives the lines and rows of one object and its source, and nothing for other queries.
func (m madeUp) Rows(_ context.Context, name string, _ ...any) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		if name == "source" {
			yield([]any{"rethink", "client", int64(m.rows)}, nil)
			return
		}
		if name != "results" && name != "object-rows" {
			return
		}
		raw := []byte(`{"first_name":"Ada","last_name":"Roma","date_of_birth":"1984-03-09","chart_id":"ROMA000001","patient_status":"A"}`)
		for i := range m.rows {
			id := fmt.Sprint(90001 + i)
			row := []any{"rethink", "client", "patients", id, "created", "5" + id, int64(1), int64(201), "", "", "", []byte(id), fixtureRun.ID, ""}
			if name == "object-rows" {
				row = []any{"patients", id, "created", "", "", "", "", int64(201), "5" + id, int64(1), []byte(id), "patients", id, raw, nil, nil, nil, fixtureRun.ID}
			}
			if !yield(row, nil) {
				return
			}
		}
	}
}

// OpenRecord: nothing is sealed here.
func (m madeUp) OpenRecord(_, _ string, raw []byte) ([]byte, error) { return raw, nil }
