package sql

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/jmoiron/sqlx"
)

// An UncertainDelivery was sent, and its answer never came.
type UncertainDelivery struct {
	ID          int64  `json:"id"`
	Destination string `json:"destination"`
	Object      string `json:"object"`
	SourceID    string `db:"source_id" json:"source_id"`
	Op          string `json:"op"`
	IntentAt    string `db:"intent_at" json:"intent_at"`
	Deadline    string `json:"deadline"`
	Phase       string `json:"phase"`
	HTTPStatus  int    `db:"http_status" json:"http_status"`
	Awaited     bool   `json:"awaited"` // it was taken, and a callback is to bring the answer by the deadline
}

// UncertainDeliveries lists them.
func (s *Store) UncertainDeliveries(ctx context.Context) (list []UncertainDelivery, err error) {
	err = s.db.SelectContext(ctx, &list, query("uncertain"))
	return list, wrap(err, "list uncertain deliveries")
}

// UncertainDelivery gives one of them, with what was sent.
func (s *Store) UncertainDelivery(ctx context.Context, id int64) (d etl.Delivery, err error) {
	var row deliveryRow
	err = s.db.GetContext(ctx, &row, query("uncertain-one"), id)
	if errors.Is(err, sql.ErrNoRows) {
		err = errNotUncertain
	}
	if err != nil {
		return d, wrap(err, "read delivery %d", id)
	}
	return s.delivery(row)
}

var errNotUncertain = cannotTake("no uncertain delivery has that id; `chartbridge uncertain list` shows them")

// Resolve takes a person's word for an uncertain delivery: it is there under
// targetID, or, where that is "", it is not there and goes again once. An id
// that is another record's of ours, or that contradicts the one that stands,
// is refused.
func (s *Store) Resolve(ctx context.Context, run etl.Run, id int64, targetID, evidence, by string, now time.Time) error {
	var ended []dischargeLine
	err := s.inTx(ctx, func(tx *sqlx.Tx) error {
		if !areUTF8(targetID, evidence, by) {
			return cannotTake("the id, the evidence or the name is not UTF-8; set the terminal to UTF-8 and give them again")
		}
		d, err := uncertainOne(ctx, tx, id)
		if err != nil {
			return err
		}
		if d.Op == etl.Discharge {
			if targetID != "" {
				targetID = load.Recorded // whatever a person wrote for the id that there is none of
			}
			ended = []dischargeLine{{stamp(now), d.Destination, d.Object, d.SourceID, hex.EncodeToString(d.Hash), "acknowledged"}}
			if targetID == "" {
				ended[0].State = "void"
			}
		}
		what := "absent"
		if targetID == "" {
			err = void(ctx, tx, d, evidence, by, now)
		} else {
			what = "present as " + targetID
			err = s.present(ctx, tx, run, load.Done{Delivery: d, How: "decision", SettledBy: by, Evidence: evidence, At: now,
				Answer: load.Answer{Kind: load.Acknowledged, TargetID: targetID}})
		}
		if err != nil {
			return err
		}
		return audit(ctx, tx, now, by, "resolve", fmt.Sprintf("%s %s %s", d.Destination, d.Object, d.SourceID), what+"; "+evidence)
	})
	if err != nil {
		return wrap(err, "settle delivery %d", id)
	}
	if err := s.journalDischarges(ended); err != nil {
		return fmt.Errorf("delivery %d is settled, but the journal does not say so: a backup restored from before this asks about it again; make journal_dir writable: %w", id, err)
	}
	return nil
}

func uncertainOne(ctx context.Context, tx *sqlx.Tx, id int64) (d etl.Delivery, err error) {
	var row deliveryRow
	err = tx.GetContext(ctx, &row, query("uncertain-one"), id)
	if errors.Is(err, sql.ErrNoRows) {
		return d, errNotUncertain
	}
	if err != nil {
		return d, err
	}
	needs, err := parseNeeds(row.Needs)
	return etl.Delivery{ID: row.ID, TargetRow: row.Target, Destination: row.Destination, Object: row.Object, SourceID: row.SourceID,
		Op: row.Op, Hash: row.Hash, Needs: needs}, err
}

// present acknowledges a delivery under the id that a person gave. A discharge
// has no id of its own there, so none can contradict it.
func (s *Store) present(ctx context.Context, tx *sqlx.Tx, run etl.Run, d load.Done) error {
	if d.Op != etl.Discharge {
		l := Link{Destination: d.Destination, Object: d.Object, SourceID: d.SourceID, TargetID: d.Answer.TargetID}
		fault, err := contradiction(ctx, tx, l, false)
		if err != nil {
			return err
		}
		if fault != "" {
			return cannotTake("%s", fault)
		}
	}
	return s.answer(ctx, tx, run, d)
}

// void gives a delivery up; its record is due again.
func void(ctx context.Context, tx *sqlx.Tx, d etl.Delivery, evidence, by string, now time.Time) error {
	if _, err := tx.ExecContext(ctx, query("void-delivery"), stamp(now), by, evidence, d.ID); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, query("release-target"), d.TargetRow)
	return err
}
