package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestIDsThatAreNumbers: where a destination's ids are numbers, no door takes
// another text, and none repeats it.
func TestIDsThatAreNumbers(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	links := filepath.Join(s.dir, "links.csv")
	for _, id := range []string{"Zoë Canary", "0", "-5", "1.5", "07"} {
		text := "destination,object,source_id,target_id\nrethink,staff,5,77\nrethink,client,1," + id + "\n"
		if err := os.WriteFile(links, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, stderr := s.mustRun(exitUsage, "crosswalk", "import", links, "--as", "Ada Roma")
		if !strings.Contains(stderr, "links.csv line 3: that is no id of rethink") || strings.Contains(stderr, "Canary") {
			t.Errorf("%q: import says %s", id, stderr)
		}
	}
	if out, _ := s.mustRun(exitDone, "crosswalk", "list", "--output", "json"); out != "[]\n" {
		t.Errorf("import kept %s", out)
	}
	enabled := s.open().destinations()
	for _, tt := range []struct {
		destination, object, lookup, id string
		fits                            bool
	}{
		{"rethink", "client", "", "7000001", true}, {"rethink", "funder", "", "abc", false}, {"centralreach", "client", "", "abc", true},
		{"rethink", "", "payCode", "3O1", false}, {"rethink", "", "payCode", "301", true}, {"rethink", "", "serviceLine", "901, 902", true},
		{"rethink", "", "serviceLine", "901;902", false}, {"centralreach", "", "placeOfService", "03", true}, {"centralreach", "", "contactForm", "Client Intake", true},
	} {
		if fault := enabled.wrongFor(tt.destination, tt.object, tt.lookup, tt.id); (fault == "") != tt.fits {
			t.Errorf("%s %s %s %q: %q", tt.destination, tt.object, tt.lookup, tt.id, fault)
		}
	}
}

// TestCheckReadsWhatLookupsGive: an id of the wrong form is told before a record
// is refused for it.
func TestCheckReadsWhatLookupsGive(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.mustRun(exitAttention, "run", "--destinations", "rethink", "--dry-run")
	text, err := os.ReadFile(s.lookupsFile())
	if err != nil {
		t.Fatal(err)
	}
	at := strings.Index(string(text), "payCode:")
	wrong := string(text[:at]) + strings.Replace(string(text[at:]), "301", "3O1", 1)
	if wrong == string(text) {
		t.Fatal("the lookups have no pay code 301")
	}
	s.writeLookups(wrong)
	wantFinding(t, findingsOf(s, exitDone), "warn lookups", "what lookup payCode gives must be a whole number")
}
