package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/extract/drchronotest"
	"github.com/chartbridge/chartbridge/load/loadtest"
	"github.com/chartbridge/chartbridge/sql"
	"github.com/xuri/excelize/v2"
)

func TestMapChoosesAmongCandidates(t *testing.T) {
	t.Parallel()
	wired(t)
	s := newSite(t)
	s.set("  initial_load: api\n", "  initial_load: vendor\n")
	id := goodPatient(t, s.v.Practice)
	s.mustRun(exitAttention, "run")
	var theirs []int64
	for range 2 {
		n, err := s.v.Rethink.Seed("client", s.mapped("client", id))
		if err != nil {
			t.Fatal(err)
		}
		theirs = append(theirs, int64(n))
	}
	s.mustRun(exitAttention, "run")
	before := len(s.v.Rethink.Objects("client"))
	d := s.newDesk()
	row := d.find("Cause", "candidates", "Source id", id)[0]
	d.decide(row, "MAP")
	if words := d.send(exitAttention).words(); !slices.Equal(words, []string{sql.Incomplete}) {
		t.Errorf("MAP without an id: %v", words)
	}
	altered := s.newDesk()
	altered.turn("Matches to review")
	match := altered.find("Cause", "candidates", "Source id", id)[0]
	altered.put("Target id", match, theirs[0])
	altered.decide(match, "MAP", theirs[1])
	if words := altered.send(exitAttention).words(); !slices.Equal(words, []string{sql.Tampered}) {
		t.Errorf("MAP of a row that shows another id than was written: %v", words)
	}
	d.decide(row, "MAP", theirs[1])
	if words := d.send(exitDone, "--apply", "--as", "Ada Roma").words(); !slices.Equal(words, []string{sql.Applied}) {
		t.Fatalf("MAP: %v", words)
	}
	s.mustRun(exitAttention, "run")
	links, _ := s.mustRun(exitDone, "crosswalk", "export", "--destination", "rethink", "--object", "client")
	if want := fmt.Sprintf("rethink,client,%s,%d", id, theirs[1]); !strings.Contains(links, want) {
		t.Errorf("the crosswalk lacks %s:\n%s", want, links)
	}
	if n := len(s.v.Rethink.Objects("client")); n != before {
		t.Errorf("Rethink holds %d clients, want %d: the vendor still loads the others", n, before)
	}
	if words := d.send(exitDone).words(); !slices.Equal(words, []string{sql.Already}) {
		t.Errorf("the workbook of an earlier night once more: %v", words)
	}
}

func TestApproveReleasesOneFromTheBrake(t *testing.T) {
	t.Parallel()
	wired(t)
	s := newSite(t)
	s.set("drchrono:\n", "brake: {after: 5}\ndrchrono:\n")
	s.mustRun(exitAttention, "run")
	for _, p := range s.v.Practice.Rows("patients") {
		s.v.Practice.Patch("patients", p["id"].(json.Number).String(), map[string]any{"city": "Newtown"})
	}
	s.mustRun(exitFailed, "run")
	before := s.v.Rethink.Calls()["update client"]
	d := s.newDesk()
	d.decide(d.find("Cause", "brake", "Destination", "Rethink", "Object", "client")[0], "APPROVE")
	d.send(exitDone, "--apply", "--as", "Ada Roma")
	s.mustRun(exitFailed, "run")
	if n := s.v.Rethink.Calls()["update client"] - before; n != 1 {
		t.Errorf("%d clients were updated, want the approved one", n)
	}
}

func TestSkipHoldsUntilTheSourceChanges(t *testing.T) {
	t.Parallel()
	wired(t)
	s := newSite(t)
	s.mustRun(exitAttention, "run")
	d := s.newDesk()
	row := d.find("Outcome", "invalid", "Destination", "Rethink", "Object", "client")[0]
	id := d.get("Source id", row)
	d.decide(row, "SKIP")
	d.send(exitDone, "--apply", "--as", "Ada Roma")
	waits := func() bool {
		d := s.newDesk()
		return slices.ContainsFunc(d.rows()[3:], func(r []string) bool {
			return r[d.at["Source id"]-1] == id && r[d.at["Destination"]-1] == "Rethink" && r[d.at["Object"]-1] == "client"
		})
	}
	for range 2 {
		s.mustRun(exitAttention, "run")
		if waits() {
			t.Fatal("a skipped record waits again")
		}
	}
	s.v.Practice.Patch("patients", id, map[string]any{"city": "Newtown"})
	s.mustRun(exitAttention, "run")
	if !waits() {
		t.Error("its source changed, and it is skipped all the same")
	}
}

