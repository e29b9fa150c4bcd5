package drchrono

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"
)

// Token is one pair of tokens. It prints and marshals redacted; a store saves
// its fields.
type Token struct {
	Generation int64     // counts the pairs: 1 is the first
	Access     string    // "" in a seed: only the refresh token is known
	Refresh    string    // "" once abandoned
	ObtainedAt time.Time // just before the request that brought it
	ExpiresAt  time.Time // zero: unknown
	Scope      string    // as granted, separated by spaces
	Refreshing bool      // a refresh of this generation was begun and not ended
}

// TokenStore is the token journal. Obligations: it holds across processes,
// and what it has said it has kept survives a power cut.
type TokenStore interface {
	// Load gives the newest token, or ErrNoToken. An abandoned one has no
	// Refresh, or comes with an error that wraps ErrConsent.
	Load(ctx context.Context) (Token, error)
	// Begin claims the refresh of this generation, durably, before the
	// request leaves. ok=false: another process is at it or did it; the
	// caller loads again after a wait. A claim whose owner is gone, or that
	// is older than two minutes, or is the caller's own, can be claimed again.
	Begin(ctx context.Context, generation int64) (ok bool, err error)
	// Save keeps the next generation and ends the refresh; it is synced
	// before it returns, since the token is used right after it.
	Save(ctx context.Context, t Token) error
	// Abandon ends this generation for ever: it needs a person's consent.
	Abandon(ctx context.Context, generation int64, reason string) error
	// Release takes the claim back: the refresh did not happen.
	Release(ctx context.Context, generation int64) error
}

// Format prints a token without its secrets, whatever the verb.
func (t Token) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, t.String()) }

// String names the token by its generation.
func (t Token) String() string { return fmt.Sprintf("token generation %d [redacted]", t.Generation) }

// MarshalJSON is for logs: it cannot be read back.
func (t Token) MarshalJSON() ([]byte, error) { return []byte(strconv.Quote(t.String())), nil }

// usable: DrChrono should accept it.
func (t Token) usable(now time.Time) bool {
	return t.Access != "" && (t.ExpiresAt.IsZero() || now.Before(t.ExpiresAt))
}

// due: less than a quarter of its life remains, or a refresh of it hangs. Half
// a day of spare lets people act before the night run fails (reliability §3.7).
func (t Token) due(now time.Time) bool {
	if t.Refreshing || !t.usable(now) {
		return true
	}
	return !t.ExpiresAt.IsZero() && t.ExpiresAt.Sub(now) < t.ExpiresAt.Sub(t.ObtainedAt)/4
}

// enter takes the right to the token; leave gives it back. A channel and not
// a mutex: a waiting caller still hears its context.
func (c *Client) enter(ctx context.Context) error {
	select {
	case c.gate <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for the token: %w", ctx.Err())
	}
}

func (c *Client) leave() { <-c.gate }

// token gives a token fit for use, refreshed if it is due.
func (c *Client) token(ctx context.Context) (Token, error) {
	if err := c.enter(ctx); err != nil {
		return Token{}, err
	}
	defer c.leave()
	now := c.o.Clock.Now()
	if c.held.due(now) && !(c.held.usable(now) && now.Before(c.rest)) {
		if err := c.reload(ctx); err != nil {
			return Token{}, err
		}
	}
	if !c.held.due(now) || c.held.usable(now) && now.Before(c.rest) {
		return c.held, nil
	}
	err := c.renew(ctx, c.held.Generation)
	if err != nil && c.held.usable(c.o.Clock.Now()) && passing(ctx, err) {
		return c.held, nil // the old one still serves; the refresh is tried again later
	}
	return c.held, err
}

// reload takes over what is stored, keeping a held token that is the same.
func (c *Client) reload(ctx context.Context) error {
	t, err := c.o.Tokens.Load(ctx)
	if err != nil {
		return fmt.Errorf("loading the token: %w", err)
	}
	c.held = t
	return nil
}

// renewAfter replaces a token that was refused, unless somebody already has.
func (c *Client) renewAfter(ctx context.Context, generation int64) error {
	if err := c.enter(ctx); err != nil {
		return err
	}
	defer c.leave()
	return c.renew(ctx, generation)
}

// Refresh replaces the token now, however young it is.
func (c *Client) Refresh(ctx context.Context) error {
	if err := c.enter(ctx); err != nil {
		return err
	}
	defer c.leave()
	if err := c.reload(ctx); err != nil {
		return err
	}
	c.rest = time.Time{}
	return c.renew(ctx, c.held.Generation)
}
