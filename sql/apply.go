package sql

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/jmoiron/sqlx"
)

// A before is what stood where a decision wrote, for undo.
type before struct {
	Outcome etl.Outcome `json:"outcome,omitempty"`
	Cause   string      `json:"cause,omitempty"`
	Field   string      `json:"field,omitempty"`
	Code    string      `json:"code,omitempty"`
	Message string      `json:"message,omitempty"`
	Refused []byte      `json:"refused,omitempty"`
	ID      string      `json:"id,omitempty"` // their id that a crosswalk or lookup row held
}

// apply does what a decision says and logs it.
func (d *decider) apply(ctx context.Context, a Ask, it Item) (Verdict, error) {
	was := before{it.Outcome, it.Cause, it.Field, it.Code, it.Message, it.Refused, ""}
	v, err := Verdict{Applied, ""}, error(nil)
	switch {
	case a.Verb == Retry:
		err, v.Reason = d.release(ctx, it), "judged and sent again, once, with the next run"
	case a.Verb == Skip:
		v.Reason = "excluded from the next run on, until its source record changes"
	case a.Verb == Approve:
		v, err = d.approve(ctx, it)
	case it.Lookup != "" && it.Outcome == etl.Invalid:
		a.Lookup, a.Key = it.Lookup, it.Key
		if v, err = d.decideRule(ctx, Ask{Destination: a.Destination, Lookup: it.Lookup, Key: it.Key, Verb: Map, Value: a.Value, Comment: a.Comment}); v.Word != Applied {
			return v, err // one row moves every record with the value, as a rule does
		}
	default:
		v, was.ID, err = d.link(ctx, a, it)
	}
	if err != nil || (v.Word != Applied && v.Word != NeedsSecond) {
		return v, err
	}
	return v, d.log(ctx, a, it, was, false)
}

func (d *decider) log(ctx context.Context, a Ask, it Item, was before, waits bool) error {
	text, err := json.Marshal(was)
	if err != nil {
		return err
	}
	_, err = d.tx.ExecContext(ctx, query("log-decision"), it.ID, a.Destination, a.Object, a.SourceID, a.Verb, a.Value, a.Lookup, a.Key, a.Comment,
		it.Hash, it.SourceHash, a.State, string(text), waits, d.imp.By, stamp(d.imp.At), d.imp.File, d.id)
	if err != nil {
		return err
	}
	subject := fmt.Sprintf("%s %s %s", a.Destination, a.Object, a.SourceID)
	if a.SourceID == "" {
		subject = fmt.Sprintf("%s lookup %s, key %s", a.Destination, a.Lookup, a.Key)
	}
	return audit(ctx, d.tx, d.imp.At, d.imp.By, "decide", subject, fmt.Sprintf("%s, import %d", decision(a.Verb, a.Value), d.id))
}

// release makes a record due again, with the one that it travels inside.
func (d *decider) release(ctx context.Context, it Item) error {
	for _, name := range []string{"release-target", "release-parent"} {
		if _, err := d.tx.ExecContext(ctx, query(name), it.ID); err != nil {
			return err
		}
	}
	return nil
}

// approve takes the person's word for the payload that the workbook showed.
func (d *decider) approve(ctx context.Context, it Item) (Verdict, error) {
	if person(d.imp.By) == "" {
		return Verdict{NotAllowed, "an approval needs the name of the person who gives it"}, nil
	}
	var until string
	err := d.tx.GetContext(ctx, &until, query("approved-by"), it.Destination, it.Object, it.SourceID, it.Hash, person(d.imp.By))
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return Verdict{}, err
	}
	have := it.Approvals
	if until <= stamp(d.imp.At) {
		have++
	}
	_, err = d.tx.ExecContext(ctx, query("put-approval"), it.Destination, it.Object, it.SourceID, it.Hash, person(d.imp.By), stamp(d.imp.At),
		stamp(d.imp.At.Add(ApprovalLife)))
	if err != nil {
		return Verdict{}, err
	}
	if need := d.imp.People(it); have < need {
		return Verdict{NeedsSecond, fmt.Sprintf("%d of %d people have approved this payload", have, need)}, nil
	}
	return Verdict{Applied, "approved for this payload, for 72 hours"}, nil
}