func TestUndoBeforeTheRun(t *testing.T) {
	t.Parallel()
	wired(t)
	s := newSite(t)
	s.mustRun(exitAttention, "run")
	d := s.newDesk()
	d.send(exitDone)
	if out, _ := s.mustRun(exitDone, "decide", d.path); !strings.Contains(out, "rows read: none with a decision\n") || strings.Contains(out, "--apply") {
		t.Errorf("of a workbook without a decision:\n%s", out)
	}
	row := d.find("Cause", "approval")[0]
	d.decide(row, "APPROVE")
	d.send(exitDone, "--apply", "--as", "Ada Roma")
	s.mustRun(exitDone, "decide", "--undo")
	s.mustRun(exitUsage, "decide", "--undo")
	s.mustRun(exitAttention, "run")
	if n := len(s.v.Registry.Objects("discharge")); n != 0 {
		t.Errorf("%d discharges went whose approval was taken back", n)
	}
	imports, _ := s.mustRun(exitDone, "decide", "--imports")
	if !strings.Contains(imports, "Ada Roma") {
		t.Errorf("imports:\n%s", imports)
	}
}

// TestUndoNamesWhat: a number, a workbook, or what was applied last.
func TestUndoNamesWhat(t *testing.T) {
	t.Parallel()
	wired(t)
	s := newSite(t)
	s.mustRun(exitAttention, "run")
	first := s.newDesk()
	rows := first.find("Outcome", "invalid", "Destination", "Rethink")
	first.decide(rows[0], "SKIP")
	second := s.newDesk()
	second.decide(rows[1], "SKIP")
	undoes := func(want int64, args ...string) {
		t.Helper()
		stdout, _ := s.mustRun(exitDone, append([]string{"decide", "--output", "json"}, args...)...)
		if list := decodeJSON[[]sql.Undone](t, stdout); len(list) != 1 || list[0].Import != want || !list[0].Undone {
			t.Errorf("%v took back %+v, want what import %d did", args, list, want)
		}
	}
	first.send(exitDone, "--apply")
	second.send(exitDone, "--apply")
	undoes(2, "--undo")
	second.send(exitDone, "--apply")
	undoes(1, first.path, "--undo")
	s.mustRun(exitUsage, "decide", "--undo", first.path) // nothing of it stands
	first.send(exitDone, "--apply")
	undoes(4, "--undo", first.path)
	first.send(exitDone, "--apply")
	undoes(3, "--undo", "3")
	undoes(5, "--undo=5")
	s.mustRun(exitUsage, "decide", "--undo")
	s.mustRun(exitUsage, "decide", "--undo=5", first.path)
	s.mustRun(exitUsage, "decide", "--undo", "9")
}

func TestOneRuleMovesEveryRecordWithTheValue(t *testing.T) {
	t.Parallel()
	wired(t)
	s := newSite(t)
	s.mustRun(exitAttention, "run")
	d := s.newDesk()
	d.turn("Rules")
	row := d.find("Destination", "Rethink")[0]
	lookup, key := d.get("Lookup", row), d.get("Key", row)
	d.decide(row, "MAP", "4712")
	d.send(exitDone)
	if look, _ := s.mustRun(exitDone, "decide", d.path); !strings.Contains(look, "1 would be applied") {
		t.Errorf("a look applies nothing:\n%s", look)
	}
	d.send(exitDone, "--apply", "--as", "Ada Roma")
	if undone, _ := s.mustRun(exitDone, "decide", "--undo", "1", "--as", "Ada Roma"); !strings.Contains(undone, lookup+"="+key) {
		t.Errorf("the undo does not name the value %s=%s:\n%s", lookup, key, undone)
	}
	if words := d.send(exitDone, "--apply", "--as", "Ada Roma").words(); !slices.Equal(words, []string{sql.Applied}) {
		t.Fatalf("a rule after its undo: %v", words)
	}
	d.put("map_to_id", row, "4713")
	if words := d.send(exitAttention).words(); !slices.Equal(words, []string{sql.Conflict}) {
		t.Errorf("another id for the value: %v", words)
	}
	s.mustRun(exitAttention, "run")
	next := s.newDesk()
	next.turn("Rules")
	for _, r := range next.rows()[3:] {
		if len(r) > 3 && r[1] == "Rethink" && r[2] == lookup && r[3] == key {
			t.Error("the lookup still lacks the key")
		}
	}
	next.turn("Discharges to approve")
	next.decide(next.find("Cause", "approval")[0], "APPROVE")
	if words := next.send(exitDone, "--apply", "--as", "Ada Roma").words(); !slices.Equal(words, []string{sql.Applied}) {
		t.Errorf("a discharge on its own sheet: %v", words)
	}
	s.mustRun(exitAttention, "run")
	if n := len(s.v.Registry.Objects("discharge")); n != 1 {
		t.Errorf("the registry holds %d discharges, want 1", n)
	}
}

