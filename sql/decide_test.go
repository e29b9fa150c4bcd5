package sql

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
)

func (l *ledger) exec(text string, args ...any) {
	l.Helper()
	_, err := l.db.Exec(text, args...)
	l.must(err)
}

func (l *ledger) text(q string, args ...any) (text string) {
	l.Helper()
	l.must(l.db.Get(&text, q, args...))
	return text
}

// unanswered leaves a delivery uncertain.
func (l *ledger) unanswered(op etl.Op) etl.Delivery {
	l.Helper()
	d, err := l.intend(op)
	l.must(err)
	l.must(l.answered(d, load.Unknown))
	return d
}

// TestResolveRefusesAnothersID: a person's id for an unanswered delivery is
// held against the crosswalk as an imported one is.
func TestResolveRefusesAnothersID(t *testing.T) {
	tests := []struct {
		name, source, link, present string
		ok                          bool
	}{
		{"nobody's", "2", "77", "78", true},
		{"another record's", "2", "77", "77", false},
		{"its own", "1", "77", "77", true},
		{"it has another", "1", "77", "78", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := openLedger(t, "client")
			d := l.unanswered(etl.Create)
			l.exec(`INSERT INTO crosswalk VALUES ('there', 'client', ?, ?, 'created', 'r0')`, tt.source, tt.link)
			err := l.Resolve(t.Context(), l.run, d.ID, tt.present, "seen", "ana", l.now)
			if errors.Is(err, ErrRefused) == tt.ok || tt.ok && err != nil {
				t.Errorf("got %v, want ok %t", err, tt.ok)
			}
			want := map[bool]string{true: "acknowledged created 1", false: "uncertain uncertain 0"}[tt.ok]
			if got := l.text(`SELECT d.state || ' ' || t.outcome || ' ' || (SELECT count(*) FROM audit) FROM delivery d, target t`); got != want {
				t.Errorf("the delivery, its target and the audit lines are %s, want %s", got, want)
			}
		})
	}
}

// TestResolveDischarges: the id of every discharge is the same word.
func TestResolveDischarges(t *testing.T) {
	l := openLedger(t, "discharge")
	l.must(l.SetApprovers(t.Context(), 1))
	l.approve("ana", "h1", l.now.Add(-time.Hour), ApprovalLife)
	d := l.unanswered(etl.Discharge)
	l.exec(`INSERT INTO crosswalk VALUES ('there', 'discharge', '2', 'recorded', 'created', 'r0')`)
	l.must(l.Resolve(t.Context(), l.run, d.ID, "recorded", "seen", "ana", l.now))
	if got := l.text(`SELECT state FROM delivery`); got != "acknowledged" {
		t.Errorf("the delivery is %s, want acknowledged", got)
	}
}

// TestResolveTellsOfTheJournal: a person's word that the journal did not take
// stands all the same, and the error says so.
func TestResolveTellsOfTheJournal(t *testing.T) {
	l := openLedger(t, "discharge")
	l.must(l.SetApprovers(t.Context(), 1))
	l.approve("ana", "h1", l.now.Add(-time.Hour), ApprovalLife)
	d := l.unanswered(etl.Discharge)
	l.journal = filepath.Join(t.TempDir(), "gone")
	err := l.Resolve(t.Context(), l.run, d.ID, "", "looked", "ana", l.now)
	if err == nil || !strings.Contains(err.Error(), "is settled, but the journal does not say so") {
		t.Errorf("got %v, want it to say what stands", err)
	}
	if got := l.text(`SELECT state FROM delivery`); got != "void" {
		t.Errorf("the delivery is %s, want void", got)
	}
}

// TestResolveAbsent: what they hold as it maps now has nothing to send.
func TestResolveAbsent(t *testing.T) {
	for acked, want := range map[string]string{"h1": "unchanged ", "h0": "failed not_sent"} {
		l := openLedger(t, "client")
		d := l.unanswered(etl.Update)
		l.exec(`UPDATE target SET acked_hash = ?`, []byte(acked))
		l.must(l.Resolve(t.Context(), l.run, d.ID, "", "looked", "ana", l.now))
		if got := l.text(`SELECT outcome || ' ' || cause FROM target`); got != want {
			t.Errorf("acknowledged as %s: %q, want %q", acked, got, want)
		}
	}
}

func openDischarge(t *testing.T, outcome etl.Outcome, cause string) *ledger {
	t.Helper()
	l := openLedger(t, "discharge")
	l.exec(`UPDATE target SET destination = 'central_registry', outcome = ?, cause = ?`, outcome, cause)
	return l
}

func (l *ledger) word(by string) error {
	_, err := l.ApproveDischarge(context.Background(), "1", hex.EncodeToString([]byte("h1")), by, l.now)
	return err
}

