package reports

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/google/go-cmp/cmp"
)

func TestWriteTwiceGivesTheSameBytes(t *testing.T) {
	f := newFixture(t, 40)
	o := f.options(t.TempDir(), LevelMasked)
	o.RowCap = 9 // with parts
	first := contents(t, f.write(o))
	second := contents(t, f.write(o))
	for name, got := range second {
		if !bytes.Equal(got, first[name]) {
			t.Errorf("%s differs when it is written again", filepath.Base(name))
		}
	}
}

func contents(t *testing.T, files Files) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for _, path := range []string{files.Reconciliation, files.Summary, files.Results, files.JSON} {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all[path] = raw
	}
	return all
}

func TestFilesAreTheOwnersOnly(t *testing.T) {
	f := newFixture(t, 20)
	dir := filepath.Join(t.TempDir(), "out")
	files := f.write(f.options(dir, LevelMasked))
	for path, want := range map[string]os.FileMode{dir: 0o700, filepath.Dir(files.JSON): 0o700, files.Reconciliation: 0o600, files.Summary: 0o600,
		files.Results: 0o600, files.JSON: 0o600} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", filepath.Base(path), got, want)
		}
	}
	entries, err := os.ReadDir(filepath.Dir(files.JSON))
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 4 {
		t.Errorf("the run's folder holds %v, want the four files", entries)
	}
}

func TestLatestNamesTheNewestGoodRun(t *testing.T) {
	f := newFixture(t, 5)
	o := f.options(t.TempDir(), LevelNone)
	f.write(o)
	bad := o
	bad.Good, bad.Run.ID = false, "20260303T073000Z-9999"
	f.write(bad)
	got, err := os.Readlink(filepath.Join(o.Dir, latestName))
	if err != nil {
		t.Fatal(err)
	}
	if got != o.Run.ID {
		t.Errorf("latest names %s, want %s, relative", got, o.Run.ID)
	}
}

// parts unzips a workbook into one text.
func parts(t *testing.T, path string) string {
	t.Helper()
	archive, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	if got := archive.File[0].Name; got != "[Content_Types].xml" {
		t.Errorf("the first part is %s", got)
	}
	var all strings.Builder
	for _, part := range archive.File {
		all.WriteString(part.Name)
		r, err := part.Open()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(&all, r); err != nil {
			t.Fatal(err)
		}
	}
	return all.String()
}

func TestWhatEachLevelShows(t *testing.T) {
	secrets := []string{canary, "1984-03-09", "ROMA000001", "W123456789", "123456789<"}
	for level, want := range map[Level]bool{LevelNone: false, LevelMasked: false, LevelFull: true} {
		f := newFixture(t, 40)
		if level == LevelNone { // proves that nothing is opened
			f.exec(`UPDATE record SET payload = x'00'`)
			f.exec(`UPDATE target SET payload = x'00' WHERE payload IS NOT NULL`)
		}
		files := f.write(f.options(t.TempDir(), level))
		text := parts(t, files.Reconciliation)
		if page := strings.Contains(text, "This page: no patient data"); page != (level != LevelNone) || strings.Contains(parts(t, files.Summary), "This page:") {
			t.Errorf("level %s: Start's header speaks of its page alone: %v", level, page)
		}
		if got := strings.Contains(text, canary); got != want {
			t.Errorf("level %s: the workbook holds the name: %v, want %v", level, got, want)
		}
		for _, s := range []string{"+15550100", "90016", "cmd|"} { // they stand in ids and messages
			if strings.Contains(parts(t, files.Summary), s) {
				t.Errorf("the summary holds %s", s)
			}
		}
		raw, err := os.ReadFile(files.Results)
		if err != nil {
			t.Fatal(err)
		}
		other := parts(t, files.Summary) + string(raw)
		if raw, err = os.ReadFile(files.JSON); err != nil {
			t.Fatal(err)
		}
		other += string(raw)
		for _, s := range secrets {
			if !want && strings.Contains(text, s) {
				t.Errorf("level %s: the workbook holds %s", level, s)
			}
			if strings.Contains(other, s) {
				t.Errorf("level %s: a file without PHI holds %s", level, s)
			}
		}
	}
}