// What the program says of a workbook that it cannot take names the cell, and
// nothing is taken.
// A formula where a person writes refuses its row, and the others go on; one
// that fills several cells refuses the workbook.
func TestAFormulaRefusesItsRow(t *testing.T) {
	t.Parallel()
	wired(t)
	s := newSite(t)
	s.mustRun(exitAttention, "run")
	d := s.newDesk()
	rows := d.find("Outcome", "invalid")
	d.decide(rows[0], "RETRY")
	cell, err := excelize.CoordinatesToCellName(d.at["comment"], rows[1])
	if err != nil {
		t.Fatal(err)
	}
	if err := d.f.SetCellFormula("Worklist", cell, `WEBSERVICE("http://example.test")`); err != nil {
		t.Fatal(err)
	}
	got := d.send(exitAttention)
	if len(got.Rows) != 2 || got.Totals[sql.Applicable] != 1 || got.Totals[sql.NotAllowed] != 1 || !strings.Contains(got.Rows[0].Reason+got.Rows[1].Reason, "cell "+cell) {
		t.Errorf("the verdicts are %+v", got.Rows)
	}
	array, ref := excelize.STCellFormulaTypeArray, cell+":"+strings.Replace(cell, fmt.Sprint(rows[1]), fmt.Sprint(rows[1]+1), 1)
	if err := d.f.SetCellFormula("Worklist", cell, `WEBSERVICE("http://example.test")`, excelize.FormulaOpts{Type: &array, Ref: &ref}); err != nil {
		t.Fatal(err)
	}
	if err := d.f.SaveAs(d.path); err != nil {
		t.Fatal(err)
	}
	_, stderr := s.mustRun(exitUsage, "decide", d.path, "--apply", "--as", "Ada Roma")
	if !strings.Contains(stderr, "sheet Worklist, cells "+cell) || !strings.Contains(stderr, "nothing was applied") {
		t.Errorf("the refusal reads\n%s", stderr)
	}
	imports, _ := s.mustRun(exitDone, "decide", "--imports")
	if strings.Contains(imports, "Ada Roma") {
		t.Errorf("something was taken:\n%s", imports)
	}
}

// A record that they refuse again can be tried again from the next workbook.
func TestRetryOnceANight(t *testing.T) {
	t.Parallel()
	wired(t)
	s := newSite(t)
	refuse := func() {
		s.v.Rethink.Inject(loadtest.Status(422, `{"ErrorMessage":"lastName length exceeded"}`).On("POST", "/client"))
	}
	refuse()
	s.mustRun(exitAttention, "run")
	for range 2 {
		d := s.newDesk()
		d.decide(d.find("Outcome", "rejected", "Destination", "Rethink", "Object", "client")[0], "RETRY")
		if words := d.send(exitDone, "--apply", "--as", "Ada Roma").words(); !slices.Equal(words, []string{sql.Applied}) {
			t.Fatalf("RETRY: %v", words)
		}
		refuse()
		s.mustRun(exitAttention, "run")
	}
}

// A funder that was refused, and is retried while its client does not map, goes
// once more with the client when that one maps again: it waits for no one.
func TestRetryWhileItsRecordDoesNotMap(t *testing.T) {
	t.Parallel()
	s := newSizedSite(t, drchronotest.Size{Patients: 40, Staff: 8, Appointments: 10})
	path := filepath.Join(s.dir, "lookups.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	unknown := strings.Replace(string(text), "  funder:\n", "  funder:\n    \"Nowhere Indemnity\": \"555\"\n", 1)
	if err := os.WriteFile(path, []byte(unknown), 0o600); err != nil {
		t.Fatal(err)
	}
	refused := func() {
		t.Helper()
		s.mustRun(exitAttention, "run")
		if list, _ := s.mustRun(exitDone, "rejects", "list"); !strings.Contains(list, "unknown_id") {
			t.Errorf("the funder is not refused:\n%s", list)
		}
	}
	refused()
	if err := os.WriteFile(path, []byte("rethink: {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.mustRun(exitAttention, "run")
	s.mustRun(exitDone, "rejects", "retry", "--cause", "lookup", "--as", "Ada Roma")
	if err := os.WriteFile(path, []byte(unknown), 0o600); err != nil {
		t.Fatal(err)
	}
	refused()
}

// checkStrict: all or none counts the rows that are bad, marks the good one,
// and writes each receipt to a file of its own.
func (d *desk) checkStrict() {
	d.t.Helper()
	if err := d.f.SaveAs(d.path); err != nil {
		d.t.Fatal(err)
	}
	_, strict := d.mustRun(exitUsage, "decide", d.path, "--apply", "--strict", "--as", "Ada Roma")
	if !strings.Contains(strict, "5 of 6 decisions cannot be applied") {
		d.t.Errorf("all or none:\n%s", strict)
	}
	none := d.send(exitUsage, "--apply", "--strict", "--as", "Ada Roma")
	if none.Totals[sql.NotTaken] != 1 || filepath.Base(none.Receipt) != "desk-receipt-again-2.xlsx" {
		d.t.Errorf("all or none: %v, receipt %s", none.Totals, none.Receipt)
	}
}

// checkImport: the list of imports counts the rows that were shown.
func (d *desk) checkImport(got decided) {
	d.t.Helper()
	imports, _ := d.mustRun(exitDone, "decide", "--imports", "--output", "json")
	if list := decodeJSON[[]sql.PastImport](d.t, imports); len(list) != 1 || list[0].Rows != len(got.Rows) || got.Alone != 1 {
		d.t.Errorf("%d rows and %d comments alone, want as many rows and 1: %+v", len(got.Rows), got.Alone, list)
	}
}
