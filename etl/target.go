package etl

// A Target is one source record at one destination as one object: what it maps
// to, and what became of it.
type Target struct {
	ID          int64
	Destination string
	Object      string
	Source      Ref
	Parent      string // source id of the target that it travels inside; "" = it travels alone
	Slot        string // the parent's array that carries it

	Payload []byte // the mapped JSON body; nil where it does not map
	Hash    []byte // of Payload and Needs
	Needs   []Need
	Month   string // in which a visit begins, such as "2026-03"; "" where the object is not asked about by months
	Twin    []byte // equal for records that nothing tells apart there; nil where the object bears our id

	Outcome  Outcome
	Cause    string // why it is excluded, blocked, held or failed: one of the Cause constants
	Problems []Problem

	Sent      bool   // the destination holds it, or may hold it
	Skip      bool   // a person said SKIP, and its source record did not change since
	AckedHash []byte // of the payload last acknowledged
	Taken     []byte // that payload, where it is asked for
	Refused   []byte // of the payload last rejected
	Refusal   Refusal
	Attempts  int
}

// A Refusal is why a destination rejected the payload of Target.Refused.
type Refusal struct {
	Cause   string `json:"cause"`
	Field   string `json:"field"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// A Need is a field whose value is another record's id at the destination. It
// is filled in from the crosswalk just before sending.
type Need struct {
	Path     string `json:"path"` // "clientId", or "clientFunders.0.clientFunderId" inside an array
	Object   string `json:"object"`
	ID       string `json:"id"`                 // source id
	Optional bool   `json:"optional,omitempty"` // left out while unknown; otherwise the record is blocked
}

// Causes: why a record is where it is, for people and for rules.
const (
	CauseNotJudged   = "not_judged" // failed: staged, and no run has judged it since
	CauseNotSent     = "not_sent"   // failed: mapped, its turn did not come in this run
	CauseBreak       = "break"      // excluded: a break has no patient
	CauseNoVisit     = "no_visit"   // held: it was sent, and is no visit of a patient any more
	CauseDeleted     = "deleted"    // excluded: deleted before it was ever sent
	CauseBeforeLive  = "before_go_live"
	CauseRoute       = "route"
	CauseCalledOff   = "called_off" // excluded: did not take place, was never sent, and the account has no status for it
	CauseReplaced    = "replaced"   // excluded: did not take place, was never sent, and another visit of the same people takes its place
	CauseVirtual     = "virtual"    // excluded: an occurrence that DrChrono has not made real yet
	CauseNoDischarge = "no_discharge"
	CauseNothing     = "nothing"      // excluded: the record has nothing that it could send
	CauseNotNeeded   = "not_needed"   // excluded: the visit is on their schedule, so nobody has to enter it
	CauseTakesPlace  = "takes_place"  // excluded: there is nothing to cancel
	CauseNoInsurance = "no_insurance" // excluded: the patient has none of that kind
	CauseSkipped     = "decision"     // excluded: a person said SKIP
	CauseParent      = "parent"       // blocked: the record that carries it did not go
	CauseReference   = "reference"    // blocked: another record is not there yet
	CauseApproval    = "approval"     // held: final, so a person approves it first
	CauseBrake       = "brake"        // held: the night would change suspiciously much
	CauseInitialLoad = "initial_load" // held: the vendor loads it first
	CauseRestored    = "restored"     // held: the database is older than what was sent, and they cannot be asked
	CauseCandidates  = "candidates"   // held: several of theirs match
	CauseNoID        = "no_id"        // held: it is there, and its id is not known
	CauseExists      = "exists"       // held: they say that they have it, and it is not to be found
	CauseOverwrite   = "overwrite"    // held: adopted, and they hold something else
	CauseAfterFinal  = "after_final"  // held: changed after a final record of it was taken
	CauseSameCRID    = "same_crid"    // held: another patient of ours has the same registry id
	CauseStatusID    = "status_lookup"
	CauseNoAnswer    = "no_answer"   // uncertain
	CauseAccepted    = "accepted"    // uncertain: taken for later, and its answer comes by a callback
	CauseUnreached   = "unreached"   // failed: no connection
	CauseUnreadable  = "unreadable"  // failed: the source record cannot be read
	CauseCreateOff   = "create_off"  // excluded: the config does not let us create it
	CauseLookUp      = "look_up"     // a plan's step: looked for first, and only changed where it is there
	CauseUnavailable = "unavailable" // failed: a stream that it needs could not be read
)

// A Delivery is one record on its way to a destination.
type Delivery struct {
	ID          int64
	TargetRow   int64 // the target's row
	Destination string
	Object      string
	SourceID    string
	Op          Op
	TargetID    string // theirs, for an update
	Hash        []byte // of the mapped payload
	Body        []byte // the mapped payload with its needs filled in
	Needs       []Need
	Filled      map[string]string // path of a need -> id
	Keyless     bool              // they bear no id of ours for it: it is found by who, with whom and when
	Lost        bool              // an earlier delivery of this record had no answer, and a person let it go again
}

// An Op is what a delivery asks for.
type Op string

// Ops.
const (
	Create    Op = "create"
	Update    Op = "update"
	Discharge Op = "discharge"
)
