package load

import (
	"context"
	"math/rand/v2"
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

	sent, rejected int
	unreached      int    // deliveries in a row that could not be sent
	again          bool   // a second pass has something to do
	pending        []Done // answers that the next commit saves
	marks          []Mark
}

// groupPerWorker: enough requests between two commits that the disk does not
// set the pace, few enough that a kill leaves little to ask after.
const groupPerWorker = 8

// tries is how often a request is made that provably did not arrive.
const tries = 3

// unreachedLimit is how many deliveries in a row may fail to arrive before
// the destination is given up: one that is down costs minutes, not the night.
const unreachedLimit = 3

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
		if l.tripped() {
			l.hold(ds)
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
	now := l.stage.Clock.Now()
	intents := make([]Intent, len(ds))
	for i, d := range ds {
		intents[i] = Intent{Delivery: d, At: now, Deadline: now.Add(l.longest())}
	}
	ids, err := l.commit(intents)
	if err != nil {
		return err
	}
	for i := range ds {
		ds[i].ID = ids[i]
	}
	answers := l.requests(ctx, ds)
	l.pending = append(l.pending, answers...)
	return l.count(answers)
}

// longest is how long a delivery may take with all its tries: its quiet
// period counts from there.
func (l *line) longest() time.Duration { return tries * (l.stage.Timeout + maxBackoff) }

// requests makes a group's requests, several at a time. It does not stop in
// the middle of one: an interrupt lets those finish that are under way and
// leaves the others unsent.
func (l *line) requests(ctx context.Context, ds []etl.Delivery) []Done {
	answers := make([]Done, len(ds))
	var g errgroup.Group
	g.SetLimit(max(1, l.stage.InFlight))
	for i, d := range ds {
		g.Go(func() error {
			answers[i] = l.request(ctx, d)
			return nil
		})
	}
	_ = g.Wait() // no request returns an error: its answer says what came of it
	return answers
}

// request sends one delivery, again only where it provably did not arrive.
func (l *line) request(ctx context.Context, d etl.Delivery) Done {
	done := Done{Delivery: d, SettledBy: "answer", Answer: Answer{Kind: NotSent}}
	for n := 0; n < tries && ctx.Err() == nil; n++ {
		done.Attempts++
		done.Answer = l.stage.Destination.Send(context.WithoutCancel(ctx), d)
		wait := backoff(n)
		switch done.Answer.Kind {
		case NotSent:
		case Throttled:
			wait = max(wait, min(done.Answer.After, maxBackoff))
		default:
			done.At = l.stage.Clock.Now()
			return done
		}
		if n+1 < tries && l.stage.Clock.Sleep(ctx, wait) != nil {
			break
		}
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
		case Denied:
			return ErrGivenUp
		case NotSent, Throttled:
			l.unreached++
		case Rejected:
			l.rejected++
			l.unreached = 0
		case Exists:
			l.again = true
			l.unreached = 0
		default:
			l.unreached = 0
		}
	}
	if l.stage.OnSent != nil {
		l.stage.OnSent(l.stage.Destination.Name(), l.object.Name, l.sent)
	}
	if l.unreached >= unreachedLimit {
		return ErrGivenUp
	}
	return nil
}

// tripped reports whether so much was rejected that going on would do harm.
func (l *line) tripped() bool {
	b := l.stage.Brake
	return !l.stage.Released && l.sent >= b.After && l.sent > 0 && l.rejected*100 > l.sent*b.Rejected
}

func (l *line) hold(ds []etl.Delivery) {
	for _, d := range ds {
		l.marks = append(l.marks, held(Due{Delivery: d}, etl.CauseBrake,
			"the brake stopped the night because too much was rejected; look, then release it"))
	}
}

// flush saves what is pending. It does so even where the run was interrupted:
// what was answered must not be forgotten.
func (l *line) flush(cause error) error {
	if _, err := l.commit(nil); err != nil {
		return err
	}
	return cause
}

func (l *line) commit(intents []Intent) ([]int64, error) {
	if len(l.pending)+len(l.marks)+len(intents) == 0 {
		return nil, nil
	}
	ids, err := l.stage.Store.Commit(context.Background(), l.run, l.pending, l.marks, intents)
	if err != nil {
		return nil, err // the ledger cannot be trusted any more: nothing is sent after this
	}
	l.pending, l.marks = nil, nil
	return ids, nil
}