func TestLines(t *testing.T) {
	f := newFixture(t, 24)
	files := f.write(f.options(t.TempDir(), LevelNone))
	file, err := os.Open(files.Results)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	order := `"run","at","destination","object","source_endpoint","source_id","outcome","target_id","attempts","http_status","code","field","message","payload_hash"`
	n, scan := map[string]int{}, bufio.NewScanner(file)
	scan.Buffer(nil, 1<<20)
	for scan.Scan() {
		if got := keysOf(t, scan.Bytes()); got != order {
			t.Fatalf("a line's fields are %s, want %s", got, order)
		}
		var l line
		if err := json.Unmarshal(scan.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		if l.At != "2026-03-02T07:30:00Z" {
			t.Errorf("at = %s", l.At)
		}
		n[l.Outcome]++
	}
	if n["unchanged"] != 0 {
		t.Errorf("%d unchanged records have lines, want none", n["unchanged"])
	}
	var fresh int
	if err := f.db.QueryRow(`SELECT count(*) FROM result r JOIN target t ON t.id = r.target WHERE r.run = ? AND r.outcome = 'excluded'`, fixtureRun.ID).Scan(&fresh); err != nil {
		t.Fatal(err)
	}
	if n["excluded"] != fresh {
		t.Errorf("%d excluded records have lines, want the %d of this run", n["excluded"], fresh)
	}
}

// keysOf lists an object's members in the order that they come in.
func keysOf(t *testing.T, raw []byte) string {
	t.Helper()
	dec, keys := json.NewDecoder(bytes.NewReader(raw)), []string{}
	for i := 0; ; i++ {
		token, err := dec.Token()
		if err == io.EOF {
			return strings.Join(keys, ",")
		}
		if err != nil {
			t.Fatal(err)
		}
		if name, ok := token.(string); ok && i%2 == 1 {
			keys = append(keys, `"`+name+`"`)
		}
	}
}

func TestSummaryJSON(t *testing.T) {
	f := newFixture(t, 24)
	raw := contents(t, f.write(f.options(t.TempDir(), LevelNone)))
	var s summary
	for path, text := range raw {
		if filepath.Base(path) == jsonName {
			if err := json.Unmarshal(text, &s); err != nil {
				t.Fatal(err)
			}
		}
	}
	want := map[string]int{"source": 24, "difference": 0, "extra": 0, "created": 6, "updated": 4, "unchanged": 4, "invalid": 2, "rejected": 2,
		"uncertain": 2, "blocked": 2, "failed": 2, "excluded": 0, "held": 0, "matched": 0, "mismatched": 0, "missing": 0}
	if diff := cmp.Diff(want, s.Destinations["rethink"]["client"]); diff != "" {
		t.Errorf("counts of rethink clients (-want +got):\n%s", diff)
	}
	if s.Calls.Total != 40 || s.Calls.ByEndpoint["patients"] != 14 {
		t.Errorf("calls = %+v", s.Calls)
	}
	if len(s.Endpoints) != 4 || s.Problems["lookup"] == 0 || s.Balanced == nil || !*s.Balanced || s.ExitCode != 4 {
		t.Errorf("summary = %+v", s)
	}
}

func TestWriteRefuses(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"a level that is none of ours":    func(o *Options) { o.Level = "some" },
		"a run id that leaves the folder": func(o *Options) { o.Run = etl.Run{ID: "../elsewhere"} },
		"no run":                          func(o *Options) { o.Run = etl.Run{} },
		"no folder":                       func(o *Options) { o.Dir = "" },
	} {
		o := Options{Run: fixtureRun, Dir: t.TempDir()}
		change(&o)
		if _, err := Write(context.Background(), nil, o); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

// A sheet so long that excelize spills it to a file comes back whole.
func TestLongSheets(t *testing.T) {
	o := Options{Run: fixtureRun, Finished: fixtureRun.At, Level: LevelMasked, Dir: t.TempDir(), RowCap: 28_000,
		Objects: []Object{{Destination: "rethink", Object: "client", Endpoint: "patients"}}}
	files, err := Write(context.Background(), madeUp{rows: 30_000}, o)
	if err != nil {
		t.Fatal(err)
	}
	text := parts(t, files.Reconciliation)
	for i := range 30_000 {
		if id := fmt.Sprintf(">%d<", 90001+i); i%1000 == 0 && !strings.Contains(text, id) {
			t.Errorf("record %s is not there", id)
		}
	}
	if got := strings.Count(text, ">created<"); got < 30_000 {
		t.Errorf("%d rows, want 30,000", got)
	}
	if got := strings.Count(text, "</worksheet>"); got != 25 {
		t.Errorf("%d sheets are whole, want 25", got)
	}
}

// A run's files can be made again after a later run has moved on.
func TestOldRun(t *testing.T) {
	f := newFixture(t, 24)
	o := f.options(t.TempDir(), LevelMasked)
	first := contents(t, f.write(o))
	later := "20260303T073000Z-0001"
	f.exec(`INSERT INTO run (id, trigger, started_at, finished_at, exit_code, note, dry, version, rules) VALUES (?, 'schedule', '2026-03-03T07:30:00.000Z', '', -1, '', 0, 'v1', 'x')`, later)
	f.exec(`INSERT INTO record (endpoint, source_id, seq, hash, first_run, changed_run, payload) VALUES ('patients', 'new', 2, x'00', ?, ?, x'00')`, later, later)
	f.exec(`UPDATE target SET run = '20260303T073000Z-0001', outcome = 'unchanged', cause = '' WHERE outcome = 'created'`)
	f.exec(`UPDATE stream SET rows = rows + 13`)
	// What a discharge said is known while it maps to it, or was acknowledged.
	var waits [2]string
	if err := f.db.QueryRow(`SELECT min(source_id), max(source_id) FROM target WHERE object = 'discharge' AND outcome = 'held'`).Scan(&waits[0], &waits[1]); err != nil {
		t.Fatal(err)
	}
	f.exec(`UPDATE target SET acked_hash = hash, acked_payload = payload WHERE object = 'discharge' AND source_id = ?`, waits[0])
	for _, id := range waits {
		other := f.seal.Seal([]byte(`{"discharge_reason":"6"}`), "target", "central_registry", "discharge", id)
		f.exec(`UPDATE target SET hash = x'66', payload = ? WHERE object = 'discharge' AND source_id = ?`, other, id)
	}
	files := f.write(o)
	second := contents(t, files)
	for _, path := range []string{files.Results, files.JSON} {
		if !bytes.Equal(first[path], second[path]) {
			t.Errorf("%s is not what it was", filepath.Base(path))
		}
	}
	book := open(t, files.Reconciliation)
	compareFormulas(t, book)
	if got, _ := book.GetCellValue(startName, "A3"); got == verdictBad {
		t.Error("the balance of the old run does not close")
	}
	if name, _ := book.GetCellValue(startName, "A4"); name != "An earlier run" {
		t.Errorf("Start does not say that it is one: %q", name)
	}
	said := map[string]string{}
	rows, err := book.GetRows(key{"central_registry", "discharge"}.sheetName())
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows[headRow:] {
		said[row[0]] = row[slices.Index(rows[headRow-1], "Reason")]
	}
	if said[waits[0]] != "7" || said[waits[1]] != "" {
		t.Errorf("the reasons of %v are %v, want 7 and none", waits, said)
	}
}
