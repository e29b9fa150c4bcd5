package main

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"
)

// TestSignals: the first cancels the work and says which it was; a second one,
// or the end of patience, ends the program with its code.
func TestSignals(t *testing.T) {
	t.Parallel()
	for s, want := range map[syscall.Signal]int{syscall.SIGHUP: 129, syscall.SIGINT: 130, syscall.SIGTERM: 143} {
		for how, patience := range map[string]time.Duration{"twice": time.Hour, "once": 0} {
			ctx, cancel := context.WithCancelCause(t.Context())
			signals, ended := make(chan os.Signal, 2), make(chan int, 2)
			caught := heed(signals, nextOf(0, echo), patience, cancel, func(code int) { ended <- code })
			signals <- s
			<-ctx.Done()
			if got := signalIn(context.Cause(ctx)); got != int32(s) || caught.Load() != int32(s) {
				t.Errorf("%v: the work was cancelled by %d, caught %d", s, got, caught.Load())
			}
			if how == "twice" {
				signals <- s
			}
			if got := <-ended; got != want {
				t.Errorf("%v %s: exit code %d, want %d", s, how, got, want)
			}
			close(signals)
		}
	}
}

// TestAnInterruptIsTold as a person would say it.
func TestAnInterruptIsTold(t *testing.T) {
	t.Parallel()
	for s, want := range map[syscall.Signal]string{syscall.SIGINT: "interrupted by Ctrl-C (SIGINT); run again to go on",
		syscall.SIGTERM: "interrupted by a request to stop (SIGTERM); run again to go on"} {
		if got := signalError(s).Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestASignalsEcho: the same signal within a second is the first, delivered
// twice; another one ends the program however soon it comes.
func TestASignalsEcho(t *testing.T) {
	t.Parallel()
	signals, ended := make(chan os.Signal, 3), make(chan int, 3)
	heed(signals, nextOf(0, echo-1), time.Hour, func(error) {}, func(code int) { ended <- code })
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGINT, syscall.SIGTERM} {
		signals <- s
	}
	if got := <-ended; got != 143 {
		t.Errorf("exit code %d, want 143: the echo of the first ended it", got)
	}
	close(signals)
}

// nextOf is a clock that shows one of the times after another, each once.
func nextOf(times ...time.Duration) func() time.Time {
	return func() time.Time {
		at := time.Unix(0, 0).Add(times[0])
		times = times[1:]
		return at
	}
}

func TestAWaitThatIsInterruptedSaysSo(t *testing.T) {
	t.Parallel()
	term := int32(syscall.SIGTERM)
	for _, c := range []struct {
		err          error
		caught, want int32
	}{
		{fmt.Errorf("wait for a lease: %w", context.Canceled), term, term},
		{signalError(term), term, term},
		{context.Canceled, 0, 0},
		{os.ErrNotExist, term, 0},
	} {
		if got := interruption(c.err, c.caught); got != c.want {
			t.Errorf("%v after signal %d: got %d, want %d", c.err, c.caught, got, c.want)
		}
	}
}

func TestTheDemoSaysHowItIsCalledAgain(t *testing.T) {
	t.Parallel()
	for arg, want := range map[string]string{"chartbridge": "chartbridge", "./chartbridge": "./chartbridge",
		"/tmp/go-build123/b001/exe/chartbridge": "go run ./cmd/chartbridge"} {
		if got := calledAs(arg); got != want {
			t.Errorf("%s: got %q, want %q", arg, got, want)
		}
	}
}
