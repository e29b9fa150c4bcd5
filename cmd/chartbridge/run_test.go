package main

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chartbridge/chartbridge/extract/drchronotest"
	"github.com/chartbridge/chartbridge/load/loadtest"
)

func TestDemoEndsAsItsSeedPredicts(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "demo-out")
	code, stdout, stderr := runHere(t, "demo", "--dir", dir, "--patients", "60", "--staff", "9", "--appointments", "400")
	if code != exitDone {
		t.Fatalf("exit code %d, want %d\n%s\n%s", code, exitDone, stdout, stderr)
	}
	for _, name := range []string{"reconciliation.xlsx", "summary.xlsx", "load-results.jsonl", "summary.json"} {
		if found, _ := filepath.Glob(filepath.Join(dir, "out", "2*", name)); len(found) != 2 {
			t.Errorf("%d files %s, want one a night", len(found), name)
		}
	}
	if target, err := os.Readlink(filepath.Join(dir, "out", "latest")); err != nil || !strings.Contains(stdout, target) {
		t.Errorf("latest names %q (%v), want the second night's run", target, err)
	}
	if err := emptyDemoDir(dir); err != nil {
		t.Errorf("the next demo finds no room: %v", err)
	}
}

func TestADemoLeavesAnotherPracticeAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{"config.yaml": "practice: sunrise-aba\ntimezone: UTC\n", "key": "of years of nights"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	code, _, stderr := runHere(t, "demo", "--dir", dir)
	if _, err := os.Stat(filepath.Join(dir, "key")); code != exitUsage || err != nil || !strings.Contains(stderr, "no demo made") {
		t.Errorf("exit code %d, %v: %s", code, err, stderr)
	}
}

func TestSecondRunOverUnchangedDataSendsNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.mustRun(exitAttention, "run")
	before := s.writes()
	stdout, _ := s.mustRun(exitAttention, "run")
	if got := s.writes() - before; got != 0 {
		t.Errorf("the second run made %d writes, want none", got)
	}
	if !strings.Contains(stdout, "Nothing was sent: no record that can go is new or changed.") {
		t.Errorf("the second run does not say that nothing was sent:\n%s", stdout)
	}
	if stdout, _ = s.mustRun(exitAttention, "run", "--dry-run"); !strings.Contains(stdout, "Nothing was sent: it was a dry run.") {
		t.Errorf("the dry run does not say that it sent nothing:\n%s", stdout)
	}
	list, _ := s.mustRun(exitDone, "runs", "list")
	dry := strings.Fields(strings.Split(list, "\n")[1])[0]
	show, _ := s.mustRun(exitDone, "runs", "show", dry)
	if head, _, _ := strings.Cut(show, "\n"); strings.Count(list, "dry run") != 1 || !strings.HasSuffix(head, " dry run") {
		t.Errorf("the dry run is not told as one:\n%s\n%s", list, show)
	}
	if twice := append(s.v.Rethink.Duplicates(), s.v.CentralReach.Duplicates()...); len(twice) > 0 {
		t.Errorf("created twice: %v", twice)
	}
}

func TestOnlyWhatChangedIsSent(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.mustRun(exitAttention, "run")
	before := s.v.Rethink.Calls()["update client"]
	id := goodPatient(t, s.v.Practice)
	s.v.Practice.Patch("patients", id, map[string]any{"address": "77 Changed Way"})
	s.mustRun(exitAttention, "run")
	if got := s.v.Rethink.Calls()["update client"] - before; got != 1 {
		t.Errorf("%d clients were updated, want 1", got)
	}
}

