package load

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/chartbridge/chartbridge/etl"
)

// A line sends one object's deliveries. The intents of several are committed
// together before the first of their requests leaves, and with them the answers
// that came meanwhile. While that is done the requests go on: their intents are
// on the disk. A kill leaves at most one group open, which the next run settles.
type line struct {
	stage  *Stage
	run    etl.Run
	object Object
	due    int // when it began

	circuit  circuit
	watch    watch
	accepted int     // of those sent: their answers come later, into the ledger
	sampled  bool    // it was waited for the first of these
	stopped  bool    // the brake held something
	again    bool    // a second pass has something to do
	unlooked error   // why nothing can be looked for
	unseen   []error // why each of those could not be looked for that could not alone
	pending  []Done  // answers that the next commit saves
	marks    []Mark

	withdrawn []etl.Delivery // whose intents are on the disk, and of which no request was made
}

// A group has so many deliveries for each request in flight, and never fewer
// than the least: enough that the disk does not set the pace, few enough that a
// kill leaves little to ask after.
const (
	groupPerWorker = 8
	leastGroup     = 32
)

// group is how many deliveries may be open at any moment.
func (l *line) group() int {
	if !l.object.Askable || l.object.Final {
		return 1
	}
	return max(leastGroup, l.stage.InFlight*groupPerWorker)
}

// ahead is how many of a group are still open when the next intents are
// committed. Where answers come by callback there are none: their score is
// taken when nothing is under way.
func (l *line) ahead() int {
	if l.stage.called {
		return 0
	}
	return l.group() / 2
}

// send brings the deliveries there and saves the marks.
func (l *line) send(ctx context.Context, ds []etl.Delivery, marks []Mark) error {
	l.marks, l.withdrawn = append(l.marks, marks...), nil
	f := l.start(ctx, min(l.stage.InFlight, len(ds)))
	rest, err := l.feed(ctx, f, ds)
	l.take(f.end(err))
	switch {
	case err == nil && (l.circuit.isOpen() || l.circuit.isAstray()):
		err = l.circuit.fault()
	case err == nil && l.watch.isOver() && len(l.withdrawn) > 0:
		err = ErrBrake
	}
	if !errors.Is(err, ErrBrake) {
		return l.flush(err)
	}
	if err := l.flush(nil); err != nil {
		return err
	}
	l.hold(append(l.withdrawn, rest...)) // what it did not come to is held, not unsent
	return l.flush(err)
}

// feed commits intents and gives their deliveries to a flow. It returns those
// that it did not come to.
func (l *line) feed(ctx context.Context, f *flow, ds []etl.Delivery) ([]etl.Delivery, error) {
	for len(ds) > 0 {
		l.take(f.answered(l.ahead()))
		if f.open > l.ahead() { // these were the first that were accepted for later
			l.take(f.answered(l.ahead()))
		}
		switch {
		case ctx.Err() != nil:
			return ds, ctx.Err()
		case l.circuit.isOpen():
			return ds, l.circuit.fault()
		}
		tripped, err := l.tripped(ctx)
		if err != nil {
			return ds, err
		}
		if tripped {
			return ds, ErrBrake
		}
		n := min(l.group()-f.open, len(ds))
		intended, err := l.intend(ds[:n])
		if err != nil {
			return ds, err
		}
		f.put(intended)
		ds = ds[n:]
	}
	return nil, nil
}

// intend commits the intents of a group, and gives those that the store takes.
// One that its own rules refuse waits for a person; the others go.
func (l *line) intend(ds []etl.Delivery) ([]etl.Delivery, error) {
	for {
		now := l.stage.Clock.Now()
		intents := make([]Intent, len(ds))
		for i, d := range ds {
			intents[i] = Intent{Delivery: d, At: now, Deadline: now.Add(l.longest())}
		}
		ids, err := l.commit(intents)
		if refused := new(IntentError); errors.As(err, &refused) && refused.N < len(ds) {
			l.marks = append(l.marks, notIntended(ds[refused.N], refused.Unapproved))
			ds = slices.Delete(slices.Clone(ds), refused.N, refused.N+1)
			continue
		}
		for i := range ids {
			ds[i].ID = ids[i]
		}
		return ds, err
	}
}

// notIntended holds a record that the store lets nobody send.
func notIntended(d etl.Delivery, unapproved bool) Mark {
	if unapproved {
		return held(Due{Delivery: d}, etl.CauseApproval, "its approval ran out before its turn came; approve it again (`chartbridge discharges list`)")
	}
	return held(Due{Delivery: d}, etl.CauseExists, "the ledger has a delivery of it that was taken or is open, so it is not sent again; look for it there and give its id with `chartbridge crosswalk import`")
}

// longest is how long it may take from a delivery's intent to the end of its
// request: all tries of those of a group that take their turn before it, and its
// own. Its quiet period counts from there at the latest.
func (l *line) longest() time.Duration {
	atOnce := max(1, l.stage.InFlight)
	turns := (l.group() + atOnce - 1) / atOnce
	return time.Duration(turns) * (tries*(l.stage.Timeout+MaxWait) + unsaidMost)
}

// take keeps answers for the next commit, and what they say of those to come.
func (l *line) take(answers []Done) {
	l.pending = append(l.pending, answers...)
	for _, a := range answers {
		if a.Attempts > 0 {
			l.stage.unreached = l.stage.unreached || a.Answer.unreached()
			l.stage.heard = l.stage.heard || a.Answer.heard()
		}
		switch {
		case a.Attempts == 0:
			l.withdrawn = append(l.withdrawn, a.Delivery)
		case a.Answer.Kind == Accepted:
			l.accepted++
			l.stage.accepted, l.stage.called = true, true
		case a.Answer.Kind == Exists:
			l.again = !l.object.Final // what is final is never sent twice
		}
	}
	if l.stage.OnSent != nil && len(answers) > 0 {
		sent, _ := l.watch.score()
		l.stage.OnSent(l.stage.Destination.Name(), l.object.Name, sent, l.due)
	}
}

// end is the end of a pass: what the brake stopped is held by then.
func (l *line) end() error {
	if l.stopped {
		return l.flush(ErrBrake)
	}
	return nil
}

// flush saves what is pending. It does so even where the run was interrupted:
// what was answered must not be forgotten.
func (l *line) flush(cause error) error {
	if _, err := l.commit(nil); err != nil {
		return err
	}
	return cause
}

// ErrLedger says that what happened could not be written down. Nothing more is
// sent, anywhere, by this process: what it would send could not be kept apart
// from what it sent.
var ErrLedger = errors.New("the ledger cannot be written, so nothing more is sent; make room or repair the disk, then run again")

func (l *line) commit(intents []Intent) ([]int64, error) {
	if len(l.pending)+len(l.marks)+len(intents) == 0 {
		return nil, nil
	}
	ids, err := l.stage.Store.Commit(context.Background(), l.run, l.pending, l.marks, intents)
	if err != nil {
		if l.stage.OnBroken != nil {
			l.stage.OnBroken()
		}
		return nil, fmt.Errorf("%w: %w", ErrLedger, err)
	}
	l.pending, l.marks = nil, nil
	return ids, nil
}
