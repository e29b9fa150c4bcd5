package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	consoleBlock = regexp.MustCompile("(?s)```console\n(.*?)```")
	inlineVerb   = regexp.MustCompile("`chartbridge ([a-z][^`]*)`")
)

// TestTheDocsCommandsRun runs every command that stands after a $ in a console
// block of the docs, in their order, against simulated vendors.
func TestTheDocsCommandsRun(t *testing.T) {
	for path, text := range docs(t) {
		blocks := consoleBlock.FindAllStringSubmatch(text, -1)
		if len(blocks) == 0 {
			continue
		}
		t.Run(filepath.Base(path), func(t *testing.T) {
			s := newSite(t)
			t.Chdir(s.dir)
			for _, block := range blocks {
				for _, line := range strings.Split(block[1], "\n") {
					command, ok := strings.CutPrefix(line, "$ chartbridge ")
					if !ok {
						continue
					}
					code, stdout, stderr := s.run(strings.Fields(command)...)
					if code != exitDone && code != exitAttention {
						t.Errorf("chartbridge %s: exit code %d\n%s\n%s", command, code, stdout, stderr)
					}
				}
			}
		})
	}
}

// TestTheDocsNameRealVerbs holds every `chartbridge VERB ...` of the docs
// against the program's verbs.
func TestTheDocsNameRealVerbs(t *testing.T) {
	root, _ := newRoot(os.Stdout, os.Stderr)
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for path, text := range docs(t) {
		for _, m := range inlineVerb.FindAllStringSubmatch(text, -1) {
			words := strings.Fields(m[1])
			cmd, rest, err := root.Find(words)
			if err != nil || cmd == root {
				t.Errorf("%s names `chartbridge %s`, which is no verb", filepath.Base(path), m[1])
				continue
			}
			if cmd.HasSubCommands() && len(rest) > 0 && !strings.HasPrefix(rest[0], "-") {
				t.Errorf("%s names `chartbridge %s`: %s has no %s", filepath.Base(path), m[1], cmd.Name(), rest[0])
			}
		}
	}
}

func docs(t *testing.T) map[string]string {
	t.Helper()
	paths, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	deploy, err := filepath.Glob("../../deploy/*.md")
	if err != nil {
		t.Fatal(err)
	}
	paths = append(append(paths, deploy...), "../../README.md", "../../SECURITY.md")
	all := map[string]string{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all[path] = string(text)
	}
	return all
}
