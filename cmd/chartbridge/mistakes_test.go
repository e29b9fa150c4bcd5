package main

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/sql"
)

// Mistakes of an operator, and what stands in the way: each is refused with a
// sentence that says what to do.

// TestLogFlagsAreHeldByEveryVerb, also by one that logs nothing.
func TestLogFlagsAreHeldByEveryVerb(t *testing.T) {
	for _, verb := range []string{"version", "endpoints", "init", "simulate", "run", "serve", "audit verify"} {
		for flag, value := range map[string]string{"--log-level": "loud", "--log-format": "xml"} {
			code, stdout, stderr := runHere(t, append(strings.Fields(verb), flag, value)...)
			if code != exitUsage || stdout != "" || !strings.Contains(stderr, flag+` "`+value+`": write `) {
				t.Errorf("%s %s %s: exit code %d\n%s%s", verb, flag, value, code, stdout, stderr)
			}
		}
	}
}

// TestAWrongVariableIsNamed, and not the flag that nobody gave.
func TestAWrongVariableIsNamed(t *testing.T) {
	for _, name := range []string{"CHARTBRIDGE_OUTPUT", "CHARTBRIDGE_LOG_LEVEL", "CHARTBRIDGE_LOG_FORMAT"} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, "loud")
			if code, _, stderr := runHere(t, "version"); code != exitUsage || !strings.Contains(stderr, name+` "loud": write `) {
				t.Errorf("exit code %d, %s", code, stderr)
			}
		})
	}
}

// TestTheLastWordIsALineOfTheLog where that is JSON, at any level.
func TestTheLastWordIsALineOfTheLog(t *testing.T) {
	t.Parallel()
	for _, level := range []string{"debug", "panic"} {
		code, _, stderr := runHere(t, "shapes", "no\nne", "--log-format", "json", "--log-level", level)
		var line struct{ Level, Msg string }
		if err := json.Unmarshal([]byte(stderr), &line); err != nil || code != exitUsage || line.Level != "error" || !strings.Contains(line.Msg, "shapes") {
			t.Errorf("exit code %d, %v: %s", code, err, stderr)
		}
	}
}

func TestMistakesAreUsageErrors(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, args := range [][]string{{"run", "--only", "nothing"}, {"run", "--on-quota", "beg"}, {"run", "--endpoints", "patient"},
		{"run", "--destinations", "elsewhere"}, {"report", "--phi", "some"}, {"report", "--run", "none"}, {"runs", "show", "none"}, {"crosswalk", "list", "--destination", "elsewhere"}, {"crosswalk", "export", "--object", "clown"}, {"shapes", "none"}} {
		s.mustRun(exitUsage, args...)
	}
	if code, _, stderr := runHere(t, "run", "--config", s.dir); code != exitUsage || !strings.Contains(stderr, s.dir+" is a folder: name the config file in it") || strings.Contains(stderr, "init") {
		t.Errorf("a folder as the config: exit code %d, %s", code, stderr)
	}
	if code, _, stderr := runHere(t, "run", "--config", filepath.Join(s.dir, "missing.yaml")); code != exitUsage || !strings.Contains(stderr, "`chartbridge init --config ") {
		t.Errorf("a missing config: exit code %d, %s", code, stderr)
	}
	if _, _, stderr := runHere(t, "serve", "--config", filepath.Join(s.dir, "missing.yaml")); !strings.Contains(stderr, "`chartbridge init --config "+filepath.Join(s.dir, "missing.yaml")+"`") {
		t.Errorf("serve by a missing config: %s", stderr)
	}
	for _, path := range []string{filepath.Join(s.dir, "missing.yaml"), s.dir} {
		if code, _, stderr := runHere(t, "shapes", "--config", path); code != exitUsage || !strings.Contains(stderr, path) {
			t.Errorf("shapes by %s: exit code %d, %s", path, code, stderr)
		}
	}
}

// The names of members are written as in every other JSON, and an account's
// own names of fields are shown where a config gives them.
func TestShapesSpeakAsTheConfigDoes(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.set("  initial_load: api\n", "  initial_load: api\n  names: {client: {clientExternalId: ExtRef}}\n")
	out, _ := s.mustRun(exitDone, "shapes", "rethink/client", "--output", "json")
	var names []string
	for _, shape := range decodeJSON[[]struct{ Fields []map[string]any }](t, out) {
		for _, f := range shape.Fields {
			name, _ := f["name"].(string)
			names = append(names, name)
		}
	}
	if !slices.Contains(names, "ExtRef") || slices.Contains(names, "clientExternalId") {
		t.Errorf("the fields are %v", names)
	}
}

