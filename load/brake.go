package load

import (
	"context"
	"sync"

	"github.com/chartbridge/chartbridge/etl"
)

// A Brake stops a night that would change suspiciously much. Shares are in
// hundredths.
type Brake struct {
	Changed  int // of the acknowledged records of an object, where they are After or more
	Rejected int // of those sent, once After were sent
	After    int
}

// A Weight counts the records of an object: acknowledged, of these changed, and
// at the most that are due: what could not be judged is among them.
type Weight struct{ Known, Changed, Due int }

// braked reports whether this night would change suspiciously much of what
// the destination acknowledged before. A first load has nothing acknowledged.
func (s *Stage) braked(object Object, w Weight) bool {
	return !s.Released && !object.Final && w.Known >= s.Brake.After && w.Changed*100 > w.Known*s.Brake.Changed
}

// A Score counts what a run sent of an object and what was accepted for later.
type Score struct{ Sent, Rejected, Open int }

// over reports whether so much of it was rejected that going on would do harm.
func (b Brake) over(s Score) bool {
	return s.Sent > 0 && s.Sent >= b.After && s.Rejected*100 > s.Sent*b.Rejected
}

// A watch counts a line's answers as they come, so that not even the rest of a
// group whose intents are committed goes once the brake is over.
type watch struct {
	brake Brake
	off   bool // a person released it

	mu             sync.Mutex
	sent, rejected int // rejected: by an answer that came at once
	over           bool
}

func (w *watch) note(a Answer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent++
	if a.Kind == Rejected {
		w.rejected++
	}
	w.over = w.over || !w.off && w.brake.over(Score{Sent: w.sent, Rejected: w.rejected})
}

func (w *watch) isOver() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.over
}

func (w *watch) score() (sent, rejected int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.sent, w.rejected
}

// tripped reports whether the brake stops the line. What was accepted for later
// is counted by the ledger: its refusals come by callback, also to another
// process.
func (l *line) tripped(ctx context.Context) (bool, error) {
	switch {
	case l.stage.Released:
		return false, nil
	case l.stopped, l.watch.isOver():
		return true, nil
	case !l.stage.called:
		return false, nil
	}
	score, err := l.score(ctx)
	if err != nil || l.sampled || l.stage.silent || l.accepted == 0 || score.Sent < l.stage.Brake.After {
		return l.stage.Brake.over(score), err
	}
	l.sampled = true
	return l.sample(ctx, score)
}

// sample waits once for the answers of the first that were accepted for later,
// as long as they may trip the brake and no longer than a run waits at its end:
// otherwise all would be sent before the first refusal comes. Where none came at
// all, no other object waits for them in this run: their callbacks do not reach us.
func (l *line) sample(ctx context.Context, score Score) (bool, error) {
	brake, until, open := l.stage.Brake, l.stage.Clock.Now().Add(patience), score.Open
	for !brake.over(score) && brake.over(Score{score.Sent, score.Rejected + score.Open, 0}) && l.stage.Clock.Now().Before(until) {
		if err := l.stage.Clock.Sleep(ctx, lookForCallbacks); err != nil {
			return false, err
		}
		var err error
		if score, err = l.score(ctx); err != nil {
			return false, err
		}
	}
	l.stage.silent = score.Open >= open && !l.stage.Clock.Now().Before(until)
	return brake.over(score), nil
}

// score collects the answers that came by callback, and counts.
func (l *line) score(ctx context.Context) (Score, error) {
	if _, err := l.commit(nil); err != nil { // a callback speaks of an acceptance that is on the disk
		return Score{}, err
	}
	if _, err := Collect(ctx, l.stage.Store, l.stage.Destination, l.run); err != nil {
		return Score{}, err
	}
	score, err := l.stage.Store.Score(ctx, l.run, l.stage.Destination.Name(), l.object.Name)
	sent, rejected := l.watch.score()
	score.Sent += sent - l.accepted
	score.Rejected += rejected
	return score, err
}

func (l *line) hold(ds []etl.Delivery) {
	l.stopped = l.stopped || len(ds) > 0
	for _, d := range ds {
		l.marks = append(l.marks, held(Due{Delivery: d}, etl.CauseBrake,
			"the brake stopped the night because too much was rejected; look, then release it"))
	}
}
