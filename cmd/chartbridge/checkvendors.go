package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/chartbridge/chartbridge/extract"
	"github.com/chartbridge/chartbridge/extract/drchrono"
	"github.com/chartbridge/chartbridge/load"
)

// mostSkew is how far our clock may be from DrChrono's. Tokens and quota
// windows allow for seconds, not for minutes.
const mostSkew = 30 * time.Second

// checkSource asks DrChrono one cheap question, through the call ledger, and
// then looks at the token that it was asked with.
func (c *preflight) checkSource(ctx context.Context) error {
	client, err := c.drchrono("", "operator", drchrono.Stop)
	if err != nil {
		c.fail("drchrono", errConfig, "correct the block drchrono in the config", "%v", err)
		return nil
	}
	before := c.clock.Now()
	_, header, err := client.Get(ctx, "users", "/api/users?page_size=1")
	after := c.clock.Now()
	var quota *drchrono.QuotaError
	var status *drchrono.StatusError
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err == nil:
		c.ok("drchrono", "%s answers", c.config.DrChrono.BaseURL)
		c.checkClock(header, before, after)
	case errors.As(err, &quota):
		c.warn("drchrono", "check again then; the other checks hold", "not asked: %v", err)
	case errors.Is(err, drchrono.ErrConsent):
		c.fail("drchrono", err, "run `chartbridge auth login`", "it does not let us in: %v", err)
	case errors.As(err, &status) && status.Status == http.StatusForbidden:
		c.fail("drchrono", errEnvironment, "give the application the scope user:read, and the consenting user the permission", "%v", err)
	default:
		c.fail("drchrono", errEnvironment, "correct what it names; nothing new is read until then", "%v", err)
	}
	return c.checkToken(ctx)
}

// checkEndpoints holds the endpoints that the config names against the catalogue
// and what the enabled destinations need.
func (c *preflight) checkEndpoints() {
	var named, lacking []string
	for _, name := range c.config.DrChrono.Endpoints {
		if e, ok := extract.Find(name); ok {
			named = append(named, e.Name)
		}
	}
	for _, name := range c.needed() {
		if !slices.Contains(named, name) {
			lacking = append(lacking, name)
		}
	}
	switch {
	case len(c.config.DrChrono.Endpoints) == 0:
	case len(lacking) > 0:
		c.warn("endpoints", "add them, or empty the list: it then holds what the destinations need",
			"drchrono.endpoints lacks %s, which the enabled destinations need: their records stay as they were staged", strings.Join(lacking, ", "))
	default:
		c.ok("endpoints", "the named endpoints hold what the enabled destinations need")
	}
}

// checkClock holds our clock against the Date header, which has whole seconds.
func (c *preflight) checkClock(header http.Header, before, after time.Time) {
	date, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		c.warn("clock", "", "DrChrono's answer has no Date, so our clock was not compared")
		return
	}
	skew := before.Add(after.Sub(before) / 2).Sub(date).Truncate(time.Second)
	if skew.Abs() > mostSkew+after.Sub(before) {
		c.warn("clock", "let NTP set this machine's clock", "ours differs from DrChrono's by %s", skew)
		return
	}
	c.ok("clock", "within %s of DrChrono's", mostSkew)
}

// checkToken tells the stored token's age and holds its scopes against what
// the endpoints need. DrChrono may answer a missing scope with an empty list
// (drchrono-facts, section 8), so this is the only place where it shows.
func (c *preflight) checkToken(ctx context.Context) error {
	token, err := c.tokens().Load(ctx)
	switch {
	case errors.Is(err, drchrono.ErrConsent):
		c.fail("token", err, "run `chartbridge auth login`", "%v", err)
		return nil
	case err != nil:
		return err
	case token.Refresh == "":
		c.fail("token", drchrono.ErrConsent, "run `chartbridge auth login`", "the stored token is dead")
		return nil
	case token.Access == "":
		c.warn("token", "", "the config's refresh token was not used yet, so neither age nor scopes are known")
		return nil
	}
	now := c.clock.Now()
	age, left := now.Sub(token.ObtainedAt).Round(time.Minute), token.ExpiresAt.Sub(now).Round(time.Minute)
	switch {
	case token.Refreshing:
		c.warn("token", "run `chartbridge auth status` in two minutes", "a refresh of generation %d was begun and not ended", token.Generation)
	case !token.ExpiresAt.IsZero() && left <= 0:
		c.warn("token", "the next call renews it; if that fails, run `chartbridge auth login`", "generation %d ran out %s ago", token.Generation, -left)
	default:
		c.ok("token", "generation %d, %s old, good for %s", token.Generation, age, left)
	}
	c.checkScopes(strings.Fields(token.Scope))
	return nil
}

