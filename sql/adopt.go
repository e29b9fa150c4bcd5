package sql

import (
	"context"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/jmoiron/sqlx"
)

func (s *Store) mark(ctx context.Context, tx *sqlx.Tx, run etl.Run, m load.Mark) error {
	if m.Open != 0 {
		if open, err := isOpen(ctx, tx, m.Open); err != nil || !open {
			return err // a callback or a person was faster
		}
	}
	if m.Adopt != "" {
		free, err := adopt(ctx, tx, run, m)
		if err != nil {
			return err
		}
		if !free {
			m = load.Mark{TargetRow: m.TargetRow, Outcome: etl.Held, Cause: etl.CauseCandidates, Problem: etl.Problem{Code: etl.CauseCandidates,
				Message: "theirs (id " + m.Adopt + ") matches and is another record's of ours already; give its own id with `chartbridge crosswalk import`, or decide SKIP"}}
		}
	}
	if len(m.Hidden) > 0 || m.Acked {
		if _, err := tx.ExecContext(ctx, query("unseen-inside"), run.ID, m.TargetRow, m.Acked, jsonList(m.Hidden)); err != nil {
			return err
		}
	}
	if m.Acked {
		for _, name := range []string{"adopt-target", "adopt-inside"} {
			if _, err := tx.ExecContext(ctx, query(name), run.ID, m.TargetRow); err != nil {
				return err
			}
		}
		if len(m.Hidden) > 0 {
			if err := s.keepTaken(ctx, tx, []int64{m.TargetRow}); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, query("clear-problems"), m.TargetRow)
		return err
	}
	if len(m.Differs) > 0 {
		if err := s.putDifferenceOf(ctx, tx, run, m); err != nil {
			return err
		}
	}
	if m.Outcome == etl.Missing {
		if _, err := tx.ExecContext(ctx, query("wanted-by-missing"), run.ID, m.TargetRow); err != nil {
			return err
		}
	}
	_, err := tx.ExecContext(ctx, query("mark-target"), m.Outcome, m.Cause, m.Problem.Field, m.Problem.Code, m.Problem.Message, 0, 0, run.ID, m.TargetRow)
	return err
}

// adopt takes over an id that was found there, and those of what travels
// inside it, unless it is another record's of ours: two that look alike there
// must not end as one.
func adopt(ctx context.Context, tx *sqlx.Tx, run etl.Run, m load.Mark) (free bool, err error) {
	t, err := keyOf(ctx, tx, m.TargetRow)
	if err != nil {
		return false, err
	}
	if taken, err := isTaken(ctx, tx, t.Destination, t.Object, t.SourceID, m.Adopt); err != nil || taken {
		return false, err
	}
	links := []Link{{t.Destination, t.Object, t.SourceID, m.Adopt, string(m.How), run.ID}}
	for ref, id := range m.Inside {
		links = append(links, Link{t.Destination, ref.Endpoint, ref.ID, id, string(m.How), run.ID})
	}
	_, err = putCrosswalk(ctx, tx, links)
	return true, err
}

type targetKey struct {
	Destination, Object string
	SourceID            string `db:"source_id"`
}

func keyOf(ctx context.Context, tx *sqlx.Tx, target int64) (t targetKey, err error) {
	return t, tx.GetContext(ctx, &t, query("target-key"), target)
}

func (s *Store) putDifferenceOf(ctx context.Context, tx *sqlx.Tx, run etl.Run, m load.Mark) error {
	t, err := keyOf(ctx, tx, m.TargetRow)
	if err != nil {
		return err
	}
	return s.putDifference(ctx, tx, run, t.Destination, t.Object, load.Differs{TargetRow: m.TargetRow, SourceID: t.SourceID, TargetID: m.Adopt, Fields: m.Differs})
}

func isTaken(ctx context.Context, tx *sqlx.Tx, destination, object, sourceID, theirs string) (taken bool, err error) {
	err = tx.GetContext(ctx, &taken, query("taken"), destination, object, theirs, sourceID)
	return taken, wrap(err, "ask whose their id is")
}

// anothers turns an unanswered create into one to be sent again where what was
// found of it is another record's of ours: then it is not this one. The match
// before creating holds it for a person.
func anothers(ctx context.Context, tx *sqlx.Tx, d load.Done) (load.Done, error) {
	if d.SettledBy != load.ByProbe || d.Op != etl.Create || d.Answer.Kind != load.Acknowledged {
		return d, nil
	}
	taken, err := isTaken(ctx, tx, d.Destination, d.Object, d.SourceID, d.Answer.TargetID)
	if taken {
		d.Answer, d.Evidence = load.Answer{Kind: load.NotSent}, "what is there is another record's of ours"
	}
	return d, err
}
