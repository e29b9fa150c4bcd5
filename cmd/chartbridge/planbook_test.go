package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

func TestPlanWritesAWorkbook(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.mustRun(exitAttention, "run")
	s.v.Practice.Patch("patients", goodPatient(t, s.v.Practice), map[string]any{"city": "Canarytown"})
	s.mustRun(exitDone, "run", "--only", "extract")
	path := filepath.Join(s.dir, "plan.xlsx")
	stdout, _ := s.mustRun(exitDone, "plan", "--workbook", path)
	text := sheetsOf(t, path)
	asJSON, _ := s.mustRun(exitDone, "plan", "--output", "json")
	shown := decodeJSON[plan](t, asJSON)
	hash, waiting := shown.Hash, 0
	for _, step := range shown.Steps {
		if step.Does == "blocked" && len(step.WaitsFor) > 0 && strings.Contains(text, strings.Join(step.WaitsFor, ", ")) {
			waiting++
		}
	}
	if waiting == 0 {
		t.Error("no blocked record says what it waits for")
	}
	if !strings.Contains(stdout, "push --plan "+hash) || !strings.Contains(stdout, path) || !strings.Contains(text, hash) {
		t.Errorf("the terminal says\n%s\nthe workbook lacks %s or is not named", stdout, hash)
	}
	if strings.Contains(text+stdout, "Canarytown") || !strings.Contains(text, "city") || !strings.Contains(text, "•••") {
		t.Error("masked, the workbook shows the city, or no change")
	}
	_, stderr := s.mustRun(exitUsage, "plan", "--workbook", path)
	if !strings.Contains(stderr, "is there already") {
		t.Errorf("a file that is there: %s", stderr)
	}
	for _, show := range []struct {
		flags    []string
		text, js string
	}{
		{nil, "-> •••", `"new": "•••"`},
		{[]string{"--phi", "masked"}, "-> •••", `"new": "•••"`},
		{[]string{"--phi", "full"}, `-> "Canarytown"`, `"new": "\"Canarytown\""`},
		{[]string{"--phi", "none"}, "city", `"field": "city"`},
	} {
		onTerminal, _ := s.mustRun(exitDone, append([]string{"plan"}, show.flags...)...)
		asJSON, _ := s.mustRun(exitDone, append([]string{"plan", "--output", "json"}, show.flags...)...)
		if !strings.Contains(onTerminal, show.text) || !strings.Contains(asJSON, show.js) {
			t.Errorf("plan %v shows\n%s\n%s\nwithout %s or %s", show.flags, onTerminal, asJSON, show.text, show.js)
		}
		if len(show.flags) > 1 && show.flags[1] == "none" && strings.Contains(onTerminal+asJSON, "•••") {
			t.Errorf("plan %v shows a value", show.flags)
		}
	}
	full, none := filepath.Join(s.dir, "full.xlsx"), filepath.Join(s.dir, "none.xlsx")
	s.mustRun(exitDone, "plan", "--workbook", full, "--phi", "full")
	s.mustRun(exitDone, "plan", "--workbook", none, "--phi", "none")
	if !strings.Contains(sheetsOf(t, full), "Canarytown") || strings.Contains(sheetsOf(t, none), "•••") {
		t.Error("--phi does not override the config")
	}
	audited, _ := s.mustRun(exitDone, "audit", "list")
	for what, want := range map[string]int{"workbook written with phi masked": 1, "workbook written with phi full": 1, "phi none": 0} {
		if got := strings.Count(audited, what); got != want {
			t.Errorf("%q is audited %d times, want %d:\n%s", what, got, want, audited)
		}
	}
}

// sheetsOf is all that a workbook shows.
func sheetsOf(t *testing.T, path string) string {
	t.Helper()
	f, err := excelize.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var text strings.Builder
	for _, sheet := range f.GetSheetList() {
		rows, err := f.GetRows(sheet)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			text.WriteString(strings.Join(row, "|") + "\n")
		}
	}
	return text.String()
}
