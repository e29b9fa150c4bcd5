package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/chartbridge/chartbridge/etl"
)

// harden shuts the ways on which a process leaves what it holds in memory
// behind: what it writes is its owner's alone, it dumps no core, and a panic
// in a goroutine prints no stack, whose words may be values.
func harden() {
	syscall.Umask(0o077)
	_ = syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{})                  // lowering it is always allowed
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_DUMPABLE, 0, 0) // a handler that cores are piped to heeds no limit
	debug.SetTraceback("none")
}

// caughtPanic ends the program on a panic with where it happened, and never
// with what was held there. The database is what it was at the last commit.
func caughtPanic(tell func(string), code *int) {
	v := recover()
	if v == nil {
		return
	}
	*code = exitFailed
	text := "a mistake in the program; nothing is lost, what was open is settled by the next run. Report this, it holds no patient's value:"
	pcs := make([]uintptr, 32)
	pcs = pcs[:runtime.Callers(3, pcs)]
	if p, other := v.(*etl.Panic); other {
		pcs = p.Stack
	}
	frames := runtime.CallersFrames(pcs)
	for {
		f, more := frames.Next()
		if strings.Contains(f.Function, "chartbridge") || strings.HasPrefix(f.Function, "main.") {
			text += fmt.Sprintf("\n  %s:%d", f.Function, f.Line)
		}
		if !more {
			break
		}
	}
	tell(text)
}
