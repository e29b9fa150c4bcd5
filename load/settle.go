package load

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/chartbridge/chartbridge/etl"
)

// settle asks after the deliveries whose answer never came, once each has
// rested for the quiet period: only a wait longer than landing time and look-up
// lag keeps a record from being sent twice (reliability, 5.1). What is found is
// adopted; what is provably not there may be sent again; what cannot be asked
// waits for a person.
func (s *Stage) settle(ctx context.Context, run etl.Run) (blinded error) {
	for _, object := range s.Destination.Objects() {
		open, err := s.Store.OpenDeliveries(ctx, s.Destination.Name(), s.Clock.Now().Add(-s.Quiet))
		if err != nil {
			return err
		}
		var mine []etl.Delivery
		for _, d := range open {
			if d.Object == object.Name && !object.Final {
				mine = append(mine, d)
			}
		}
		done, marks, err := s.ask(ctx, object, mine)
		if err != nil && !errors.Is(err, errBlind) {
			return err
		}
		blinded = errors.Join(blinded, err)
		if len(done)+len(marks) == 0 {
			continue
		}
		if _, err := s.Store.Commit(ctx, run, done, marks, nil); err != nil {
			return err
		}
	}
	return blinded
}

func (s *Stage) ask(ctx context.Context, object Object, open []etl.Delivery) (done []Done, marks []Mark, err error) {
	if len(open) == 0 {
		return nil, nil, nil
	}
	if !object.Askable {
		return s.repeatable(open), nil, nil
	}
	findings, err := s.Destination.Find(ctx, object.Name, open)
	if err != nil {
		return nil, nil, blind("none of what has no answer was asked after", err)
	}
	if err := s.leaveOthers(ctx, open, findings); err != nil {
		return nil, nil, err
	}
	if unseen := unseenIn(findings); len(unseen) > 0 {
		err = blind(fmt.Sprintf("%d of what has no answer could not be asked after", len(unseen)), unseen[0])
	}
	for i, d := range open {
		if findings[i].Unseen != nil {
			continue // it stays open, and the next run asks again
		}
		if answer, evidence, ok := conclude(d, findings[i]); ok {
			done = append(done, Done{Delivery: d, Answer: answer, How: findings[i].How, SettledBy: ByProbe,
				Evidence: evidence, At: s.Clock.Now()})
		} else if f := findings[i]; f.TargetID == "" && len(f.Candidates) == 0 {
			marks = append(marks, Mark{TargetRow: d.TargetRow, Open: d.ID, Outcome: etl.Uncertain, Cause: etl.CauseNoAnswer,
				Problem: etl.Problem{Code: etl.CauseNoAnswer, Message: unseen}})
		}
	}
	return done, marks, err
}

// unseen says why a look that shows nothing does not settle a delivery.
const unseen = "no answer came, and a look shows neither it nor anything else that is known to be there, so it may be there; it is looked for in each run, or look there yourself " +
	"and say so with `chartbridge uncertain resolve ID --absent` or `--present` (`chartbridge uncertain list` shows the ID)"

// conclude says what a look at the destination proves of an unanswered
// delivery; ok is false where it proves nothing.
func conclude(d etl.Delivery, f Finding) (a Answer, evidence string, ok bool) {
	switch {
	case len(f.Candidates) > 0:
		return a, "", false
	case f.TargetID != "" && d.Op == etl.Update && len(f.Differs) > 0 && createsUnseen(d, f.Hidden):
		return a, "", false // sent again, it might create a second one of what it created inside
	case f.TargetID != "" && d.Op == etl.Update && len(f.Differs) > 0:
		return Answer{Kind: NotSent, Inside: nested(f.Inside)}, "read back: they hold other values than those sent", true
	case f.TargetID != "" && f.How == ByNaturalKey && len(f.Differs) > 0:
		// Not as we sent it, so it may be another's: the match before creating
		// adopts it and a person approves the first overwrite.
		return Answer{Kind: NotSent}, "one with the same natural key and other values is there", true
	case f.TargetID != "":
		return Answer{Kind: Acknowledged, TargetID: f.TargetID, Inside: nested(f.Inside)}, "found there by " + string(f.How), true
	case f.Proved:
		return Answer{Kind: NotSent}, "not there after the quiet period, while a known record was visible", true
	}
	return a, "", false
}

// createsUnseen reports whether a body holds an object without an id in an array
// that a look did not show.
func createsUnseen(d etl.Delivery, hidden []string) bool {
	for _, n := range d.Needs {
		slot, _, inside := strings.Cut(n.Path, ".")
		if n.Optional && inside && slices.Contains(hidden, slot) && !has(d.Body, n.Path) {
			return true
		}
	}
	return false
}

// repeatable settles what may be sent again although nobody can be asked: an
// update carries their ids, so the same bytes twice change nothing. A create
// waits for a person, and so does an update that would create an object inside
// the record.
func (s *Stage) repeatable(open []etl.Delivery) []Done {
	var done []Done
	for _, d := range open {
		if d.Op == etl.Update && carriesIDs(d) {
			done = append(done, Done{Delivery: d, Answer: Answer{Kind: NotSent}, SettledBy: ByProbe,
				Evidence: "an update repeats harmlessly after the quiet period", At: s.Clock.Now()})
		}
	}
	return done
}

// carriesIDs reports whether each object inside a body has its id.
func carriesIDs(d etl.Delivery) bool {
	for _, n := range d.Needs {
		if n.Optional && strings.Contains(n.Path, ".") && !has(d.Body, n.Path) {
			return false
		}
	}
	return true
}

func nested(ids map[string]string) map[string]Nested {
	inside := map[string]Nested{}
	for path, id := range ids {
		inside[path] = Nested{TargetID: id}
	}
	return inside
}
