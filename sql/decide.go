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

// AckedPayloads gives what was last acknowledged for those targets.
func (s *Store) AckedPayloads(ctx context.Context, due []load.Due) (map[int64][]byte, error) {
	ids := make([]int64, len(due))
	for i, d := range due {
		ids[i] = d.TargetRow
	}
	var rows []struct {
		ID                  int64
		Destination, Object string
		SourceID            string `db:"source_id"`
		Payload             []byte `db:"acked_payload"`
	}
	if err := s.db.SelectContext(ctx, &rows, query("acked-payloads"), jsonList(ids)); err != nil {
		return nil, fmt.Errorf("read what was acknowledged: %w", err)
	}
	acked := map[int64][]byte{}
	for _, r := range rows {
		plain, err := s.seal.Open(r.Payload, "target", r.Destination, r.Object, r.SourceID)
		if err != nil {
			return nil, err
		}
		acked[r.ID] = plain
	}
	return acked, nil
}

// A WaitingDischarge is one that has not gone.
type WaitingDischarge struct {
	ID         string      `db:"source_id" json:"id"` // the patient's id in DrChrono
	Hash       string      `json:"hash"`
	Outcome    etl.Outcome `json:"outcome"`
	Cause      string      `json:"cause"`
	Message    string      `json:"message"`
	Approvals  int         `json:"approvals"`
	ApprovedBy *string     `db:"approved_by" json:"approved_by,omitempty"`
}

// WaitingDischarges lists the discharges that have not gone, and who approved
// them so far.
func (s *Store) WaitingDischarges(ctx context.Context, now time.Time) (list []WaitingDischarge, err error) {
	err = s.db.SelectContext(ctx, &list, query("waiting-discharges"), stamp(now), stamp(now))
	return list, wrap(err, "list discharges")
}

// ErrRefused says why a person's word cannot be taken.
var ErrRefused = errors.New("refused")

// ApprovalLife is how long an approval counts (CONTRACT, Outcomes).
const ApprovalLife = 72 * time.Hour

// ApproveDischarge takes a person's word for one payload of one discharge: its
// hash must be the one that stands, or the person saw another payload.
func (s *Store) ApproveDischarge(ctx context.Context, id, hash, by string, now time.Time) error {
	const destination, object = "central_registry", "discharge"
	err := s.inTx(ctx, func(tx *sqlx.Tx) error {
		var t struct {
			ID      int64
			Hash    []byte
			Outcome etl.Outcome
			Maps    bool
		}
		err := tx.GetContext(ctx, &t, query("discharge"), id)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return fmt.Errorf("no discharge %q is known; `chartbridge discharges list` shows them: %w", id, ErrRefused)
		case err != nil:
			return err
		case !t.Maps || t.Outcome == etl.Invalid:
			return fmt.Errorf("discharge %s breaks a rule and cannot be approved; `chartbridge discharges list` says which: %w", id, ErrRefused)
		case t.Outcome.Acknowledged():
			return fmt.Errorf("discharge %s was recorded already: %w", id, ErrRefused)
		case t.Outcome == etl.Uncertain:
			return fmt.Errorf("discharge %s was sent and not answered; settle it with `chartbridge uncertain resolve` first: %w", id, ErrRefused)
		case hex.EncodeToString(t.Hash) != hash:
			return fmt.Errorf("the payload of discharge %s is not %s any more; look at it again: %w", id, hash, ErrRefused)
		}
		_, err = tx.ExecContext(ctx, query("put-approval"), destination, object, id, t.Hash, by, stamp(now), stamp(now.Add(ApprovalLife)))
		return err
	})
	if err != nil {
		return fmt.Errorf("approve a discharge: %w", err)
	}
	return s.Audit(ctx, now, by, "approve", "central_registry discharge "+id, "payload "+hash)
}

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
	Probes      int    `json:"probes"`
}

// UncertainDeliveries lists them.
func (s *Store) UncertainDeliveries(ctx context.Context) (list []UncertainDelivery, err error) {
	err = s.db.SelectContext(ctx, &list, query("uncertain"))
	return list, wrap(err, "list uncertain deliveries")
}

