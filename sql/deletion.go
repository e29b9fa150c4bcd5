package sql

import (
	"context"
	"fmt"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/jmoiron/sqlx"
)

// Endpoints that tell of deletions, and what they delete (drchrono-facts,
// section 2, Deleted / inactive).
const (
	lineItems         = "line_items"
	lineItemDeletions = "line_item_deletions"
	payments          = "patient_payments"
	paymentLog        = "patient_payment_log"
)

// noteDeletions marks what DrChrono's logs say is deleted, at the end of a
// drain of the log or of what it speaks of, whichever came later. Such a mark
// is taken off where a list shows the record again.
func noteDeletions(ctx context.Context, tx *sqlx.Tx, run etl.Run, c *etl.Cursor, written []writtenRow) error {
	if c.Endpoint == paymentLog && len(written) > 0 {
		ids := make([]string, len(written))
		for i, r := range written {
			ids[i] = r.row.ID
		}
		if _, err := tx.ExecContext(ctx, query("note-payment-deletions"), run.ID, jsonList(ids)); err != nil {
			return fmt.Errorf("note deleted payments: %w", err)
		}
	}
	if c.State != etl.StreamDrained || c.Changed == 0 {
		return nil
	}
	switch c.Endpoint {
	case lineItems, lineItemDeletions:
		return wrap(markLineItems(ctx, tx, run), "mark deleted line items")
	case payments, paymentLog:
		return wrap(markPayments(ctx, tx, run, c), "mark deleted payments")
	}
	return nil
}

func markLineItems(ctx context.Context, tx *sqlx.Tx, run etl.Run) error {
	var n int
	if err := tx.GetContext(ctx, &n, query("deleted-line-items")); err != nil || n == 0 {
		return err
	}
	seq, err := nextSeq(ctx, tx)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, query("mark-line-items"), seq, run.ID)
	return err
}

// markPayments marks the payments that the log says are deleted. The log names
// none by its id, so an entry speaks of a payment of the same patient, visit,
// amount and method, from before it, and only where there is exactly one. Where
// the log also knows how often such a payment was made, as many stay as were
// made and not deleted: one that was entered anew is not taken for the old one.
func markPayments(ctx context.Context, tx *sqlx.Tx, run etl.Run, c *etl.Cursor) error {
	var list []struct {
		Entry, Payment                   string
		Staged, Candidates, Made, Unmade int
	}
	if err := tx.SelectContext(ctx, &list, query("deleted-payments")); err != nil {
		return err
	}
	open, marked := 0, map[string]bool{}
	for _, d := range list {
		switch {
		case d.Made > 0 && d.Staged <= d.Made-d.Unmade, marked[d.Payment], d.Candidates == 0:
			continue // as many as there should be, or what it means is not staged
		case d.Candidates > 1:
			open++
			continue
		}
		seq, err := nextSeq(ctx, tx)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, query("mark-payment"), seq, run.ID, d.Payment); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, query("spoken"), d.Payment, run.ID, d.Entry); err != nil {
			return err
		}
		marked[d.Payment] = true
	}
	if open > 0 {
		note(c, fmt.Sprintf("%d deletions in the log of payments do not say which of several payments they mean: nothing is marked for them", open))
	}
	return nil
}