func TestAMissingWorkbookIsNamedOnce(t *testing.T) {
	t.Parallel()
	if _, stderr := newSite(t).mustRun(exitUsage, "decide", "no.xlsx"); stderr != "chartbridge: there is no workbook at no.xlsx\n" {
		t.Errorf("got: %s", stderr)
	}
}

func TestAConfigFaultNamesItsLine(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.set("go_live:", "go_life:")
	_, stderr := s.mustRun(exitUsage, "run")
	if !strings.Contains(stderr, "config.yaml:4: go_life: unknown key; did you mean \"go_live\"?") {
		t.Errorf("got:\n%s", stderr)
	}
}

func TestTheLeaseIsExclusive(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p, err := openPractice(t.Context(), &shared{config: s.config, logLevel: "error", logFormat: "text", stderr: os.Stderr})
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	if err := p.store.Lease(t.Context(), runLease, p.clock.Now(), leaseLife); err != nil {
		t.Fatal(err)
	}
	s.mustRun(exitHeld, "run")
	if stdout, _ := s.mustRun(exitHeld, "run", "--dry-run"); stdout != "" {
		t.Errorf("a dry run that never began says:\n%s", stdout)
	}
}

func TestWithoutAKeyOnlyAsWrittenOut(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.set("encryption_key: ${file:key}", "encryption_key: off")
	s.mustRun(exitAttention, "run")
	s.set("encryption_key: off", "encryption_key: ${file:key}")
	if code, _, stderr := s.run("run"); code != exitUsage || !strings.Contains(stderr, "encryption_key") {
		t.Errorf("another key on an old database: exit code %d\n%s", code, stderr)
	}
}

func TestAFolderThatCannotBeWrittenStopsTheRun(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	if err := os.WriteFile(filepath.Join(s.dir, "out"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, stderr := s.mustRun(exitFailed, "run")
	if !strings.Contains(stderr, "output_dir") || s.writes() != 0 {
		t.Errorf("%d writes were made; stderr:\n%s", s.writes(), stderr)
	}
}

func TestUnknownVerbsAreUsageErrors(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"frobnicate"}, {"runs", "frob"}, {"runs"}, {}, {"version", "--output", "xml"}, {"completion"}, {"completion", "foo"}} {
		if code, _, stderr := runHere(t, args...); code != exitUsage || stderr == "" {
			t.Errorf("chartbridge %v: exit code %d, %q; want %d and what to do", args, code, stderr, exitUsage)
		}
	}
}

// TestAMissingArgumentIsNamed, and so is one too many.
func TestAMissingArgumentIsNamed(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"trace": "ENDPOINT and ID are missing", "trace doctors": "ID is missing", "trace doctors 1 2": `"2" is too much`, "run now": `"now" is too much`,
		"crosswalk import --as Bo": "FILE.csv is missing", "shapes a b": `"b" is too much`, "decide a.xlsx b.xlsx": `"b.xlsx" is too much`,
		"completion foo": "it has bash", "decide no.xlsx --undo --apply": "--apply does not go with --undo",
		"simulate --patients -1": "--patients -1", "demo --appointments -1": "--appointments -1",
	} {
		if code, _, stderr := runHere(t, strings.Fields(line)...); code != exitUsage || !strings.Contains(stderr, want) {
			t.Errorf("chartbridge %s: exit code %d, %q; want %d and %q", line, code, stderr, exitUsage, want)
		}
	}
}

// TestAnotherPracticesDatabaseIsRefused: its records would go to the accounts
// of this one.
func TestAnotherPracticesDatabaseIsRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.mustRun(exitDone, "runs", "list")
	s.set("practice: demo-practice", "practice: other-practice")
	for _, args := range [][]string{{"run"}, {"plan"}, {"check"}} {
		stdout, stderr := s.mustRun(exitUsage, args...)
		if says := stdout + stderr; !strings.Contains(says, `practice "demo-practice", and the config names "other-practice"`) || !strings.Contains(says, "state renamed") {
			t.Errorf("%v says %s", args, says)
		}
	}
	if s.writes() != 0 {
		t.Error("something was sent")
	}
	s.mustRun(exitDone, "state", "renamed", "--as", "Ada Roma")
	s.mustRun(exitDone, "runs", "list")
	if out, _ := s.mustRun(exitDone, "audit", "list"); !strings.Contains(out, "state renamed") || !strings.Contains(out, "Ada Roma") {
		t.Errorf("the audit log does not tell who renamed it: %s", out)
	}
}

