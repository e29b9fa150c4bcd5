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
// holder's lease that has not run out is a *HeldError.
func (s *Store) Lease(ctx context.Context, name string, now time.Time, life time.Duration) error {
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
