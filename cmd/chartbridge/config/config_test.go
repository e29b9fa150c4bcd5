package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// testKey is 32 zero bytes.
const testKey = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

// base is the smallest good config, on lines 1 to 6.
const base = `practice: p
timezone: America/New_York
encryption_key: ${KEY}
drchrono:
  client_id: ${ID}
  client_secret: ${SECRET}
`

func vars(more ...string) func(string) (string, bool) {
	m := map[string]string{"KEY": testKey, "ID": "an-id", "SECRET": "hunter2"}
	for i := 0; i+1 < len(more); i += 2 {
		m[more[i]] = more[i+1]
	}
	return func(name string) (string, bool) {
		v, ok := m[name]
		return v, ok
	}
}

func noFile(path string) ([]byte, error) {
	return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
}

func mustParse(t *testing.T, text string, more ...string) *Config {
	t.Helper()
	c, err := Parse("/etc/cb/config.yaml", []byte(text), vars(more...), noFile)
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	return c
}

func TestDefaults(t *testing.T) {
	c := mustParse(t, base)
	zone := c.Timezone.String()
	c.Timezone = nil
	if zone != "America/New_York" {
		t.Errorf("got zone %s", zone)
	}
	if key, ok := c.Key(); !ok || len(key) != 32 {
		t.Errorf("Key: got %d bytes, %t", len(key), ok)
	}
	want := &Config{
		Practice: "p", EncryptionKey: c.EncryptionKey,
		DataDir:    "/etc/cb/data",
		JournalDir: "/etc/cb/data.journal", OutputDir: "/etc/cb/out", Lookups: "/etc/cb/lookups.yaml",
		Overlap: 25 * time.Hour, QuietPeriod: 15 * time.Minute, RunLimit: 6 * time.Hour,
		Brake: Brake{30, 20, 50}, Keep: 30, Workbook: Workbook{PHI: "masked"},
		DrChrono: DrChrono{
			BaseURL: "https://app.drchrono.com", ClientID: "an-id", ClientSecret: c.DrChrono.ClientSecret,
			CallsPerHour: 500, QuotaWindow: time.Hour, CallsPerTenMin: 290, CallsPerSecond: 8,
			NightlyReserve: 300, Bulk: "auto",
		},
		Rethink: Rethink{
			Route: Route{Demographics: map[string][]string{}}, InitialLoad: "vendor",
			TokenURL: "https://id.rethinkbehavioralhealth.com/connect/token",
			Paths:    RethinkPaths{"/api/client", "/api/staff", "/api/appointment"},
			Readback: true, InFlight: 4, Constants: Constants{}, Names: Names{}, Callback: Callback{Wait: 30 * time.Minute},
		},
		CentralReach: CentralReach{
			Route: Route{Demographics: map[string][]string{}}, InitialLoad: "api",
			BaseURL:  "https://partners-api.centralreach.com/enterprise/v1",
			TokenURL: "https://login.centralreach.com/connect/token", InFlight: 4,
			Write: CentralReachWrite{Clients: true, Employees: true},
		},
		CentralRegistry: CentralRegistry{
			Paths: RegistryPaths{"/login", "/discharge"}, HashAlgorithm: "sha256", Approvers: 1,
		},
		Serve:     Serve{"127.0.0.1:8080", 26 * time.Hour},
		Schedules: []Schedule{{"nightly", "30 2 * * *"}},
	}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Errorf("defaults (-want +got):\n%s", diff)
	}
}

