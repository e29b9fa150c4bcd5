package transform

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/chartbridge/chartbridge/etl"
)

// Store is staging as the judges need it.
type Store interface {
	// Judged is how far a shape has judged, and in which context.
	Judged(ctx context.Context, destination, object string) (seq int64, rules string, err error)
	SetJudged(ctx context.Context, destination, object string, seq int64, rules string) error
	MaxSeq(ctx context.Context) (int64, error)
	// AnyChanged reports whether anything of an endpoint changed since a change number.
	AnyChanged(ctx context.Context, endpoint string, since int64) (bool, error)
	// Drained reports whether an endpoint was ever read to its end.
	Drained(ctx context.Context, endpoint string) (bool, error)

	// Rows of records to judge are added in any order, and one may come twice.
	// add must not ask the store, which is still reading.
	// Changed: of an endpoint since a change number.
	Changed(ctx context.Context, endpoint string, since int64, add func(row int64)) error
	ChangedByPatient(ctx context.Context, endpoint, other string, since int64, add func(row int64)) error
	ChangedByDoctor(ctx context.Context, endpoint, other string, since int64, add func(row int64)) error
	// Unsettled: those that were refused by us, or have a new decision.
	Unsettled(ctx context.Context, destination, object, endpoint string, add func(row int64)) error
	// Uncarried: carriers of which a part came, went or changed since SetCarried.
	Uncarried(ctx context.Context, destination, object, endpoint string, add func(row int64)) error
	SetCarried(ctx context.Context, destination, object string) error

	Records(ctx context.Context, rows []int64) ([]etl.Source, error)
	All(ctx context.Context, endpoint string) ([]etl.Source, error)
	ByID(ctx context.Context, endpoint string, ids []string) ([]etl.Source, error)
	ByPatient(ctx context.Context, endpoint string, patients []string) ([]etl.Source, error)

	// Known gives the targets of those records, by source id.
	Known(ctx context.Context, destination, object string, sources []etl.Source, parts bool) (map[string]etl.Target, error)
	// Acknowledged gives the payloads last acknowledged of those targets, by row.
	Acknowledged(ctx context.Context, targets []int64) (map[int64][]byte, error)
	// Inside gives what travels inside those parents and maps, by slot and id.
	Inside(ctx context.Context, destination, object string, parents []string) (map[string][]etl.Target, error)
	// Twins gives those of the twins that an object's targets have.
	Twins(ctx context.Context, destination, object string, twins [][]byte) ([][]byte, error)
	// ReleaseCarriers makes carriers due that were taken without an array in which
	// a part waits, once nothing keeps that array back.
	ReleaseCarriers(ctx context.Context, run etl.Run, destination, part, carrier, endpoint string) error
	// PutTargets saves judged targets and drops those that no longer are.
	PutTargets(ctx context.Context, run etl.Run, put []etl.Target, drop []int64) error
}

// chunk is how many records are judged between two commits.
const chunk = 500

// A Stage judges records by the shapes of one destination, in their order:
// what travels inside another stands before it.
type Stage struct {
	Store   Store
	Env     Env // but for Object and Related
	Shapes  []Shape
	Rules   string // hash of everything beside the records that a verdict hangs on
	OnChunk func(destination, object string, judged, of int)
}

// Run judges what changed since it was last judged; everything, where a rule
// or lookup changed. It makes no calls and may be run again at any time.
func (s *Stage) Run(ctx context.Context, run etl.Run) error {
	doctors, users, err := s.readPractice(ctx)
	if err != nil {
		return err
	}
	s.Env.Doctors, s.Env.Users, s.Env.Patients = doctors, users, nil
	if err := s.readProfiles(ctx); err != nil {
		return err
	}
	if err := s.readNames(ctx); err != nil {
		return err
	}
	rules, err := s.namedRules()
	if err != nil {
		return err
	}
	for _, shape := range s.Shapes {
		if err := s.judgeShape(ctx, run, shape, rules); err != nil {
			return fmt.Errorf("judge %s %s: %w", shape.Destination, shape.Object, err)
		}
	}
	return nil
}

