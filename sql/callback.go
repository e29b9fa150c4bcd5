package sql

import (
	"context"
	"fmt"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/jmoiron/sqlx"
)

// CallbackRun is the run of what callbacks bring outside of a run's own
// process: the run that ends next counts it.
const CallbackRun = "callback"

// keptCallbacks is how many of one transaction are kept: a vendor that repeats
// itself must not fill the disk.
const keptCallbacks = 8

// TakeCallback keeps a callback until its delivery is known; it is on the disk
// when it returns. One whose delivery has its answer already is not kept. In a
// file that others do not find none is kept either: that is ErrReplaced.
func (s *Store) TakeCallback(ctx context.Context, destination, object, ticket string, body []byte, now time.Time) error {
	if err := s.inPlace(); err != nil {
		return err
	}
	err := s.inTx(ctx, func(tx *sqlx.Tx) error {
		var settled bool
		if err := tx.GetContext(ctx, &settled, query("callback-settled"), destination, object, ticket); err != nil || settled {
			return err
		}
		_, err := tx.ExecContext(ctx, query("put-callback"), destination, object, ticket, stamp(now),
			s.seal.Seal(body, "callback", destination, object, ticket), keptCallbacks)
		return err
	})
	return wrap(err, "keep a callback")
}

// ForgetCallbacks drops callbacks from before an instant, whose delivery is
// unknown.
func (s *Store) ForgetCallbacks(ctx context.Context, before time.Time) error {
	_, err := s.db.ExecContext(ctx, query("old-callbacks"), stamp(before))
	return wrap(err, "forget old callbacks")
}

// Awaits reports whether the answer of a delivery that was accepted for later
// may still come in time.
func (s *Store) Awaits(ctx context.Context, destination string, now time.Time) (bool, error) {
	var until string
	err := s.db.GetContext(ctx, &until, query("accepted"), destination, stamp(now))
	return until != "", wrap(err, "look for answers that are awaited")
}

// calledPage is how many callbacks are read together.
const calledPage = 200

// Called lists open deliveries with the callbacks that speak of them.
func (s *Store) Called(ctx context.Context, destination string) ([]load.Call, error) {
	var rows []struct {
		deliveryRow
		Callback   int64
		ReceivedAt string `db:"received_at"`
		Answer     []byte
		Ticket     string `db:"transaction_id"`
	}
	if err := s.db.SelectContext(ctx, &rows, query("called"), destination, calledPage); err != nil {
		return nil, fmt.Errorf("list callbacks: %w", err)
	}
	list := make([]load.Call, len(rows))
	for i, r := range rows {
		d, err := s.delivery(r.deliveryRow)
		if err != nil {
			return nil, err
		}
		answer, err := s.seal.Open(r.Answer, "callback", r.Destination, r.Object, r.Ticket)
		if err != nil {
			return nil, err
		}
		list[i] = load.Call{Delivery: d, Callback: r.Callback, Answer: answer, ReceivedAt: parseStamp(r.ReceivedAt)}
	}
	return list, nil
}

// Complete saves the answer that a callback brought and forgets the callback.
func (s *Store) Complete(ctx context.Context, run etl.Run, callback int64, d load.Done) error {
	return s.inTx(ctx, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, query("drop-callback"), callback); err != nil {
			return err
		}
		open, err := isOpen(ctx, tx, d.ID)
		if err != nil || !open || d.Answer.Kind == load.Unknown && d.Answer.Problem.Message == "" { // it says nothing
			return err
		}
		return s.answer(ctx, tx, run, d)
	})
}

// isOpen reports whether a delivery still has no answer.
func isOpen(ctx context.Context, tx *sqlx.Tx, id int64) (bool, error) {
	var state string
	err := tx.GetContext(ctx, &state, query("delivery-state"), id)
	return state == "uncertain", wrap(err, "look at delivery %d", id)
}
