package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Fault is one thing wrong in a file, or in an environment variable. It holds
// no value of a key, because any value may be a misplaced secret.
type Fault struct {
	File    string // the file as the caller named it, or "environment"
	Line    int    // from 1; 0 where there is none
	Key     string // dotted path of the key, or the variable's name; may be empty
	Message string // what is wrong
	Hint    string // what to write instead; may be empty
}

// Error gives one line, such as "config.yaml:12: drchrono.calls_per_hour:
// must be a whole number above 0; write for example 500".
func (f Fault) Error() string {
	var b strings.Builder
	b.WriteString(f.File)
	if f.Line > 0 {
		fmt.Fprintf(&b, ":%d", f.Line)
	}
	if f.Key != "" {
		b.WriteString(": " + f.Key)
	}
	b.WriteString(": " + f.Message)
	if f.Hint != "" {
		b.WriteString("; " + f.Hint)
	}
	return b.String()
}

// Faults are all the faults of one reading, sorted by line.
type Faults []Fault

// Error gives one line a fault.
func (fs Faults) Error() string {
	lines := make([]string, len(fs))
	for i, f := range fs {
		lines[i] = f.Error()
	}
	return strings.Join(lines, "\n")
}

// err sorts the faults and returns them, or nil when there is none.
func (fs Faults) err() error {
	if len(fs) == 0 {
		return nil
	}
	slices.SortStableFunc(fs, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Key, b.Key))
	})
	return fs
}

// bad is a fault whose place the caller fills in.
func bad(message, hint string) *Fault { return &Fault{Message: message, Hint: hint} }