// TestARefusedRecordWasSent: a run whose only record was rejected sent it; the
// night after, in which it stands so, sends nothing.
func TestARefusedRecordWasSent(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.mustRun(exitAttention, "run")
	s.v.Practice.Patch("patients", goodPatient(t, s.v.Practice), map[string]any{"address": "77 Changed Way"})
	s.set("centralreach:\n  enabled: true", "centralreach:\n  enabled: false")
	s.v.Rethink.Inject(loadtest.Status(422, `{"ErrorMessage":"address length exceeded"}`).On("", "/client"))
	for night, says := range []bool{false, true} {
		if stdout, _ := s.mustRun(exitAttention, "run"); strings.Contains(stdout, "Nothing was sent") != says || !strings.Contains(stdout, "rejected") {
			t.Errorf("night %d:\n%s", night+2, stdout)
		}
	}
}

// goodPatient is one that no kind was planted on.
func goodPatient(t *testing.T, p *drchronotest.Practice) string {
	t.Helper()
	odd := map[string]bool{}
	for _, c := range p.Cases() {
		odd[c.ID] = true
	}
	for _, row := range p.Rows("patients") {
		if id := row["id"].(json.Number).String(); !odd[id] {
			return id
		}
	}
	t.Fatal("every patient is odd")
	return ""
}

// secondPage matches the second page of the appointments, in either style of
// paging.
func secondPage(r *http.Request) bool {
	return strings.HasSuffix(r.URL.Path, "/api/appointments") && (r.URL.Query().Has("page") || r.URL.Query().Has("cursor"))
}

func TestABadPageLosesNothing(t *testing.T) {
	t.Parallel()
	faults := map[string]drchronotest.Fault{
		"broken JSON": drchronotest.BrokenJSON(secondPage, 5),
		"HTML":        drchronotest.HTML200(secondPage, 5),
		"no results":  drchronotest.NoResults(secondPage, 5),
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSizedSite(t, drchronotest.Size{Patients: 40, Staff: 8, Appointments: 300}) // two pages of them
			for _, c := range s.v.Practice.CasesOf(drchronotest.KindVirtual) {
				s.v.Practice.Delete("appointments", c.ID)
			}
			s.v.DrChrono.Inject(fault)
			_, stderr := s.mustRun(exitFailed, "run")
			if !strings.Contains(stderr, "appointments") || !strings.Contains(stderr, "page 2") {
				t.Errorf("the error does not name endpoint and page:\n%s", stderr)
			}
			s.mustRun(exitAttention, "run")
			if got, want := s.staged("appointments"), s.v.Practice.Count("appointments"); got != want {
				t.Errorf("%d appointments are staged, want %d", got, want)
			}
		})
	}
}

// staged is how many records of an endpoint the newest run counts as staged.
func (s *site) staged(endpoint string) int {
	s.t.Helper()
	return s.endpointsOf("latest")[endpoint].Staged
}

// canaries are planted in every member of a patient's that holds text, and
// must stand in reconciliation.xlsx made with --phi full and nowhere else.
var canaries = []string{"Canaryfirst", "Canarylast", "Canarystreet", "canary@example.test", "1987-06-05", "Canarycompany"}

func TestPHIStaysInTheWorkbook(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	id := goodPatient(t, s.v.Practice)
	s.v.Practice.Patch("patients", id, map[string]any{"first_name": canaries[0], "last_name": canaries[1], "address": canaries[2],
		"email": canaries[3], "date_of_birth": canaries[4], "zip_code": "bad zip " + canaries[2]})
	var printed string
	for _, args := range [][]string{{"run", "--log-level", "debug"}, {"report", "--phi", "full"}, {"runs", "list"}, {"budget"}} {
		_, stdout, stderr := s.run(args...)
		printed += stdout + stderr
	}
	for _, canary := range canaries {
		if strings.Contains(printed, canary) {
			t.Errorf("%s was printed or logged", canary)
		}
	}
	found := map[string]bool{}
	for path, text := range everyFile(t, s.dir) {
		for _, canary := range canaries {
			if bytes.Contains(text, []byte(canary)) {
				if !strings.Contains(path, "reconciliation.xlsx") {
					t.Errorf("%s stands in %s", canary, path)
				}
				found[canary] = true
			}
		}
	}
	for _, canary := range canaries[:2] {
		if !found[canary] {
			t.Errorf("%s is not in the workbook made with --phi full", canary)
		}
	}
}

