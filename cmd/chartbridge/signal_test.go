package main

import (
	"context"
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
			caught := heed(signals, patience, cancel, func(code int) { ended <- code })
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
