package drchrono

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"
)

const (
	busySleep = 2 * time.Second // between looks at another process's refresh
	busyLooks = 65              // in a row: a little longer than a dead claim stands
	busyWaits = 3               // such rows
	restFor   = 5 * time.Minute // after a refresh that failed
)

// verdict is what one refresh came to.
type verdict int

const (
	saved  verdict = iota
	busy           // another process is at it
	later          // it did not happen; try again
	slowly         // throttled; the wait is over, or the error says to stop
	final          // the error stands
)

// passing: an error of the moment, under which a token that still lives may
// be used.
func passing(ctx context.Context, err error) bool {
	var quota *QuotaError
	var broken *netError
	var status *StatusError
	switch {
	case ctx.Err() != nil || errors.Is(err, ErrConsent) || errors.As(err, &quota):
		return false
	case errors.Is(err, ErrRefreshLost), errors.As(err, &broken):
		return true
	}
	return errors.As(err, &status) && status.Kind == KindServer
}

// renew gets a token newer than the generation used: from the store if
// another process was faster, else from DrChrono. After a failure of the
// moment it lets DrChrono rest a while. The caller holds the gate.
func (c *Client) renew(ctx context.Context, used int64) error {
	done, err := c.superseded(ctx, used)
	if done || err != nil {
		return err
	}
	if c.trouble != nil && c.o.Clock.Now().Before(c.rest) {
		return c.trouble
	}
	err = c.renewNow(ctx, used)
	c.trouble, c.rest = nil, time.Time{}
	if err != nil && passing(ctx, err) {
		c.trouble, c.rest = err, c.o.Clock.Now().Add(restFor)
	}
	return err
}

// superseded loads the stored token and reports whether it is a newer one.
func (c *Client) superseded(ctx context.Context, used int64) (bool, error) {
	if err := c.reload(ctx); err != nil {
		return false, err
	}
	t := c.held
	if t.Refresh == "" {
		return false, fmt.Errorf("the stored token is dead: %w", ErrConsent)
	}
	return t.Generation > used && !t.Refreshing && t.usable(c.o.Clock.Now()), nil
}

// renewNow tries until the token is new or an error stands.
func (c *Client) renewNow(ctx context.Context, used int64) error {
	var waits, tries, throttles int
	for {
		v, err := c.refreshOnce(ctx, c.held, throttles)
		switch {
		case v == saved || v == final || v == slowly && err != nil:
			return err
		case v == slowly:
			throttles++ // and the wait is over
		case v == busy && waits >= busyWaits:
			return errors.New("another process has been refreshing the DrChrono token for too long; run again in a few minutes")
		case v == busy:
			waits++
			err = c.watch(ctx, used)
		case tries >= retries:
			return err
		default:
			tries++
			err = c.pause(ctx, "the token endpoint has a fault", backoff(tries-1))
		}
		if err != nil {
			return err
		}
		if done, err := c.superseded(ctx, used); done || err != nil {
			return err
		}
	}
}

// watch waits while another process refreshes, for as long as a dead claim
// may stand. Looking costs no call.
func (c *Client) watch(ctx context.Context, used int64) error {
	for look := range busyLooks {
		if err := c.o.Clock.Sleep(ctx, busySleep); err != nil {
			return err
		}
		done, err := c.superseded(ctx, used)
		if done || err != nil || !c.held.Refreshing {
			return err
		}
		if look == 0 {
			c.o.OnWait("another process began to refresh DrChrono's token and has not ended it; if it is gone, the refresh is tried again then",
				c.o.Clock.Now().Add((busyLooks-1)*busySleep))
		}
	}
	return nil
}

// refreshOnce makes one attempt. The call is reserved before the claim, since
// a wait for the quota must not hold it. From the claim on, the context's end
// no longer stops it: a refresh cut short is a refresh lost.
func (c *Client) refreshOnce(ctx context.Context, t Token, throttles int) (verdict, error) {
	id, err := c.reserve(ctx, Call{Endpoint: "token", Purpose: "token"})
	if err != nil {
		return final, err
	}
	ok, err := c.o.Tokens.Begin(ctx, t.Generation)
	if err != nil {
		return final, fmt.Errorf("claiming the token refresh: %w", errors.Join(err, c.answered(ctx, id, 0)))
	}
	if !ok {
		return busy, c.answered(ctx, id, 0)
	}
	firm := context.WithoutCancel(ctx)
	at := c.o.Clock.Now()
	p := c.post(firm, "/o/token/", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {t.Refresh}})
	v, err := c.settle(firm, t, p, at)
	if lerr := c.answered(firm, id, p.status); lerr != nil {
		return final, errors.Join(err, lerr) // only after the new pair is safe
	}
	if v == slowly && err == nil {
		err = c.throttled(ctx, p.header, p.body, throttles)
	}
	return v, err
}

// settle ends the claim in exactly one way, or leaves it standing if nobody
// can tell what DrChrono did. What is not an answer of the token endpoint
// itself (429, 5xx, a redirect, an HTML page) is no revocation.
func (c *Client) settle(ctx context.Context, t Token, p posted, at time.Time) (verdict, error) {
	doing := "refreshing the token"
	switch {
	case p.err != nil && !p.notSent:
		return final, ErrRefreshLost
	case p.err != nil:
		return c.release(ctx, t, later, scrub(doing, p.err))
	case p.status == 429:
		return c.release(ctx, t, slowly, nil)
	case p.status >= 500:
		return c.release(ctx, t, later, &StatusError{Endpoint: "token", Status: p.status, Kind: KindServer, hint: "the token is kept; try again later"})
	case p.status/100 == 2:
		return c.adopt(ctx, t, p.body, at)
	case p.code() == "invalid_grant":
		return final, c.abandon(ctx, t)
	}
	return c.release(ctx, t, final, tokenRefusal(p))
}

func (c *Client) release(ctx context.Context, t Token, v verdict, because error) (verdict, error) {
	if err := c.o.Tokens.Release(ctx, t.Generation); err != nil {
		return final, fmt.Errorf("giving the token refresh back: %w", err)
	}
	return v, because
}

// adopt saves the new pair before its first use.
func (c *Client) adopt(ctx context.Context, old Token, body []byte, at time.Time) (verdict, error) {
	t, ok := parseToken(body, at)
	if !ok {
		return final, ErrRefreshLost
	}
	t.Generation = old.Generation + 1
	if t.Refresh == "" {
		t.Refresh = old.Refresh // omitted: the old one goes on
	}
	if t.Scope == "" {
		t.Scope = old.Scope
	}
	if err := c.o.Tokens.Save(ctx, t); err != nil {
		return final, fmt.Errorf("saving the new token: %w", err)
	}
	c.held = t
	return saved, nil
}

func (c *Client) abandon(ctx context.Context, t Token) error {
	why := "DrChrono refused the refresh token: it was used elsewhere, or the consent was withdrawn"
	if t.Refreshing || errors.Is(c.trouble, ErrRefreshLost) {
		why = "the reply to a refresh was lost, and DrChrono no longer takes the refresh token from before it"
	}
	if err := c.o.Tokens.Abandon(ctx, t.Generation, why); err != nil {
		return fmt.Errorf("abandoning the token: %w", err)
	}
	c.held = Token{Generation: t.Generation}
	return fmt.Errorf("%s: %w", why, ErrConsent)
}