// TestApproversArePeople: a capital or a space more does not make a second
// person, and no name is nobody.
func TestApproversArePeople(t *testing.T) {
	l := openDischarge(t, etl.Held, etl.CauseApproval)
	for by, people := range map[string]int{"": 0, " \t": 0} {
		if err := l.word(by); !errors.Is(err, ErrRefused) {
			t.Errorf("%q: got %v, want it refused", by, err)
		}
		l.people(people)
	}
	for i, by := range []string{"Ana Roma", " ana  roma ", "ＡNA ROMA", "Ben Lin"} {
		l.must(l.word(by))
		l.people(1 + i/3)
	}
}

func (l *ledger) people(want int) {
	l.Helper()
	if got := l.text(`SELECT count(DISTINCT by) FROM approval`); got != fmt.Sprint(want) {
		l.Errorf("%s people, want %d", got, want)
	}
}

// TestWorkbookApproversArePeople: likewise where the approval is in a workbook
// and the earlier one was given on the command line.
func TestWorkbookApproversArePeople(t *testing.T) {
	b := newBench(t)
	b.exec(`INSERT INTO approval (destination, object, source_id, hash, by, at, expires_at) VALUES ('rethink', 'client', '3', x'aa', 'éva roma', '2026-03-02T00:00:00.000Z', '2026-03-09T00:00:00.000Z')`)
	b.want("ÉVA Roma", client("3", Approve, "", "held approval"), NeedsSecond)
	if n := b.count(`SELECT count(DISTINCT by) FROM approval`); n != 1 {
		t.Errorf("%d people, want 1", n)
	}
	b.want("Bo Lin", client("3", Approve, "", "held approval"), Applied)
}

// TestApproveWhatCanGo: a word that cannot make the discharge go is refused.
func TestApproveWhatCanGo(t *testing.T) {
	tests := []struct {
		outcome    etl.Outcome
		cause, set string
		want       string // in the refusal; "" = it is taken
	}{
		{etl.Held, etl.CauseApproval, "", ""},
		{etl.Failed, etl.CauseUnreached, "", ""},
		{etl.Held, etl.CauseAfterFinal, "acked_hash = x'00'", "final"},
		{etl.Failed, etl.CauseNotSent, "acked_hash = x'00'", "final"},
		{etl.Unchanged, "", "acked_hash = hash", "recorded"},
		{etl.Held, "11-103", "refused_hash = hash", "RETRY"},
		{etl.Rejected, "11-100", "refused_hash = hash", "RETRY"},
		{etl.Held, etl.CauseBrake, "", "brake"},
		{etl.Excluded, etl.CauseSkipped, "", "excluded"},
		{etl.Blocked, etl.CauseReference, "", "blocked"},
		{etl.Invalid, "", "payload = NULL", "breaks a rule"},
		{etl.Uncertain, etl.CauseNoAnswer, "", "uncertain resolve"},
	}
	for _, tt := range tests {
		l := openDischarge(t, tt.outcome, tt.cause)
		if tt.set != "" {
			l.exec(`UPDATE target SET ` + tt.set)
		}
		err := l.word("ana")
		if tt.want == "" && err != nil || tt.want != "" && (!errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s %s: got %v, want %q", tt.outcome, tt.cause, err, tt.want)
		}
		l.people(map[bool]int{true: 1}[tt.want == ""])
	}
}

// TestAuditedOrNotDone: what cannot be audited is not done.
func TestAuditedOrNotDone(t *testing.T) {
	ctx := t.Context()
	for name, act := range map[string]func(*ledger) error{
		"approve": func(l *ledger) error { return l.word("ana") },
		"retry":   func(l *ledger) error { return l.Retry(ctx, []Refused{{ID: l.target}}, "ana", "", l.now) },
		"import": func(l *ledger) error {
			_, err := l.Import(ctx, []Link{{Destination: "central_registry", Object: "client", SourceID: "1", TargetID: "77"}}, false, "ana", l.now)
			return err
		},
		"resolve": func(l *ledger) error { return l.Resolve(ctx, l.run, 1, "", "looked", "ana", l.now) },
	} {
		l := openLedger(t, "client")
		l.unanswered(etl.Create)
		l.exec(`UPDATE target SET destination = 'central_registry', object = 'discharge', outcome = 'held', cause = 'approval'`)
		l.exec(`CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no room'); END`)
		refused(t, name, act(l), "no room")
		got := l.text(`SELECT (SELECT count(*) FROM approval) || (SELECT count(*) FROM decision) || (SELECT count(*) FROM crosswalk) || (SELECT state FROM delivery) || (SELECT cause FROM target)`)
		if got != "000uncertainapproval" {
			t.Errorf("%s: %s is left of it", name, got)
		}
	}
}
