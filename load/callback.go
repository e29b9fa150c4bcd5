package load

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/chartbridge/chartbridge/etl"
)

// A Called destination may take a record for later and answer by a callback
// (assumptions, Rethink, asynchronous mode).
type Called interface {
	// Called reads the answer that a callback brought for a delivery. Unknown
	// says that it brought none: it speaks of another record, or says something
	// that nobody documents.
	Called(d etl.Delivery, body []byte) Answer
}

// A Call is a callback, with the open delivery that it speaks of.
type Call struct {
	etl.Delivery
	Callback   int64 // its row
	Answer     []byte
	ReceivedAt time.Time
}

// Collect saves the answers that callbacks brought for open deliveries, and
// gives their number. It is safe beside a run: whoever comes first settles a
// delivery, and the other leaves it as it is.
func Collect(ctx context.Context, store Store, destination Destination, run etl.Run) (n int, err error) {
	called, ok := destination.(Called)
	if !ok {
		return 0, nil
	}
	for {
		calls, err := store.Called(ctx, destination.Name())
		if err != nil || len(calls) == 0 {
			return n, err
		}
		for _, c := range calls {
			done := Done{Delivery: c.Delivery, Answer: called.Called(c.Delivery, c.Answer), SettledBy: ByCallback,
				Evidence: "their answer came by a callback", At: c.ReceivedAt}
			done.Answer.Then = then(objectOf(destination, c.Object), c.Delivery)
			if err := store.Complete(ctx, run, c.Callback, done); err != nil {
				return n, fmt.Errorf("save the answer that a callback brought: %w", err)
			}
			if done.Answer.Kind != Unknown {
				n++
			}
		}
	}
}

// lookForCallbacks is how often a run looks whether callbacks came: the daemon
// that takes them in may be another process.
const lookForCallbacks = time.Second

// await waits for the answers of what was accepted for later, each as long as
// it may take.
func (s *Stage) await(ctx context.Context, run etl.Run) error {
	for {
		if _, err := Collect(ctx, s.Store, s.Destination, run); err != nil {
			return err
		}
		awaits, err := s.Store.Awaits(ctx, s.Destination.Name(), s.Clock.Now())
		if err != nil || !awaits {
			return err
		}
		if err := s.Clock.Sleep(ctx, lookForCallbacks); err != nil {
			return err
		}
	}
}

// goesOn reports whether a round that ended so leaves something to wait for:
// what the brake or a blind look-up stopped is one object's.
func goesOn(err error) bool {
	return err == nil || errors.Is(err, ErrBrake) || errors.Is(err, errBlind)
}
