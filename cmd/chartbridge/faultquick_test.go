//go:build !deep

package main

import "testing"

// TestFaultTable is the quick part of the suite: each fault once, each step in
// its turn, and some kills. The whole of it carries the tag deep.
func TestFaultTable(t *testing.T) {
	f, s := &faultTable{t: t}, newStandard(t)
	var net verdict
	for n := 0; n < len(ills); n += 4 {
		net.add(faulted(t, s, steps[(n*5+4)%len(steps)], ills[n]))
	}
	net.add(faulted(t, s, steps[1], ills[2]))
	f.row("the network, each fault at some step", net)
	var kills verdict
	for _, n := range []int32{3, 11} {
		kills.add(killed(t, s, n))
	}
	f.row("kill -9 at a call", kills)
	f.row("kill -9 at a call, the vendor cannot be asked", killed(t, newStandard(t, blind), 8, blind))
	f.print()
}
