package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/sql"
)

// TestImportTellsEveryBadRow at once, whatever is wrong with it, and takes none.
func TestImportTellsEveryBadRow(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	links := filepath.Join(s.dir, "links.csv")
	s.write(links, "destination,object,source_id,target_id\nrethink,client,1,77\n")
	s.mustRun(exitDone, "crosswalk", "import", links)
	s.write(links, "destination,object,source_id,target_id\n"+
		"rethink,client,1,78\nrethink,client,2\nrethink,clown,2,80\nrethink,client,,80\nrethink,client,3,Zed\nrethink,client,4,77\nrethink,client,5,81\nrethink,client,6,81\n")
	_, stderr := s.mustRun(exitUsage, "crosswalk", "import", links, "--as", "Ada Roma")
	for _, want := range []string{"line 2: it is linked to 77 already", "line 3: it has 3 cells, and the header 4", "line 4: rethink clown is no object",
		"line 5: a cell is empty", "line 6: that is no id of rethink", "line 7: their 77 belongs to our 1 already", "line 9: their 81 belongs to our 5 already"} {
		if !strings.Contains(stderr, "links.csv "+want) {
			t.Errorf("nothing says %q:\n%s", want, stderr)
		}
	}
	if out, _ := s.mustRun(exitDone, "crosswalk", "export"); out != "destination,object,source_id,target_id\nrethink,client,1,77\n" {
		t.Errorf("the crosswalk is\n%s", out)
	}
	s.write(links, "destination,object,source_id,target_id\n"+strings.Repeat("rethink,clown,2,80\n", 60))
	if _, stderr := s.mustRun(exitUsage, "crosswalk", "import", links, "--as", "Ada Roma"); !strings.Contains(stderr, "and 10 more") || strings.Contains(stderr, "line 60:") {
		t.Errorf("of 60 bad rows it says\n%s", stderr)
	}
}

// TestCrosswalkRemove takes a link back that stands as it is written, with a name.
func TestCrosswalkRemove(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	links := filepath.Join(s.dir, "links.csv")
	s.write(links, "destination,object,source_id,target_id\nrethink,client,1,78\nrethink,client,2,77\n")
	s.mustRun(exitDone, "crosswalk", "import", links, "--as", "Ada Roma")
	if _, stderr := s.mustRun(exitUsage, "crosswalk", "remove", "rethink", "client", "1", "77", "--as", "Ada Roma"); !strings.Contains(stderr, "it is linked to 78") {
		t.Errorf("of a link that does not stand so it says %s", stderr)
	}
	for _, row := range [][]string{{"1", "78"}, {"2", "77"}} { // they were exchanged
		s.mustRun(exitDone, "crosswalk", "remove", "rethink", "client", row[0], row[1], "--as", "Ada Roma")
	}
	s.write(links, "destination,object,source_id,target_id\nrethink,client,1,77\nrethink,client,2,78\n")
	s.mustRun(exitDone, "crosswalk", "import", links, "--as", "Ada Roma")
	if out, _ := s.mustRun(exitDone, "audit", "list"); strings.Count(out, "crosswalk remove") != 2 {
		t.Errorf("the audit log is\n%s", out)
	}
}

// TestWhatHasNoIDIsRetriedByItsCause alone: that says that it is not there.
func TestWhatHasNoIDIsRetriedByItsCause(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.set("initial_load: api", "initial_load: api\n  readback: false")
	theirs, err := s.v.Rethink.Seed("client", map[string]any{"firstName": "Ada", "lastName": "Roma", "dateOfBirth": "2015-04-02", "genderID": 2})
	if err != nil {
		t.Fatal(err)
	}
	ours, wrong := fmt.Sprint(s.v.Practice.Rows("patients")[0]["id"]), fmt.Sprint(theirs)
	links := filepath.Join(s.dir, "links.csv")
	s.write(links, "destination,object,source_id,target_id\nrethink,client,"+ours+","+wrong+"\n")
	s.mustRun(exitDone, "crosswalk", "import", links, "--as", "Ada Roma")
	s.mustRun(exitAttention, "run", "--destinations", "rethink")
	s.mustRun(exitDone, "crosswalk", "remove", "rethink", "client", ours, wrong)
	s.mustRun(exitAttention, "run")
	if out, _ := s.mustRun(exitDone, "rejects", "list"); !strings.Contains(out, "the id there is not known: 2 records.") { // the client, and its funder
		t.Errorf("what was refused, and what has no id:\n%s", out)
	}
	if _, stderr := s.mustRun(exitUsage, "rejects", "retry", ours, "--as", "Ada Roma"); !strings.Contains(stderr, "--cause no_id") {
		t.Errorf("without its cause it says %s", stderr)
	}
	s.mustRun(exitDone, "rejects", "retry", ours, "--cause", "no_id")
	s.mustRun(exitAttention, "run")
	out, _ := s.mustRun(exitDone, "crosswalk", "list", "--destination", "rethink", "--object", "client", "--output", "json")
	if !slices.ContainsFunc(decodeJSON[[]sql.Link](t, out), func(l sql.Link) bool { return l.SourceID == ours && l.TargetID != wrong }) {
		t.Error("it has no id of its own")
	}
}

// TestLinksWaitForARun that is under way: what it sends may bear the ids of before.
func TestLinksWaitForARun(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	links := filepath.Join(s.dir, "links.csv")
	s.write(links, "destination,object,source_id,target_id\nrethink,client,1,77\n")
	s.mustRun(exitDone, "crosswalk", "import", links, "--as", "Ada Roma")
	s.write(links, "destination,object,source_id,target_id\nrethink,client,1,78\n")
	p, err := openPractice(t.Context(), &shared{config: s.config, logLevel: "error", logFormat: "text", stderr: os.Stderr})
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	if err := p.lease(t.Context(), runLease); err != nil {
		t.Fatal(err)
	}
	correct := []string{"crosswalk", "import", links, "--replace", "--as", "Ada Roma"}
	for _, args := range [][]string{correct, slices.Delete(slices.Clone(correct), 3, 4), {"crosswalk", "remove", "rethink", "client", "1", "77", "--as", "Ada Roma"}} {
		s.mustRun(exitHeld, args...)
	}
	if err := p.store.Release(t.Context(), runLease); err != nil {
		t.Fatal(err)
	}
	s.mustRun(exitDone, correct...)
	if out, _ := s.mustRun(exitDone, "crosswalk", "export"); !strings.HasSuffix(out, "rethink,client,1,78\n") {
		t.Errorf("the crosswalk is\n%s", out)
	}
}

func (s *site) write(path, text string) {
	s.t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}
