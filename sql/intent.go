package sql

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/jmoiron/sqlx"
	"github.com/mattn/go-sqlite3"
)

// An intentRow is an intent as the ledger takes it; the blobs are in hex.
type intentRow struct {
	ID          int64  `json:"id"`
	Target      int64  `json:"target"`
	Destination string `json:"destination"`
	Object      string `json:"object"`
	SourceID    string `json:"source_id"`
	Op          etl.Op `json:"op"`
	Hash        string `json:"hash"`
	Payload     string `json:"payload"`
	Needs       string `json:"needs"`
	At          string `json:"at"`
	Deadline    string `json:"deadline"`
}

// intend saves intents and gives their ids.
func (s *Store) intend(ctx context.Context, tx *sqlx.Tx, run etl.Run, intents []load.Intent) ([]int64, error) {
	var last int64
	if err := tx.GetContext(ctx, &last, query("last-delivery")); err != nil {
		return nil, fmt.Errorf("save intents to send: %w", err)
	}
	ids, rows := make([]int64, len(intents)), make([]intentRow, len(intents))
	for i, in := range intents {
		needs, err := needsText(in.Needs)
		if err != nil {
			return nil, err
		}
		payload := s.seal.Seal(in.Body, "delivery", in.Destination, in.Object, in.SourceID)
		ids[i] = last + 1 + int64(i)
		rows[i] = intentRow{ids[i], in.TargetRow, in.Destination, in.Object, in.SourceID, in.Op, hex.EncodeToString(in.Hash),
			hex.EncodeToString(payload), needs, stamp(in.At), stamp(in.Deadline)}
	}
	err := s.putIntents(ctx, tx, run, rows)
	if refused, _ := refusesIntent(err); refused {
		return nil, s.refusedIntent(ctx, tx, run, rows)
	}
	return ids, wrap(err, "save intents to send")
}

func (s *Store) putIntents(ctx context.Context, tx *sqlx.Tx, run etl.Run, rows []intentRow) error {
	_, err := tx.ExecContext(ctx, query("put-intents"), jsonList(rows), run.ID, s.holder)
	return err
}

// refusedIntent tries intents one by one, to name the one that is refused.
func (s *Store) refusedIntent(ctx context.Context, tx *sqlx.Tx, run etl.Run, rows []intentRow) error {
	for i, r := range rows {
		err := s.putIntents(ctx, tx, run, rows[i:i+1])
		if refused, unapproved := refusesIntent(err); refused {
			err = &load.IntentError{N: i, Unapproved: unapproved, Err: err}
		}
		if err != nil {
			return fmt.Errorf("save the intent to send %s %s %s: %w", r.Destination, r.Object, r.SourceID, err)
		}
	}
	return errors.New("save intents to send: they are refused together, and none of them alone")
}

// refusesIntent tells the database's own rules, which speak of one record, from
// a disk that fails.
func refusesIntent(err error) (refused, unapproved bool) {
	var broken sqlite3.Error
	if !errors.As(err, &broken) {
		return false, false
	}
	unapproved = broken.ExtendedCode == sqlite3.ErrConstraintTrigger
	return unapproved || broken.ExtendedCode == sqlite3.ErrConstraintUnique, unapproved
}
