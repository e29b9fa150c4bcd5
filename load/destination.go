// Package load holds the delivery engine: one loop that brings every mapped
// record to its destination once. The destinations stand in packages below it,
// each with its vendor's dictionary and client.
package load

import (
	"context"
	"iter"
	"time"

	"github.com/chartbridge/chartbridge/etl"
)

// An Object is one kind of record of a destination, in the order in which
// they are sent.
type Object struct {
	Name string
	// Askable: the destination can be asked what it holds. Where it cannot,
	// creates go one at a time and an unanswered one waits for a person.
	Askable bool
	// Final: sent once and never changed; a person approves each payload.
	Final bool
	// ReadOnly: the destination only shows it; it is compared, never sent. The
	// destination then is a Comparer.
	ReadOnly bool
	// NoCreate: only what is found there is kept up to date. Absent tells why
	// nothing becomes of another.
	NoCreate bool
	Absent   string
	// IfMissing: created only where a comparison shows that the record itself
	// is missing there. Such an object follows the one that is compared.
	IfMissing bool
}

// A Destination is one vendor's API.
//
// Obligations: Send makes one request that may change something, on a fresh
// connection, without a transport's retry or a followed redirect, and says how
// far it got. Find only reads. Neither gives a vendor's text away in an error
// or a problem: it may quote a patient.
type Destination interface {
	Name() string
	Objects() []Object
	// Open fetches a token and checks that this is the right tenant. It writes
	// nothing.
	Open(ctx context.Context) error
	// Find looks for each record at the destination: by our external id, then
	// by its exact natural key. It gives one finding for each delivery.
	Find(ctx context.Context, object string, ds []etl.Delivery) ([]Finding, error)
	Send(ctx context.Context, d etl.Delivery) Answer
}

// A Looker shows one record by its id there.
type Looker interface {
	// Look says why an id that a person gives cannot be a delivery's record; ""
	// where it can, or where nobody can be asked.
	Look(ctx context.Context, d etl.Delivery, id string) (fault string, err error)
}

// A Comparer holds records against what the destination shows of an object
// that it lets us only read, by months.
type Comparer interface {
	// From is the first day that is compared, YYYY-MM-DD in the practice's zone.
	From() string
	Compare(ctx context.Context, object string, span []Month, due iter.Seq2[Due, error]) (Comparison, error)
}

// A Comparison is what a look at some months showed.
type Comparison struct {
	List   []Compared          // one for each record, in their order
	Extra  []Extra             // of theirs that no record explains
	People map[string][]string // by month, the ids there of those whose visits it holds
	Unread error               // what could not be read; nothing is extra then, and what is not known keeps its outcome
}

// A Month is one of the practice's calendar.
type Month struct {
	Name   string // "2026-03"
	Visits int    // of ours that begin in it
	First  bool   // of all that are compared

	People []string // ids there of those whose visits it held when it was compared before
}

// Found is what a comparison of some months showed.
type Found struct {
	Months  []string // that may be settled: all but the first of all
	Before  string   // months before this one that agree as a whole are settled
	Differs []Differs
	Extra   []Extra
	People  map[string][]string // as of a Comparison
}

// Compared is what a comparison showed.
type Compared struct {
	Outcome  etl.Outcome // Matched, Mismatched or Missing; "" = not known
	TargetID string
	Differs  []Difference
}

// A Difference is a field whose value there is not ours, with both values: a
// patient's, so neither is written to a log, an error or a message.
type Difference struct{ Field, Ours, Theirs string }

// Differs are the differences of one record.
type Differs struct {
	TargetRow int64
	SourceID  string
	TargetID  string
	Fields    []Difference
}

// An Extra is a visit that only the destination holds: its id, its people's
// ids there, its times in UTC (RFC 3339).
type Extra struct {
	TargetID string `json:"-"`
	Month    string `json:"-"` // in which it begins
	Client   string `json:"client"`
	Provider string `json:"provider"`
	Start    string `json:"start"`
	End      string `json:"end"`
}

// Names are the fields of differences.
func Names(list []Difference) (names []string) {
	for _, d := range list {
		names = append(names, d.Field)
	}
	return names
}

// A Finding is what a look at the destination showed.
type Finding struct {
	TargetID   string            // "" = nothing was found
	How        How               // by what it was found
	Differs    []Difference      // fields whose values there are not ours
	Candidates []string          // several that match: a person decides
	Why        string            // why a person decides on the candidates; "" = because they are several
	Each       []Finding         // of keyless ones: what a look at each candidate showed
	Inside     map[string]string // ids of what travels inside it, by the path of their need
	Hidden     []string          // arrays that we send and that the look did not show
	Proved     bool              // nothing was found, and a known record was visible with the same credentials
	Unseen     error             // it alone could not be looked for: nothing follows from that
}

// How a record at the destination was found.
type How string

// Ways of finding.
const (
	ByExternalID How = "external_id"
	ByNaturalKey How = "natural_key"
)

// A Kind is what an answer means for what happens next.
type Kind string

// Kinds of answer. They follow from the phase that a request reached and from
// the status, never from an error's text (reliability, 3.4).
const (
	Acknowledged Kind = "acknowledged"
	Rejected     Kind = "rejected"  // the vendor refused it: not sent again until something changes
	NotSent      Kind = "not sent"  // no byte of it left, or it was turned away before being read: may be sent again
	Throttled    Kind = "throttled" // turned away by a rate limit
	Exists       Kind = "exists"    // there already: look it up, never send again
	Denied       Kind = "denied"    // our credentials: nothing more goes there in this run
	Astray       Kind = "astray"    // nothing is at the address, which says nothing of the record: nothing more goes there in this run
	Unknown      Kind = "unknown"   // it may have been applied
	Accepted     Kind = "accepted"  // taken for later: its answer comes by a callback
)

// An Answer is what came of one request.
type Answer struct {
	Kind     Kind
	TargetID string
	Status   int // HTTP; 0 = none
	Phase    Phase
	After    time.Duration     // Throttled: how long to wait; Accepted: how long its answer may take
	Heard    bool              // Unknown: the vendor took it in and cannot say yet what came of it; it is up, and can be asked
	Then     string            // Unknown: what becomes of it where nobody can be asked after it; the engine says that
	Ticket   string            // Accepted: the vendor's transaction, which the callback names
	Problem  etl.Problem       // Unknown: what it says that is neither yes nor no; Then follows it
	Words    string            // Rejected: the vendor's own, which may quote a patient: kept sealed, never logged
	Inside   map[string]Nested // by the path of a need inside an array
}

// A Nested answer is for one object that travelled inside another.
type Nested struct {
	TargetID string
	Problem  etl.Problem // set if the vendor refused it
	Words    string      // as an answer's
}

// A Phase is how far a request got.
type Phase string

// Phases.
const (
	PhaseDial    Phase = "dial"    // nothing was written
	PhaseWritten Phase = "written" // some or all of it was written
	PhaseAnswer  Phase = "answer"  // the first byte of an answer came
)
