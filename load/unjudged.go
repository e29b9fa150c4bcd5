package load

import "github.com/chartbridge/chartbridge/etl"

// Records are some of a destination's, by object and source id.
type Records map[string]map[string]bool

// Add adds records of an object.
func (r Records) Add(object string, ids ...string) {
	if r[object] == nil {
		r[object] = map[string]bool{}
	}
	for _, id := range ids {
		r[object][id] = true
	}
}

// NotJudged is what is said of a record that changed since it was judged.
const NotJudged = "it, or what it is judged by, changed since it was judged; nothing of it is sent before a run judges it"

// WaitsUnjudged reports whether a record that changed since it was judged waits
// for just that. What else it waits for stands, but for an approval: that is of
// one payload alone, and the next may be another.
func WaitsUnjudged(o etl.Outcome, cause string) bool {
	return o == etl.Failed || o == etl.Held && cause == etl.CauseApproval
}

// judged leaves out what changed since it was judged: what it maps to may not be
// so any more, so nothing of it is sent, or asked for.
func (s *Stage) judged(due []Due) (judged []Due, marks []Mark) {
	if len(s.Unjudged) == 0 {
		return due, nil
	}
	for _, d := range due {
		switch {
		case !s.Unjudged[d.Object][d.SourceID]:
			judged = append(judged, d)
		case WaitsUnjudged(d.Outcome, d.Cause):
			marks = d.standing().news(marks, Mark{TargetRow: d.TargetRow, Outcome: etl.Failed, Cause: etl.CauseNotJudged,
				Problem: etl.Problem{Message: NotJudged}})
		}
	}
	return judged, marks
}
