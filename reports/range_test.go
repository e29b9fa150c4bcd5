package reports

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
)

// A range of two nights lists what only the first one sent, with its night,
// closes its balance, and is the same when it is written again.
func TestRange(t *testing.T) {
	f := newFixture(t, 24)
	// The first night created it; to the second it was unchanged.
	f.exec(`INSERT INTO result (run, target, outcome, cause, attempts, http_status, target_id, field, code, message, hash, destination, object, source_endpoint, source_id)
		SELECT ?, id, 'created', '', 1, 201, 'S7', '', '', '', hash, destination, object, source_endpoint, source_id FROM target WHERE object = 'staff' AND source_id = '410003'`, earlierRun)
	// It was refused in the first night and mended since: nothing to tell of.
	f.exec(`INSERT INTO result (run, target, outcome, cause, attempts, http_status, target_id, field, code, message, hash, destination, object, source_endpoint, source_id)
		SELECT ?, id, 'rejected', '', 1, 400, '', '', 'bad', '', hash, destination, object, source_endpoint, source_id FROM target WHERE object = 'staff' AND source_id = '410004'`, earlierRun)
	for _, all := range []bool{false, true} {
		o := f.options(t.TempDir(), LevelMasked)
		o.All, o.Good = all, false
		o.Range = Range{Since: earlierRun, Folder: "2026-03-01_2026-03-02"}
		files := f.write(o)
		if got, want := filepath.Base(filepath.Dir(files.Results)), o.Range.Folder; got != want {
			t.Errorf("the files lie in %s, want %s", got, want)
		}
		first := contents(t, files)
		for path, again := range contents(t, f.write(o)) {
			if !bytes.Equal(again, first[path]) {
				t.Errorf("%s differs when it is written again", filepath.Base(path))
			}
		}
		lines := map[string][]line{}
		for _, text := range strings.Split(strings.TrimSpace(string(first[files.Results])), "\n") {
			var l line
			if err := json.Unmarshal([]byte(text), &l); err != nil {
				t.Fatal(err)
			}
			id := l.Destination + " " + l.Object + " " + l.SourceID
			lines[id] = append(lines[id], l)
		}
		for id, list := range lines {
			if len(list) != 1 {
				t.Errorf("%s has %d lines, want the newest word alone", id, len(list))
			}
		}
		got := lines["rethink staff 410003"]
		if len(got) != 1 || got[0].Run != earlierRun || got[0].At != "2026-03-01T07:30:00Z" || got[0].Outcome != string(etl.Created) {
			t.Errorf("the record that the first night sent: %+v", got)
		}
		if len(lines["rethink staff 410004"]) > 0 {
			t.Error("what is refused no more is listed")
		}
		var counts summary
		if err := json.Unmarshal(first[files.JSON], &counts); err != nil {
			t.Fatal(err)
		}
		staff := counts.Destinations["rethink"]["staff"]
		if counts.Run != fixtureRun.ID || counts.Since != earlierRun || counts.Balanced == nil || !*counts.Balanced || staff["created"] != 1 || staff["unchanged"] != 5 {
			t.Errorf("summary.json: %s since %s, %v, want it balanced", counts.Run, counts.Since, staff)
		}
		checkRangeBook(t, files, all)
	}
	if o := f.options(t.TempDir(), LevelMasked); strings.Contains(string(contents(t, f.write(o))[filepath.Join(o.Dir, o.Run.ID, resultsName)]), "410003") {
		t.Error("the newest run alone lists what only the first one sent")
	}
}

func checkRangeBook(t *testing.T, files Files, all bool) {
	t.Helper()
	book := open(t, files.Reconciliation)
	compareFormulas(t, book)
	if got, _ := book.GetCellValue(startName, "A3"); got == verdictBad {
		t.Error("the balance of the range does not close")
	}
	rows, err := book.GetRows(key{"rethink", "staff"}.sheetName())
	if err != nil {
		t.Fatal(err)
	}
	want := headRow + 1
	if all {
		want = headRow + 6
	}
	if len(rows) != want {
		t.Errorf("the sheet of staff has %d rows, want %d", len(rows), want)
	}
	for _, row := range rows[headRow:] {
		if row[0] == "410003" && row[len(row)-1] != earlierRun {
			t.Errorf("the row does not name its run: %v", row)
		}
	}
	history, err := book.GetRows("History")
	if err != nil || len(history) < headRow+2 || history[headRow][0] != earlierRun || history[headRow+1][0] != fixtureRun.ID {
		t.Errorf("History does not hold both nights: %v, %v", history, err)
	}
	if _, err := os.Lstat(filepath.Join(filepath.Dir(filepath.Dir(files.JSON)), latestName)); err == nil {
		t.Error("latest names a range")
	}
}
