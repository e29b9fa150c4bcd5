package load

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/chartbridge/chartbridge/etl"
)

// A Stage brings one destination's records there.
type Stage struct {
	Store       Store
	Destination Destination
	Clock       etl.Clock
	InFlight    int
	Quiet       time.Duration // how long an unanswered delivery rests before it is asked after
	Brake       Brake
	VendorFirst bool // initial_load: vendor, and not done yet: match, write nothing that nobody approved
	Restored    bool // the database is older than what was sent: ask before anything is sent, create nothing where nobody can be asked
	Released    bool // a person released the brake for this run
	Approvers   int  // people that a final record needs
	Timeout     time.Duration
	Unjudged    Records // what changed since it was judged: nothing of it is sent
	OnSent      func(destination, object string, sent, due int)
	OnBroken    func() // the ledger cannot be written: called before what is under way has ended

	creating map[etl.Ref]string // our ids by object and merge key: created in this run, or without an answer; nil = not read yet

	accepted   bool // something was accepted for later in this round
	called     bool // likewise, in this run
	silent     bool // the run waited for the answers of an object, and none came
	uncompared bool // a comparison could not be made in this round

	unreached, heard bool // of what was sent in this run: some was not taken in at all; some was answered
}

// Run settles what an earlier run left open, then sends what is due, object by
// object in the order in which one needs the other. Everything committed
// stays, whatever happens after it.
func (s *Stage) Run(ctx context.Context, run etl.Run) error {
	if err := s.Store.Orphans(ctx, run, s.Destination.Name(), s.Clock.Now()); err != nil {
		return err
	}
	err := s.rounds(ctx, run)
	if err == nil && s.unreached && !s.heard { // too few for a circuit to open
		err = fmt.Errorf("send to %s: %w", s.Destination.Name(), ErrGivenUp)
	}
	return errors.Join(err, s.Store.CloseParents(context.WithoutCancel(ctx), run, s.Destination.Name()))
}

// rounds goes round until nothing more can come of it in this run.
func (s *Stage) rounds(ctx context.Context, run etl.Run) error {
	var stopped error // an object that the brake or a blind look-up stopped, in any round
	for round := 0; ; round++ {
		s.accepted = false
		asked, err := s.round(ctx, run)
		if !goesOn(err) {
			return errors.Join(stopped, err)
		}
		if stopped == nil {
			stopped = err
		}
		again := s.accepted // what waits for an id that a callback brings can go then
		err = s.await(ctx, run)
		if err == nil && !again && stopped == nil {
			again, err = s.wait(ctx, asked)
		}
		if err != nil || !again || round == maxRounds {
			return errors.Join(stopped, err)
		}
	}
}

// maxRounds bounds how often a run goes round again, for unanswered deliveries
// and for records that waited for an id which a callback brought: staff and
// clients, then visits.
const maxRounds = 4

// patience is how long a run waits at its end for a quiet period to pass. A
// longer one is left to the next run.
const patience = 30 * time.Second

// wait sleeps until the next unanswered delivery may be asked after, if that is
// soon, and reports whether it did.
func (s *Stage) wait(ctx context.Context, asked time.Time) (bool, error) {
	deadline, ok, err := s.Store.NextOpen(ctx, s.Destination.Name(), asked.Add(-s.Quiet))
	if err != nil || !ok {
		return false, err
	}
	rest := deadline.Add(s.Quiet).Sub(s.Clock.Now()) + time.Millisecond
	if rest > patience {
		return false, nil
	}
	return true, s.Clock.Sleep(ctx, rest)
}

// open opens the destination, again where it gave no answer or turned us away by
// a rate limit: that one moment must not cost it the night.
func (s *Stage) open(ctx context.Context) error {
	var tries Tries
	for {
		err := s.Destination.Open(ctx)
		var grant *GrantError
		if !errors.As(err, &grant) {
			return err
		}
		wait, again := tries.AgainGrant(grant)
		if !again {
			return err
		}
		if waiting := s.Clock.Sleep(ctx, wait); waiting != nil {
			return errors.Join(waiting, err)
		}
	}
}

// round asks after what is open, and sends what is due. It gives the instant
// at which it asked.
func (s *Stage) round(ctx context.Context, run etl.Run) (asked time.Time, err error) {
	name := s.Destination.Name()
	if err := s.open(ctx); err != nil {
		return asked, fmt.Errorf("%s: %w: %w", name, err, ErrGivenUp)
	}
	asked, s.uncompared = s.Clock.Now(), false
	if _, err := Collect(ctx, s.Store, s.Destination, run); err != nil {
		return asked, err
	}
	stopped := s.settle(ctx, run)
	if stopped != nil {
		stopped = fmt.Errorf("settle open deliveries to %s: %w", name, stopped)
	}
	if !goesOn(stopped) {
		return asked, stopped
	}
	for _, object := range s.Destination.Objects() {
		err := s.deliver(ctx, run, object)
		if err != nil && !errors.Is(err, ErrBrake) && !errors.Is(err, errBlind) {
			return asked, errors.Join(stopped, fmt.Errorf("send %s %s: %w", name, object.Name, err))
		}
		if err != nil {
			stopped = errors.Join(stopped, fmt.Errorf("send %s %s: %w", name, object.Name, err))
		}
	}
	return asked, stopped
}

// page is how many due targets are looked at together.
const page = 200

