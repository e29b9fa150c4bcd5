package transform

import (
	"testing"

	"github.com/chartbridge/chartbridge/etl"
)

// TestSettle tells, for each state that a target may be in, what a verdict
// makes of it, and whether that is written at all.
func TestSettle(t *testing.T) {
	maps, other := Verdict{Body: []byte(`{"a":1}`)}, Verdict{Body: []byte(`{"a":2}`)}
	h, h2 := hashOf(maps), hashOf(other)
	why := []etl.Problem{{Code: "x", Message: "why"}}
	invalid := Verdict{Outcome: etl.Invalid, Cause: "x", Problems: why}
	for _, c := range []struct {
		name    string
		before  etl.Target
		v       Verdict
		outcome etl.Outcome
		cause   string
		changed bool
	}{
		{"new", etl.Target{}, maps, etl.Failed, etl.CauseNotSent, true},
		{"new, invalid", etl.Target{}, invalid, etl.Invalid, "x", true},
		{"created, the same", etl.Target{ID: 1, Outcome: etl.Created, Hash: h, AckedHash: h}, maps, etl.Created, "", false},
		{"unchanged, the same", etl.Target{ID: 1, Outcome: etl.Unchanged, Hash: h, AckedHash: h}, maps, etl.Unchanged, "", false},
		{"acknowledged, changed", etl.Target{ID: 1, Outcome: etl.Unchanged, Hash: h, AckedHash: h}, other, etl.Failed, etl.CauseNotSent, true},
		{"changed, and back again", etl.Target{ID: 1, Outcome: etl.Failed, Cause: etl.CauseNotSent, Hash: h2, AckedHash: h}, maps, etl.Unchanged, "", true},
		{"invalid, and back again", etl.Target{ID: 1, Outcome: etl.Invalid, Cause: "x", Problems: why, AckedHash: h}, maps, etl.Unchanged, "", true},
		{"acknowledged, now invalid", etl.Target{ID: 1, Outcome: etl.Unchanged, Hash: h, AckedHash: h}, invalid, etl.Invalid, "x", true},
		{"invalid as before", etl.Target{ID: 1, Outcome: etl.Invalid, Cause: "x", Problems: why}, invalid, etl.Invalid, "x", false},
		{"rejected, the same", etl.Target{ID: 1, Outcome: etl.Rejected, Cause: "x", Problems: why, Hash: h, Refused: h}, maps, etl.Rejected, "x", false},
		{"rejected, changed", etl.Target{ID: 1, Outcome: etl.Rejected, Cause: "x", Problems: why, Hash: h, Refused: h}, other, etl.Failed, etl.CauseNotSent, true},
		{"rejected, to be tried again", etl.Target{ID: 1, Outcome: etl.Failed, Cause: etl.CauseNotSent, Hash: h, Refused: h}, maps, etl.Failed, etl.CauseNotSent, false},
		{"rejected, then left out, and back again", etl.Target{ID: 1, Outcome: etl.Excluded, Cause: etl.CauseRoute, Refused: h, Refusal: etl.Refusal{Cause: "x", Code: "x"}},
			maps, etl.Rejected, "x", true},
		{"held, the same", etl.Target{ID: 1, Outcome: etl.Held, Cause: etl.CauseBrake, Problems: why, Hash: h}, maps, etl.Held, etl.CauseBrake, false},
		{"held, changed", etl.Target{ID: 1, Outcome: etl.Held, Cause: etl.CauseBrake, Problems: why, Hash: h}, other, etl.Failed, etl.CauseNotSent, true},
		{"blocked, the same", etl.Target{ID: 1, Outcome: etl.Blocked, Cause: etl.CauseReference, Problems: why, Hash: h}, maps, etl.Blocked, etl.CauseReference, false},
		{"failed, the same", etl.Target{ID: 1, Outcome: etl.Failed, Cause: etl.CauseUnreached, Problems: why, Hash: h}, maps, etl.Failed, etl.CauseUnreached, false},
		{"uncertain, the same", etl.Target{ID: 1, Outcome: etl.Uncertain, Cause: etl.CauseNoAnswer, Problems: why, Hash: h}, maps, etl.Uncertain, etl.CauseNoAnswer, false},
		{"uncertain, changed", etl.Target{ID: 1, Outcome: etl.Uncertain, Cause: etl.CauseNoAnswer, Problems: why, Hash: h}, other, etl.Uncertain, etl.CauseNoAnswer, true},
		{"uncertain, now excluded", etl.Target{ID: 1, Outcome: etl.Uncertain, Cause: etl.CauseNoAnswer, Problems: why, Hash: h}, Excluded(etl.CauseDeleted), etl.Uncertain, etl.CauseNoAnswer, true},
		{"excluded, and in again", etl.Target{ID: 1, Outcome: etl.Excluded, Cause: etl.CauseRoute}, maps, etl.Failed, etl.CauseNotSent, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			src := etl.Source{Ref: etl.Ref{Endpoint: "things", ID: "5"}}
			next, changed := settle(Shape{Destination: "vendor", Object: "thing"}, src, c.v, map[string]etl.Target{"5": c.before})
			if next.Outcome != c.outcome || next.Cause != c.cause || changed != c.changed {
				t.Errorf("%s %q, written %v; want %s %q, %v", next.Outcome, next.Cause, changed, c.outcome, c.cause, c.changed)
			}
			if string(next.AckedHash) != string(c.before.AckedHash) || string(next.Refused) != string(c.before.Refused) {
				t.Error("what the destination acknowledged or refused is forgotten")
			}
			if (next.Hash == nil) != (c.v.Body == nil) || string(next.Payload) != string(c.v.Body) {
				t.Error("payload and hash are not the verdict's")
			}
			if c.v.Outcome == "" && next.Outcome == c.before.Outcome && len(next.Problems) != len(c.before.Problems) {
				t.Error("it goes on waiting, but its problems are gone")
			}
		})
	}
}

