package etl

// An Outcome is what became of one source record at one destination, as one
// object. Every source record in scope is in exactly one (CONTRACT, Outcomes).
type Outcome string

// Outcomes of what we send.
const (
	Created   Outcome = "created"
	Updated   Outcome = "updated"
	Unchanged Outcome = "unchanged" // acknowledged earlier and equal now
	Excluded  Outcome = "excluded"  // by rule, with the reason
	Invalid   Outcome = "invalid"   // we refused
	Rejected  Outcome = "rejected"  // they refused
	Blocked   Outcome = "blocked"   // waits for another record
	Held      Outcome = "held"      // waits for a person
	Uncertain Outcome = "uncertain" // sent, no answer
	Failed    Outcome = "failed"    // never reached them, or could not be read; next run
)

// Outcomes of what a destination lets us only read.
const (
	Matched    Outcome = "matched"
	Mismatched Outcome = "mismatched"
	Missing    Outcome = "missing"
	Extra      Outcome = "extra" // theirs alone: counted beside the sum
)

// Outcomes lists those that sum up to the source, in the order of reports.
var Outcomes = []Outcome{
	Created, Updated, Unchanged, Matched, Mismatched, Missing,
	Excluded, Invalid, Rejected, Blocked, Held, Uncertain, Failed,
}

// NeedsAttention reports whether a night that ends with such a record ends
// with exit code 4.
func (o Outcome) NeedsAttention() bool {
	switch o {
	case Held, Uncertain, Invalid, Rejected:
		return true
	}
	return false
}

// Acknowledged reports whether the destination holds the record as we last
// mapped it.
func (o Outcome) Acknowledged() bool {
	return o == Created || o == Updated || o == Unchanged
}