// deliver sends an object's due targets.
func (s *Stage) deliver(ctx context.Context, run etl.Run, object Object) error {
	if object.ReadOnly {
		err := s.compare(ctx, run, object)
		s.uncompared = s.uncompared || err != nil
		return err
	}
	if object.IfMissing && s.uncompared {
		return blind("none of it is sent in this run", errors.New("what is missing there is not known"))
	}
	weight, err := s.Store.Weight(ctx, s.Destination.Name(), object.Name)
	if err != nil {
		return err
	}
	braked := s.braked(object, weight)
	line := &line{stage: s, run: run, object: object, due: weight.Due, watch: watch{brake: s.Brake, off: s.Released}}
	if err := s.deliverPass(ctx, run, line, braked); err != nil {
		return err
	}
	if line.again { // what is there already was found out on the way: it goes as an update now
		if err := s.deliverPass(ctx, run, line, braked); err != nil {
			return err
		}
	}
	if braked {
		return errors.Join(ErrBrake, line.blinded())
	}
	return line.blinded()
}

func (s *Stage) deliverPass(ctx context.Context, run etl.Run, line *line, braked bool) error {
	line.unseen = nil
	for after := int64(0); ; {
		due, err := s.Store.Due(ctx, s.Destination.Name(), line.object.Name, after, page, s.Clock.Now())
		if err != nil {
			return err
		}
		if len(due) == 0 {
			return line.end()
		}
		after = due[len(due)-1].TargetRow
		due, left := s.judged(due)
		sends, marks, err := s.sort(ctx, run, line, due, braked)
		if err != nil {
			return err
		}
		marks = append(marks, left...)
		for _, m := range marks {
			if m.Adopt != "" && m.Outcome == etl.Failed {
				line.again = true
			}
		}
		if err := line.send(ctx, sends, marks); err != nil && !errors.Is(err, ErrBrake) {
			return err
		}
	}
}

// sort splits due targets into what goes now and what waits, and looks for
// what is there already before anything is created.
func (s *Stage) sort(ctx context.Context, run etl.Run, l *line, due []Due, braked bool) ([]etl.Delivery, []Mark, error) {
	object := l.object
	var sends []etl.Delivery
	var marks []Mark
	var unknown []Due
	for _, d := range due {
		hidden := hiddenThere(object, d)
		switch {
		case len(d.Missing) > 0:
			marks = d.standing().news(marks, blocked(d))
		case d.Twin != "" && d.TargetID == "" && !object.Final:
			marks = d.standing().news(marks, twin(d))
		case object.IfMissing && d.TargetID == "" && d.Seen != etl.Missing:
			marks = d.standing().news(marks, needless(d))
		case object.Final:
			if m, waits := finalWaits(d, s.Approvers); waits {
				marks = d.standing().news(marks, m)
				continue
			}
			d.Op = etl.Discharge
			sends = append(sends, d.Delivery)
		case d.TargetID != "" && d.How == ByNaturalKey && !d.Known && d.Approvals == 0:
			if d.Cause != etl.CauseOverwrite { // adopted earlier, and the source changed since
				marks = d.standing().news(marks, held(d, etl.CauseOverwrite, "adopted by its natural key, and they hold other values; "+confirms))
			}
		case d.Cause == etl.CauseBrake && d.Approvals == 0 && !s.Released:
			// The brake stopped it on an earlier night: it stays held until a person releases it.
		case d.TargetID == "" || !d.Known && d.Approvals == 0 && object.Askable:
			unknown = append(unknown, d)
		case s.VendorFirst && d.Approvals == 0:
			marks = d.standing().news(marks, held(d, etl.CauseInitialLoad, "it changed, and nothing is written before the vendor's initial load is over; "+endsLoad))
		case braked && d.Approvals == 0:
			marks = d.standing().news(marks, held(d, etl.CauseBrake, "the brake stopped this night's updates; look, then release them"))
		case len(hidden) > 0: // it goes without them, in the pass that follows
			marks = append(marks, Mark{TargetRow: d.TargetRow, Outcome: etl.Failed, Cause: etl.CauseNotSent, Adopt: d.TargetID, How: d.How, Hidden: hidden})
		case s.Restored && object.Askable:
			unknown = append(unknown, d)
		default:
			d.Op = etl.Update
			sends = append(sends, d.Delivery)
		}
	}
	more, found, err := s.match(ctx, run, l, unknown)
	return append(sends, more...), append(marks, found...), err
}

func blocked(d Due) Mark {
	return Mark{TargetRow: d.TargetRow, Outcome: etl.Blocked, Cause: etl.CauseReference, Problem: etl.Problem{
		Code: etl.CauseReference, Message: "waits for " + joined(d.Missing) + ", which is not there yet"}}
}

// needless leaves out what is only for a record that is missing there.
func needless(d Due) Mark {
	if d.Seen == "" {
		return Mark{TargetRow: d.TargetRow, Outcome: etl.Blocked, Cause: etl.CauseReference, Problem: etl.Problem{
			Code: etl.CauseReference, Message: "waits until the record itself is compared with what is there"}}
	}
	return Mark{TargetRow: d.TargetRow, Outcome: etl.Excluded, Cause: etl.CauseNotNeeded}
}

func held(d Due, cause, message string) Mark {
	return Mark{TargetRow: d.TargetRow, Outcome: etl.Held, Cause: cause, Problem: etl.Problem{Code: cause, Message: message}}
}

func joined(list []string) string {
	const most = 8
	text := ""
	for i, s := range list {
		if i == most {
			return text + fmt.Sprintf(" and %d more", len(list)-most)
		}
		if i > 0 {
			text += ", "
		}
		text += s
	}
	return text
}
