package reports

import (
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
)

func TestClasses(t *testing.T) {
	tests := []struct {
		ours, theirs string
		changed      bool
		want         string
	}{
		{"Roma", "ROMA", true, classCase},
		{"12 Main St", "12  Main St ", false, classSpace},
		{"(555) 010-0199", "5550100199", false, classFormat},
		{"2026-03-02T15:00:00Z", "2026-03-02T10:00:00-05:00", false, classFormat},
		{"11", "11.0", false, classFormat},
		{"true", "Yes", false, classFormat},
		{"", "-", false, classReal},
		{"St. Mary's", "ST MARYS", false, classFormat},
		{"A-1", "a1", false, classFormat},
		{"12345-6789", "12345 6789", false, classFormat},
		{"O+", "O-", false, classReal},
		{"O-", "O", false, classReal},
		{"1.5 mg", "15 mg", false, classReal},
		{"1/2 tablet", "12 tablet", false, classReal},
		{"1 12 Main St", "11 2 Main St", false, classReal},
		{"$20", "20", false, classReal},
		{"Troy", "Rome", true, classStale},
		{"Troy", "Rome", false, classReal},
	}
	for _, tt := range tests {
		if got := (difference{"city", tt.ours, tt.theirs}).class(tt.changed); got != tt.want {
			t.Errorf("%q and %q: got %s, want %s", tt.ours, tt.theirs, got, tt.want)
		}
	}
}

func TestDifferingCharactersAreMarked(t *testing.T) {
	marked := func(r rich) (out string) {
		for _, run := range r.runs {
			if run.Font.Bold {
				out += "[" + run.Text + "]"
				continue
			}
			out += run.Text
		}
		return out
	}
	tests := []struct {
		field, ours, theirs  string
		level                Level
		wantOurs, wantTheirs string
	}{
		{"city", "Troy", "Tray", LevelFull, "Tr[o]y", "Tr[a]y"},
		{"city", "Troy", "Tray", LevelMasked, "Xx[x]x", "Xx[x]x"},
		{"startDate", "2026-03-02T15:00", "2026-03-02T15:30", LevelMasked, "2026-03-02T15:[0]0", "2026-03-02T15:[3]0"},
		{"dateOfBirth", "2015-04-05", "2015-04-06", LevelMasked, "9999-99-9[9]", "9999-99-9[9]"},
		{"city", "", "Rome", LevelFull, "", "[Rome]"},
		{"city", strings.Repeat("a", 500) + "b", strings.Repeat("c", 600) + "b", LevelFull, "[" + strings.Repeat("a", 500) + "]b", "[" + strings.Repeat("c", 600) + "]b"},
	}
	for _, tt := range tests {
		ours, theirs := difference{tt.field, tt.ours, tt.theirs}.sides(tt.level)
		if got := marked(ours); got != tt.wantOurs {
			t.Errorf("%s ours: got %s, want %s", tt.field, got, tt.wantOurs)
		}
		if got := marked(theirs); got != tt.wantTheirs {
			t.Errorf("%s theirs: got %s, want %s", tt.field, got, tt.wantTheirs)
		}
	}
}

// Both values, what is missing and what is theirs alone stand on their sheets
// as the level shows them, and never in the summary.
func TestDifferencesAreShownByLevel(t *testing.T) {
	f := newFixture(t, 24)
	f.exec(`UPDATE target SET outcome = 'mismatched', cause = 'mismatched', field = 'lastName', code = 'mismatched' WHERE id = 2`)
	f.exec(`UPDATE target SET outcome = 'missing', cause = 'missing', code = 'missing' WHERE destination = 'rethink' AND object = 'appointment' AND source_id = '700001'`)
	f.exec(`DELETE FROM result WHERE run = ?`, fixtureRun.ID)
	f.exec(`INSERT INTO result (run, target, outcome, cause, attempts, http_status, target_id, field, code, message, hash, destination, object, source_endpoint, source_id)
		SELECT ?, id, outcome, cause, 0, 0, '', field, code, message, hash, destination, object, source_endpoint, source_id FROM target WHERE outcome IN ('mismatched', 'missing')`, fixtureRun.ID)
	f.exec(`INSERT INTO difference SELECT id, destination, object, source_id, '77', ?, ? FROM target WHERE id = 2`, fixtureRun.ID, f.sealedOf(2, "difference", `[["lastName","`+canary+`","`+strings.ToUpper(canary)+`"]]`))
	f.exec(`INSERT INTO extra (destination, object, target_id, first_run, run, payload) VALUES ('rethink', 'appointment', '4711', ?, ?, ?)`, fixtureRun.ID, fixtureRun.ID,
		f.seal.Seal([]byte(`{"client":"99","provider":"9","start":"2026-03-02T15:00:00Z","end":"2026-03-02T16:00:00Z"}`), "extra", "rethink", "appointment", "4711"))
	for level, want := range map[Level]string{LevelFull: canary, LevelMasked: "Xxxxxxxxxxxxxx", LevelNone: ""} {
		files := f.write(f.options(t.TempDir(), level))
		book := open(t, files.Reconciliation)
		rows, err := book.GetRows("Mismatches")
		if err != nil {
			t.Fatal(err)
		}
		text := strings.Join(rows[headRow], "|")
		if !strings.Contains(text, want) || (level != LevelFull && strings.Contains(text, canary)) || !strings.Contains(text, string(etl.Mismatched)) {
			t.Errorf("%s: the mismatch reads %s", level, text)
		}
		if level != LevelNone && !strings.Contains(text, classCase) {
			t.Errorf("%s: the mismatch is not classed: %s", level, text)
		}
		if rows, err = book.GetRows("Missing and Extra"); err != nil || len(rows) != headRow+2 || rows[headRow][0] != "missing there" || rows[headRow+1][0] != "theirs alone" || rows[headRow+1][4] != "4711" {
			t.Errorf("%s: missing and extra read %v (%v)", level, rows[headRow:], err)
		}
		for _, secret := range []string{canary, strings.ToUpper(canary), "4711"} {
			if strings.Contains(parts(t, files.Summary), secret) {
				t.Errorf("%s: the summary holds %s", level, secret)
			}
		}
	}
}

func (f *fixture) sealedOf(target int, table, text string) []byte {
	f.t.Helper()
	var destination, object, id string
	if err := f.db.QueryRow(`SELECT destination, object, source_id FROM target WHERE id = ?`, target).Scan(&destination, &object, &id); err != nil {
		f.t.Fatal(err)
	}
	return f.seal.Seal([]byte(text), table, destination, object, id)
}
