package drchrono

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// pacing is the longest wait that is a matter of calls per second. It is no
// quota used up: it is slept without a word, under Stop as well.
const pacing = 2 * time.Second

// Call says what a call is for.
type Call struct {
	Endpoint string // e.g. "patients"; "token" for the token endpoint
	Purpose  string // "page", "object", "bulk", "token", "code", "revoke"
}

// AtOnce reports whether a call cannot wait for the quota: a person's consent
// is a code that lives about a minute, and the end of a consent is wanted now.
// Both are calls of the token endpoint, which DrChrono does not count.
func (c Call) AtOnce() bool { return c.Purpose == "code" || c.Purpose == "revoke" }

// Ledger grants calls. Obligations: a grant is durable before Reserve
// returns, so that a crash over-counts and never under-counts; the limits
// hold across processes.
type Ledger interface {
	// Reserve records a call that is about to be made, or says how long to
	// wait (wait > 0: nothing is recorded, ask again after it). A call that is
	// AtOnce is recorded, and never waits.
	Reserve(ctx context.Context, c Call) (id int64, wait time.Duration, err error)
	// Answered records what came of it. status 0: no answer, or not made.
	Answered(ctx context.Context, id int64, status int) error
	// Throttled makes everybody wait until the instant (a 429's word).
	Throttled(ctx context.Context, until time.Time) error
}

// reserve waits for the grant of a call.
func (c *Client) reserve(ctx context.Context, call Call) (int64, error) {
	for {
		id, wait, err := c.o.Ledger.Reserve(ctx, call)
		if err != nil {
			return 0, fmt.Errorf("reserving a call for %s: %w", call.Endpoint, err)
		}
		if wait <= 0 {
			return id, nil
		}
		if err := c.quota(ctx, "the call quota is used up", wait); err != nil {
			return 0, err
		}
	}
}

// answered records a status even when ctx is done: the call was made.
func (c *Client) answered(ctx context.Context, id int64, status int) error {
	if err := c.o.Ledger.Answered(context.WithoutCancel(ctx), id, status); err != nil {
		return fmt.Errorf("recording an answer: %w", err)
	}
	return nil
}

// throttled obeys a 429: all processes wait, ourselves by the quota policy.
// It is never a failure, nor a revoked token.
func (c *Client) throttled(ctx context.Context, h http.Header, body []byte, before int) error {
	wait := throttle(h, body, before, c.o.Clock.Now())
	until := c.o.Clock.Now().Add(wait)
	if err := c.o.Ledger.Throttled(context.WithoutCancel(ctx), until); err != nil {
		return fmt.Errorf("recording a throttle: %w", err)
	}
	return c.quota(ctx, "DrChrono throttles", wait)
}

// quota waits for the quota, or returns a *QuotaError under Stop.
func (c *Client) quota(ctx context.Context, reason string, wait time.Duration) error {
	if c.o.OnQuota == Stop && wait > pacing {
		return &QuotaError{Until: c.o.Clock.Now().Add(wait)}
	}
	return c.pause(ctx, reason, wait)
}

// pause sleeps on the clock and says so if it is worth saying.
func (c *Client) pause(ctx context.Context, reason string, wait time.Duration) error {
	if wait > pacing {
		c.o.OnWait(reason, c.o.Clock.Now().Add(wait))
	}
	return c.o.Clock.Sleep(ctx, wait)
}
