package sql

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/jmoiron/sqlx"
	"golang.org/x/text/unicode/norm"
)

// Acknowledged gives what was last acknowledged of those targets, by row.
func (s *Store) Acknowledged(ctx context.Context, ids []int64) (map[int64][]byte, error) {
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
	SkippedBy  string      `db:"skipped_by" json:"skipped_by,omitempty"` // who decided SKIP, which the next run acts on
}

// WaitingDischarges lists the discharges that have not gone, and who approved
// them so far.
func (s *Store) WaitingDischarges(ctx context.Context, now time.Time) (list []WaitingDischarge, err error) {
	err = s.db.SelectContext(ctx, &list, query("waiting-discharges"), stamp(now), stamp(now))
	return list, wrap(err, "list discharges")
}

// ErrRefused is what every error is that says why a person's word cannot be
// taken, and what helps.
var ErrRefused = errors.New("refused")

type notTaken struct{ error }

func (notTaken) Is(target error) bool { return target == ErrRefused }

func cannotTake(format string, args ...any) error { return notTaken{fmt.Errorf(format, args...)} }

// ApprovalLife is how long an approval counts (CONTRACT, Outcomes).
const ApprovalLife = 72 * time.Hour

// person is a name as approvals are counted: a capital, a space more or another
// width of its letters does not make a second person.
func person(name string) string {
	return strings.ToLower(strings.Join(strings.Fields(norm.NFKC.String(name)), " "))
}

// An Approved discharge is what came of a person's word.
type Approved struct {
	Hash   string // of the payload, whole
	People int    // who approve it by now
}

// leastHash is how many digits of a hash name a payload, as lists and sheets
// show it.
const leastHash = 12

// names reports whether a person's text is the hash, or its beginning.
func names(text, hash string) bool {
	text = strings.ToLower(text)
	return text == hash || len(text) >= leastHash && strings.HasPrefix(hash, text)
}

// ApproveDischarge takes a person's word for one payload of one discharge: the
// hash that they give, or its beginning of 12 digits or more, must be the one
// that stands, or they saw another payload. A word that could not make it go is
// refused.
func (s *Store) ApproveDischarge(ctx context.Context, id, hash, by string, now time.Time) (a Approved, err error) {
	const destination, object = "central_registry", "discharge"
	who := person(by)
	hash = strings.TrimSpace(hash)
	err = s.inTx(ctx, func(tx *sqlx.Tx) error {
		if who == "" {
			return cannotTake("an approval needs the name of the person who gives it; give it with --as")
		}
		var d dischargeRow
		err := tx.GetContext(ctx, &d, query("discharge"), id)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return cannotTake("no discharge %q is known; `chartbridge discharges list` shows them", id)
		case err != nil:
			return err
		}
		if why := d.cannotGo(); why != "" {
			return cannotTake("discharge %s %s", id, why)
		}
		a.Hash = hex.EncodeToString(d.Hash)
		switch {
		case names(hash, a.Hash):
		case len(hash) < leastHash:
			return cannotTake("%q is too short to name a payload: give at least the first %d digits of its hash, as `chartbridge discharges list` shows it", hash, leastHash)
		default:
			return cannotTake("the payload of discharge %s is not %s any more; look at it again: `chartbridge discharges list` shows the hash of the one that stands", id, hash)
		}
		_, err = tx.ExecContext(ctx, query("put-approval"), destination, object, id, d.Hash, who, stamp(now), stamp(now.Add(ApprovalLife)))
		if err != nil {
			return err
		}
		if err := tx.GetContext(ctx, &a.People, query("approvers-of"), destination, object, id, d.Hash, stamp(now)); err != nil {
			return err
		}
		return audit(ctx, tx, now, by, "approve", "central_registry discharge "+id, "payload "+a.Hash)
	})
	return a, wrap(err, "approve a discharge")
}

type dischargeRow struct {
	Hash     []byte
	Outcome  etl.Outcome
	Cause    string
	Maps     bool
	Recorded bool // a payload of it was acknowledged
	Refused  bool // the registry refused this very payload
}

// cannotGo says why an approval would change nothing, and what helps; "" where
// the next run would send it.
func (d dischargeRow) cannotGo() string {
	switch {
	case d.Outcome == etl.Excluded:
		return "is excluded by a rule or a decision (" + d.Cause + "); `chartbridge decide` takes a decision back"
	case !d.Maps || d.Outcome == etl.Invalid:
		return "breaks a rule and cannot be approved; `chartbridge discharges list` says which"
	case d.Outcome == etl.Uncertain:
		return "was sent and not answered; settle it with `chartbridge uncertain resolve` first"
	case d.Recorded:
		return "was recorded already and is final; correct it with the registry by hand"
	case d.Outcome == etl.Rejected, d.Refused:
		return "was refused by the registry as it is; correct it in DrChrono, or have it sent again with RETRY, then approve it"
	case d.Outcome == etl.Held && d.Cause == etl.CauseBrake:
		return "was stopped by the brake; release that first, and the next run asks for its approval"
	case d.Outcome == etl.Held && d.Cause == etl.CauseApproval, d.Outcome == etl.Failed:
		return ""
	}
	return "is " + strings.TrimSpace(string(d.Outcome)+" "+d.Cause) + ", which no approval changes; `chartbridge discharges list` says why"
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
	Refusals    int         `json:"refusals"`                             // how often they refused it; 0 = we did, before it was sent
	FirstAt     string      `db:"first_at" json:"first_at"`               // UTC
	LastAt      string      `db:"last_at" json:"last_at"`                 // likewise
	SkippedBy   string      `db:"skipped_by" json:"skipped_by,omitempty"` // who decided SKIP, which the next run acts on
	Sealed      []byte      `db:"words" json:"-"`
	Words       string      `json:"words,omitempty"` // the vendor's own, which may quote a patient
}

// Refused lists what was refused, by cause; with words, also in the vendor's
// own.
func (s *Store) Refused(ctx context.Context, words bool) (list []Refused, err error) {
	if err := s.db.SelectContext(ctx, &list, query("rejected")); err != nil {
		return nil, fmt.Errorf("list what was refused: %w", err)
	}
	for i := range list {
		r := &list[i]
		if r.FirstAt == "" { // judged by a plan, or by a run that is no longer kept
			r.FirstAt, r.LastAt = Begun(r.Run), Begun(r.Run)
		}
		if r.Sealed == nil || !words {
			continue
		}
		plain, err := s.seal.Open(r.Sealed, "target", r.Destination, r.Object, r.SourceID)
		if err != nil {
			return nil, err
		}
		r.Words = string(plain)
	}
	return list, nil
}

// WithoutID lists what is held since it is there under an id that is not known.
func (s *Store) WithoutID(ctx context.Context) (list []Refused, err error) {
	err = s.db.SelectContext(ctx, &list, query("no-id"))
	return list, wrap(err, "list what has no id")
}

// Retry has those targets judged and sent again, once.
func (s *Store) Retry(ctx context.Context, targets []Refused, by, comment string, now time.Time) error {
	err := s.inTx(ctx, func(tx *sqlx.Tx) error {
		for _, t := range targets {
			if _, err := tx.ExecContext(ctx, query("put-decision"), "RETRY", "", comment, by, stamp(now), "", t.ID); err != nil {
				return err
			}
			if err := release(ctx, tx, t.ID, []byte{}); err != nil {
				return err
			}
		}
		return audit(ctx, tx, now, by, "retry", fmt.Sprintf("%d records", len(targets)), comment)
	})
	return wrap(err, "retry")
}
