package reports

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/xuri/excelize/v2"
)

// writtenPlan is the workbook of a plan with a step of each kind.
func writtenPlan(t *testing.T, level Level, passphrase string) string {
	t.Helper()
	changes := []PlanChange{{"firstName", `"Ada"`, `"Canaryfirst"`}, {"dateOfBirth", `"1987-06-05"`, `"1988-06-05"`}, {"city", `"Lowell"`, `"Canarytown"`},
		{"memberId", `"00012345"`, `"=1+1+12345"`}, {"statusId", "101", "901"}, {"phones", "", `[{"number":"555-0100"}]`}, {"notes", `"=cmd|' /C calc'!A0"`, "null"}}
	p := Plan{Hash: "00112233445566e7", Practice: "demo-practice", At: time.Date(2026, 3, 1, 7, 30, 0, 0, time.UTC), Level: level, Passphrase: passphrase,
		Steps: []PlanStep{{Destination: "rethink", Object: "client", SourceID: "0012345", TargetID: "1E5", Does: "update", Changes: changes},
			{Destination: "rethink", Object: "client", SourceID: "=2+2", Does: "create"},
			{Destination: "rethink", Object: "appointment", SourceID: "7", Does: "blocked", Cause: etl.CauseReference, WaitsFor: []string{"client 9"}},
			{Destination: "central_registry", Object: "discharge", SourceID: "8", Does: "held", Cause: etl.CauseApproval}},
		Left: []PlanCount{{"rethink", "client", etl.Unchanged, 5}, {"rethink", "client", etl.Created, 2}, {"centralreach", "client", etl.Invalid, 3}}}
	path := filepath.Join(t.TempDir(), "plan.xlsx")
	if err := WritePlan(path, p); err != nil {
		t.Fatal(err)
	}
	return path
}

func planRows(t *testing.T, f *excelize.File, sheet string) [][]string {
	t.Helper()
	rows, err := f.GetRows(sheet, excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func joined(rows [][]string) string {
	var lines []string
	for _, r := range rows {
		lines = append(lines, strings.Join(r, "|"))
	}
	return strings.Join(lines, "\n")
}

func TestAPlansWorkbook(t *testing.T) {
	path := writtenPlan(t, LevelFull, "")
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("its mode is %v (%v), want 0600", info.Mode(), err)
	}
	f := open(t, path)
	for sheet, wants := range map[string][]string{
		"Start":  {"Hash|00112233445566e7", "Practice|demo-practice", "2026-03-01 07:30:00 UTC", "2 records would be sent: 1 created, 1 updated, 0 discharged.", "Left alone|Acknowledged earlier, and equal now: nothing to send.|7"},
		"Counts": {"Rethink|clients|1|1|0|0|0|0|7|0|0|0|0|9", "CentralReach|clients|0|0|0|0|0|0|0|3|0|0|0|3", "All||1|1|0|1|1|0|7|3|0|0|0|14"},
		"Steps":  {"Rethink|client|0012345|1E5|update|7", "Rethink|client|=2+2||create", "blocked|0|reference|It names a record that is not there yet. Look at the record that it names; this one follows by itself.|client 9", "held|0|approval|It is final"},
		"Changes": {"1E5|firstName|Ada|Canaryfirst", "dateOfBirth|1987-06-05|1988-06-05", "memberId|00012345|=1+1+12345", "statusId|101|901",
			`phones||[{"number":"555-0100"}]`, "notes|=cmd|' /C calc'!A0|null"}} {
		text := joined(planRows(t, f, sheet))
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("%s lacks %q:\n%s", sheet, want, text)
			}
		}
	}
	for sheet, cell := range map[string]string{"Steps": "C5", "Changes": "F10"} {
		if text, err := f.GetCellFormula(sheet, cell); err != nil || text != "" {
			t.Errorf("%s %s is the formula %q (%v)", sheet, cell, text, err)
		}
		if value, err := f.GetCellValue(sheet, cell); err != nil || !strings.HasPrefix(value, "=") {
			t.Errorf("%s %s shows %q (%v), want the text as it is", sheet, cell, value, err)
		}
	}
}

func TestAPlansWorkbookMasks(t *testing.T) {
	masked := joined(planRows(t, open(t, writtenPlan(t, LevelMasked, "")), "Changes"))
	for _, want := range []string{"firstName|A.|C.", "dateOfBirth|1987|1988", "city|•••|•••", "memberId|…2345|…2345", "statusId|101|901", "phones||•••", "notes|•••|null"} {
		if !strings.Contains(masked, want) {
			t.Errorf("masked lacks %q:\n%s", want, masked)
		}
	}
	none := joined(planRows(t, open(t, writtenPlan(t, LevelNone, "")), "Changes"))
	if strings.Contains(none, "Old") || strings.Contains(none, "901") || !strings.Contains(none, "firstName") {
		t.Errorf("with phi none:\n%s", none)
	}
	for _, canary := range []string{"Ada", "Canary", "06-05", "555", "00012345", "Lowell"} {
		if strings.Contains(masked+none, canary) {
			t.Errorf("%q is shown", canary)
		}
	}
}

func TestAPlansWorkbookIsEncryptedAndNeverOver(t *testing.T) {
	path := writtenPlan(t, LevelFull, "correct horse")
	raw, err := os.ReadFile(path)
	if err != nil || !bytes.HasPrefix(raw, oleHeader) {
		t.Fatalf("it is not encrypted (%v)", err)
	}
	f, err := excelize.OpenFile(path, excelize.Options{Password: "correct horse"})
	if err != nil {
		t.Fatal(err)
	}
	if text := joined(planRows(t, f, "Changes")); !strings.Contains(text, "Canaryfirst") {
		t.Errorf("decrypted:\n%s", text)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{path, filepath.Join(t.TempDir(), "plan.xls"), filepath.Join(t.TempDir(), "none", "plan.xlsx")} {
		if err := WritePlan(bad, Plan{Hash: "ab"}); !errors.Is(err, ErrPlanPath) {
			t.Errorf("%s: %v, want a refusal", bad, err)
		}
	}
	after, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(after, raw) {
		t.Errorf("the file that was there has changed (%v)", err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), partPrefix+"*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// Where nothing is due, what differs there is told all the same, and no command
// is offered that would send nothing.
func TestAPlanOfNothing(t *testing.T) {
	p := Plan{Hash: "00112233445566e7", At: time.Date(2026, 3, 1, 7, 30, 0, 0, time.UTC), Level: LevelNone,
		Left: []PlanCount{{"centralreach", "event", etl.Missing, 5}, {"centralreach", "event", etl.Mismatched, 2}, {"rethink", "client", etl.Unchanged, 3}}}
	path := filepath.Join(t.TempDir(), "plan.xlsx")
	if err := WritePlan(path, p); err != nil {
		t.Fatal(err)
	}
	text := joined(planRows(t, open(t, path), startName))
	if !strings.Contains(text, "7 that we may only compare differ there or are missing") || strings.Contains(text, "push --plan") {
		t.Errorf("Start reads\n%s", text)
	}
}
