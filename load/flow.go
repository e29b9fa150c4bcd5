package load

import (
	"context"
	"sync"
	"time"

	"github.com/chartbridge/chartbridge/etl"
)

// A flow makes requests of a line, several at a time, in the order in which it
// is given them. It does not stop in the middle of one: an interrupt lets those
// finish that are under way and leaves the others unsent.
type flow struct {
	queue   chan etl.Delivery
	answers chan Done
	workers sync.WaitGroup
	stop    func() // no other request begins
	cut     func() // those under way end
	open    int    // given, and not yet answered
}

// start begins a flow of so many requests at a time. end must follow.
func (l *line) start(ctx context.Context, inFlight int) *flow {
	requests, cut := graced(ctx)
	ctx, stop := context.WithCancel(ctx)
	f := &flow{queue: make(chan etl.Delivery, l.group()), answers: make(chan Done, l.group()), stop: stop, cut: cut}
	for range max(1, inFlight) {
		f.workers.Go(func() {
			for d := range f.queue {
				f.answers <- l.request(ctx, requests, d)
			}
		})
	}
	return f
}

// put gives it deliveries whose intents are on the disk.
func (f *flow) put(ds []etl.Delivery) {
	for _, d := range ds {
		f.open++
		f.queue <- d // it has room for a group
	}
}

// answered gives the answers that came, once no more than most are open.
func (f *flow) answered(most int) (answers []Done) {
	for f.open > most || len(f.answers) > 0 {
		answers = append(answers, <-f.answers)
		f.open--
	}
	return answers
}

// end gives the answers of what is still open. After an error nothing of it is
// begun any more.
func (f *flow) end(err error) []Done {
	if err != nil {
		f.stop()
	}
	close(f.queue)
	answers := f.answered(0)
	f.workers.Wait()
	f.stop()
	f.cut()
	return answers
}

// grace is how long requests that are under way may still take once the run is
// interrupted; they are cut off then, and uncertain. What is left of the ten
// seconds of a stop is for the counts and the files.
const grace = 6 * time.Second

// graced is a context that outlives an interrupted one by the grace. It is the
// process's own time that counts here, so it takes a real timer.
func graced(ctx context.Context) (context.Context, context.CancelFunc) {
	requests, cut := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(grace, cut) })
	return requests, func() { stop(); cut() }
}

// request sends one delivery, again only where it provably did not arrive, and
// no sooner than it was asked to.
func (l *line) request(ctx, requests context.Context, d etl.Delivery) Done {
	done := Done{Delivery: d, SettledBy: ByAnswer, Answer: Answer{Kind: NotSent}}
	var tries Tries
	for again := true; again && ctx.Err() == nil && !l.circuit.isOpen() && !l.watch.isOver(); {
		done.Attempts++
		done.Answer = l.stage.Destination.Send(requests, d)
		a := done.Answer
		if a.Kind != NotSent && a.Kind != Throttled {
			l.circuit.note(a)
			l.watch.note(a)
			done.Answer.Then = then(l.object, d)
			done.At = l.stage.Clock.Now()
			return done
		}
		var wait time.Duration
		if wait, again = tries.Again(a.Kind == Throttled, a.After); wait > MaxWait {
			l.circuit.leave()
		}
		again = again && l.stage.Clock.Sleep(ctx, wait) == nil
	}
	if ctx.Err() == nil && done.Attempts > 0 {
		l.circuit.note(done.Answer)
		l.watch.note(done.Answer)
	}
	done.At = l.stage.Clock.Now()
	return done
}

// then says what becomes of a delivery without an answer; "" = it is asked after.
func then(o Object, d etl.Delivery) string {
	switch {
	case o.Askable || o.Final:
		return ""
	case d.Op == etl.Update && carriesIDs(d):
		return "it rests and is then sent again, which changes nothing twice"
	}
	return "nobody can be asked after it; look whether it is there, then say so with `chartbridge uncertain resolve`"
}
