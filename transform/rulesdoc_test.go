package transform_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	testName  = regexp.MustCompile(`\b(?:Test|Fuzz)[A-Z]\w*`)
	testFunc  = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)[A-Z]\w*)\(`)
	codePlace = regexp.MustCompile("^`([^`]+)` (\\w+)$")
)

// TestRulesNameTheirTests reads the tables of docs/rules.md: each row names
// tests, and a place in the code, that exist.
func TestRulesNameTheirTests(t *testing.T) {
	text, err := os.ReadFile("../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	tests := testsOf(t, "..")
	rows := 0
	for _, line := range strings.Split(string(text), "\n") {
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		if !strings.HasPrefix(line, "|") || len(cells) < 2 || cells[0] == "Rule" {
			continue
		}
		rows++
		named := testName.FindAllString(cells[len(cells)-1], -1)
		if len(cells) != 4 || len(named) == 0 {
			t.Errorf("no test, or another number of columns: %s", line)
			continue
		}
		for _, name := range named {
			if !tests[name] {
				t.Errorf("%s is named by the rule %q, and there is none", name, cells[0])
			}
		}
		place := codePlace.FindStringSubmatch(cells[2])
		if place == nil {
			t.Errorf("the rule %q names no place in the code", cells[0])
			continue
		}
		code, err := os.ReadFile(filepath.Join("..", place[1]))
		if err != nil || !regexp.MustCompile(`\b`+place[2]+`\b`).Match(code) {
			t.Errorf("%s is named by the rule %q, and there is none", cells[2], cells[0])
		}
	}
	if rows < 50 {
		t.Errorf("%d rules were read, want more than 50", rows)
	}
}

// testsOf lists the tests of all packages below a folder.
func testsOf(t *testing.T, dir string) map[string]bool {
	t.Helper()
	tests := map[string]bool{}
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range testFunc.FindAllStringSubmatch(string(text), -1) {
			tests[m[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return tests
}
