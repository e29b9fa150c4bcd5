package load

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"golang.org/x/sync/errgroup"
)

// A line sends one object's deliveries, group by group: the intents of a
// group are committed together before the first of its requests leaves, and
// its answers together with the intents of the next. A kill leaves at most one
// group open, which the next run settles.
type line struct {
	stage  *Stage
	run    etl.Run
	object Object

	circuit        circuit
	sent, rejected int    // rejected: by an answer that came at once
	accepted       int    // of those sent: their answers come later, into the ledger
	sampled        bool   // it was waited for the first of these
	stopped        bool   // the brake held something
	again          bool   // a second pass has something to do
	pending        []Done // answers that the next commit saves
	marks          []Mark
}

// groupPerWorker: enough requests between two commits that the disk does not
// set the pace, few enough that a kill leaves little to ask after.
const groupPerWorker = 8

// tries is how often a request is made that provably did not arrive.
const tries = 3

func (l *line) group() int {
	if !l.object.Askable || l.object.Final {
		return 1
	}
	return max(1, l.stage.InFlight) * groupPerWorker
}

// send brings the deliveries there and saves the marks.
func (l *line) send(ctx context.Context, ds []etl.Delivery, marks []Mark) error {
	l.marks = append(l.marks, marks...)
	for len(ds) > 0 {
		if err := ctx.Err(); err != nil {
			return l.flush(err)
		}
		tripped, err := l.tripped(ctx)
		if err != nil {
			return l.flush(err)
		}
		if tripped {
			for _, d := range ds {
				l.hold(Due{Delivery: d})
			}
			return l.flush(ErrBrake)
		}
		n := min(l.group(), len(ds))
		if err := l.sendGroup(ctx, ds[:n]); err != nil {
			return l.flush(err)
		}
		ds = ds[n:]
	}
	return l.flush(nil)
}

func (l *line) sendGroup(ctx context.Context, ds []etl.Delivery) error {
	ds, err := l.intend(ds)
	if err != nil {
		return err
	}
	answers := l.requests(ctx, ds)
	l.pending = append(l.pending, answers...)
	return l.count(answers)
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

// longest is how long a delivery may take with all its tries: its quiet
// period counts from there.
func (l *line) longest() time.Duration { return tries * (l.stage.Timeout + maxBackoff) }

// requests makes a group's requests, several at a time. It does not stop in
// the middle of one: an interrupt lets those finish that are under way and
// leaves the others unsent.
func (l *line) requests(ctx context.Context, ds []etl.Delivery) []Done {
	answers := make([]Done, len(ds))
	requests, cut := graced(ctx)
	defer cut()
	var g errgroup.Group
	g.SetLimit(max(1, l.stage.InFlight))
	for i, d := range ds {
		g.Go(func() error {
			answers[i] = l.request(ctx, requests, d)
			return nil
		})
	}
	_ = g.Wait() // no request returns an error: its answer says what came of it
	return answers
}

// grace is how long requests that are under way may still take once the run is
// interrupted; they are cut off then, and uncertain.
const grace = 8 * time.Second

// graced is a context that outlives an interrupted one by the grace. It is the
// process's own time that counts here, so it takes a real timer.
func graced(ctx context.Context) (context.Context, context.CancelFunc) {
	requests, cut := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(grace, cut) })
	return requests, func() { stop(); cut() }
}

// request sends one delivery, again only where it provably did not arrive.
func (l *line) request(ctx, requests context.Context, d etl.Delivery) Done {
	done := Done{Delivery: d, SettledBy: ByAnswer, Answer: Answer{Kind: NotSent}}
	for n := 0; n < tries && ctx.Err() == nil && !l.circuit.isOpen(); n++ {
		done.Attempts++
		done.Answer = l.stage.Destination.Send(requests, d)
		wait := backoff(n)
		switch done.Answer.Kind {
		case NotSent:
		case Throttled:
			wait = max(wait, min(done.Answer.After, maxBackoff))
		default:
			l.circuit.note(done.Answer)
			done.At = l.stage.Clock.Now()
			return done
		}
		if n+1 < tries && l.stage.Clock.Sleep(ctx, wait) != nil {
			break
		}
	}
	if ctx.Err() == nil && done.Attempts > 0 {
		l.circuit.note(done.Answer)
	}
	done.At = l.stage.Clock.Now()
	return done
}

// maxBackoff bounds the wait between two tries.
const maxBackoff = 30 * time.Second

// backoff doubles from half a second, with jitter.
func backoff(n int) time.Duration {
	d := min(500*time.Millisecond<<n, maxBackoff)
	return d/2 + rand.N(d)
}

// count keeps the score of a group and reports whether the destination is to
// be given up.
func (l *line) count(answers []Done) error {
	for _, a := range answers {
		l.sent++
		switch a.Answer.Kind {
		case Rejected:
			l.rejected++
		case Accepted:
			l.accepted++
			l.stage.accepted, l.stage.called = true, true
		case Exists:
			l.again = !l.object.Final // what is final is never sent twice
		}
	}
	if l.stage.OnSent != nil {
		l.stage.OnSent(l.stage.Destination.Name(), l.object.Name, l.sent)
	}
	if l.circuit.isOpen() {
		return ErrGivenUp
	}
	return nil
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
		return nil, fmt.Errorf("%w: %w", ErrLedger, err)
	}
	l.pending, l.marks = nil, nil
	return ids, nil
}
