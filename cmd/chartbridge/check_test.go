package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/cmd/chartbridge/config"
	"github.com/chartbridge/chartbridge/extract/drchronotest"
)

// findingsOf runs check and gives its findings by status and check.
func findingsOf(s *site, want int, args ...string) map[string]string {
	s.t.Helper()
	stdout, _ := s.mustRun(want, append([]string{"check", "--output", "json"}, args...)...)
	var result struct {
		Exit   int `json:"exit_code"`
		Checks []finding
	}
	if err := json.Unmarshal([]byte(stdout), &result); err != nil {
		s.t.Fatalf("%v\n%s", err, stdout)
	}
	if result.Exit != want {
		s.t.Errorf("the JSON says exit code %d, want %d", result.Exit, want)
	}
	found := map[string]string{}
	for _, f := range result.Checks {
		found[f.Status+" "+f.Check] += f.Text + "\n"
	}
	return found
}

func wantFinding(t *testing.T, found map[string]string, which, text string) {
	t.Helper()
	if got, ok := found[which]; !ok || !strings.Contains(got, text) {
		t.Errorf("%s: got %q, want it to hold %q; all: %v", which, got, text, found)
	}
}

func TestCheckOfAGoodSite(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	found := findingsOf(s, exitDone)
	if strings.Contains(found["ok quota"], "newest run") {
		t.Errorf("there was no run yet, and the quota says %s", found["ok quota"])
	}
	for _, check := range []string{"config", "secrets", "data_dir", "output_dir", "database", "zone", "drchrono", "clock", "token", "scopes", "quota",
		"rethink", "centralreach", "central_registry"} {
		wantFinding(t, found, "ok "+check, "")
	}
	wantFinding(t, found, "warn lookups", "nothing is staged yet")
	wantFinding(t, found, "warn routes", "nothing is staged yet")
	wantFinding(t, found, "warn unconfirmed", "rethink: ")
	wantFinding(t, found, "warn unconfirmed", "drchrono: a visit's status")
	if got := s.writes(); got != 0 {
		t.Errorf("check made %d writes, want none", got)
	}
	stdout, _ := s.mustRun(exitDone, "check")
	if !strings.Contains(stdout, "ok    drchrono") || !strings.Contains(stdout, " 0 failed") {
		t.Errorf("got:\n%s", stdout)
	}
}

func TestCheckWarnsOfAShortOverlap(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.set("drchrono:\n", "overlap: 2h\ndrchrono:\n")
	wantFinding(t, findingsOf(s, exitDone), "warn overlap", "2h0m0s")
}

func TestCheckCountsItsCall(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.mustRun(exitDone, "check")
	stdout, _ := s.mustRun(exitDone, "budget")
	if !strings.Contains(stdout, "users") || !strings.Contains(stdout, "token") {
		t.Errorf("the ledger lacks check's calls:\n%s", stdout)
	}
}

func TestCheckNamesWhatLookupsLack(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.mustRun(exitAttention, "run")
	wantFinding(t, findingsOf(s, exitDone), "warn lookups", `rethink funder lacks "Nowhere Indemnity" (1 record)`)
	text, err := os.ReadFile(s.lookupsFile())
	if err != nil {
		t.Fatal(err)
	}
	s.writeLookups(strings.Replace(string(text), `"Complete": 2`, `"Complete": 3`, 1))
	wantFinding(t, findingsOf(s, exitDone), "warn lookups", "rethink appointmentStatus gives Complete the id 3")
	s.writeLookups(strings.Replace(string(text), "  gender:\n", "  insurancePlan:\n", 1))
	found := findingsOf(s, exitDone)
	wantFinding(t, found, "warn lookups", "rethink gender holds no id at all")
}

// TestTwoDemographicsForOneField: check names the second with its line.
func TestTwoDemographicsForOneField(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.writeLookups("centralreach:\n  metadata:\n    \"801\": 51\n    \"802\": 52\n    \"805\": \"51\"\n")
	wantFinding(t, findingsOf(s, exitDone), "warn lookups", "lookups.yaml:5: centralreach.metadata: fills the same metadata field as line 3")
}

