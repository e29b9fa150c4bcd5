package main

import (
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// loaded lets the vendor load a file that `export initial` wrote, but for its
// last row, and fills in the ids that it gave.
func (s *site) loaded(path, object string) (rows int) {
	s.t.Helper()
	f, err := os.Open(path)
	if err != nil {
		s.t.Fatal(err)
	}
	table, err := csv.NewReader(f).ReadAll()
	if err := f.Close(); err != nil {
		s.t.Fatal(err)
	}
	if err != nil || len(table) < 3 {
		s.t.Fatalf("%s: %d lines, %v", path, len(table), err)
	}
	for _, row := range table[1 : len(table)-1] {
		fields := map[string]any{}
		for i, cell := range row[len(crosswalkHeader):] {
			if name := table[0][i+len(crosswalkHeader)]; cell != "" {
				fields[name] = cell
				if n, err := strconv.Atoi(cell); err == nil && strings.HasSuffix(strings.ToLower(name), "id") && !strings.Contains(name, "External") && name != "companyStaffId" {
					fields[name] = n
				}
			}
		}
		id, err := s.v.Rethink.Seed(object, fields)
		if err != nil {
			s.t.Fatal(err)
		}
		row[3] = fmt.Sprint(id)
	}
	out, err := os.Create(path)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := csv.NewWriter(out).WriteAll(table); err != nil {
		s.t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		s.t.Fatal(err)
	}
	return len(table) - 1
}

// TestInitialLoad goes the way of a practice whose vendor loads first: held,
// exported, loaded there, imported; then only the rest is created.
func TestInitialLoad(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.set("initial_load: api", "initial_load: vendor\n  readback: false")
	s.mustRun(exitAttention, "run", "--destinations", "rethink")
	if n := s.writes(); n > 0 {
		t.Fatalf("%d writes before the vendor's load", n)
	}
	dir := filepath.Join(s.dir, "initial")
	stdout, _ := s.mustRun(exitDone, "export", "initial", "--dir", dir, "--output", "json")
	var files []initialFile
	if err := json.Unmarshal([]byte(stdout), &files); err != nil || len(files) != 5 {
		t.Fatalf("%d files, %v:\n%s", len(files), err, stdout)
	}
	for _, f := range files {
		info, err := os.Stat(f.Path)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, %v, want 0600", f.Object, info.Mode(), err)
		}
	}
	s.mustRun(exitUsage, "export", "initial", "--dir", dir)
	staff, clients := filepath.Join(dir, "rethink-staff.csv"), filepath.Join(dir, "rethink-client.csv")
	there := s.loaded(staff, "staff") + s.loaded(clients, "client") - 2
	stdout, _ = s.mustRun(exitDone, "crosswalk", "import", staff, clients, "--as", "Ann")
	if !strings.Contains(stdout, fmt.Sprintf("%d links", there)) || !strings.Contains(stdout, "want of a target_id: 2 rows") {
		t.Errorf("import says:\n%s", stdout)
	}
	s.mustRun(exitAttention, "run", "--destinations", "rethink")
	calls := s.v.Rethink.Calls()
	if calls["create staff"] != 1 || calls["create client"] != 1 || calls["update client"] == 0 {
		t.Errorf("calls %v, want one of each created, the rest updated", calls)
	}
	if twice := s.v.Rethink.Duplicates(); len(twice) > 0 {
		t.Errorf("there twice: %v", twice)
	}
	before := s.writes()
	s.mustRun(exitAttention, "run", "--destinations", "rethink")
	if n := s.writes() - before; n > 0 {
		t.Errorf("%d needless writes", n)
	}
	stdout, _ = s.mustRun(exitDone, "audit", "list")
	if !strings.Contains(stdout, "export initial") {
		t.Errorf("the audit log does not tell of the export:\n%s", stdout)
	}
}

func TestCells(t *testing.T) {
	for in, want := range map[string]string{
		`"Ada"`: "Ada", `"=1+1"`: "'=1+1", `"-7"`: "'-7", `"@x"`: "'@x", `""`: "", `12`: "12", `true`: "true", `null`: "",
		`[901,902]`: "901;902", `{"a":1}`: "", `"é=1"`: "é=1",
	} {
		if got := cellOf(jsontext.Value(in)); got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}

// TestLinkFiles: a file may come back from a spreadsheet.
func TestLinkFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "links.csv")
	for text, want := range map[string]string{
		"destination,object,source_id,target_id\nrethink,client,1,7\nrethink,client,2,\n":  "[{rethink client 1 7}] 1",
		"\ufeffdestination;object;source_id;target_id;city\r\nrethink;client;1;7;Troy\r\n": "[{rethink client 1 7}] 0",
		"target_id,source_id,object,destination\n\"7\",1,client,rethink\n":                 "[{rethink client 1 7}] 0",
		"destination,object,source_id\nrethink,client,1\n":                                 "has no column target_id",
		"destination,object,source_id,target_id\nrethink,client,1,\n":                      "no row has a target_id",
		"destination,object,source_id,target_id\nrethink,,1,7\n":                           "[a cell is empty] 0",
		"": "is empty",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		links, blank, err := readLinks([]string{path})
		got := fmt.Sprint(err)
		if err == nil {
			var list []string
			for _, l := range links {
				list = append(list, cmp.Or(l.fault, fmt.Sprintf("{%s %s %s %s}", l.Destination, l.Object, l.SourceID, l.TargetID)))
			}
			got = fmt.Sprint(list, blank)
		}
		if !strings.Contains(got, want) {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}
