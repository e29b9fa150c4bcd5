package main

import (
	"testing"

	"github.com/chartbridge/chartbridge/load"
)

// TestSendsTo: a plan that only updates ends a destination's initial load too.
func TestSendsTo(t *testing.T) {
	steps := []load.Step{{Destination: "there", Does: "update"}, {Destination: "elsewhere", Does: "held"}}
	if !sendsTo(steps, "there") || sendsTo(steps, "elsewhere") || creates(steps, "there") {
		t.Error("what a plan sends is told wrongly")
	}
}