// TestALookupsFileThatIsNotThere: where the config names it, it is a fault of the
// config, and nothing is mapped without it; where it does not, a warning.
func TestALookupsFileThatIsNotThere(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	if err := os.Rename(s.lookupsFile(), s.lookupsFile()+".kept"); err != nil {
		t.Fatal(err)
	}
	const fault = "lookups: there is no lookups file at"
	wantFinding(t, findingsOf(s, exitUsage), "fail lookups", fault)
	for _, verb := range [][]string{{"run"}, {"plan"}, {"push", "--plan", "x"}, {"serve"}} {
		if code, _, stderr := s.run(verb...); code != exitUsage || !strings.Contains(stderr, "config.yaml:") || !strings.Contains(stderr, fault) {
			t.Errorf("%v: exit code %d, want %d with the config's line\n%s", verb, code, exitUsage, stderr)
		}
	}
	s.mustRun(exitDone, "run", "--only", "extract")
	s.mustRun(exitDone, "lookups", "template")
	s.set("lookups: ./lookups.yaml\n", "")
	wantFinding(t, findingsOf(s, exitDone), "warn lookups", "there is no lookups file")
	if err := os.Mkdir(s.lookupsFile(), 0o700); err != nil {
		t.Fatal(err)
	}
	wantFinding(t, findingsOf(s, exitUsage), "fail lookups", "cannot be read")
}

func TestCheckCountsPatientsThatAnOpenRouteWouldSend(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.mustRun(exitAttention, "run")
	ids := s.v.Practice.DemographicIDs()
	want := 0
	for _, p := range s.v.Practice.Rows("patients") {
		if demographicOf(p, ids["crid"]) != "" {
			want++
		}
	}
	if want == 0 {
		t.Fatal("the practice has no patient with a CRID")
	}
	wantFinding(t, findingsOf(s, exitDone), "warn routes", fmt.Sprintf("rethink has no filter: %d staged patient", want))
	s.route(fmt.Sprintf("{offices: [%d]}", s.v.Practice.Offices()[0].ID))
	found := findingsOf(s, exitDone)
	wantFinding(t, found, "ok routes", "the route of rethink lets in ")
	if strings.Contains(found["warn routes"], "rethink") {
		t.Errorf("a route with a filter counts as open: %s", found["warn routes"])
	}
	s.writeLookups("# empty\n")
	wantFinding(t, findingsOf(s, exitDone), "warn routes", "does not name crid")
}

func TestCheckOfConfigFaults(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.set("go_live:", "go_life:")
	wantFinding(t, findingsOf(s, exitUsage), "fail config", "go_life: unknown key")
	if code, stdout, _ := runHere(t, "check", "--config", filepath.Join(s.dir, "missing.yaml")); code != exitUsage || !strings.Contains(stdout, "chartbridge init") {
		t.Errorf("a missing config: exit code %d\n%s", code, stdout)
	}
	s.set("go_life:", "go_live:")
	s.writeLookups("rethink: [1]\n")
	wantFinding(t, findingsOf(s, exitUsage), "fail lookups", "lookups.yaml:1")
}

func TestCheckOfVendorsThatFail(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ old, new, which string }{
		"rethink refuses":    {"  client_id: demo-client\n  client_secret: ${file:secret}\n  constants", "  client_id: other\n  client_secret: ${file:secret}\n  constants", "fail rethink"},
		"organisation":       {"org_id: 1234", "org_id: 99", "fail centralreach"},
		"registry refuses":   {"password: ${file:secret}", "password: ${file:api-key}", "fail central_registry"},
		"consent":            {"refresh_token: ${file:refresh-token}", "refresh_token: ${file:api-key}", "fail drchrono"},
		"nothing there":      {"/drchrono\n", "/nowhere\n", "fail drchrono"},
		"rethink is nowhere": {"token_url: ", "token_url: http://127.0.0.1:1/not/ # ", "fail rethink"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.set(c.old, c.new)
			found := findingsOf(s, exitEnvironment)
			wantFinding(t, found, c.which, "")
			for which, text := range found {
				if strings.Contains(text, simSecret) || strings.Contains(text, simAPIKey) {
					t.Errorf("%s shows a secret: %s", which, text)
				}
			}
		})
	}
}

func TestCheckOfFolders(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.set("output_dir: ./out", "output_dir: ./key/out")
	wantFinding(t, findingsOf(s, exitFailed), "fail output_dir", "cannot be made")
	s.set("output_dir: ./key/out", "output_dir: ./out")
	s.set("data_dir: ./data", "data_dir: ./key/data")
	wantFinding(t, findingsOf(s, exitFailed), "fail database", "")
	s.set("data_dir: ./key/data", "data_dir: ./data")
	if err := os.Chmod(filepath.Join(s.dir, "data"), 0o755); err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	if err := os.Chmod(s.config, 0o666); err != nil {
		t.Fatal(err)
	}
	wantFinding(t, findingsOf(s, exitDone), "warn config", "others may change it")
}

