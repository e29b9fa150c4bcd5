package sql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/jmoiron/sqlx"
)

// An Item is a record that waits, as a decision sees it.
type Item struct {
	ID          int64
	Destination string
	Object      string
	Endpoint    string `db:"source_endpoint"`
	SourceID    string `db:"source_id"`
	Parent      string `db:"parent_id"`
	Outcome     etl.Outcome
	Cause       string
	Field       string
	Code        string
	Message     string
	Hash        []byte // of the payload; nil where it does not map
	Refused     []byte `db:"refused_hash"`
	SourceHash  []byte `db:"source_hash"`
	Lookup      string // that lacks a key, and the key
	Key         string
	Approvals   int // people who approve this very payload now
}

// An Ask is one row of a workbook with a decision. A rule has no SourceID and
// speaks of every record that lacks the key.
type Ask struct {
	Destination, Object, SourceID string
	Lookup, Key                   string // of a rule
	Verb, Value, Comment          string
	Outcome                       string // of the record, as the workbook showed it
	State                         string // of all that a decision acts on, likewise
	Where                         string // its row and sheet, for a person
	Run                           time.Time
}

// Verbs.
const (
	Retry   = "RETRY"
	Skip    = "SKIP"
	Map     = "MAP"
	Approve = "APPROVE"
)

// A Verdict is what becomes of an Ask.
type Verdict struct {
	Word   string `json:"verdict"`
	Reason string `json:"reason"`
}

// Words of verdicts. Tampered is found before the database is asked.
const (
	Applied     = "applied"
	Already     = "already applied"
	NoDecision  = "none"
	Stale       = "stale"
	Tampered    = "tampered"
	NotAllowed  = "not allowed"
	Incomplete  = "incomplete"
	Unknown     = "unknown"
	Duplicate   = "duplicate"
	Conflict    = "conflict"
	Expired     = "expired"
	NeedsSecond = "needs a second person"
	NotTaken    = "not taken"
	Applicable  = "applicable" // it would be applied: what a look says, which applies nothing
)

// AllOrNone is the verdict on a good row that other rows keep from being taken.
var AllOrNone = Verdict{NotTaken, "it is good; all or none was asked for, and other rows cannot be applied"}

// VerdictWords lists them in the order of totals.
var VerdictWords = []string{Applied, Applicable, NeedsSecond, Already, NoDecision, Stale, Tampered, NotAllowed, Incomplete, Unknown, Duplicate, Conflict, Expired, NotTaken}

// Good reports whether a decision was taken, now or before, or would be.
func (v Verdict) Good() bool {
	return v.Word == Applied || v.Word == Applicable || v.Word == Already || v.Word == NeedsSecond
}

// An Import is a workbook whose decisions are judged together.
type Import struct {
	File     string // SHA-256 of the workbook
	Run      string
	By       string
	At       time.Time
	Rows     int               // with a decision, the asks among them
	Apply    bool              // otherwise everything is rolled back
	Strict   bool              // all or none
	State    func(Item) string // as the workbook computes it
	Allows   func(verb string, it Item) string
	People   func(Item) int // how many have to approve it
	RuleSize int            // a rule for more records needs a second person
	// Fault says what is wrong with the id that a MAP gives a record, or a lookup;
	// nil lets every text pass.
	Fault func(destination, object, lookup, id string) string
}

// WorkbookLife is how long a workbook's decisions are taken.
const WorkbookLife = 30 * 24 * time.Hour

// errNotApplied rolls a judged import back.
var errNotApplied = errors.New("not applied")

// Decide judges every ask, and applies the good ones in one transaction with
// their log and audit lines. Without Apply, or with Strict and one that is not
// good, nothing is kept. The id is that of the import, 0 where none was kept.
func (s *Store) Decide(ctx context.Context, imp Import, asks []Ask) (verdicts []Verdict, id int64, err error) {
	d := decider{imp: imp, verdicts: make([]Verdict, len(asks))}
	err = s.inTx(ctx, func(tx *sqlx.Tx) error {
		d.tx = tx
		if err := d.spell(ctx); err != nil {
			return err
		}
		if err := tx.GetContext(ctx, &d.id, query("open-import"), imp.File, imp.Run, imp.By, stamp(imp.At), imp.Rows, 0); err != nil {
			return err
		}
		if err := d.twins(ctx, asks); err != nil {
			return err
		}
		for i, a := range asks {
			if d.verdicts[i].Word != "" {
				continue
			}
			if d.verdicts[i], err = d.decide(ctx, a); err != nil {
				return fmt.Errorf("row %d: %w", i+1, err)
			}
		}
		return d.close(ctx)
	})
	if errors.Is(err, errNotApplied) {
		return d.verdicts, 0, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("take decisions: %w", err)
	}
	return d.verdicts, d.id, nil
}

// spell takes the spelling in which the person decided before: a capital or a
// space more does not make a second person.
func (d *decider) spell(ctx context.Context) error {
	d.imp.By = strings.Join(strings.Fields(d.imp.By), " ")
	var known string
	err := d.tx.GetContext(ctx, &known, query("spelling"), d.imp.By)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err == nil {
		d.imp.By = known
	}
	return err
}

