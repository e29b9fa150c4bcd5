package main

import (
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

// A desk is a workbook on an analyst's desk.
type desk struct {
	*site
	path  string
	f     *excelize.File
	sheet string
	at    map[string]int // column by its header
}

// newDesk copies the newest workbook away and opens it.
func (s *site) newDesk() *desk {
	s.t.Helper()
	all, err := filepath.Glob(filepath.Join(s.dir, "out", "2*", "reconciliation.xlsx"))
	if err != nil || len(all) == 0 {
		s.t.Fatalf("no workbook was written (%v)", err)
	}
	raw, err := os.ReadFile(all[len(all)-1]) // runs sort by their start
	if err != nil {
		s.t.Fatal(err)
	}
	d := &desk{site: s, path: filepath.Join(s.t.TempDir(), "desk.xlsx")}
	if err := os.WriteFile(d.path, raw, 0o600); err != nil {
		s.t.Fatal(err)
	}
	if d.f, err = excelize.OpenFile(d.path); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = d.f.Close() })
	d.turn("Worklist")
	return d
}

// turn goes to another sheet.
func (d *desk) turn(sheet string) {
	d.sheet, d.at = sheet, map[string]int{}
	for i, head := range d.rows()[2] {
		d.at[head] = i + 1
	}
}

func (d *desk) rows() [][]string {
	d.t.Helper()
	rows, err := d.f.GetRows(d.sheet, excelize.Options{RawCellValue: true})
	if err != nil {
		d.t.Fatal(err)
	}
	return rows
}

// find gives the rows whose cells hold these values, by header and value.
func (d *desk) find(want ...string) (found []int) {
	d.t.Helper()
	for n, row := range d.rows()[3:] {
		fits := true
		for i := 0; i < len(want); i += 2 {
			at := d.at[want[i]]
			fits = fits && at > 0 && at <= len(row) && row[at-1] == want[i+1]
		}
		if fits {
			found = append(found, n+4)
		}
	}
	if len(found) == 0 {
		d.t.Fatalf("no row of %s has %v", d.sheet, want)
	}
	return found
}

func (d *desk) get(head string, row int) string {
	d.t.Helper()
	cell, _ := excelize.CoordinatesToCellName(d.at[head], row)
	v, err := d.f.GetCellValue(d.sheet, cell, excelize.Options{RawCellValue: true})
	if err != nil {
		d.t.Fatal(err)
	}
	return v
}

func (d *desk) put(head string, row int, v any) {
	d.t.Helper()
	cell, _ := excelize.CoordinatesToCellName(d.at[head], row)
	if err := d.f.SetCellValue(d.sheet, cell, v); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) decide(row int, word string, mapTo ...any) {
	d.t.Helper()
	d.put("decision", row, word)
	for _, id := range mapTo {
		d.put("map_to_id", row, id)
	}
}

// send saves the workbook and gives it to decide.
func (d *desk) send(want int, args ...string) decided {
	d.t.Helper()
	if err := d.f.SaveAs(d.path); err != nil {
		d.t.Fatal(err)
	}
	stdout, _ := d.mustRun(want, append([]string{"decide", d.path, "--output", "json"}, args...)...)
	return decodeJSON[decided](d.t, stdout)
}

func (d decided) words() (words []string) {
	for _, r := range d.Rows {
		words = append(words, r.Word)
	}
	return words
}

// wired makes sure that the program has the verb.
func wired(t *testing.T) {
	t.Helper()
	root, _ := newRoot(os.Stdout, os.Stderr)
	for _, c := range root.Commands() {
		if c.Name() == "decide" {
			return
		}
	}
	was := verbs
	verbs = append(slices.Clone(verbs), newDecide)
	t.Cleanup(func() { verbs = was })
}