func TestTypedValues(t *testing.T) {
	c := mustParse(t, base+`go_live: 2026-02-03
overlap: ${OVERLAP:26h}
keep: ${KEEP:5}
brake: {changed: "${SHARE:7%}", after: "${AFTER:9}"}
centralreach:
  enabled: ${CR:true}
  client_id: 1
  client_secret: ${SECRET}
  api_key: ${SECRET}
  org_id: 0012
  base_url: http://127.0.0.9:80/x/
  token_url: http://127.0.0.9:80/t/?tenant=%7E1
  route:
    offices: [007, 1e3, "x"]
    demographics: {Program: ABA, 12: [a, 0x1]}
rethink:
  enabled: false
  constants:
    client: {a: 1.50, b: True, c: "007", d: "${TEXT}", e: 2026-01-01, f: <b>}
schedules: []
`, "TEXT", "x: [1, 2] # no structure", "KEEP", "6")
	if c.Keep != 6 || c.Overlap != 26*time.Hour || c.Brake != (Brake{7, 20, 9}) || c.GoLive != "2026-02-03" || len(c.Schedules) != 0 {
		t.Errorf("got keep %d, overlap %s, brake %v, go_live %s, schedules %v", c.Keep, c.Overlap, c.Brake, c.GoLive, c.Schedules)
	}
	if c.CentralReach.OrgID != "0012" || c.CentralReach.BaseURL != "http://127.0.0.9:80/x" {
		t.Errorf("got org_id %q, base_url %q", c.CentralReach.OrgID, c.CentralReach.BaseURL)
	}
	if c.CentralReach.TokenURL != "http://127.0.0.9:80/t/?tenant=%7E1" { // nothing is added to it, so nothing is taken away
		t.Errorf("got token_url %q", c.CentralReach.TokenURL)
	}
	wantRoute := Route{Offices: []string{"007", "1e3", "x"}, Demographics: map[string][]string{"Program": {"ABA"}, "12": {"a", "0x1"}}}
	if diff := cmp.Diff(wantRoute, c.CentralReach.Route); diff != "" {
		t.Errorf("route (-want +got):\n%s", diff)
	}
	got := map[string]string{}
	for field, value := range c.Rethink.Constants["client"] {
		got[field] = string(value)
	}
	want := map[string]string{"a": "1.50", "b": "true", "c": `"007"`, "d": `"x: [1, 2] # no structure"`, "e": `"2026-01-01"`, "f": `"\u003cb\u003e"`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("constants (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"centralreach"}, c.Destinations()); diff != "" {
		t.Errorf("destinations: %s", diff)
	}
}

func TestEnvironmentOverrides(t *testing.T) {
	c := mustParse(t, strings.Replace(base, "${SECRET}", "${UNSET}", 1)+"keep: nonsense\ndata_dir: /x\n",
		"CHARTBRIDGE_KEEP", "3", "CHARTBRIDGE_DATA_DIR", "${KEY}", "CHARTBRIDGE_DRCHRONO_CLIENT_SECRET", "s",
		"CHARTBRIDGE_DRCHRONO_CALLS_PER_HOUR", "100", "CHARTBRIDGE_PRACTICE", "")
	if c.Keep != 3 || c.DataDir != "/etc/cb/${KEY}" || c.DrChrono.ClientSecret.Reveal() != "s" || c.Practice != "p" {
		t.Errorf("got keep %d, data_dir %s, practice %s", c.Keep, c.DataDir, c.Practice)
	}
	if len(c.Warnings) != 0 || len(c.CallWarnings) != 1 || !strings.Contains(c.CallWarnings[0], "nightly_reserve (300)") {
		t.Errorf("got warnings %q and %q, want one about nightly_reserve among the latter", c.Warnings, c.CallWarnings)
	}
}

// TestEnvironmentOverridesLists: a list is written with commas, and what holds
// more as YAML in brackets; an empty variable is as one that is not set.
func TestEnvironmentOverridesLists(t *testing.T) {
	c := mustParse(t, base+"  endpoints: [nonsense]\nrethink: {enabled: false, route: {offices: [1], doctors: [2], demographics: {A: b}}}\n",
		"CHARTBRIDGE_DRCHRONO_ENDPOINTS", "patients, appointments", "CHARTBRIDGE_RETHINK_ROUTE_OFFICES", "[]", "CHARTBRIDGE_RETHINK_ROUTE_DOCTORS", "",
		"CHARTBRIDGE_RETHINK_ROUTE_PATIENT_FLAGS", `["a, b", "${KEY}", 007]`, "CHARTBRIDGE_RETHINK_ROUTE_DEMOGRAPHICS", "{Program: [ABA], 12: x}",
		"CHARTBRIDGE_RETHINK_CONSTANTS_CLIENT", `{a: 1.50, b: "7"}`, "CHARTBRIDGE_SCHEDULES", `[{name: noon, cron: "0 12 * * *"}]`)
	want := Route{Doctors: []string{"2"}, PatientFlags: []string{"a, b", "${KEY}", "007"}, Demographics: map[string][]string{"Program": {"ABA"}, "12": {"x"}}}
	if diff := cmp.Diff(want, c.Rethink.Route); diff != "" {
		t.Errorf("route (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"patients", "appointments"}, c.DrChrono.Endpoints); diff != "" {
		t.Errorf("endpoints (-want +got):\n%s", diff)
	}
	if fields := c.Rethink.Constants["client"]; string(fields["a"]) != "1.50" || string(fields["b"]) != `"7"` {
		t.Errorf("constants %s", fields)
	}
	if len(c.Schedules) != 1 || c.Schedules[0] != (Schedule{"noon", "0 12 * * *"}) {
		t.Errorf("schedules %v", c.Schedules)
	}
	got := faultsOf(t, base, "CHARTBRIDGE_DRCHRONO_ENDPOINTS", "patient", "CHARTBRIDGE_SCHEDULES", "nightly", "CHARTBRIDGE_RETHINK_ROUTE_OFFICES", "[1",
		"CHARTBRIDGE_RETHINK_ROUTE_DEMOGRAPHICS", "{A: 1, A: 2}", "CHARTBRIDGE_RETHINK_ROUTE_DOCTORS", "1,,2", "CHARTBRIDGE_RETHINK_ROUTE_PROFILES", "\xff")
	for _, want := range []string{`environment: CHARTBRIDGE_DRCHRONO_ENDPOINTS: drchrono.endpoints[0]: is none of DrChrono's endpoints; did you mean "patients"?`,
		"environment: CHARTBRIDGE_SCHEDULES: schedules[0]: must be a block of keys", "environment: CHARTBRIDGE_RETHINK_ROUTE_OFFICES: not YAML: ",
		"environment: CHARTBRIDGE_RETHINK_ROUTE_DEMOGRAPHICS: rethink.route.demographics.A: stands twice; remove one",
		"environment: CHARTBRIDGE_RETHINK_ROUTE_DOCTORS: rethink.route.doctors[1]: must not be empty",
		"environment: CHARTBRIDGE_RETHINK_ROUTE_PROFILES: is not UTF-8 text"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not told of:\n%s", want, got)
		}
	}
}

// TestOverrideKeepsSecretsOut still refuses what stands in the file.
func TestOverrideKeepsSecretsOut(t *testing.T) {
	text := strings.Replace(base, "${SECRET}", "hunter2", 1)
	got := faultsOf(t, text, "CHARTBRIDGE_DRCHRONO_CLIENT_SECRET", "s", "CHARTBRIDGE_PRACTICE", "\xff")
	want := `environment: CHARTBRIDGE_PRACTICE: is not UTF-8 text
config.yaml:6: drchrono.client_secret: a secret must not stand in the file; write ${NAME} or ${file:/path}`
	if got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	mustParse(t, strings.Replace(base, "${KEY}", "off", 1), "CHARTBRIDGE_ENCRYPTION_KEY", testKey)
}

// TestADefaultSecretIsToldOf: it is taken where its variable is not set, and
// named without its value either way.
func TestADefaultSecretIsToldOf(t *testing.T) {
	text := strings.Replace(base, "${SECRET}", "${VENDOR:hunter2}", 1)
	for want, variables := range map[string][]string{"hunter2": nil, "set": {"VENDOR", "set"}, "s": {"CHARTBRIDGE_DRCHRONO_CLIENT_SECRET", "s"}} {
		c := mustParse(t, text, variables...)
		told := strings.Join(c.Warnings, "\n")
		if c.DrChrono.ClientSecret.Reveal() != want || !strings.HasPrefix(told, "drchrono.client_secret: a secret stands in the file") || strings.Contains(told, "hunter2") {
			t.Errorf("%v: warnings %q", variables, told)
		}
	}
}

func TestParseCron(t *testing.T) {
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	schedule, err := ParseCron("30 2 * * *")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := schedule.Next(at), at.Add(150*time.Minute); !got.Equal(want) {
		t.Errorf("got %s, want %s", got, want)
	}
	want := "the cron spec never falls due; name a day that exists"
	if _, err := ParseCron("0 0 31 4 *"); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestRouteEmpty(t *testing.T) {
	if !(Route{}).Empty() || (Route{PatientFlags: []string{"x"}}).Empty() {
		t.Error("Empty is wrong")
	}
}

// TestEnvNamesDiffer keeps one variable from overriding two keys.
func TestEnvNamesDiffer(t *testing.T) {
	r := newReader("c.yaml", vars(), noFile)
	if _, err := r.parse([]byte(base)); err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{}
	for key := range r.keys {
		if other, ok := seen[EnvName(key)]; ok {
			t.Errorf("%s and %s share %s", key, other, EnvName(key))
		}
		seen[EnvName(key)] = key
	}
}

func TestLoadWarns(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode fs.FileMode) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	write("open", "hunter2\r\n", 0o644)
	write("closed", testKey+"\n", 0o600)
	text := strings.NewReplacer("${KEY}", "${file:closed}", "${SECRET}", "${file:open}", "${ID}", "${CHARTBRIDGE_ID}").Replace(base)
	write("config.yaml", text, 0o600)
	for name, value := range map[string]string{"CHARTBRIDGE_KEP": "canary", "CHARTBRIDGE_ID": "canary", "CHARTBRIDGE_LOG_LEVEL": "info", "CHARTBRIDGE_KEEP": "4"} {
		t.Setenv(name, value)
	}
	c, err := Load(filepath.Join(dir, "config.yaml"), os.LookupEnv)
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	if c.DrChrono.ClientSecret.Reveal() != "hunter2" || c.Keep != 4 || c.DataDir != filepath.Join(dir, "data") {
		t.Errorf("got keep %d, data_dir %s", c.Keep, c.DataDir)
	}
	all := strings.Join(c.Warnings, "\n")
	if len(c.Warnings) != 2 || !strings.Contains(all, filepath.Join(dir, "open")) || !strings.Contains(all, "CHARTBRIDGE_KEP ") || strings.Contains(all, "canary") {
		t.Errorf("got warnings:\n%s", all)
	}
	if _, err := Load(filepath.Join(dir, "none.yaml"), os.LookupEnv); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Load of no file: got %v", err)
	}
}

// Places are beside the config file, however it is named, the journal's too.
func TestPlacesOfARelativeConfig(t *testing.T) {
	for text, want := range map[string]string{base: "site/data.journal", base + "journal_dir: ./kept\n": "site/kept", base + "data_dir: ./db\n": "site/db.journal"} {
		c, err := Parse("site/config.yaml", []byte(text), vars(), noFile)
		if err != nil {
			t.Fatal(err)
		}
		if c.JournalDir != want {
			t.Errorf("journal_dir is %s, want %s", c.JournalDir, want)
		}
	}
}
