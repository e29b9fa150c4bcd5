package sql

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
)

func (l *ledger) epoch() (text string) {
	l.Helper()
	b, err := os.ReadFile(l.epochPath())
	l.must(err)
	return strings.TrimLeft(strings.TrimSpace(string(b)), "0")
}

// Each commit after which something leaves is counted in the file before it
// returns; a commit that sends nothing is not.
func TestTheEpochCountsWhatLeaves(t *testing.T) {
	l := openLedger(t, "client")
	l.must(l.KeepJournal(t.Context(), t.TempDir(), l.now))
	if got := l.epoch(); got != "" {
		t.Errorf("before anything left: %s", got)
	}
	d, err := l.intend(etl.Create)
	l.must(err)
	l.must(l.answered(d, load.NotSent))
	_, err = l.intend(etl.Create)
	l.must(err)
	if got := l.epoch(); got != "2" {
		t.Errorf("after two intents: %s", got)
	}
}

// A database that knows less than the file, and one whose file is lost or
// unreadable, sends nothing: the store itself refuses the intent.
func TestAnOlderDatabaseSendsNothing(t *testing.T) {
	for name, spoil := range map[string]func(*ledger){
		"behind":     func(l *ledger) { l.must(os.WriteFile(l.epochPath(), []byte("7\n"), 0o600)) },
		"lost":       func(l *ledger) { l.must(os.Remove(l.epochPath())) },
		"unreadable": func(l *ledger) { l.must(os.WriteFile(l.epochPath(), []byte("\x00\x00"), 0o600)) },
		"written behind": func(l *ledger) {
			l.must(os.WriteFile(l.epochPath(), []byte("0000000000000000001\nput back by hand\n"), 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := openLedger(t, "client")
			l.must(l.KeepJournal(t.Context(), t.TempDir(), l.now))
			d, err := l.intend(etl.Create)
			l.must(err)
			l.must(l.answered(d, load.NotSent))
			spoil(l)
			older := new(OlderError)
			if err := l.Older(t.Context()); !errors.As(err, &older) || !strings.Contains(err.Error(), "chartbridge state restored") {
				t.Errorf("got %v, want it older, and the way out", err)
			}
			if _, err := l.intend(etl.Create); !errors.As(err, &older) {
				t.Errorf("an intent: %v, want it refused", err)
			}
			var n int
			l.must(l.db.Get(&n, "SELECT count(*) FROM delivery"))
			if n != 1 {
				t.Errorf("%d deliveries, want the old one", n)
			}
			l.must(l.TakeOn(t.Context(), "ada", l.now))
			if err := l.TakeOn(t.Context(), "ada", l.now); !errors.Is(err, ErrRefused) {
				t.Errorf("to take it on twice: %v", err)
			}
			if restored, err := l.Restored(t.Context(), "there"); err != nil || !restored {
				t.Errorf("restored %v (%v), want the destinations asked first", restored, err)
			}
			l.must(l.Asked(t.Context(), "there"))
			if restored, err := l.Restored(t.Context(), "there"); err != nil || restored {
				t.Errorf("restored %v (%v) after it was asked", restored, err)
			}
			_, err = l.intend(etl.Create)
			l.must(err)
		})
	}
}

// A look at an empty folder beside the journal does not make the database that
// sent older: of the two, the one that sends first counts.
func TestALookAtAnEmptyFolderChangesNothing(t *testing.T) {
	for _, newFirst := range []bool{false, true} {
		t.Run(fmt.Sprintf("the new one sends first: %v", newFirst), func(t *testing.T) {
			dir := t.TempDir()
			l, fresh := openLedger(t, "client"), openLedger(t, "client")
			l.must(l.KeepJournal(t.Context(), dir, l.now))
			d, err := l.intend(etl.Create)
			l.must(err)
			l.must(l.answered(d, load.NotSent))
			for range 2 {
				l.must(fresh.KeepJournal(t.Context(), dir, l.now))
			}
			if n, err := fresh.Anew(t.Context()); err != nil || n != 1 {
				t.Errorf("%d groups of requests left another database (%v), want 1", n, err)
			}
			l.must(errors.Join(l.Older(t.Context()), fresh.Older(t.Context())))
			if restored, err := fresh.Restored(t.Context(), "there"); err != nil || !restored {
				t.Errorf("the new one asks first: %v (%v)", restored, err)
			}
			one, other := l, fresh
			if newFirst {
				one, other = fresh, l
			}
			_, err = one.intend(etl.Create)
			l.must(err)
			older := new(OlderError)
			if _, err := other.intend(etl.Create); !errors.As(err, &older) {
				t.Errorf("an intent of the other: %v, want it refused", err)
			}
		})
	}
}

// A kill between the commit and the file leaves the file behind by one, which
// is no older database.
func TestAFileThatIsBehindIsCaughtUp(t *testing.T) {
	l := openLedger(t, "client")
	l.must(l.KeepJournal(t.Context(), t.TempDir(), l.now))
	d, err := l.intend(etl.Create)
	l.must(err)
	l.must(l.answered(d, load.NotSent))
	l.must(l.writeEpoch(0))
	_, err = l.intend(etl.Create)
	l.must(err)
	if got := l.epoch(); got != "2" {
		t.Errorf("got %s, want 2", got)
	}
}

// What the journal of discharges knows and the database does not is uncertain,
// and never sent.
func TestADischargeOfTheJournalIsNotSentAgain(t *testing.T) {
	tests := []struct {
		name, journal string
		open          bool
	}{
		{"sent", `{"at":"2026-02-01T08:00:00.000Z","destination":"there","object":"discharge","source_id":"1","payload_hash":"6831","state":"intent"}` + "\n", true},
		{"taken", `{"at":"2026-02-01T08:00:00.000Z","destination":"there","object":"discharge","source_id":"1","payload_hash":"6831","state":"intent"}` + "\n" +
			`{"at":"2026-02-01T08:00:01.000Z","destination":"there","object":"discharge","source_id":"1","payload_hash":"6831","state":"acknowledged"}` + "\n", true},
		{"refused", `{"at":"2026-02-01T08:00:00.000Z","destination":"there","object":"discharge","source_id":"1","payload_hash":"6831","state":"intent"}` + "\n" +
			`{"at":"2026-02-01T08:00:01.000Z","destination":"there","object":"discharge","source_id":"1","payload_hash":"6831","state":"rejected"}` + "\n", false},
		{"torn before it left", `{"at":"2026-02-01T08:00:00.000Z","destination":"there","object":"disch`, false},
		{"torn, and another after it", `{"at":"2026-02-01T08:00` + "\n" +
			`{"at":"2026-02-01T08:00:00.000Z","destination":"there","object":"discharge","source_id":"1","payload_hash":"6831","state":"intent"}` + "\n", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := openLedger(t, "discharge")
			l.must(l.SetApprovers(t.Context(), 1))
			dir := t.TempDir()
			l.must(os.WriteFile(filepath.Join(dir, dischargesFile), []byte(tt.journal), 0o600))
			l.must(l.KeepJournal(t.Context(), dir, l.now))
			for range 2 { // the second finds what the first took over
				l.must(l.Orphans(t.Context(), l.run, "there", l.now))
			}
			list, err := l.UncertainDeliveries(t.Context())
			l.must(err)
			if got := len(list) == 1; got != tt.open {
				t.Fatalf("uncertain are %+v, want one %v", list, tt.open)
			}
			l.approve("ana", "h1", l.now.Add(-time.Hour), 72*time.Hour)
			_, err = l.intend(etl.Discharge)
			if tt.open {
				refused(t, "a second discharge", err, "UNIQUE")
				l.must(l.Resolve(t.Context(), l.run, list[0].ID, "", "seen in the portal", "ana", l.now))
				_, err = l.intend(etl.Discharge)
			}
			l.must(err)
			l.must(l.Orphans(t.Context(), l.run, "there", l.now))
			if list, err := l.UncertainDeliveries(t.Context()); err != nil || len(list) != 1 {
				t.Errorf("uncertain are %+v (%v), want the one that was sent now", list, err)
			}
		})
	}
}

func TestAJournalThatWasChangedIsTold(t *testing.T) {
	l := openLedger(t, "discharge")
	dir := t.TempDir()
	l.must(os.WriteFile(filepath.Join(dir, dischargesFile), []byte(`{"at":"x","state":}`+"\n"), 0o600))
	l.must(l.KeepJournal(t.Context(), dir, l.now))
	if err := l.Orphans(t.Context(), l.run, "there", l.now); err == nil || !strings.Contains(err.Error(), "line 1") {
		t.Errorf("got %v, want the line named", err)
	}
}

// An open delivery becomes no intent again, whatever runs the SQL.
func TestNothingLeavesTwice(t *testing.T) {
	l := openLedger(t, "client")
	d, err := l.intend(etl.Create)
	l.must(err)
	l.must(l.answered(d, load.Unknown))
	_, err = l.db.Exec("UPDATE delivery SET state = 'intent'")
	refused(t, "an uncertain delivery as an intent", err, "an intent again")
}