func TestDecisionsActInTheNextRun(t *testing.T) {
	t.Parallel()
	wired(t)
	s := newSite(t)
	s.v.Rethink.Inject(loadtest.Status(422, `{"ErrorMessage":"lastName length exceeded"}`).On("POST", "/client"))
	s.mustRun(exitAttention, "run")
	d := s.newDesk()
	retry := d.find("Outcome", "rejected")[0]
	lookup := d.find("Cause", "lookup", "Destination", "Rethink")[0]
	skips := d.find("Outcome", "invalid")
	skip := skips[len(skips)-1]
	discharge := d.find("Cause", "approval")[0]
	if skip == lookup {
		t.Fatal("the seed has too few invalid records")
	}
	name, key := d.get("Lookup", lookup), d.get("Key", lookup)
	d.decide(retry, " retry\u00a0")
	d.decide(lookup, "MAP", 51.0)
	d.decide(skip, "Skip")
	d.decide(discharge, "APPROVE")
	d.put("comment", skip, "not ours")

	dry := d.send(exitDone, "--as", "Ada Roma")
	if dry.Applied || dry.Totals[sql.Applicable] != 4 || dry.Totals[sql.Applied] != 0 {
		t.Fatalf("dry run: %+v", dry.Rows)
	}
	done := d.send(exitDone, "--apply", "--as", "Ada Roma")
	if !done.Applied || done.Totals[sql.Applied] != 4 || done.Read != done.Totals[sql.NoDecision]+4 {
		t.Fatalf("applied: %v", done.Totals)
	}
	checkReceipt(t, done)
	again := d.send(exitDone, "--apply", "--as", "Ada Roma")
	if again.Applied || again.Totals[sql.Already] != 4 {
		t.Errorf("the same file again: %v", again.Rows)
	}
	before := len(s.v.Registry.Objects("discharge"))
	s.mustRun(exitAttention, "run")
	if n := len(s.v.Registry.Objects("discharge")); n != before+1 {
		t.Errorf("%d discharges were recorded, want the approved one", n-before)
	}
	night := s.newDesk()
	for _, row := range night.rows()[3:] {
		if row[night.at["Source id"]-1] == d.get("Source id", retry) && row[night.at["Outcome"]-1] == "rejected" {
			t.Error("RETRY: it is still rejected")
		}
		if row[night.at["Source id"]-1] == d.get("Source id", skip) && row[night.at["Object"]-1] == d.get("Object", skip) &&
			row[night.at["Destination"]-1] == d.get("Destination", skip) {
			t.Error("SKIP: it still waits")
		}
		if night.at["Key"] <= len(row) && row[night.at["Lookup"]-1] == name && row[night.at["Key"]-1] == key && row[1] == "Rethink" {
			t.Error("MAP: the lookup still lacks the key")
		}
	}
	s.mustRun(exitAttention, "decide", "--undo", "1", "--as", "Bo Lin") // the run has acted on RETRY and APPROVE
	s.mustRun(exitAttention, "run")
	back := s.newDesk()
	back.find("Source id", d.get("Source id", skip), "Object", d.get("Object", skip))
	back.find("Lookup", name, "Key", key)
	s.mustRun(exitDone, "audit", "verify")
}

func checkReceipt(t *testing.T, d decided) {
	t.Helper()
	info, err := os.Stat(d.Receipt)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the receipt has mode %o", info.Mode().Perm())
	}
	f, err := excelize.OpenFile(d.Receipt)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	totals, err := f.GetRows("Receipt")
	if err != nil {
		t.Fatal(err)
	}
	if last := totals[len(totals)-1]; last[2] != "✓ ok" {
		t.Errorf("the receipt does not balance: %v", last)
	}
	rows, err := f.GetRows("Rows")
	if err != nil || len(rows) != d.Read+3 {
		t.Errorf("the receipt has %d rows, %d were read (%v)", len(rows)-3, d.Read, err)
	}
}

func TestADischargeNeedsAsManyWorkbooksAsPeople(t *testing.T) {
	t.Parallel()
	wired(t)
	s := newSite(t)
	s.set("  unique_site_id", "  approvers: 2\n  unique_site_id")
	s.mustRun(exitAttention, "run")
	d := s.newDesk()
	d.decide(d.find("Cause", "approval")[0], "APPROVE")
	for _, step := range []struct{ by, want string }{
		{"Ada Roma", sql.NeedsSecond}, {"Ada Roma", sql.Already}, {"Bo Lin", sql.Applied}, {"Cy Vale", sql.Already}} {
		if got := d.send(exitDone, "--apply", "--as", step.by).words(); !slices.Equal(got, []string{step.want}) {
			t.Errorf("%s: %v, want %s", step.by, got, step.want)
		}
	}
	s.mustRun(exitAttention, "run")
	if n := len(s.v.Registry.Objects("discharge")); n != 1 {
		t.Errorf("the registry holds %d discharges, want 1", n)
	}
}