func (s *Stage) judgeShape(ctx context.Context, run etl.Run, shape Shape, rules string) error {
	upTo, err := s.Store.MaxSeq(ctx)
	if err != nil {
		return err
	}
	rules, lacks, err := s.rulesOf(ctx, shape, rules)
	if err != nil {
		return err
	}
	if err := s.judgeDirty(ctx, run, shape, rules, lacks); err != nil {
		return err
	}
	if len(s.slots(shape)) > 0 {
		if err := s.Store.SetCarried(ctx, shape.Destination, shape.Object); err != nil {
			return err
		}
	}
	for _, other := range s.Shapes {
		if other.Inside != shape.Object {
			continue
		}
		if err := s.Store.ReleaseCarriers(ctx, run, shape.Destination, other.Object, shape.Object, shape.Endpoint); err != nil {
			return err
		}
	}
	return s.Store.SetJudged(ctx, shape.Destination, shape.Object, upTo, rules)
}

// lacks names an endpoint that the shape cannot judge without and that was
// never read: its records then are failed, not invalid.
func (s *Stage) lacks(ctx context.Context, shape Shape) (string, error) {
	for _, use := range shape.Uses {
		if use.Optional {
			continue
		}
		drained, err := s.Store.Drained(ctx, use.Endpoint)
		if err != nil {
			return "", err
		}
		if !drained {
			return use.Endpoint, nil
		}
	}
	if unnamed, err := s.lacksNames(ctx, shape); err != nil || unnamed {
		return demographics, err
	}
	return "", nil
}

func (s *Stage) judgeChunk(ctx context.Context, run etl.Run, shape Shape, rows []int64, lacks string) error {
	sources, err := s.Store.Records(ctx, rows)
	if err != nil {
		return err
	}
	known, err := s.Store.Known(ctx, shape.Destination, shape.Object, sources, shape.Parts)
	if err != nil {
		return err
	}
	if err := s.addTaken(ctx, shape, known); err != nil {
		return err
	}
	inside, err := s.inside(ctx, shape, sources)
	if err != nil {
		return err
	}
	env := s.Env
	env.Object = shape.Object
	if err := s.readRelated(ctx, shape, sources, &env); err != nil {
		return err
	}
	slots := s.slots(shape)
	var put []etl.Target
	for i, verdicts := range judgeAll(shape, &env, sources, known, lacks) {
		src := sources[i]
		for _, v := range verdicts {
			carry(&v, inside[src.ID])
			if onlyLost(slots, v, known[src.ID]) {
				v.Outcome = etl.Unchanged
			}
			next, changed := settle(shape, src, v, known)
			delete(known, next.Source.ID)
			if changed {
				put = append(put, next)
			}
		}
	}
	return s.Store.PutTargets(ctx, run, put, rowsOf(known))
}

// inside reads what travels inside the records at hand, if anything does.
func (s *Stage) inside(ctx context.Context, shape Shape, sources []etl.Source) (map[string][]etl.Target, error) {
	if len(s.slots(shape)) == 0 {
		return nil, nil
	}
	return s.Store.Inside(ctx, shape.Destination, shape.Object, ids(sources))
}

// judgeAll judges records on all processors, and gives their verdicts in the
// records' order.
func judgeAll(shape Shape, env *Env, sources []etl.Source, known map[string]etl.Target, lacks string) [][]Verdict {
	verdicts := make([][]Verdict, len(sources))
	etl.OnAll(len(sources), func(i int) { verdicts[i] = judge(shape, env, sources[i], known, lacks) })
	return verdicts
}

// judge gives the shape's verdicts on a record, or says why there are none. One
// without an id could be created twice; one that travels inside another, which a
// complete read did not show and the destination does not hold, has nothing to do
// there. People are judged: visits that stand need them.
func judge(shape Shape, env *Env, src etl.Source, known map[string]etl.Target, lacks string) []Verdict {
	fault := src.Fault
	if fault == "" && strings.HasPrefix(src.ID, etl.NoID) {
		fault = "it has no id"
	}
	switch before := known[src.ID]; {
	case fault != "" && shape.Parts:
		return UnreadableParts(src, fault)
	case fault != "":
		return []Verdict{Unreadable(fault)}
	case src.Gone && shape.Inside != "" && !shape.Parts && !before.Sent:
		return []Verdict{{Outcome: etl.Excluded, Cause: etl.CauseDeleted, Parent: before.Parent}}
	case lacks != "" && shape.Parts:
		return eachPart(src, lacking(lacks))
	case lacks != "":
		return []Verdict{lacking(lacks)}
	}
	return shape.Judge(&Case{Env: env, Source: src, Sent: known[src.ID].Sent})
}