type decider struct {
	tx       *sqlx.Tx
	imp      Import
	id       int64
	verdicts []Verdict
}

// close counts, and says whether what was done is kept.
func (d *decider) close(ctx context.Context) error {
	applied, bad := 0, 0
	for _, v := range d.verdicts {
		if v.Word == Applied || v.Word == NeedsSecond {
			applied++
		}
		if !v.Good() {
			bad++
		}
	}
	if d.imp.Strict && bad > 0 {
		for i, v := range d.verdicts {
			if v.Word == Applied || v.Word == NeedsSecond {
				d.verdicts[i] = AllOrNone
			}
		}
		return errNotApplied
	}
	if !d.imp.Apply || applied == 0 {
		return errNotApplied
	}
	if _, err := d.tx.ExecContext(ctx, query("count-import"), applied, d.id); err != nil {
		return err
	}
	return audit(ctx, d.tx, d.imp.At, d.imp.By, "decide", fmt.Sprintf("import %d", d.id),
		fmt.Sprintf("workbook %s of run %s: %d rows with a decision, %d applied", d.imp.File, d.imp.Run, d.imp.Rows, applied))
}

func (d *decider) decide(ctx context.Context, a Ask) (Verdict, error) {
	if !a.Run.IsZero() && d.imp.At.Sub(a.Run) > WorkbookLife {
		return Verdict{Expired, "the workbook is older than 30 days; decide in a newer one"}, nil
	}
	if !areUTF8(a.Value) {
		return Verdict{NotAllowed, "map_to_id is not UTF-8; enter it again"}, nil
	}
	if a.SourceID == "" {
		return d.decideRule(ctx, a)
	}
	var it Item
	err := d.tx.GetContext(ctx, &it, query("decide-item"), a.Destination, a.Object, a.SourceID, stamp(d.imp.At))
	if errors.Is(err, sql.ErrNoRows) {
		return Verdict{Unknown, "no such record is known any more"}, nil
	}
	if err != nil {
		return Verdict{}, err
	}
	if v, err := d.before(ctx, a, it); err != nil || v.Word != "" {
		return v, err
	}
	if d.imp.State(it) != a.State {
		return Verdict{Stale, movedOn(a, it)}, nil
	}
	if reason := d.imp.Allows(a.Verb, it); reason != "" {
		return Verdict{NotAllowed, reason}, nil
	}
	if a.Verb == Map && a.Value == "" {
		return Verdict{Incomplete, "MAP needs their id in map_to_id"}, nil
	}
	if a.Verb == Map && (it.Lookup == "" || it.Outcome != etl.Invalid) { // of a value, the rule says
		if fault := d.fault(a.Destination, a.Object, "", a.Value); fault != "" {
			return Verdict{NotAllowed, fault}, nil
		}
	}
	return d.apply(ctx, a, it)
}

func (d *decider) fault(destination, object, lookup, id string) string {
	if d.imp.Fault == nil {
		return ""
	}
	return d.imp.Fault(destination, object, lookup, id)
}

// before compares with what was decided about the record as it was shown.
func (d *decider) before(ctx context.Context, a Ask, it Item) (Verdict, error) {
	var past []struct{ Verb, Value, By, At string }
	if err := d.tx.SelectContext(ctx, &past, query("decided-before"), a.Destination, a.Object, a.SourceID, a.State, stamp(a.Run)); err != nil {
		return Verdict{}, err
	}
	for _, p := range past {
		switch {
		case p.Verb != a.Verb || p.Value != a.Value:
			return Verdict{Conflict, fmt.Sprintf("%s decided %s on %s; undo that first", p.By, decision(p.Verb, p.Value), p.At[:10])}, nil
		case a.Verb == Approve:
			if v, err := d.approved(ctx, it, p.By); err != nil || v.Word != "" {
				return v, err
			}
		default:
			return Verdict{Already, fmt.Sprintf("by %s on %s", p.By, p.At[:10])}, nil
		}
	}
	return Verdict{}, nil
}

func decision(verb, value string) string {
	if value == "" {
		return verb
	}
	return verb + " to " + value
}

// approved says whether an earlier approval leaves nothing to do: of the same
// person, or of as many as are needed.
func (d *decider) approved(ctx context.Context, it Item, by string) (Verdict, error) {
	if it.Approvals >= d.imp.People(it) {
		return Verdict{Already, "as many people as are needed approved it"}, nil
	}
	if person(by) != person(d.imp.By) {
		return Verdict{}, nil
	}
	var until string
	err := d.tx.GetContext(ctx, &until, query("approved-by"), it.Destination, it.Object, it.SourceID, it.Hash, person(by))
	if errors.Is(err, sql.ErrNoRows) {
		return Verdict{}, nil
	}
	if err != nil {
		return Verdict{}, err
	}
	if until <= stamp(d.imp.At) {
		return Verdict{Expired, "this approval counted for 72 hours, which are over; approve it in a newer workbook"}, nil
	}
	return Verdict{Already, "you approved it; another person has to as well"}, nil
}
