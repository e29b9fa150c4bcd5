package sql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// Unlink takes back a link that is wrong, and what was learnt of it for the parts
// of its record. Nothing is created for that: without an id the record waits for a
// person who gives it, or lets it go. A link that does not stand so, and that of
// something final, is refused.
func (s *Store) Unlink(ctx context.Context, l Link, by string, now time.Time) error {
	err := s.inTx(ctx, func(tx *sqlx.Tx) error {
		if err := unlinkable(ctx, tx, l); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, query("drop-crosswalk"), l.Destination, l.Object, l.SourceID, l.TargetID); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, query("unlink-target"), l.Destination, l.Object, l.SourceID); err != nil {
			return err
		}
		if _, err := unlinkInside(ctx, tx, l); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, query("forget-settled"), l.Destination); err != nil {
			return err
		}
		return audit(ctx, tx, now, by, "crosswalk remove", fmt.Sprintf("%s %s %s", l.Destination, l.Object, l.SourceID), "was "+l.TargetID)
	})
	return wrap(err, "remove a link")
}

// unlinkable says why a link cannot be taken back, and what helps.
func unlinkable(ctx context.Context, tx *sqlx.Tx, l Link) error {
	var have string
	err := tx.GetContext(ctx, &have, query("crosswalk-one"), l.Destination, l.Object, l.SourceID)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return cannotTake("there is no such link; `chartbridge crosswalk list` shows them")
	case err != nil:
		return err
	case l.Object == "discharge":
		return cannotTake("a discharge that was recorded is final; correct it with the registry by hand")
	case have != l.TargetID:
		return cannotTake("it is linked to %s; give the row as `chartbridge crosswalk list` shows it", have)
	}
	why, err := stands(ctx, tx, l)
	switch {
	case err != nil:
		return err
	case why == "open":
		return cannotTake("%s", underWay)
	case why == "compared":
		return cannotTake("it is only compared with what is there, and the next run links it as it finds it")
	}
	return nil
}

// underWay is why a link is not corrected now: the answer would write it again.
const underWay = "it, or the record that it travels inside, was sent and not answered; settle that first (`chartbridge uncertain list`)"

// stands gives why a link cannot be taken back, in a word.
func stands(ctx context.Context, tx *sqlx.Tx, l Link) (why string, err error) {
	err = tx.GetContext(ctx, &why, query("unlinkable"), l.Destination, l.Object, l.SourceID)
	return why, err
}

// unlinkInside takes back what was learnt of a link for what travels inside its
// record, also of what has left it and may come back: the ids of parts, which are
// another's then. One that a person gave stands. It gives those that it took back.
func unlinkInside(ctx context.Context, tx *sqlx.Tx, l Link) (parts []Link, err error) {
	var carrier bool
	if err := tx.GetContext(ctx, &carrier, query("is-carrier"), l.Destination, l.Object, l.SourceID); err != nil || !carrier {
		return nil, err
	}
	if err := tx.SelectContext(ctx, &parts, query("learnt-inside"), l.Destination, l.SourceID); err != nil {
		return nil, fmt.Errorf("list what was learnt with it: %w", err)
	}
	for _, part := range parts {
		for _, name := range []string{"unlink-inside", "lose-inside", "hold-left"} {
			if _, err := tx.ExecContext(ctx, query(name), l.Destination, part.Object, part.SourceID); err != nil {
				return nil, fmt.Errorf("take back what was learnt with it (%s): %w", name, err)
			}
		}
	}
	if _, err := tx.ExecContext(ctx, query("forget-left"), l.Destination, l.SourceID); err != nil {
		return nil, fmt.Errorf("forget what they held of it: %w", err)
	}
	return parts, nil
}
