package load

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/chartbridge/chartbridge/etl"
)

// settling is how long it may take until what stands there of a visit changes
// no more: people correct a schedule until its visits are billed.
const settling = 60 * 24 * time.Hour

// AskedSince is the first month, at an instant, whose visits are asked about
// again although they agree. Of earlier months only those are read in which
// something is missing, differs or changed.
func AskedSince(at time.Time) string { return at.Add(-settling).Format(etl.MonthOnly) }

// spanVisits is how many visits are compared together: months are put together
// up to it, so that a small practice costs one call for each provider, and a
// large one no more memory than its largest month.
const spanVisits = 5000

// compare holds an object's records against what the destination shows. Nothing
// is sent; a record's outcome is written only where it changed.
func (s *Stage) compare(ctx context.Context, run etl.Run, object Object) error {
	comparer, ok := s.Destination.(Comparer)
	if !ok {
		return fmt.Errorf("%s shows %s, but nothing compares it", s.Destination.Name(), object.Name)
	}
	months, err := s.Store.Months(ctx, s.Destination.Name(), object.Name, comparer.From(), s.Clock.Now())
	if err != nil {
		return err
	}
	var unread error
	for _, span := range slices.Backward(spans(months)) { // the latest first: whoever works now is asked about earlier months too
		hidden, err := s.compareSpan(ctx, run, comparer, object, span)
		if err != nil {
			return err
		}
		unread = cmp.Or(unread, hidden) // of the others it says the same
	}
	if err := s.Store.EndCompared(ctx, run, s.Destination.Name(), object.Name, unread == nil); err != nil || unread == nil {
		return err
	}
	return blind("some of it is not compared in this run, the rest is", unread)
}

// spans puts months together that follow each other.
func spans(months []Month) (list [][]Month) {
	visits, next := 0, ""
	for _, m := range months {
		if visits += m.Visits; m.Name != next || visits > spanVisits {
			list, visits = append(list, nil), m.Visits
		}
		list[len(list)-1] = append(list[len(list)-1], m)
		at, _ := time.Parse(etl.MonthOnly, m.Name) // it is our own
		next = at.AddDate(0, 1, 0).Format(etl.MonthOnly)
	}
	return list
}

// A standing is where a record stands before it is sorted or compared: what a
// whole month of them is kept as.
type standing struct {
	row                      int64
	sourceID, cause, message string
	outcome                  etl.Outcome
}

func (d Due) standing() standing {
	return standing{d.TargetRow, d.SourceID, d.Cause, d.Message, d.Outcome}
}

// news adds a mark, unless the record stands so already: of what is open a run
// has a line among its results all the same, and of what is matched it needs
// none. An excluded record has its line only from the run that marks it.
func (s standing) news(marks []Mark, m Mark) []Mark {
	same := s.outcome == m.Outcome && s.cause == m.Cause && s.message == m.Problem.Message
	if same && m.Outcome != etl.Excluded && m.Adopt == "" {
		return marks
	}
	return append(marks, m)
}

// markedTogether is how many outcomes one commit writes.
const markedTogether = 1000

// compareSpan compares some months; unread says what of them could not be read.
func (s *Stage) compareSpan(ctx context.Context, run etl.Run, comparer Comparer, object Object, span []Month) (unread, err error) {
	var marks []Mark
	var there []standing
	c, err := comparer.Compare(ctx, object.Name, span, func(yield func(Due, error) bool) {
		for d, err := range s.mapped(ctx, object, span) {
			known := d.standing()
			if err == nil && len(d.Missing) > 0 {
				marks = known.news(marks, blocked(d))
				continue
			}
			there = append(there, known)
			if !yield(d, err) {
				return
			}
		}
	})
	if err != nil {
		return nil, blind("none of it is compared any further in this run, since what is there cannot be read", err)
	}
	found := Found{Before: AskedSince(s.Clock.Now()), Extra: c.Extra, People: c.People}
	for _, m := range span {
		if !m.First && c.Unread == nil { // a part of the first may not be compared yet: go-live may be set to an earlier day
			found.Months = append(found.Months, m.Name)
		}
	}
	for i, c := range c.List {
		if c.Outcome == "" {
			continue
		}
		if marks = there[i].news(marks, comparedMark(there[i].row, c)); len(marks) >= markedTogether {
			if _, err := s.Store.Commit(ctx, run, nil, marks, nil); err != nil {
				return nil, err
			}
			marks = marks[:0]
		}
		if c.Outcome == etl.Mismatched {
			found.Differs = append(found.Differs, Differs{TargetRow: there[i].row, SourceID: there[i].sourceID, TargetID: c.TargetID, Fields: c.Differs})
		}
	}
	if _, err := s.Store.Commit(ctx, run, nil, marks, nil); err != nil {
		return nil, err
	}
	return c.Unread, s.Store.SetCompared(ctx, run, s.Destination.Name(), object.Name, found)
}

// readTogether is how many records are read at once to be compared.
const readTogether = 1000

// mapped reads the records of some months, page by page.
func (s *Stage) mapped(ctx context.Context, object Object, span []Month) iter.Seq2[Due, error] {
	return func(yield func(Due, error) bool) {
		for _, m := range span {
			for after := int64(0); ; {
				due, err := s.Store.Mapped(ctx, s.Destination.Name(), object.Name, m.Name, after, readTogether)
				if err != nil {
					yield(Due{}, err)
					return
				}
				for _, d := range due {
					if after = d.TargetRow; !yield(d, nil) {
						return
					}
				}
				if len(due) < readTogether {
					break
				}
			}
		}
	}
}

func comparedMark(row int64, c Compared) Mark {
	m := Mark{TargetRow: row, Outcome: c.Outcome}
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
