//go:build deep

package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A removal takes one guarantee out of the program, by a copy of a file that
// only one compilation sees, and names the test that must turn red.
type removal struct {
	what, file, old, new string
	pkg, test            string
}

var removals = []removal{
	{"the intent before the request", "load/send.go", "		intended, err := l.intend(ds[:n])\n		if err != nil {\n			return ds, err\n		}\n		f.put(intended)\n",
		"		f.put(ds[:n])\n		answers := f.answered(0)\n		intended, err := l.intend(ds[:n])\n		if err != nil {\n			return ds, err\n		}\n" +
			"		for i := range answers {\n			for _, d := range intended {\n				if d.TargetRow == answers[i].TargetRow {\n					answers[i].ID = d.ID\n				}\n			}\n		}\n		l.take(answers)\n",
		"./cmd/chartbridge", "TestFaultTable/killed_at_call_8"},
	{"the quiet period", "load/settle.go", "s.Clock.Now().Add(-s.Quiet)", "s.Clock.Now()", "./load", "TestContract"},
	{"synchronous=FULL", "sql/store.go", `"synchronous = FULL"`, `"synchronous = NORMAL"`, "./sql", "TestOpenRefuses"},
	{"synchronous=FULL again after what may come later", "sql/tx.go", `"PRAGMA synchronous = FULL"`, `"PRAGMA synchronous = NORMAL"`, "./cmd/chartbridge", "TestFaultTable/power_cut,_all/act_3.$"},
	{"redirects of writes not followed", "load/transport.go", "return http.ErrUseLastResponse", "return nil", "./load", "TestWritesStayHome"},
	{"redirects of reads not followed", "extract/drchrono/transport.go", "return http.ErrUseLastResponse", "return nil", "./extract/drchrono", "TestRedirectsByHand"},
	{"one live create", "sql/schema/0001_initial.sql", "CREATE UNIQUE INDEX one_create", "CREATE INDEX one_create", "./sql", "TestOneLiveCreate"},
	{"one open delivery", "sql/schema/0001_initial.sql", "CREATE UNIQUE INDEX one_open", "CREATE INDEX one_open", "./sql", "TestOneOpenDelivery"},
	{"one refresh at a time", "sql/query/ledger.sql", "AND (state = 'active' OR", "AND (1 OR state = 'active' OR", "./sql", "TestTokenClaim"},
	{"approval before a discharge", "sql/schema/0012_journal.sql", "NEW.state <> 'uncertain'", "0", "./sql", "TestUnapprovedDischarge"},
	{"the journal of discharges", "sql/discharges.go", "l.Destination != destination || !l.spent()", "true || l.Destination != destination", "./sql", "TestADischargeOfTheJournalIsNotSentAgain"},
	{"the epoch", "sql/epoch.go", "err == nil && knows != seen", "false && knows != seen", "./sql", "TestAnOlderDatabaseSendsNothing"},
	{"sealing", "sql/seal.go", "	if s.aead == nil {\n		return append([]byte{formatPlain}", "	if true {\n		return append([]byte{formatPlain}", "./sql", "TestDeliveriesAreSealed"},
	{"associated data", "sql/seal.go", `return []byte(strings.Join(place, "\x1f")`, `return []byte(strings.Join(nil, "\x1f")`, "./sql", "TestDeliveriesAreSealed"},
	{"the scrubbing of lines", "cmd/chartbridge/scrub.go", "	line, err := f.Formatter.Format(e)\n	return []byte(f.text(string(line))), err", "	return f.Formatter.Format(e)", "./cmd/chartbridge", "TestTheLogIsScrubbedAtLast"},
}

// TestEveryGuaranteeIsNeeded removes each guarantee once. A suite that stays
// green without it would prove nothing.
func TestEveryGuaranteeIsNeeded(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	table := []string{"", "removed                                  turns red"}
	for _, r := range removals {
		t.Run(r.what, func(t *testing.T) {
			out, err := r.run(t, root)
			red := err != nil && strings.Contains(out, "--- FAIL")
			word := "NOTHING"
			if red {
				_, rest, _ := strings.Cut(out, "--- FAIL: ")
				word, _, _ = strings.Cut(rest, " ")
			}
			table = append(table, r.what+strings.Repeat(" ", max(1, 41-len(r.what)))+word)
			if !red {
				t.Errorf("without %s the suite stays green, or does not compile:\n%s", r.what, out)
			}
		})
	}
	t.Log(strings.Join(table, "\n"))
}

// run compiles the program without the guarantee and runs the test.
func (r removal) run(t *testing.T, root string) (string, error) {
	t.Helper()
	path := filepath.Join(root, r.file)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), r.old) {
		t.Fatalf("%s does not hold what is to be removed", r.file)
	}
	dir := t.TempDir()
	without, overlay := filepath.Join(dir, filepath.Base(r.file)), filepath.Join(dir, "overlay.json")
	replaced, err := json.Marshal(map[string]any{"Replace": map[string]string{path: without}})
	if err != nil {
		t.Fatal(err)
	}
	for file, text := range map[string]string{without: strings.ReplaceAll(string(text), r.old, r.new), overlay: string(replaced)} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	args := []string{"test", "-tags", pick(strings.Contains(r.test, "power"), "deep", ""), "-overlay", overlay, r.pkg}
	if r.test != "" {
		args = append(args, "-run", r.test)
	}
	cmd := exec.Command("go", args...)
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	return string(out), err
}