// Resolve takes a person's word for an uncertain delivery: it is there under
// targetID, or, where that is "", it is not there and goes again once.
func (s *Store) Resolve(ctx context.Context, run etl.Run, id int64, targetID, evidence, by string, now time.Time) error {
	var row deliveryRow
	err := s.db.GetContext(ctx, &row, query("uncertain-one"), id)
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("no uncertain delivery has the id %d; `chartbridge uncertain list` shows them: %w", id, ErrRefused)
	}
	if err != nil {
		return fmt.Errorf("read delivery %d: %w", id, err)
	}
	needs, err := parseNeeds(row.Needs)
	if err != nil {
		return err
	}
	d := etl.Delivery{ID: row.ID, TargetRow: row.Target, Destination: row.Destination, Object: row.Object, SourceID: row.SourceID,
		Op: row.Op, Hash: row.Hash, Needs: needs}
	what := "absent"
	if targetID != "" {
		what = "present as " + targetID
		_, err = s.Commit(ctx, run, []load.Done{{Delivery: d, How: "decision", SettledBy: by, Evidence: evidence, At: now,
			Answer: load.Answer{Kind: load.Acknowledged, TargetID: targetID}}}, nil, nil)
	} else {
		err = s.inTx(ctx, func(tx *sqlx.Tx) error {
			if _, err := tx.ExecContext(ctx, query("void-delivery"), stamp(now), by, evidence, id); err != nil {
				return err
			}
			_, err := tx.ExecContext(ctx, query("release-target"), row.Target)
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("settle delivery %d: %w", id, err)
	}
	return s.Audit(ctx, now, by, "resolve", fmt.Sprintf("%s %s %s", row.Destination, row.Object, row.SourceID), what+"; "+evidence)
}

// A Refused target was refused by us or by them.
type Refused struct {
	ID          int64       `json:"-"`
	Destination string      `json:"destination"`
	Object      string      `json:"object"`
	Endpoint    string      `db:"source_endpoint" json:"source_endpoint"`
	SourceID    string      `db:"source_id" json:"source_id"`
	Outcome     etl.Outcome `json:"outcome"`
	Cause       string      `json:"cause"`
	Field       string      `json:"field"`
	Code        string      `json:"code"`
	Message     string      `json:"message"`
	HTTPStatus  int         `db:"http_status" json:"http_status"`
	Run         string      `json:"run"`
}

// Refused lists what was refused, grouped by cause.
func (s *Store) Refused(ctx context.Context) (list []Refused, err error) {
	err = s.db.SelectContext(ctx, &list, query("rejected"))
	return list, wrap(err, "list what was refused")
}

// Retry has those targets judged and sent again, once.
func (s *Store) Retry(ctx context.Context, targets []Refused, by, comment string, now time.Time) error {
	err := s.inTx(ctx, func(tx *sqlx.Tx) error {
		for _, t := range targets {
			if _, err := tx.ExecContext(ctx, query("put-decision"), "RETRY", "", comment, by, stamp(now), "", t.ID); err != nil {
				return err
			}
			for _, name := range []string{"release-target", "release-parent"} {
				if _, err := tx.ExecContext(ctx, query(name), t.ID); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("retry: %w", err)
	}
	return s.Audit(ctx, now, by, "retry", fmt.Sprintf("%d records", len(targets)), comment)
}

// A Link is our id and theirs.
type Link struct {
	Destination string `json:"destination"`
	Object      string `json:"object"`
	SourceID    string `db:"source_id" json:"source_id"`
	TargetID    string `db:"target_id" json:"target_id"`
	How         string `json:"how"`
	Run         string `json:"run"`
}

// Crosswalk lists the links of a destination and object; "" is any.
func (s *Store) Crosswalk(ctx context.Context, destination, object string) (list []Link, err error) {
	err = s.db.SelectContext(ctx, &list, query("crosswalk"), destination, object)
	return list, wrap(err, "list the crosswalk")
}

// Import takes links over, all or none. A link that contradicts one that
// stands, or gives one of theirs to two of ours, is refused unless replace is
// set. It gives each refusal with the link's place in the list.
func (s *Store) Import(ctx context.Context, links []Link, replace bool, by string, now time.Time) (faults map[int]string, err error) {
	faults = map[int]string{}
	err = s.inTx(ctx, func(tx *sqlx.Tx) error {
		for i, l := range links {
			if fault, err := contradiction(ctx, tx, l, replace); err != nil || fault != "" {
				faults[i] = fault
				if err != nil {
					return err
				}
				continue
			}
			if _, err := tx.ExecContext(ctx, query("put-crosswalk"), l.Destination, l.Object, l.SourceID, l.TargetID, "import", "import"); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, query("release-imported"), l.Destination, l.Object, l.SourceID); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, query("set-setting"), "initial_load/"+l.Destination, stamp(now)); err != nil {
				return err
			}
		}
		if len(faults) > 0 {
			return ErrRefused
		}
		return nil
	})
	if errors.Is(err, ErrRefused) {
		return faults, nil
	}
	if err != nil {
		return nil, fmt.Errorf("import the crosswalk: %w", err)
	}
	return nil, s.Audit(ctx, now, by, "crosswalk import", fmt.Sprintf("%d links", len(links)), fmt.Sprintf("replace %v", replace))
}

func contradiction(ctx context.Context, tx *sqlx.Tx, l Link, replace bool) (string, error) {
	var have string
	err := tx.GetContext(ctx, &have, query("crosswalk-one"), l.Destination, l.Object, l.SourceID)
	switch {
	case err != nil && !errors.Is(err, sql.ErrNoRows):
		return "", err
	case err == nil && have != l.TargetID && !replace:
		return "it is linked to " + have + " already; use --replace to correct it", nil
	}
	var others []string
	if err := tx.SelectContext(ctx, &others, query("crosswalk-of"), l.Destination, l.Object, l.TargetID); err != nil {
		return "", err
	}
	for _, other := range others {
		if other != l.SourceID {
			return "their " + l.TargetID + " belongs to our " + other + " already", nil
		}
	}
	return "", nil
}
