package load

import (
	"fmt"
	"sync"
)

// A circuit opens where a destination is down: nothing more goes there in this
// run, not even the rest of a group whose intents are committed. One that is
// down then costs minutes, not the night.
type circuit struct {
	mu                    sync.Mutex
	unreached, unanswered int // deliveries in a row
	open                  bool
	heard                 bool   // somebody at the address answered a delivery
	astray                string // why nothing is at the address, in our words
}

// unreachedLimit is how many deliveries in a row may fail to arrive, each with
// all its tries.
const unreachedLimit = 3

// unansweredLimit is how many in a row may stay without an answer. It is
// larger, so that a few records at which the vendor stumbles each night do not
// keep the others from their turn.
const unansweredLimit = 10

func (c *circuit) note(a Answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.astray = ""
	switch {
	case a.Kind == Denied:
		c.open = true
	case a.Kind == Astray:
		c.unreached, c.astray = c.unreached+1, a.Problem.Message
	case a.unreached():
		c.unreached++
	case a.heard():
		c.unreached, c.unanswered, c.heard = 0, 0, true
	default:
		c.unreached, c.unanswered = 0, c.unanswered+1
	}
	c.open = c.open || c.unreached >= unreachedLimit || c.unanswered >= unansweredLimit
}

// unreached reports whether a request provably was not taken in.
func (a Answer) unreached() bool {
	switch a.Kind {
	case NotSent, Throttled, Astray, Denied:
		return true
	}
	return false
}

// heard reports whether somebody answered what was sent.
func (a Answer) heard() bool {
	return !a.unreached() && (a.Kind != Unknown || a.Heard)
}

// leave opens it for one who asked to be left alone.
func (c *circuit) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open = true
}

func (c *circuit) isOpen() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.open
}

// isAstray reports whether nobody at the address answered any delivery: one that
// alone finds nothing there gives up no destination.
func (c *circuit) isAstray() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.astray != "" && !c.heard
}

// fault is why an open circuit keeps a line from going on.
func (c *circuit) fault() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.astray != "" {
		return blindError{fmt.Errorf("%w: %s", errAstray, c.astray)}
	}
	return ErrGivenUp
}