// TestDataAreOnStdoutAsAsked: what a verb shows or did is JSON where that is
// asked for, also where it is nothing.
func TestDataAreOnStdoutAsAsked(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, args := range [][]string{{"crosswalk", "list"}, {"crosswalk", "export"}, {"uncertain", "list"}, {"discharges", "list"}, {"rejects", "list"},
		{"runs", "list"}, {"state", "list"}, {"audit", "list"}, {"decide", "--imports"}} {
		out, _ := s.mustRun(exitDone, append(args, "--output", "json")...)
		if strings.HasPrefix(args[0], "audit") { // the export left a line
			decodeJSON[[]map[string]any](t, out)
		} else if out != "[]\n" {
			t.Errorf("%v of nothing: %q, want an empty list", args, out)
		}
	}
	links := filepath.Join(s.dir, "links.csv")
	if err := os.WriteFile(links, []byte("destination,object,source_id,target_id\nrethink,client,1,77\nrethink,client,2,\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, told := s.mustRun(exitDone, "crosswalk", "import", links, "--as", "Ada Roma", "--output", "json")
	if got := decodeJSON[map[string]int](t, out); got["imported"] != 1 || got["without_target_id"] != 1 || got["not_staged"] != 1 {
		t.Errorf("import says %v", got)
	}
	if !strings.Contains(told, "links.csv line 2: is it DrChrono's id?") {
		t.Errorf("nothing is staged, and the import says %q", told)
	}
	out, _ = s.mustRun(exitDone, "crosswalk", "export", "--output", "json")
	if got := decodeJSON[[]sql.Link](t, out); len(got) != 1 || got[0].SourceID != "1" || got[0].TargetID != "77" {
		t.Errorf("export gives %v", got)
	}
	out, _ = s.mustRun(exitDone, "crosswalk", "export")
	if rows, err := csv.NewReader(strings.NewReader(out)).ReadAll(); err != nil || len(rows) != 2 {
		t.Errorf("export as text: %q (%v), want CSV", out, err)
	}
}

// TestTextsAreUTF8: an id that a spreadsheet saved in another encoding is refused
// with its line and what helps, and nothing of its file is taken. A name in a
// column that is passed over may be written as it likes.
func TestTextsAreUTF8(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	links := filepath.Join(s.dir, "links.csv")
	write := func(rows string) {
		if err := os.WriteFile(links, []byte("destination,object,source_id,target_id,name\n"+rows), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("rethink,client,1,77,M\xfcller\nrethink,client,2,M\xfcller-7,\n")
	_, stderr := s.mustRun(exitUsage, "crosswalk", "import", links, "--as", "Ada Roma")
	if !strings.Contains(stderr, "links.csv line 3: an id is not UTF-8") || !strings.Contains(stderr, `save it as "CSV UTF-8"`) {
		t.Errorf("import says %s", stderr)
	}
	if out, _ := s.mustRun(exitDone, "crosswalk", "list", "--output", "json"); out != "[]\n" {
		t.Errorf("import kept %s", out)
	}
	write("rethink,client,1,77,M\xfcller\ncentralreach,client,2,Müller-7,\n")
	s.mustRun(exitDone, "crosswalk", "import", links, "--as", "Ada Roma")
	for _, args := range [][]string{{"crosswalk", "import", links, "--as", "Zo\xeb"},
		{"uncertain", "resolve", "1", "--present", "M\xfcller-7", "--evidence", "seen", "--as", "Ada Roma"},
		{"uncertain", "resolve", "1", "--absent", "--evidence", "M\xfcller", "--as", "Ada Roma"}} {
		if _, stderr := s.mustRun(exitUsage, args...); !strings.Contains(stderr, "not UTF-8; set the terminal to UTF-8") {
			t.Errorf("%q says %s", args, stderr)
		}
	}
}

// TestAReserveAboveTheLimit is told to who reads from DrChrono, and to nobody else.
func TestAReserveAboveTheLimit(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.set("drchrono:\n", "drchrono:\n  nightly_reserve: 1000000\n")
	for args, want := range map[string]bool{"run --only extract": true, "backfill --dry-run --from 2026-01-01": true, "check": true,
		"run --only transform": false, "discharges list": false, "runs list": false} {
		_, stdout, stderr := s.run(strings.Fields(args)...)
		if got := strings.Contains(stdout+stderr, "nightly_reserve (1000000)"); got != want {
			t.Errorf("%s: warns is %v, want %v:\n%s%s", args, got, want, stdout, stderr)
		}
	}
}
