//go:build !(deep && amd64)

package main

import "testing"

// TestFaultTable is the quick part of the suite: each fault once, each step in
// its turn, and some kills. The whole of it carries the tag deep.
func TestFaultTable(t *testing.T) {
	t.Parallel()
	f := newFaultTable(t)
	net := f.row("the network, each fault at some step")
	for n := 0; n < len(ills); n += 4 {
		net.faulted(steps[(n*5+4)%len(steps)], ills[n])
	}
	net.faulted(steps[1], ills[2])
	kills := f.row("kill -9 at a call")
	for _, n := range []int32{3, 11} {
		kills.killed(f.s, n)
	}
	f.row("kill -9 at a call, the vendor cannot be asked").killed(newStandard(t, blind), 8, blind)
}
