package reports

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/chartbridge/chartbridge/etl"
)

// A line of load-results.jsonl (CONTRACT, Files of a run).
type line struct {
	Run            string `json:"run"`
	At             string `json:"at"`
	Destination    string `json:"destination"`
	Object         string `json:"object"`
	SourceEndpoint string `json:"source_endpoint"`
	SourceID       string `json:"source_id"`
	Outcome        string `json:"outcome"`
	TargetID       string `json:"target_id"`
	Attempts       int    `json:"attempts"`
	HTTPStatus     int    `json:"http_status"`
	Code           string `json:"code"`
	Field          string `json:"field"`
	Message        string `json:"message"`
	PayloadHash    string `json:"payload_hash"`
}

// writeLines writes one line for each record that was judged or sent in the
// run or range, or waits, and counts them as it goes.
func (r *report) writeLines(ctx context.Context, path string) error {
	return writeFile(path, func(w io.Writer) error {
		out := bufio.NewWriterSize(w, 1<<16)
		enc := json.NewEncoder(out)
		enc.SetEscapeHTML(false)
		at := r.o.Run.At.UTC().Format(time.RFC3339)
		for row, err := range r.snap.Rows(ctx, "results", r.o.Run.ID, r.o.since()) {
			if err != nil {
				return fmt.Errorf("read results: %w", err)
			}
			run, started := str(row[12]), at
			if run != r.o.Run.ID {
				started = utc(instant(row[13]))
			}
			l := line{run, started, str(row[0]), str(row[1]), str(row[2]), str(row[3]), str(row[4]), str(row[5]), num(row[6]),
				num(row[7]), str(row[8]), str(row[9]), str(row[10]), hex.EncodeToString(blob(row[11]))}
			if err := enc.Encode(l); err != nil {
				return err
			}
			add(r.facts.lines, key{l.Destination, l.Object}, etl.Outcome(l.Outcome), 1)
			if l.Code != "" {
				r.facts.codes[l.Code]++
			}
			if l.Code == etl.CodeUnread && l.Outcome == string(etl.Failed) {
				r.facts.unread[key{l.Destination, l.Object}]++
			}
		}
		return out.Flush()
	})
}
