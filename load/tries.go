package load

import (
	"errors"
	"math/rand/v2"
	"net/http"
	"time"
)

// Tries counts how often one request was made, and says when it is made again.
type Tries struct {
	Most int // 0 is the engine's own; with one, whoever asked is patient
	made int
	busy int // turned away without a word of how long
}

// tries is how often a request is made that provably did not arrive.
const tries = 3

// A rate limit that turns a request away without a word of how long may count by
// the minute (centralreach.txt, Response Codes: "try again later"): the request
// is made again so many times, over a minute and a half at least, before that
// counts as a try.
const (
	unsaidTries = 7
	unsaidMost  = 3 * time.Minute // the waits, and requests that are turned away at once
)

// maxBackoff bounds the wait between two tries where none is asked for.
const maxBackoff = 30 * time.Second

// Again says after which wait a request that was not taken in is made again, no
// sooner than the reply asked. ok is false where it was made often enough, or is
// asked to wait for longer than MaxWait.
func (t *Tries) Again(throttled bool, asked time.Duration) (wait time.Duration, ok bool) {
	if throttled && asked == 0 && t.busy < unsaidTries && t.Most != 1 {
		wait = jittered(min(time.Second<<t.busy, maxBackoff))
		t.busy++
		return wait, true
	}
	wait = max(jittered(min(500*time.Millisecond<<t.made, maxBackoff)), asked)
	t.made++
	most := t.Most
	if most == 0 {
		most = tries
	}
	return wait, t.made < most && wait <= MaxWait
}

// AgainRead is Again for a read, which changes nothing, so that any failure of
// the moment may be repeated: the token's too.
func (t *Tries) AgainRead(reply Reply, err error) (wait time.Duration, ok bool) {
	var grant *GrantError
	switch {
	case errors.As(err, &grant):
		return t.AgainGrant(grant)
	case err != nil:
		return t.Again(false, 0)
	case reply.Status == http.StatusTooManyRequests, reply.Status >= 500:
		return t.Again(reply.Status == http.StatusTooManyRequests, reply.RetryAfter())
	}
	return 0, false
}

// AgainGrant is Again for a token.
func (t *Tries) AgainGrant(err *GrantError) (wait time.Duration, ok bool) {
	if err.Refused {
		return 0, false
	}
	return t.Again(err.throttled(), err.After)
}

// jittered spreads a wait over up to half as much again, so that those who were
// turned away together do not come back together.
func jittered(d time.Duration) time.Duration { return d + rand.N(d/2) }
