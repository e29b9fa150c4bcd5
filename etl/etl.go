// Package etl holds the words that the other packages share: a run, a source
// record, a problem, an outcome. It imports nothing of ours and does nothing.
package etl

import (
	"context"
	"time"
)

// A Clock tells the time and waits. There is one, made in cmd; what lives in
// time (the call ledger, leases, tokens, attempts) asks it each time, and
// everything else gets the run's instant as a value.
type Clock interface {
	Now() time.Time
	// Sleep waits for d, or until ctx is done, whose error it then returns.
	Sleep(ctx context.Context, d time.Duration) error
}

// A Run is one pass of the job.
type Run struct {
	ID      string    // sorts by start, e.g. "20260301T073000125Z-4f2a"
	At      time.Time // the instant of its start, UTC; rules and reports know no other "now"
	Trigger string    // who asked: "operator", "schedule", "demo"
	DryRun  bool
	Part    bool // it does a part of the job alone: some stages, endpoints or destinations
}

// MonthOnly is the layout of a month, as time.DateOnly is that of a day.
const MonthOnly = "2006-01"

// A Ref names one source record: a DrChrono endpoint and an id within it.
// Ids are text everywhere, whatever the wire says.
type Ref struct{ Endpoint, ID string }

// A Problem says why a record was not sent, or was refused. It names fields,
// rules, lookups and keys, never a patient's value, so that it may be logged.
type Problem struct {
	Field   string // the destination's field, in its exact casing
	Code    string // one of the Code constants, or a vendor's own code
	Message string // our own sentence: what is wrong and what to do next
	Lookup  string // the lookup that lacks a key, if that is what is wrong
	Key     string // the key that it lacks: an id or a code of DrChrono's, never a name
}

// Codes of problems that we find ourselves.
const (
	CodeRequired  = "required"   // a required field has no value
	CodeTooLong   = "too_long"   // longer than the vendor's limit; never truncated
	CodeFormat    = "format"     // not of the vendor's format
	CodeRange     = "range"      // outside the vendor's range
	CodeLookup    = "lookup"     // a lookup lacks the key
	CodeDST       = "dst"        // a local time that does not exist, or exists twice
	CodeReference = "reference"  // names a record that is not staged
	CodeConflict  = "conflict"   // two values contradict each other
	CodeUnread    = "unreadable" // the source record cannot be read
)
