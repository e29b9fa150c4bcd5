package sql

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

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
	ID      string      `json:"id,omitempty"`    // their id that a crosswalk or lookup row held
	Parts   []Link      `json:"parts,omitempty"` // ids that were learnt with it, and taken back
}

// apply does what a decision says and logs it.
func (d *decider) apply(ctx context.Context, a Ask, it Item) (Verdict, error) {
	was := before{it.Outcome, it.Cause, it.Field, it.Code, it.Message, it.Refused, "", nil}
	v, err := Verdict{Applied, ""}, error(nil)
	switch {
	case a.Verb == Retry:
		err, v.Reason = release(ctx, d.tx, it.ID, []byte{}), "judged and sent again, once, with the next run"
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
		v, err = d.link(ctx, a, it, &was)
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

// movedOn says what changed of a record since the workbook was written.
func movedOn(a Ask, it Item) string {
	if a.Outcome == string(it.Outcome) {
		return fmt.Sprintf("it is %s as before, but what it holds, or why it waits, changed since the workbook was written; look at it in the newest one", it.Outcome)
	}
	return fmt.Sprintf("it moved on since the workbook was written: it is %s now", it.Outcome)
}

// release makes a record due again, with the one that it travels inside, whose
// acknowledged hash is then as given: nil compares it first, an empty one sends it.
func release(ctx context.Context, tx *sqlx.Tx, target int64, parent []byte) error {
	if _, err := tx.ExecContext(ctx, query("release-target"), target); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, query("release-parent"), target, parent)
	return err
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

// link gives a record their id, and makes it due. Where it had another, what was
// learnt with that of its parts is taken back.
func (d *decider) link(ctx context.Context, a Ask, it Item, was *before) (Verdict, error) {
	l := Link{a.Destination, a.Object, a.SourceID, a.Value, "decision", d.imp.Run}
	fault, err := contradiction(ctx, d.tx, l, true)
	if err != nil || fault != "" {
		return Verdict{Conflict, fault}, err
	}
	err = d.tx.GetContext(ctx, &was.ID, query("crosswalk-one"), l.Destination, l.Object, l.SourceID)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return Verdict{}, err
	}
	moved := was.ID != "" && was.ID != l.TargetID
	if moved {
		if was.Parts, err = unlinkInside(ctx, d.tx, l); err != nil {
			return Verdict{}, err
		}
	}
	if _, err := putCrosswalk(ctx, d.tx, []Link{l}); err != nil {
		return Verdict{}, err
	}
	if err := release(ctx, d.tx, it.ID, nil); err != nil {
		return Verdict{}, err
	}
	if moved {
		if err := releaseLinked(ctx, d.tx, l, true); err != nil {
			return Verdict{}, err
		}
	}
	return Verdict{Applied, "it is their record from the next run on, which compares the two"}, nil
}

// decideRule takes a decision for every record that lacks a key.
func (d *decider) decideRule(ctx context.Context, a Ask) (Verdict, error) {
	if a.Verb != Map {
		return Verdict{NotAllowed, "a rule can only MAP a value"}, nil
	}
	if a.Value == "" {
		return Verdict{Incomplete, "MAP needs their id in map_to_id"}, nil
	}
	if fault := d.fault(a.Destination, "", a.Lookup, a.Value); fault != "" {
		return Verdict{NotAllowed, fault}, nil
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
		case person(p.By) == person(d.imp.By):
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