// lacking is the verdict on a record that cannot be judged without an endpoint.
func lacking(endpoint string) Verdict {
	return Verdict{Outcome: etl.Failed, Cause: etl.CauseUnavailable, Problems: []etl.Problem{{Code: etl.CauseUnavailable,
		Message: "endpoint " + endpoint + " was not read whole yet; the next `chartbridge run` reads it, if the application has its scope"}}}
}

// settle turns a verdict into the target's next state, and reports whether it
// differs from what is stored.
func settle(shape Shape, src etl.Source, v Verdict, known map[string]etl.Target) (etl.Target, bool) {
	id := (&Case{Source: src, Part: v.Part}).ID()
	before := known[id]
	next := before
	if before.Skip && v.Outcome != etl.Excluded {
		v = Verdict{Part: v.Part, Parent: v.Parent, Outcome: etl.Excluded, Cause: etl.CauseSkipped, Twin: v.Twin}
	}
	next.Destination, next.Object, next.Source = shape.Destination, shape.Object, etl.Ref{Endpoint: src.Endpoint, ID: id}
	next.Parent, next.Slot = v.Parent, shape.Slot
	next.Outcome, next.Cause, next.Problems, next.Needs = v.Outcome, v.Cause, v.Problems, v.Needs
	next.Payload, next.Hash = v.Body, nil
	next.Month, next.Twin = v.Month, v.Twin
	if stands(shape, v, before) {
		v.Body = before.Taken
		next.Payload = v.Body
	}
	if v.Body != nil {
		next.Hash = hashOf(v)
		if v.Outcome == "" {
			next.Outcome, next.Cause, next.Problems = mapped(next, before)
		}
	}
	if before.Outcome == etl.Uncertain { // an open delivery is settled first, whatever the source says now
		next.Outcome, next.Cause, next.Problems = before.Outcome, before.Cause, before.Problems
	}
	same := before.ID != 0 && before.Outcome == next.Outcome && before.Cause == next.Cause &&
		string(before.Hash) == string(next.Hash) && before.Parent == next.Parent && before.Month == next.Month &&
		string(before.Twin) == string(next.Twin) && slices.Equal(before.Problems, next.Problems)
	return next, !same
}

// mapped is the outcome of a record that maps, before anything is sent: what
// the destination acknowledged or refused is not sent again while it is the
// same, and what waits goes on waiting.
func mapped(next, before etl.Target) (etl.Outcome, string, []etl.Problem) {
	switch {
	case string(next.Hash) == string(before.AckedHash):
		if before.Outcome.Acknowledged() {
			return before.Outcome, "", nil
		}
		return etl.Unchanged, "", nil
	case string(next.Hash) == string(before.Refused) && before.Outcome == etl.Rejected,
		string(next.Hash) == string(before.Hash) && before.Cause != etl.CauseNotJudged && (waits(before.Outcome) || before.Cause == etl.CauseCreateOff || before.Cause == etl.CauseNotNeeded):
		return before.Outcome, before.Cause, before.Problems
	case len(before.Refused) > 0 && string(next.Hash) == string(before.Refused):
		why := before.Refusal
		return etl.Rejected, why.Cause, []etl.Problem{{Field: why.Field, Code: why.Code, Message: why.Message}}
	}
	return etl.Failed, etl.CauseNotSent, nil
}

func waits(o etl.Outcome) bool {
	switch o {
	case etl.Blocked, etl.Held, etl.Failed, etl.Matched, etl.Mismatched, etl.Missing:
		return true
	}
	return false
}

func ids(sources []etl.Source) []string {
	list := make([]string, len(sources))
	for i, s := range sources {
		list[i] = s.ID
	}
	return list
}

// rowsOf lists the stored targets that no verdict speaks of any more, such as
// the funder of an insurance that a patient no longer has.
func rowsOf(known map[string]etl.Target) []int64 {
	var rows []int64
	for _, t := range known {
		rows = append(rows, t.ID)
	}
	slices.Sort(rows)
	return rows
}
