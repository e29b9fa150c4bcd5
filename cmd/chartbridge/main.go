// Command chartbridge is a practice's nightly job: it pulls what changed in
// DrChrono, stages it in SQLite, maps it to the destinations' shapes, sends
// each record once, and leaves load results and a reconciliation workbook.
package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"
	_ "time/tzdata" // zones are known on hosts that have none

	"github.com/chartbridge/chartbridge/sql"
)

func main() {
	harden()
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run is the whole program but for the process around it.
func run(args []string, stdout, stderr *os.File) (code int) {
	root, shared := newRoot(stdout, stderr)
	defer caughtPanic(shared.tell, &code)
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // as nohup leaves it
		signal.Notify(signals, syscall.SIGHUP)
	}
	caught := heed(signals, time.Now, patience, cancel, func(code int) {
		shared.tell("ended at once; what is open is settled by the next run")
		os.Exit(code)
	})
	root.SetArgs(args)
	err := sql.Damaged(root.ExecuteContext(ctx))
	code = exitCode(err, caught.Load())
	switch signal := interruption(err, caught.Load()); {
	case err == nil, code == exitAttention:
	case signal != 0:
		shared.tell(signalError(signal).Error())
	default:
		shared.tell(shared.typed(explain(err)))
	}
	return code
}

// A signalError is why the work was cut short: a person or the system asked.
type signalError syscall.Signal

func (e signalError) Error() string {
	if syscall.Signal(e) == syscall.SIGKILL { // it tells nobody of itself: see bury
		return "killed, or out of power; the next run counted what it had done"
	}
	return "interrupted by " + interrupter(syscall.Signal(e)) + "; run again to go on"
}

// interrupter is who interrupts by a signal, as a person would say it.
func interrupter(s syscall.Signal) string {
	switch s {
	case syscall.SIGINT:
		return "Ctrl-C (SIGINT)"
	case syscall.SIGTERM:
		return "a request to stop (SIGTERM)"
	case syscall.SIGHUP:
		return "the end of its terminal (SIGHUP)"
	}
	return s.String()
}

// signalIn is the signal that an error tells of; 0 = none.
func signalIn(err error) int32 {
	var s signalError
	if errors.As(err, &s) {
		return int32(s)
	}
	return 0
}

// interruption is the signal that ended the work; 0 = none. What only waited,
// as for a lease, says no more than that it was cancelled.
func interruption(err error, caught int32) int32 {
	if s := signalIn(err); s != 0 || !errors.Is(err, context.Canceled) {
		return s
	}
	return caught
}

// patience is how long the work has to end in order once it is interrupted:
// no file of a large practice, and no vendor, makes it more than 10 seconds.
const patience = 9500 * time.Millisecond

// echo is how soon the same signal after the first is still the first:
// timeout(1) sends it to the program, and then to the program's group.
const echo = time.Second

// heed cancels the work at the first SIGINT, SIGTERM or SIGHUP, which then
// finishes the record in hand; a second one ends the program at once, and so
// does the end of patience. That is a kill, which loses nothing.
func heed(signals <-chan os.Signal, now func() time.Time, patience time.Duration, cancel context.CancelCauseFunc, exit func(code int)) *atomic.Int32 {
	var caught atomic.Int32
	go func() {
		var first time.Time
		for s := range signals {
			number, _ := s.(syscall.Signal)
			end := func() { exit(exitCode(nil, int32(number))) }
			if !caught.CompareAndSwap(0, int32(number)) {
				if int32(number) != caught.Load() || now().Sub(first) >= echo {
					end()
				}
				continue
			}
			first = now()
			cancel(signalError(number))
			time.AfterFunc(patience, end)
		}
	}()
	return &caught
}
