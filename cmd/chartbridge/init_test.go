package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/cmd/chartbridge/config"
)

// setVariables gives every variable that a starting config names a value.
func setVariables(t *testing.T, destinations ...string) {
	t.Helper()
	for _, v := range (initFlags{destinations: destinations}).variables() {
		t.Setenv(v.name, v.like)
	}
}

func initArgs(dir, destinations string) []string {
	return []string{"init", "--dir", dir, "--practice", `the "blue" clinic`, "--timezone", "America/New_York", "--go-live", "2026-01-01", "--destinations", destinations}
}

func TestInitWritesAConfigThatLoads(t *testing.T) {
	for _, destinations := range []string{"", "rethink", "centralreach", "central_registry", "rethink,centralreach,central_registry"} {
		t.Run(destinations, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "new")
			if code, stdout, stderr := runHere(t, initArgs(dir, destinations)...); code != exitDone {
				t.Fatalf("exit code %d\n%s\n%s", code, stdout, stderr)
			}
			setVariables(t, strings.Split(destinations, ",")...)
			cfg, err := config.Load(filepath.Join(dir, "config.yaml"), os.LookupEnv)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(cfg.Destinations(), ","); got != destinations {
				t.Errorf("got destinations %q, want %q", got, destinations)
			}
			if got, want := cfg.Practice, `the "blue" clinic`; got != want {
				t.Errorf("got practice %q, want %q", got, want)
			}
			if key, ok := cfg.Key(); !ok || len(key) != 32 {
				t.Errorf("the key has %d bytes (%v), want 32", len(key), ok)
			}
			if _, err := config.LoadLookups(cfg.Lookups); err != nil {
				t.Error(err)
			}
			for _, name := range []string{"config.yaml", "key", "lookups.yaml"} {
				if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != 0o600 {
					t.Errorf("%s: %v, %v, want mode 0600", name, info, err)
				}
			}
		})
	}
}

func TestInitOverwritesNothing(t *testing.T) {
	dir := t.TempDir()
	key := filepath.Join(dir, "key")
	if err := os.WriteFile(key, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, _, stderr := runHere(t, initArgs(dir, "rethink")...)
	if code != exitUsage || !strings.Contains(stderr, key) {
		t.Errorf("exit code %d, want %d and the file's name:\n%s", code, exitUsage, stderr)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("a refusal left %d files, want the one that was there", len(entries))
	}
	code, stdout, _ := runHere(t, append(initArgs(dir, "rethink"), "--force", "--output", "json")...)
	if code != exitDone || !strings.Contains(stdout, `"kept"`) {
		t.Errorf("with --force: exit code %d\n%s", code, stdout)
	}
	if text, _ := os.ReadFile(key); string(text) != "mine" {
		t.Errorf("the key is now %q", text)
	}
	if _, err := os.Stat(filepath.Join(dir, "config.yaml")); err != nil {
		t.Error(err)
	}
}

func TestInitTellsWhatComesNextAndNoSecret(t *testing.T) {
	dir := t.TempDir()
	_, stdout, _ := runHere(t, initArgs(dir, "rethink")...)
	for _, want := range []string{"DRCHRONO_CLIENT_SECRET", "RETHINK_BASE_URL", "chartbridge check", "lookups template"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("it does not say %q:\n%s", want, stdout)
		}
	}
	key, err := os.ReadFile(filepath.Join(dir, "key"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(stdout, strings.TrimSpace(string(key))) {
		t.Error("the key was printed")
	}
}

// TestInitLeavesEmptyWhatNoFlagGives: check names it with its line, and nothing
// runs before it is filled in.
func TestInitLeavesEmptyWhatNoFlagGives(t *testing.T) {
	for flags, want := range map[string]string{"": "practice timezone", "--destinations rethink --timezone America/New_York": "practice go_live"} {
		dir := t.TempDir()
		path := filepath.Join(dir, "config.yaml")
		code, stdout, stderr := runHere(t, append(strings.Fields("init "+flags), "--config", path, "--output", "json")...)
		if code != exitDone {
			t.Fatalf("%q: exit code %d\n%s", flags, code, stderr)
		}
		if told := decodeJSON[struct {
			Empty []string `json:"fill_in"`
		}](t, stdout); strings.Join(told.Empty, " ") != want {
			t.Errorf("%q: to be filled in are %v, want %s", flags, told.Empty, want)
		}
		setVariables(t, "rethink")
		var faults config.Faults
		if _, err := config.Load(path, os.LookupEnv); !errors.As(err, &faults) || len(faults) != 2 {
			t.Errorf("%q: %v, want the two that are empty", flags, err)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		filled := strings.NewReplacer(`practice: ""`, "practice: p", `timezone: ""`, "timezone: America/New_York", `go_live: ""`, "go_live: 2026-01-01").Replace(string(text))
		if err := os.WriteFile(path, []byte(filled), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := config.Load(path, os.LookupEnv); err != nil {
			t.Errorf("%q, filled in: %v", flags, err)
		}
	}
}

func TestInitRefusesWhatDoesNotFit(t *testing.T) {
	for name, args := range map[string][]string{
		"zone":        {"--practice", "p", "--timezone", "Nowhere/Else"},
		"date":        {"--practice", "p", "--timezone", "America/New_York", "--go-live", "yesterday"},
		"destination": {"--practice", "p", "--timezone", "America/New_York", "--go-live", "2026-01-01", "--destinations", "elsewhere"},
	} {
		dir := t.TempDir()
		code, _, stderr := runHere(t, append([]string{"init", "--dir", dir}, args...)...)
		if code != exitUsage {
			t.Errorf("%s: exit code %d, want %d\n%s", name, code, exitUsage, stderr)
		}
		if entries, _ := os.ReadDir(dir); len(entries) != 0 {
			t.Errorf("%s: a refusal left %d files", name, len(entries))
		}
	}
}
