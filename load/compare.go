package load

import (
	"context"
	"fmt"
	"math"

	"github.com/chartbridge/chartbridge/etl"
)

// compare holds an object's records against what the destination shows. Nothing
// is sent; a record's outcome is written only where it changed.
func (s *Stage) compare(ctx context.Context, run etl.Run, object Object) error {
	comparer, ok := s.Destination.(Comparer)
	if !ok {
		return fmt.Errorf("%s shows %s, but nothing compares it", s.Destination.Name(), object.Name)
	}
	all, err := s.Store.Mapped(ctx, s.Destination.Name(), object.Name, 0, math.MaxInt32)
	if err != nil {
		return err
	}
	var marks []Mark
	var there []Due
	for _, d := range all {
		if len(d.Missing) > 0 {
			marks = changed(marks, d, blocked(d))
			continue
		}
		there = append(there, d)
	}
	list, extra, err := comparer.Compare(ctx, object.Name, there)
	if err != nil {
		return fmt.Errorf("read what is there: %w: %w", err, errBlind)
	}
	var differ []Differs
	for i, c := range list {
		marks = changed(marks, there[i], comparedMark(there[i], c))
		if c.Outcome == etl.Mismatched {
			differ = append(differ, Differs{TargetRow: there[i].TargetRow, SourceID: there[i].SourceID, TargetID: c.TargetID, Fields: c.Differs})
		}
	}
	if _, err := s.Store.Commit(ctx, run, nil, marks, nil); err != nil {
		return err
	}
	return s.Store.SetCompared(ctx, run, s.Destination.Name(), object.Name, differ, extra)
}

func comparedMark(d Due, c Compared) Mark {
	m := Mark{TargetRow: d.TargetRow, Outcome: c.Outcome}
	switch c.Outcome {
	case etl.Mismatched:
		m.Cause = string(etl.Mismatched)
		m.Problem = etl.Problem{Field: c.Differs[0].Field, Code: m.Cause, Message: "theirs, " + c.TargetID + ", differs in " + joined(Names(c.Differs))}
	case etl.Missing:
		m.Cause = string(etl.Missing)
		m.Problem = etl.Problem{Code: m.Cause, Message: "it is not on their schedule; enter it there"}
	}
	return m
}

// changed adds a mark that says something new.
func changed(marks []Mark, d Due, m Mark) []Mark {
	if d.Outcome == m.Outcome && d.Cause == m.Cause && d.Message == m.Problem.Message {
		return marks
	}
	return append(marks, m)
}
