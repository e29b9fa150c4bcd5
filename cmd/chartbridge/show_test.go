package main

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// Three destinations side by side are more than a row of a terminal holds: what
// is rewritten keeps to one, and who is through leaves it.
func TestShowKeepsToItsRow(t *testing.T) {
	t.Parallel()
	var screen strings.Builder
	s := &show{out: &screen, live: true}
	s.sent("rethink", "client_authorization", 999, 1200)
	s.sent("centralreach", "client_authorization", 999, 1200)
	s.sent("centralregistry", "discharge", 1, 0) // it waited for a person, who let it go
	s.ended("centralreach")
	s.done()
	lines := strings.Split(strings.TrimPrefix(screen.String(), "\r"), "\r")
	for _, line := range lines {
		if n := utf8.RuneCountInString(line); n >= usualWidth {
			t.Errorf("%d columns: %q", n, line)
		}
	}
	if last := lines[3]; strings.Contains(last, "centralreach") || !strings.Contains(last, "rethink client_authorization 999 of 1200 ") || !strings.Contains(last, "centralregistry discharge 1 ") {
		t.Errorf("once one is through: %q", last)
	}
}
