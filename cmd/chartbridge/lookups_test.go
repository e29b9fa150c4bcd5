package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/cmd/chartbridge/config"
	"github.com/chartbridge/chartbridge/sql"
)

func (s *site) lookupsFile() string { return filepath.Join(s.dir, "lookups.yaml") }

func (s *site) template(args ...string) (string, config.Lookups) {
	s.t.Helper()
	text, _ := s.mustRun(exitDone, append([]string{"lookups", "template"}, args...)...)
	lookups, err := config.ParseLookups("template", []byte(text))
	if err != nil {
		s.t.Fatalf("the template cannot be read back: %v\n%s", err, text)
	}
	return text, lookups
}

func (s *site) writeLookups(text string) {
	s.t.Helper()
	if err := os.WriteFile(s.lookupsFile(), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// lacking reads how many keys the database says that lookups lack.
func (s *site) lacking() []sql.Lacking {
	s.t.Helper()
	p, err := openPractice(s.t.Context(), &shared{config: s.config, logLevel: "error", logFormat: "text", stderr: os.Stderr})
	if err != nil {
		s.t.Fatal(err)
	}
	defer p.close()
	list, err := p.store.LackingLookups(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return list
}

func TestTemplateFilledInLeavesNothingLacking(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.writeLookups("# empty\n")
	s.mustRun(exitAttention, "run")
	before := len(s.lacking())
	text, lookups := s.template()
	for _, lookup := range []string{"staffStatus", "gender", "state", "funder", "appointmentType", "payCode", "serviceLine"} {
		if lookups.Has("rethink", lookup) {
			t.Errorf("%s has an id before anybody gave one", lookup)
		}
		if !strings.Contains(text, "\n  "+lookup+":\n") {
			t.Errorf("the template has no keys of %s", lookup)
		}
	}
	s.writeLookups(strings.NewReplacer(`: "?"`, `: "1"`).Replace(text))
	s.mustRun(exitAttention, "run")
	if after := s.lacking(); before == 0 || len(after) != 0 {
		t.Errorf("%d keys lacked, then %v; want some, then none", before, after)
	}
}

// TestTemplateCountsWhatMustBeKnown: an optional lookup that holds no id makes
// no record invalid.
func TestTemplateCountsWhatMustBeKnown(t *testing.T) {
	unknown := []neededKey{{Key: "1"}, {Key: "2"}}
	for want, needed := range map[string][]neededLookup{
		"Every key that the staged data need has its id": {{Destination: "rethink", Lookup: "location", Optional: notSent, Keys: unknown}},
		"Not known: 2 ids": {{Destination: "rethink", Lookup: "location", Optional: notSent, Keys: unknown}, {Destination: "rethink", Lookup: "payCode", Keys: unknown}},
	} {
		var text strings.Builder
		if err := printTemplate(&text, &shared{}, needed, stagedValues{records: 1}); err != nil || !strings.Contains(text.String(), want) {
			t.Errorf("want %q in (%v)\n%s", want, err, text.String())
		}
	}
}

func TestTemplateKeepsWhatIsKnown(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.mustRun(exitAttention, "run")
	have, err := config.LoadLookups(s.lookupsFile())
	if err != nil {
		t.Fatal(err)
	}
	text, got := s.template()
	for destination, lookups := range have {
		for lookup, ids := range lookups {
			for key, id := range ids {
				if got[destination][lookup][key] != id {
					t.Errorf("%s %s %q: got %q, want %q", destination, lookup, key, got[destination][lookup][key], id)
				}
			}
		}
	}
	for _, want := range []string{`"Nowhere Indemnity": "?"`, `"ZZ": "?"`, "# Main, "} {
		if !strings.Contains(text, want) {
			t.Errorf("the template does not hold %s", want)
		}
	}
	before := len(s.lacking())
	s.writeLookups(regexp.MustCompile(`"(Nowhere Indemnity)": "\?"`).ReplaceAllString(text, `"$1": "507"`))
	s.mustRun(exitAttention, "run")
	if after := len(s.lacking()); after != before-1 {
		t.Errorf("%d keys lacked, then %d; want one less", before, after)
	}
}

func TestTemplateWithNothingStaged(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.writeLookups("# empty\n")
	text, _ := s.template()
	for _, want := range []string{"run --only extract", "rethink:", "clientStatus: {}", "central_registry:", `"crid": "?"`} {
		if !strings.Contains(text, want) {
			t.Errorf("the template does not hold %q:\n%s", want, text)
		}
	}
}

func TestTemplateKeepsDestinationsThatAreOff(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.set("centralreach:\n  enabled: true", "centralreach:\n  enabled: false")
	text, lookups := s.template()
	if id, ok := lookups.Find("centralreach", "contactForm", "client"); !ok || id != "Client" {
		t.Errorf("what the file holds for a destination that is off is lost:\n%s", text)
	}
}

func TestTemplateOfOneDestination(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	text, _ := s.template("--destination", "centralreach")
	if strings.Contains(text, "rethink:") || !strings.Contains(text, "contactForm") {
		t.Errorf("got:\n%s", text)
	}
	s.mustRun(exitUsage, "lookups", "template", "--destination", "elsewhere")
	stdout, _ := s.mustRun(exitDone, "lookups", "template", "--output", "json")
	var list struct{ Lookups []neededLookup }
	if err := json.Unmarshal([]byte(stdout), &list); err != nil || len(list.Lookups) < 10 {
		t.Errorf("%d lookups (%v)", len(list.Lookups), err)
	}
}

func TestTemplateNamesNoPerson(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	id := goodPatient(t, s.v.Practice)
	s.v.Practice.Patch("patients", id, map[string]any{"first_name": canaries[0], "last_name": canaries[1], "address": canaries[2]})
	s.writeLookups("# empty\n")
	s.mustRun(exitDone, "run", "--only", "extract")
	text, _ := s.template()
	for _, canary := range canaries[:3] {
		if strings.Contains(text, canary) {
			t.Errorf("the template holds %s", canary)
		}
	}
}

func TestCommentTextIsOneLine(t *testing.T) {
	for in, want := range map[string]string{"Main": "Main", "a\nb: c": "a b:", " \u2028x\r": "x", "abcdefgh": "abcde", "\xff": "?", "éééééé": "ééééé"} {
		if got := commentText(in, 5); got != want {
			t.Errorf("commentText(%q) = %q, want %q", in, got, want)
		}
	}
}

// A mistyped name is told before anything is read or sent.
func TestMistypedNamesInTheLookupsFileAreRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.writeLookups("rethink:\n  gender: {Male: 1}\n  clientStat: {A: 1}\ncentralreech: {}\n")
	for _, verb := range []string{"run", "plan"} {
		_, stderr := s.mustRun(exitUsage, verb)
		for _, want := range []string{"lookups.yaml:3: rethink.clientStat", `did you mean "clientStatus"?`, "lookups.yaml:4: centralreech", `did you mean "centralreach"?`} {
			if !strings.Contains(stderr, want) {
				t.Errorf("%s: %q is missing from:\n%s", verb, want, stderr)
			}
		}
	}
	wantFinding(t, findingsOf(s, exitUsage), "fail lookups", "lookups.yaml:3")
}
