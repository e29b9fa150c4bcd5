package sql

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/jmoiron/sqlx"
)

// Months lists the months of an object that are to be compared, in order.
func (s *Store) Months(ctx context.Context, destination, object, from string, now time.Time) (months []load.Month, err error) {
	if _, err := s.db.ExecContext(ctx, query("reopen-months"), destination, object); err != nil {
		return nil, fmt.Errorf("find what changed since it was compared: %w", err)
	}
	if err := s.db.SelectContext(ctx, &months, query("months"), destination, object, from[:min(len(from), len(etl.MonthOnly))], now.Format(etl.MonthOnly)); err != nil {
		return nil, fmt.Errorf("list the months to compare: %w", err)
	}
	names, at := make([]string, len(months)), map[string]int{}
	for i, m := range months {
		names[i], at[m.Name] = m.Name, i
	}
	var people []struct{ Month, Person string }
	err = s.db.SelectContext(ctx, &people, query("asked"), destination, object, jsonList(names))
	for _, p := range people {
		m := &months[at[p.Month]]
		m.People = append(m.People, p.Person)
	}
	return months, wrap(err, "list whose visits the months held")
}

// SetCompared keeps what a comparison of months showed: both values of what
// differs, and what is theirs alone. Months before an instant that agree as a
// whole are settled.
func (s *Store) SetCompared(ctx context.Context, run etl.Run, destination, object string, found load.Found) error {
	err := s.inTx(ctx, func(tx *sqlx.Tx) error {
		for _, d := range found.Differs {
			if err := s.putDifference(ctx, tx, run, destination, object, d); err != nil {
				return err
			}
		}
		for _, e := range found.Extra {
			payload, err := json.Marshal(e)
			if err != nil {
				return err
			}
			sealed := s.seal.Seal(payload, "extra", destination, object, e.TargetID)
			if _, err := tx.ExecContext(ctx, query("put-extra"), destination, object, e.TargetID, run.ID, sealed, e.Month); err != nil {
				return err
			}
		}
		people, err := json.Marshal(found.People)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, query("put-asked"), destination, object, string(people)); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, query("settle-months"), destination, object, jsonList(found.Months), found.Before, run.ID)
		return err
	})
	return wrap(err, "keep what differs")
}

// EndCompared forgets what a run did not see any more of theirs alone, if it
// saw the whole, and counts the others. Months that hold such are read by each
// run.
func (s *Store) EndCompared(ctx context.Context, run etl.Run, destination, object string, whole bool) error {
	err := s.inTx(ctx, func(tx *sqlx.Tx) error {
		if whole {
			if _, err := tx.ExecContext(ctx, query("forget-extra"), destination, object, run.ID); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, query("extra"), run.ID, destination, object)
		return err
	})
	return wrap(err, "count what is theirs alone")
}
