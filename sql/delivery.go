package sql

import (
	"context"
	"fmt"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/jmoiron/sqlx"
)

// Orphans makes the intents of dead processes uncertain, and discharges that
// only the journal knows, and what is uncertain without an open delivery due
// again. It is called under the run lease, so every intent that it finds is a
// dead one's.
func (s *Store) Orphans(ctx context.Context, run etl.Run, destination string, now time.Time) error {
	return s.inTx(ctx, func(tx *sqlx.Tx) error {
		if err := s.takeOverDischarges(ctx, tx, run, destination); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, query("orphan-deliveries"), stamp(now), destination); err != nil {
			return fmt.Errorf("find open intents: %w", err)
		}
		if _, err := tx.ExecContext(ctx, query("orphan-targets"), run.ID, destination); err != nil {
			return fmt.Errorf("mark open intents: %w", err)
		}
		_, err := tx.ExecContext(ctx, query("settled-targets"), run.ID, destination)
		return wrap(err, "mark what was settled meanwhile")
	})
}

// NextOpen is the earliest deadline, after an instant, of a delivery that can
// be asked after.
func (s *Store) NextOpen(ctx context.Context, destination string, after time.Time) (deadline time.Time, ok bool, err error) {
	var text string
	err = s.db.GetContext(ctx, &text, query("next-open"), destination, stamp(after))
	return parseStamp(text), text != "", wrap(err, "look for open deliveries")
}

// UnderWay is how many deliveries have their intent and no word yet: they are
// being made, or were when their run was killed.
func (s *Store) UnderWay(ctx context.Context) (n int, err error) {
	err = s.db.GetContext(ctx, &n, query("intents"))
	return n, wrap(err, "count what is under way")
}

// OpenDeliveries lists the uncertain deliveries whose deadline lies before the
// instant.
func (s *Store) OpenDeliveries(ctx context.Context, destination string, before time.Time) ([]etl.Delivery, error) {
	var rows []deliveryRow
	if err := s.db.SelectContext(ctx, &rows, query("open-deliveries"), destination, stamp(before)); err != nil {
		return nil, fmt.Errorf("list open deliveries: %w", err)
	}
	list := make([]etl.Delivery, len(rows))
	for i, r := range rows {
		d, err := s.delivery(r)
		if err != nil {
			return nil, err
		}
		list[i] = d
	}
	return list, nil
}

// delivery opens a row of the ledger.
func (s *Store) delivery(r deliveryRow) (d etl.Delivery, err error) {
	body, err := s.seal.Open(r.Payload, "delivery", r.Destination, r.Object, r.SourceID)
	if err != nil {
		return d, err
	}
	needs, err := parseNeeds(r.Needs)
	return etl.Delivery{ID: r.ID, TargetRow: r.Target, Destination: r.Destination, Object: r.Object, SourceID: r.SourceID,
		Op: r.Op, TargetID: r.TargetID, Hash: r.Hash, Body: body, Needs: needs, Keyless: r.Keyless}, err
}

type deliveryRow struct {
	ID, Target          int64
	Destination, Object string
	SourceID            string `db:"source_id"`
	Op                  etl.Op
	Hash, Payload       []byte
	Needs               string
	TargetID            string `db:"target_id"`
	Keyless             bool
}

// Linked reports whether a run before this one has an id of an object.
func (s *Store) Linked(ctx context.Context, run etl.Run, destination, object string) (linked bool, err error) {
	err = s.db.GetContext(ctx, &linked, query("linked"), destination, object, run.ID, CallbackRun)
	return linked, wrap(err, "look for earlier ids")
}

// Elsewhere gives those of their ids that are linked to records of ours that
// are no twins of a delivery's.
func (s *Store) Elsewhere(ctx context.Context, d etl.Delivery, theirs []string) (ids []string, err error) {
	err = s.db.SelectContext(ctx, &ids, query("elsewhere"), d.TargetRow, jsonList(theirs))
	return ids, wrap(err, "ask whose their ids are")
}

// Weight counts the acknowledged records of an object, those of them that are
// due, and at the most that no person or other record keeps from going: what
// could not be judged is among them.
func (s *Store) Weight(ctx context.Context, destination, object string) (w load.Weight, err error) {
	err = s.db.GetContext(ctx, &w, query("weight"), destination, object)
	return w, wrap(err, "weigh what is due")
}

// Score counts the deliveries of a run and object that were accepted for later.
func (s *Store) Score(ctx context.Context, run etl.Run, destination, object string) (score load.Score, err error) {
	err = s.db.GetContext(ctx, &score, query("score"), run.ID, destination, object)
	return score, wrap(err, "count the answers that came by callback")
}

// Commit saves what came of deliveries and marks targets, and then the intents
// of the next ones, in one transaction; it gives the intents' ids. Where the
// database refuses an intent by its own rules, the error is a
// *load.IntentError and nothing is saved.
func (s *Store) Commit(ctx context.Context, run etl.Run, done []load.Done, marks []load.Mark, intents []load.Intent) ([]int64, error) {
	var ids []int64
	var epoch int64
	err := s.inTx(ctx, func(tx *sqlx.Tx) error {
		for _, m := range marks {
			if err := s.mark(ctx, tx, run, m); err != nil {
				return fmt.Errorf("mark target %d: %w", m.TargetRow, err)
			}
		}
		if err := s.answers(ctx, tx, run, done); err != nil {
			return err
		}
		if len(intents) == 0 {
			return nil
		}
		var err error
		if epoch, err = s.nextEpoch(ctx, tx); err != nil {
			return err
		}
		ids, err = s.intend(ctx, tx, run, intents)
		return err
	})
	if err == nil {
		err = s.journalCommit(epoch, done, intents)
	}
	return ids, err
}

// journalCommit writes beside the database what must outlive it. Where that
// fails nothing is sent, and the next run finds the intents open.
func (s *Store) journalCommit(epoch int64, done []load.Done, intents []load.Intent) error {
	if err := s.journalDischarges(append(endedDischarges(done), sentDischarges(intents)...)); err != nil || len(intents) == 0 {
		return err
	}
	return s.writeEpoch(epoch)
}

// CloseParents holds what is there under an id that is not known, and blocks
// what else travels inside records and did not go.
func (s *Store) CloseParents(ctx context.Context, run etl.Run, destination string) error {
	for _, name := range []string{"close-unknown", "close-parents"} {
		if _, err := s.db.ExecContext(ctx, query(name), run.ID, destination); err != nil {
			return fmt.Errorf("block what travels inside: %w", err)
		}
	}
	return nil
}
