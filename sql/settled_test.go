package sql

import (
	"testing"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
)

// TestSettledWhileJudged: a callback comes to the daemon while a run judges the
// record, which then saves that it is uncertain: the next step sees that nothing
// is open, and what changed is due.
func TestSettledWhileJudged(t *testing.T) {
	for _, tt := range []struct {
		kind       load.Kind
		hash, want string
	}{
		{load.Acknowledged, "h2", "failed not_sent"}, {load.Acknowledged, "h1", "unchanged "},
		{load.Rejected, "h2", "failed not_sent"}, {load.Rejected, "h1", "rejected refused"},
		{load.Unknown, "h2", "uncertain no_answer"},
	} {
		l := openLedger(t, "client")
		d := l.unanswered(etl.Create)
		known, err := l.Known(t.Context(), "there", "client", []etl.Source{{Ref: etl.Ref{Endpoint: "patients", ID: "1"}}}, false)
		l.must(err)
		l.must(l.answered(d, tt.kind))
		judged := known["1"]
		judged.Destination, judged.Object, judged.Source = "there", "client", etl.Ref{Endpoint: "patients", ID: "1"}
		judged.Payload, judged.Hash = []byte(`{"a":2}`), []byte(tt.hash)
		l.must(l.PutTargets(t.Context(), l.run, []etl.Target{judged}, nil))
		l.must(l.Orphans(t.Context(), l.run, "there", l.now))
		if got := l.text("SELECT outcome || ' ' || cause FROM target"); got != tt.want {
			t.Errorf("%s, then judged as %s: %q, want %q", tt.kind, tt.hash, got, tt.want)
		}
	}
}
