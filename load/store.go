package load

import (
	"context"
	"time"

	"github.com/chartbridge/chartbridge/etl"
)

// Store is staging as delivery needs it. Obligations: what Commit is given is
// on the disk when it returns; the store itself refuses a second live create,
// a second open delivery of a record, a step back, and a discharge that nobody
// approved.
type Store interface {
	// Orphans makes the intents of dead processes uncertain: no byte of them
	// left after now.
	Orphans(ctx context.Context, run etl.Run, destination string, now time.Time) error
	// NextOpen is the earliest deadline, after an instant, of a delivery that
	// can be asked after; ok is false where there is none.
	NextOpen(ctx context.Context, destination string, after time.Time) (deadline time.Time, ok bool, err error)
	// Open lists the uncertain deliveries whose deadline lies before the instant.
	OpenDeliveries(ctx context.Context, destination string, before time.Time) ([]etl.Delivery, error)
	// Due lists targets that map and differ from what was acknowledged, after
	// a row, in the order of rows, with their needs filled in where known.
	Due(ctx context.Context, destination, object string, after int64, limit int, at time.Time) ([]Due, error)
	// Months lists, in order, the months of an object that are to be compared:
	// all from a day (YYYY-MM-DD; "" = the first visit's) to now, or to its last
	// visit where that is later, but for those that are settled. An object that
	// never had a visit has none.
	Months(ctx context.Context, destination, object, from string, now time.Time) ([]Month, error)
	// Mapped lists, like Due, a month's targets that map, with what is known of
	// them; the ids stand in Filled, and not in their bodies.
	Mapped(ctx context.Context, destination, object, month string, after int64, limit int) ([]Due, error)
	// SetCompared keeps what a comparison of months found, and settles those
	// that agree and lie far enough back.
	SetCompared(ctx context.Context, run etl.Run, destination, object string, found Found) error
	// EndCompared counts what is theirs alone. If this run read every month of
	// Months as a whole, what only earlier runs saw is forgotten first.
	EndCompared(ctx context.Context, run etl.Run, destination, object string, whole bool) error
	// Linked reports whether a run before this one has an id of an object.
	Linked(ctx context.Context, run etl.Run, destination, object string) (bool, error)
	// Elsewhere gives those of their ids that are linked to records of ours
	// which are no twins of a keyless delivery's: not at its time, or off.
	Elsewhere(ctx context.Context, d etl.Delivery, theirs []string) ([]string, error)
	// Weight counts, for the brake and the screen, what is due.
	Weight(ctx context.Context, destination, object string) (Weight, error)
	// Score counts, for the brake: deliveries of a run and object that were
	// accepted for later, of these rejected, and still without an answer.
	Score(ctx context.Context, run etl.Run, destination, object string) (Score, error)
	// Commit saves what came of deliveries and marks targets, and then the
	// intents of the next ones, in one transaction; it gives the intents' ids.
	// An intent that its rules refuse is an *IntentError, and nothing is saved.
	Commit(ctx context.Context, run etl.Run, done []Done, marks []Mark, intents []Intent) ([]int64, error)
	// CloseParents blocks what travels inside records that did not go.
	CloseParents(ctx context.Context, run etl.Run, destination string) error
	// Called lists open deliveries with the callbacks that speak of them.
	Called(ctx context.Context, destination string) ([]Call, error)
	// Complete saves the answer that a callback brought and forgets the
	// callback, in one transaction. A delivery that was settled meanwhile stays
	// as it is, and an answer of kind Unknown changes nothing.
	Complete(ctx context.Context, run etl.Run, callback int64, d Done) error
	// Awaits reports whether the answer of a delivery that was accepted for
	// later may still come in time.
	Awaits(ctx context.Context, destination string, now time.Time) (bool, error)
	Setting(ctx context.Context, name string) (string, error)
}

// A Due target waits to be sent.
type Due struct {
	etl.Delivery
	Mapped    []byte      // what goes of the mapped payload, before ids are filled in
	Cause     string      // why it did not go last time
	Approvals int         // how many people approved this very payload, and still count
	Known     bool        // the destination acknowledged the record before
	Unsent    bool        // nothing of it was ever taken there under the id that it has
	How       How         // how their id was come by; "" if there is none
	Refused   bool        // the destination refused this very payload
	Outcome   etl.Outcome // as it stands
	Message   string
	Twin      string      // another record of ours that is there or goes, and that nothing tells apart from this one
	Replaced  bool        // it is off, and Twin takes its place
	Seen      etl.Outcome // what comparing the same record showed: Matched, Mismatched, Missing; "" = it is not compared
	Missing   []string    // objects that it needs and that are not there yet
}

// An Intent is a delivery that is about to leave.
type Intent struct {
	etl.Delivery
	At, Deadline time.Time
}

// An IntentError says that the store's own rules refuse an intent: of that
// record nothing may be sent, of the others it may.
type IntentError struct {
	N          int  // the intent's place in the list
	Unapproved bool // a discharge whose approval does not count, or not any more; otherwise the record was created already, or a delivery of it is open
	Err        error
}

func (e *IntentError) Error() string { return e.Err.Error() }

// Unwrap gives the store's error.
func (e *IntentError) Unwrap() error { return e.Err }

// A Done delivery has an answer, or was settled.
type Done struct {
	etl.Delivery
	Answer    Answer
	How       How    // how the id was come by, where not by creating
	Attempts  int    // requests made
	SettledBy string // ByAnswer, ByProbe, ByCallback, or a person's name
	Evidence  string
	At        time.Time
}

// What settles a delivery, beside a person.
const (
	ByAnswer   = "answer"
	ByProbe    = "probe"    // a look at the destination
	ByCallback = "callback" // an answer that came later
)

// A Mark sets a target's outcome without a delivery.
type Mark struct {
	TargetRow int64
	Open      int64 // the delivery that it speaks of: nothing is marked once that has its answer
	Outcome   etl.Outcome
	Cause     string
	Problem   etl.Problem
	Adopt     string // their id, found and taken over
	How       How
	Inside    map[etl.Ref]string // ids found for what travels inside it, by object and source id
	Hidden    []string           // arrays that the look did not show: what we have for them may be there
	Acked     bool               // they hold it just as we map it
	Differs   []Difference       // both values of the fields that they hold otherwise
}
