//go:build deep

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/sql"
)

// TestFaultTable is the whole suite: each fault of the network at each step of
// each client, kill -9 at calls and at system calls, a full disk and a failing
// one. It needs strace, and takes up to an hour.
func TestFaultTable(t *testing.T) {
	f := newFaultTable(t)
	for _, at := range steps {
		row := f.row("the network at " + at.name)
		for _, what := range ills {
			if at.vendor == nil && (what.name == "429" || what.name == "503") {
				continue // waits by the wall clock; the client's own tests pass that time
			}
			row.faulted(at, what)
		}
	}
	calls, asked := f.row("kill -9 at a call"), f.row("kill -9 at a call, the vendor cannot be asked")
	blindly := newStandard(t, blind)
	for n := int32(1); n < 45; n += 2 {
		calls.killed(f.s, n)
		asked.killed(blindly, n, blind)
	}
	for _, call := range []string{"pwrite64", "fsync", "write", "connect", "openat", "ftruncate", "renameat", "close"} {
		f.row("kill -9 at the n-th "+call).atSystemCalls(call, "signal=KILL", false)
	}
	for _, call := range []string{"pwrite64", "fsync", "write", "ftruncate"} {
		for _, e := range []string{"ENOSPC", "EIO"} {
			f.row(e+" at the n-th "+call+" of the database").atSystemCalls(call, "error="+e, true)
			f.row(e+" from the n-th "+call+" on").atSystemCalls(call, "error="+e+"+", true)
		}
	}
}

// atSystemCalls strikes the second night at its n-th call of a kind, for n in
// growing steps, until a night ends before the n-th. With database, only calls
// on the database and the journal count.
func (r *faultRow) atSystemCalls(call, what string, database bool) {
	what, always := strings.CutSuffix(what, "+")
	for n, more := 1, true; more; n += 1 + n/3 {
		more = false // also where a filter leaves this one out
		r.table.t.Run(fmt.Sprintf("%s at %s %d", what, call, n), func(t *testing.T) {
			x := newTrial(t)
			x.night()
			x.between()
			when := fmt.Sprint(":when=", n)
			if always {
				when += "+"
			}
			log := filepath.Join(t.TempDir(), "strace")
			args := []string{"strace", "-f", "-qq", "-o", log, "-e", "trace=" + call, "-e", "inject=" + call + ":" + what + when}
			if database {
				for _, suffix := range []string{"", "-wal"} {
					args = append(args, "-P", filepath.Join(x.dir, "data", sql.FileName+suffix))
				}
				args = append(args, "-P", filepath.Join(x.dir, "data.journal", "epoch"), "-P", filepath.Join(x.dir, "data.journal", "discharges.jsonl"))
			}
			x.apart(args...)
			text, err := os.ReadFile(log)
			if err != nil {
				t.Fatal(err)
			}
			more = strings.Contains(string(text), "INJECTED") || strings.Contains(string(text), "killed by SIGKILL")
			r.add(x.judge(r.table.s))
		})
	}
}

// apart runs such a night to its end, or to its death; -1.
func (x *trial) apart(before ...string) int {
	x.t.Helper()
	out, err := x.process(before...).CombinedOutput()
	x.printed += string(out)
	if ended := new(exec.ExitError); err != nil && !errors.As(err, &ended) {
		x.t.Fatal(err)
	} else if err != nil {
		return ended.ExitCode()
	}
	return 0
}
