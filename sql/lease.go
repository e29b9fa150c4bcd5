package sql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// A HeldError says who holds a lease.
type HeldError struct {
	Name, Holder string
	Since, Until time.Time
}

func (e *HeldError) Error() string {
	return fmt.Sprintf("%s is held by %s since %s; wait for it, or until %s if it died", e.Name, e.Holder,
		e.Since.Format(time.RFC3339), e.Until.Format(time.RFC3339))
}

// Lease takes or renews a lease for this process until now + life. Another
// holder's lease that has not run out is a *HeldError; a lease in a file that
// others do not find is ErrReplaced.
func (s *Store) Lease(ctx context.Context, name string, now time.Time, life time.Duration) error {
	if err := s.inPlace(); err != nil {
		return err
	}
	res, err := s.db.ExecContext(ctx, query("take-lease"), name, s.holder, stamp(now), stamp(now.Add(life)))
	if err != nil {
		return fmt.Errorf("take lease %s: %w", name, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 1 {
		return wrap(err, "take lease %s", name)
	}
	var held struct{ Name, Holder, Since, Until string }
	err = s.db.GetContext(ctx, &held, query("lease"), name)
	if errors.Is(err, sql.ErrNoRows) {
		return s.Lease(ctx, name, now, life) // given back in between
	}
	if err != nil {
		return fmt.Errorf("read lease %s: %w", name, err)
	}
	return &HeldError{held.Name, held.Holder, parseStamp(held.Since), parseStamp(held.Until)}
}

// Release gives a lease back.
func (s *Store) Release(ctx context.Context, name string) error {
	_, err := s.db.ExecContext(ctx, query("drop-lease"), name, s.holder)
	return wrap(err, "give back lease %s", name)
}

// BreakLease takes a lease away from a holder that is known to be gone.
func (s *Store) BreakLease(ctx context.Context, name, holder string) error {
	_, err := s.db.ExecContext(ctx, query("drop-lease"), name, holder)
	return wrap(err, "take over lease %s", name)
}

// Leased names who holds a lease that has not run out; "" = nobody.
func (s *Store) Leased(ctx context.Context, name string, now time.Time) (holder string, err error) {
	err = s.db.GetContext(ctx, &holder, query("leased"), name, stamp(now))
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return holder, wrap(err, "read lease %s", name)
}

// Want marks another holder's lease as wanted by this process.
func (s *Store) Want(ctx context.Context, name string) error {
	_, err := s.db.ExecContext(ctx, query("want-lease"), name, s.holder)
	return wrap(err, "ask for lease %s", name)
}

// Unwant takes that back.
func (s *Store) Unwant(ctx context.Context, name string) error {
	_, err := s.db.ExecContext(ctx, query("unwant-lease"), name, s.holder)
	return wrap(err, "ask no longer for lease %s", name)
}

// Wanted reports whether somebody waits for a lease that another holds.
func (s *Store) Wanted(ctx context.Context, name string) (yes bool, err error) {
	err = s.db.GetContext(ctx, &yes, query("wanted-lease"), name)
	return yes, wrap(err, "read lease %s", name)
}

// HandOver gives a lease to whoever waits for it, or back if nobody does. The
// one that waits finds it to be its own when it asks next; if it died, the
// lease runs out like any other.
func (s *Store) HandOver(ctx context.Context, name string, now time.Time, life time.Duration) error {
	res, err := s.db.ExecContext(ctx, query("hand-over-lease"), name, s.holder, stamp(now), stamp(now.Add(life)))
	if err != nil {
		return fmt.Errorf("hand over lease %s: %w", name, err)
	}
	if n, err := res.RowsAffected(); err != nil || n > 0 {
		return wrap(err, "hand over lease %s", name)
	}
	return s.Release(ctx, name)
}
