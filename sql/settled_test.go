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

// TestCalledIsCountedByANight: what a callback brought between two runs is
// created in the next night, also where a dry run came before it.
func TestCalledIsCountedByANight(t *testing.T) {
	l := openLedger(t, "client")
	d := l.unanswered(etl.Create)
	done := load.Done{Delivery: d, Answer: load.Answer{Kind: load.Acknowledged, TargetID: "77"}, SettledBy: load.ByCallback, At: l.now}
	l.must(l.Complete(t.Context(), etl.Run{ID: CallbackRun}, 1, done))
	for _, run := range []etl.Run{{ID: "r2", At: l.now, DryRun: true}, {ID: "r3", At: l.now}, {ID: "r4", At: l.now}} {
		l.must(l.OpenRun(t.Context(), run, "v", ""))
		l.must(l.Conclude(t.Context(), run))
	}
	if got := l.text("SELECT coalesce(group_concat(run || ' ' || outcome, ', '), '') FROM result"); got != "r3 created" {
		t.Errorf("results are %q, want it created in r3 alone", got)
	}
}