// TestWhatWasTakenStands although what the shape leaves aside is another now,
// and changes with anything else.
func TestWhatWasTakenStands(t *testing.T) {
	taken := []byte(`{"by":"Cy","site":"A","dose":"60.5"}`)
	before := etl.Target{ID: 1, Outcome: etl.Unchanged, Hash: hashOf(Verdict{Body: taken}), AckedHash: hashOf(Verdict{Body: taken}), Taken: taken}
	for body, want := range map[string]etl.Outcome{
		`{"by":"Di","dose":"60.5"}`:              etl.Unchanged,
		`{"by":"Di","site":"A","dose":"60"}`:     etl.Failed,
		`{"by":"Cy","site":"A"}`:                 etl.Failed,
		`{"by":"Cy","dose":"60.5","more":false}`: etl.Failed,
	} {
		src := etl.Source{Ref: etl.Ref{Endpoint: "things", ID: "5"}}
		next, _ := settle(Shape{Aside: []string{"by", "site"}}, src, Verdict{Body: []byte(body)}, map[string]etl.Target{"5": before})
		if next.Outcome != want || (string(next.Payload) == string(taken)) != (want == etl.Unchanged) || string(next.AckedHash) != string(before.AckedHash) {
			t.Errorf("%s: %s with %s, want %s", body, next.Outcome, next.Payload, want)
		}
	}
	lost := before
	lost.Taken = []byte(`{"by":"Cy","dose":"60.5"}`) // not what the hash is of
	src := etl.Source{Ref: etl.Ref{Endpoint: "things", ID: "5"}}
	if next, _ := settle(Shape{Aside: []string{"by"}}, src, Verdict{Body: []byte(`{"by":"Di","dose":"60.5"}`)}, map[string]etl.Target{"5": lost}); next.Outcome != etl.Failed {
		t.Errorf("a payload that was not taken: got %s, want failed", next.Outcome)
	}
}