// TestADischargeIsApprovedByName: other decisions are taken in the name of the
// system's user.
func TestADischargeIsApprovedByName(t *testing.T) {
	t.Parallel()
	wired(t)
	s := newSite(t)
	s.mustRun(exitAttention, "run")
	d := s.newDesk()
	approval := d.find("Cause", "approval")[0]
	d.decide(approval, "APPROVE")
	d.decide(d.find("Outcome", "invalid", "Destination", "Rethink", "Object", "client")[0], "SKIP")
	got := d.send(exitAttention, "--apply")
	s.mustRun(exitUsage, "decide", d.path, "--apply", "--as", " ")
	if got.Totals[sql.Applied] != 1 || got.Totals[sql.NotAllowed] != 1 {
		t.Fatalf("without a name: %+v", got.Rows)
	}
	for _, r := range got.Rows {
		if (r.Word == sql.NotAllowed) != (r.Decision == sql.Approve) || r.Decision == sql.Approve && !strings.Contains(r.Reason, "--as") {
			t.Errorf("without a name: %+v", r)
		}
	}
	if imports, _ := s.mustRun(exitDone, "decide", "--imports"); !strings.Contains(imports, operator()) {
		t.Errorf("the import does not bear the system's user:\n%s", imports)
	}
	if named := d.send(exitDone, "--apply", "--as", "Ada Roma"); named.Totals[sql.Applied] != 1 {
		t.Errorf("with a name: %+v", named.Rows)
	}
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	wired(t)
	s := newSizedSite(t, drchronotest.MinSize)
	s.mustRun(exitAttention, "run")
	d := s.newDesk()
	invalid := d.find("Outcome", "invalid")
	if len(invalid) < 6 {
		t.Fatalf("the seed has %d invalid records, want 6", len(invalid))
	}
	approval := d.find("Cause", "approval")[0]
	d.decide(invalid[0], "RETRY")
	d.decide(invalid[1], "APPROVE") // not allowed
	d.decide(approval, "APPROVE", "77")
	d.decide(invalid[2], "DROP TABLE")
	d.decide(invalid[3], "SKIP")
	d.put("Source id", invalid[3], "0"+d.get("Source id", invalid[3]))
	d.put("map_to_id", invalid[4], "4711") // no decision
	d.put("comment", invalid[5], "ask them")
	d.checkStrict()
	got := d.send(exitAttention, "--apply", "--as", "Ada Roma")
	d.checkImport(got)
	want := map[string]int{sql.Applied: 1, sql.NotAllowed: 3, sql.Tampered: 1, sql.Incomplete: 1, sql.NoDecision: got.Totals[sql.NoDecision]}
	for word, n := range want {
		if got.Totals[word] != n {
			t.Errorf("%d %s, want %d: %+v", got.Totals[word], word, n, got.Rows)
		}
	}
	other := s.newDesk()
	other.decide(invalid[0], "SKIP")
	if words := other.send(exitAttention).words(); !slices.Equal(words, []string{sql.Conflict}) {
		t.Errorf("decided otherwise: %v", words)
	}
	s.mustRun(exitUsage, "decide", other.path, "--apply", "--strict", "--as", "Bo Lin")
	s.mustRun(exitDone, "decide", "--undo", "1", "--as", "Ada Roma")
	if words := other.send(exitDone).words(); !slices.Equal(words, []string{sql.Applicable}) {
		t.Errorf("after the undo: %v", words)
	}
	s.mustRun(exitUsage, "decide", filepath.Join(s.dir, "config.yaml"))
	stranger := newSite(t)
	_, stderr := stranger.mustRun(exitUsage, "decide", other.path)
	if !strings.Contains(stderr, "another practice") {
		t.Errorf("another practice's workbook:\n%s", stderr)
	}
}