// everyFile reads every file below dir, and what is packed inside workbooks.
func everyFile(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		all[path] = text
		if packed, err := zip.NewReader(bytes.NewReader(text), int64(len(text))); err == nil {
			for _, f := range packed.File {
				r, err := f.Open()
				if err != nil {
					return err
				}
				part, err := io.ReadAll(r)
				if err != nil {
					return err
				}
				all[path+"!"+f.Name] = part
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestQuotaStopsAndGoesOn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.set("  client_id: demo-client\n", "  client_id: demo-client\n  calls_per_hour: 8\n  bulk: never\n  nightly_reserve: 0\n")
	if _, stderr := s.mustRun(exitQuota, "run", "--on-quota", "stop"); !strings.Contains(stderr, "run again after that; it goes on with page") {
		t.Errorf("it does not say when calls are left again, and where it goes on:\n%s", stderr)
	}
	s.set("calls_per_hour: 8", "calls_per_hour: 400")
	if _, stderr := s.mustRun(exitAttention, "run"); !strings.Contains(stderr, "not read again") || !strings.Contains(stderr, "doctors") {
		t.Errorf("it does not say what it leaves as the first run read it:\n%s", stderr)
	}
	if _, stderr := s.mustRun(exitAttention, "run"); strings.Contains(stderr, "not read again") {
		t.Errorf("after a whole run everything is read again:\n%s", stderr)
	}
	if got, want := s.staged("patients"), s.v.Practice.Count("patients"); got != want {
		t.Errorf("%d patients are staged, want %d", got, want)
	}
}

func TestOnlyTheNewestRunsAreKept(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.set("drchrono:", "keep: 2\ndrchrono:")
	for range 4 {
		s.mustRun(exitAttention, "run")
	}
	folders, err := filepath.Glob(filepath.Join(s.dir, "out", "2*"))
	if err != nil || len(folders) != 2 {
		t.Errorf("%d folders are left (%v), want 2", len(folders), err)
	}
	stdout, _ := s.mustRun(exitDone, "runs", "list", "--output", "json")
	if runs := decodeJSON[[]map[string]any](t, stdout); len(runs) != 2 {
		t.Errorf("%d runs are left, want 2", len(runs))
	}
	if _, err := os.Stat(filepath.Join(s.dir, "out", "latest", "summary.json")); err != nil {
		t.Errorf("latest is gone: %v", err)
	}
}

// TestInterruptedSaysSo cancels runs early and late: a run that was cut short
// never says that it is done, or that the balance does not close.
func TestInterruptedSaysSo(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, after := range []int32{1, 2, 3} {
		ctx, cancel := context.WithCancelCause(t.Context())
		var calls atomic.Int32
		s.v.DrChrono.Inject(drchronotest.Fault{Times: -1, Match: func(*http.Request) bool {
			if calls.Add(1) > after {
				cancel(signalError(2))
			}
			return false
		}})
		err := runOnce(ctx, &shared{config: s.config, output: "text", logLevel: "error", logFormat: "text", stdout: devNull(t), stderr: devNull(t)}, runFlags{})
		s.v.DrChrono.ClearFaults()
		if signalIn(err) != 2 {
			t.Errorf("cut short after %d calls: error %v, want the signal", after, err)
		}
	}
	stdout, _ := s.mustRun(exitDone, "runs", "list", "--output", "json")
	for _, r := range decodeJSON[[]struct {
		Exit int `json:"exit_code"`
	}](t, stdout) {
		if r.Exit != exitInterrupted {
			t.Errorf("a run that was cut short is recorded with exit code %d, want %d", r.Exit, exitInterrupted)
		}
	}
	s.mustRun(exitAttention, "run")
}

func devNull(t *testing.T) *os.File {
	t.Helper()
	f, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}
