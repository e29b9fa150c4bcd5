package sql

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
)

// An Undone decision was taken back, or not, with the reason.
type Undone struct {
	Import      int64  `json:"import"`
	Destination string `json:"destination"`
	Object      string `json:"object"`
	SourceID    string `db:"source_id" json:"source_id"` // "" = a whole value of a lookup
	Lookup      string `json:"lookup,omitempty"`
	Key         string `json:"key,omitempty"`
	Verb        string `json:"decision"`
	Undone      bool   `json:"undone"`
	Reason      string `json:"reason"`
}

type loggedDecision struct {
	Undone
	ID, Target int64
	Value      string
	Hash       []byte
	Before     string
	Waits      bool
	By, At     string
	UndoneAt   string `db:"undone_at"`
}

// followed reports whether a rule was logged since a row's MAP made it: that is
// one decision.
func (d loggedDecision) followed(all []loggedDecision) bool {
	return d.SourceID == "" && slices.ContainsFunc(all, func(row loggedDecision) bool {
		return row.SourceID != "" && row.Destination == d.Destination && row.Lookup == d.Lookup && row.Key == d.Key && row.Verb == d.Verb
	})
}

// Undo takes the decisions of an import back, but for those that a run has
// acted on. A value that was mapped, and a record that was skipped, can always
// be taken back: the next run judges by what then stands. What was sent stays
// at the destination, and the reason says so.
func (s *Store) Undo(ctx context.Context, id int64, by string, now time.Time) (list []Undone, err error) {
	err = s.inTx(ctx, func(tx *sqlx.Tx) error {
		var imp PastImport
		err := tx.GetContext(ctx, &imp, query("import-one"), id)
		if errors.Is(err, sql.ErrNoRows) {
			return cannotTake("there is no such import; `chartbridge decide --imports` lists them")
		}
		if err != nil {
			return err
		}
		var logged []loggedDecision
		if err := tx.SelectContext(ctx, &logged, query("decisions-of"), id); err != nil {
			return err
		}
		undone := 0
		for i := range logged {
			if err := undo(ctx, tx, &logged[i], now); err != nil {
				return err
			}
			if logged[i].followed(logged) {
				continue
			}
			logged[i].Import = id
			list = append(list, logged[i].Undone)
			if logged[i].Undone.Undone {
				undone++
			}
		}
		if undone > 0 {
			if _, err := tx.ExecContext(ctx, query("undo-import"), stamp(now), by, id); err != nil {
				return err
			}
		}
		return audit(ctx, tx, now, by, "undo", fmt.Sprintf("import %d", id), fmt.Sprintf("%d of %d decisions taken back", undone, len(list)))
	})
	return list, wrap(err, "undo import %d", id)
}

func undo(ctx context.Context, tx *sqlx.Tx, d *loggedDecision, now time.Time) error {
	if d.UndoneAt != "" {
		d.Reason = "it was taken back already"
		return nil
	}
	var acted bool
	if err := tx.GetContext(ctx, &acted, query("run-since"), d.At); err != nil {
		return err
	}
	always := d.Verb == Skip || d.Lookup != ""
	if acted && !always {
		d.Reason = "a run has acted on it"
		return nil
	}
	var was before
	if err := json.Unmarshal([]byte(d.Before), &was); err != nil {
		return fmt.Errorf("read what stood there before decision %d: %w", d.ID, err)
	}
	if err := restore(ctx, tx, d, was, now); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, query("undo-decision"), stamp(now), d.ID)
	d.Undone.Undone, d.Reason = err == nil, "taken back"
	if acted && d.Verb == Map && !d.Waits {
		d.Reason = fmt.Sprintf("taken back; what was sent with %s since then stays at the destination until it is mapped and sent anew", d.Value)
	}
	return err
}

// restore puts back what stood there.
func restore(ctx context.Context, tx *sqlx.Tx, d *loggedDecision, was before, now time.Time) (err error) {
	switch {
	case d.Verb == Skip:
		return nil
	case d.Verb == Approve:
		_, err = tx.ExecContext(ctx, query("withdraw-approval"), stamp(now), d.Destination, d.Object, d.SourceID, d.Hash, person(d.By), stamp(now))
		return err
	case d.Lookup != "":
		_, err = tx.ExecContext(ctx, query("drop-lookup"), d.Destination, d.Lookup, d.Key, d.Value)
		return err
	case d.Verb == Map && was.ID == "":
		_, err = tx.ExecContext(ctx, query("drop-crosswalk"), d.Destination, d.Object, d.SourceID, d.Value)
	case d.Verb == Map:
		_, err = putCrosswalk(ctx, tx, append(was.Parts, Link{d.Destination, d.Object, d.SourceID, was.ID, "decision", "undo"}))
	}
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, query("restore-target"), was.Outcome, was.Cause, was.Field, was.Code, was.Message, was.Refused, d.Target)
	return err
}