// mapLookup writes a row of a lookup, and gives what stood there.
func (d *decider) mapLookup(ctx context.Context, destination, lookup, key, id string) (Verdict, string, error) {
	var have string
	err := d.tx.GetContext(ctx, &have, query("lookup-row"), destination, lookup, key)
	switch {
	case err != nil && !errors.Is(err, sql.ErrNoRows):
		return Verdict{}, "", err
	case err == nil && have != id:
		return Verdict{Conflict, fmt.Sprintf("lookup %s, key %s is mapped to %s already; undo that first", lookup, key, have)}, "", nil
	}
	_, err = d.tx.ExecContext(ctx, query("put-lookup"), destination, lookup, key, id, d.imp.By, stamp(d.imp.At))
	return Verdict{Applied, fmt.Sprintf("lookup %s has an id for it now; every record with that value is judged again", lookup)}, "", err
}

// link gives a record their id, and makes it due.
func (d *decider) link(ctx context.Context, a Ask, it Item) (Verdict, string, error) {
	l := Link{Destination: a.Destination, Object: a.Object, SourceID: a.SourceID, TargetID: a.Value}
	fault, err := contradiction(ctx, d.tx, l, true)
	if err != nil || fault != "" {
		return Verdict{Conflict, fault}, "", err
	}
	var have string
	err = d.tx.GetContext(ctx, &have, query("crosswalk-one"), l.Destination, l.Object, l.SourceID)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return Verdict{}, "", err
	}
	if _, err := d.tx.ExecContext(ctx, query("put-crosswalk"), l.Destination, l.Object, l.SourceID, l.TargetID, "decision", d.imp.Run); err != nil {
		return Verdict{}, "", err
	}
	return Verdict{Applied, "it is their record from the next run on, which compares the two"}, have, d.release(ctx, it)
}

// decideRule takes a decision for every record that lacks a key.
func (d *decider) decideRule(ctx context.Context, a Ask) (Verdict, error) {
	if a.Verb != Map {
		return Verdict{NotAllowed, "a rule can only MAP a value"}, nil
	}
	if a.Value == "" {
		return Verdict{Incomplete, "MAP needs their id in map_to_id"}, nil
	}
	var past []struct {
		Value, By string
		Waits     bool
	}
	if err := d.tx.SelectContext(ctx, &past, query("decided-rule"), a.Destination, a.Lookup, a.Key); err != nil {
		return Verdict{}, err
	}
	for _, p := range past {
		switch {
		case p.Value != a.Value:
			return Verdict{Conflict, fmt.Sprintf("%s mapped it to %s; undo that first", p.By, p.Value)}, nil
		case !p.Waits:
			return Verdict{Already, "by " + p.By}, nil
		case p.By == d.imp.By:
			return Verdict{Already, "you decided it; another person has to as well"}, nil
		}
	}
	var records int
	if err := d.tx.GetContext(ctx, &records, query("lacking-key"), a.Destination, a.Lookup, a.Key); err != nil {
		return Verdict{}, err
	}
	if records == 0 {
		return Verdict{Stale, "no record lacks that key any more"}, nil
	}
	if records > d.imp.RuleSize && len(past) == 0 {
		return Verdict{NeedsSecond, fmt.Sprintf("it moves %d records, so another person has to say the same", records)}, d.log(ctx, a, Item{}, before{}, true)
	}
	v, was, err := d.mapLookup(ctx, a.Destination, a.Lookup, a.Key, a.Value)
	if err != nil || v.Word != Applied {
		return v, err
	}
	v.Reason = fmt.Sprintf("records that are judged again: %d", records)
	if _, err := d.tx.ExecContext(ctx, query("release-waiting"), a.Destination, a.Lookup, a.Key, a.Value); err != nil {
		return v, err
	}
	return v, d.log(ctx, a, Item{}, before{ID: was}, false)
}

// An Undone decision was taken back, or not, with the reason.
type Undone struct {
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
// be taken back: the next run judges by what then stands.
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
			list = append(list, logged[i].Undone)
			if logged[i].Undone.Undone {
				undone++
			}
		}
		if _, err := tx.ExecContext(ctx, query("undo-import"), stamp(now), by, id); err != nil {
			return err
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
		_, err = tx.ExecContext(ctx, query("put-crosswalk"), d.Destination, d.Object, d.SourceID, was.ID, "decision", "undo")
	}
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, query("restore-target"), was.Outcome, was.Cause, was.Field, was.Code, was.Message, was.Refused, d.Target)
	return err
}