func (c *preflight) checkScopes(granted []string) {
	if len(granted) == 0 {
		c.warn("scopes", "see at DrChrono what the application may read", "DrChrono did not say which scopes it granted")
		return
	}
	var lacking []string
	for _, name := range c.endpoints() {
		e, _ := extract.Find(name)
		for _, base := range strings.Split(e.Scopes, ",") {
			base = strings.TrimSpace(base)
			if base != "" && !slices.Contains(granted, base+":read") && !slices.Contains(granted, base) {
				lacking = append(lacking, name+" needs "+base+":read")
			}
		}
	}
	if len(lacking) > 0 {
		c.warn("scopes", "add them to the application at DrChrono, then `chartbridge auth login`; without one a list may come back empty", "%s", strings.Join(lacking, "; "))
		return
	}
	c.ok("scopes", "the %d endpoints have what they need", len(c.endpoints()))
}

// checkQuota tells what is left of the window, beside what the last run took.
func (c *preflight) checkQuota(ctx context.Context) error {
	b, err := c.ledger("", "operator").Budget(ctx)
	if err != nil {
		return err
	}
	past, err := c.store.Runs(ctx, 1)
	if err != nil {
		return err
	}
	took := 0
	for _, run := range past {
		spent, err := c.store.CallsOf(ctx, run.ID)
		if err != nil {
			return err
		}
		for _, s := range spent {
			took += s.Calls
		}
	}
	text := fmt.Sprintf("%d of %d calls left until %s", b.Left, b.Limit, b.Resets.In(c.config.Timezone).Format("15:04 MST"))
	if len(past) > 0 {
		text += fmt.Sprintf("; the newest run took %d", took)
	}
	if b.Left < max(took, 1) {
		c.warn("quota", "a run now would wait for the window, or stop with --on-quota stop", "%s", text)
		return nil
	}
	c.ok("quota", "%s", text)
	return nil
}

// openTimeout bounds the look at one destination.
const openTimeout = 2 * load.RequestTimeout

// checkDestinations lets each destination open: it fetches a token and checks
// the tenant, and writes nothing.
func (c *preflight) checkDestinations(ctx context.Context) {
	for _, d := range c.destinations() {
		within, cancel := context.WithTimeout(ctx, openTimeout)
		err := d.sender().Open(within)
		cancel()
		if err != nil {
			c.fail(d.name, errEnvironment, "correct what it names; no record goes there until then", "%v", err)
			continue
		}
		c.ok(d.name, "reached, and it lets us in")
	}
	c.checkCallbacks()
}

// shortSecret is the length below which a secret in a URL can be guessed.
const shortSecret = 16

// checkCallbacks says where Rethink's answers have to arrive.
func (c *preflight) checkCallbacks() {
	callback := c.config.Rethink.Callback
	if !c.config.Rethink.Enabled || !callback.Enabled {
		return
	}
	c.ok("callbacks", "Rethink posts its answers to %s (SECRET is rethink.callback.secret), which must lead to %s: `serve` receives them there, and a run does for as long as it lasts where nobody serves",
		callbackURL(callback), c.config.Serve.Listen)
	if len(callback.Secret.Reveal()) < shortSecret {
		c.warn("callbacks", "make one with `openssl rand -hex 24`", "rethink.callback.secret is shorter than %d characters, and it is all that keeps strangers out", shortSecret)
	}
}