func TestCheckOfAnotherKey(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.mustRun(exitDone, "check")
	other := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))
	if err := os.WriteFile(filepath.Join(s.dir, "other-key"), []byte(other), 0o600); err != nil {
		t.Fatal(err)
	}
	s.set("encryption_key: ${file:key}", "encryption_key: ${file:other-key}")
	wantFinding(t, findingsOf(s, exitUsage), "fail database", "encryption_key is not the key")
}

func TestCheckNamesSecretsFromTheEnvironment(t *testing.T) {
	s := newSite(t)
	t.Setenv("SOME_SECRET", simSecret)
	s.set("client_secret: ${file:secret}", "client_secret: ${SOME_SECRET}")
	found := findingsOf(s, exitDone)
	wantFinding(t, found, "warn secrets", "SOME_SECRET")
	if strings.Contains(found["warn secrets"], simSecret) {
		t.Error("the secret itself is shown")
	}
}

func TestCheckOfScopes(t *testing.T) {
	c := &preflight{practice: &practice{config: &config.Config{}}}
	c.config.DrChrono.Endpoints = []string{"patients", "appointments"}
	c.checkScopes([]string{"patients:read", "calendar:read"})
	if f := c.findings[0]; f.Status != "warn" || !strings.Contains(f.Text, "appointments needs clinical:read") || strings.Contains(f.Text, "patients needs") {
		t.Errorf("got %+v", f)
	}
	c.checkScopes([]string{"patients:read", "calendar:read", "clinical:read"})
	if f := c.findings[1]; f.Status != "ok" {
		t.Errorf("got %+v", f)
	}
}

func TestCheckOfEndpoints(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.set("drchrono:\n", "drchrono:\n  endpoints: [patients, tasks, ccda]\n")
	wantFinding(t, findingsOf(s, exitDone), "warn endpoints", "lacks doctors")
	s.set("[patients, tasks, ccda]", "[patient]")
	wantFinding(t, findingsOf(s, exitUsage), "fail config", "drchrono.endpoints[0]: is none of DrChrono's endpoints")
}

func TestCheckWithoutCallsLeft(t *testing.T) {
	t.Parallel()
	s := newSizedSite(t, drchronotest.MinSize)
	s.set("  client_id: demo-client\n", "  client_id: demo-client\n  calls_per_hour: 2\n  nightly_reserve: 0\n")
	s.mustRun(exitDone, "check") // one for the token, one for the question
	found := findingsOf(s, exitDone)
	wantFinding(t, found, "warn drchrono", "not asked")
	wantFinding(t, found, "warn quota", "0 of 2 calls left")
}

// Every failure says what to do, as the last line promises.
func TestEveryFailureOfCheckSaysWhatToDo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		old, new, want string
		failed         int
	}{
		"one unset variable": {"client_id: demo-client\n", "client_id: ${CHARTBRIDGE_TEST_UNSET}\n", "1 check failed; what to do stands below it", 1},
		"two faults":         {"go_live: ", "go_life: ", "2 checks failed; what to do stands below each", 2},
		"no such file":       {"${file:key}", "${file:nowhere}", "1 check failed", 1},
		"another key":        {"${file:key}", "${file:other}", "1 check failed", 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			other := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))
			if err := os.WriteFile(filepath.Join(s.dir, "other"), []byte(other), 0o600); err != nil {
				t.Fatal(err)
			}
			s.mustRun(exitDone, "budget") // begins the database
			s.set(c.old, c.new)
			_, stdout, stderr := s.run("check")
			var failed, told int
			lines := strings.Split(stdout, "\n")
			for i, line := range lines {
				if strings.HasPrefix(line, "fail") {
					failed++
					for i++; i < len(lines) && strings.HasPrefix(lines[i], "      "); i++ {
						if strings.Contains(lines[i], "-> ") {
							told++
						}
					}
				}
			}
			if failed != c.failed || told != failed || !strings.Contains(stderr, c.want) {
				t.Errorf("%d failures, %d say what to do, the end is %q; want %d and %q:\n%s", failed, told, stderr, c.failed, c.want, stdout)
			}
		})
	}
}
