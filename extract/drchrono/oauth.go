package drchrono

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const (
	tokenTimeout = 30 * time.Second
	tokenLife    = 172800 * time.Second // "always" (drchrono-v4, /o/token/)
	tokenBody    = 64 << 10
)

// posted is what became of one form sent to the token endpoint.
type posted struct {
	reply
	err     error
	notSent bool // no byte of the request left: err came before a connection stood
}

// post sends one form, once: a fresh connection, no redirect, no retry. Body
// credentials are the documented style, and a fixed one, since trying both
// sends a refresh token twice (reliability §5.4).
func (c *Client) post(ctx context.Context, path string, form url.Values) posted {
	form.Set("client_id", c.o.ClientID)
	form.Set("client_secret", c.o.ClientSecret)
	var connected atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	})
	u := *c.base
	u.Path += path
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), strings.NewReader(form.Encode()))
	if err != nil {
		return posted{err: err, notSent: true}
	}
	req.GetBody = nil // nothing below may send it a second time
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.o.UserAgent)
	r, err := exchange(c.oauth, req, tokenTimeout, tokenBody)
	_, traced := c.oauth.Transport.(*http.Transport)
	return posted{reply: r, err: err, notSent: err != nil && r.status == 0 && !connected.Load() && (traced || dialFailed(err))}
}

// dialFailed recognises the errors that come before a connection stands, for
// transports that tell no trace.
func dialFailed(err error) bool {
	var op *net.OpError
	var cert *tls.CertificateVerificationError
	return errors.As(err, &cert) || errors.As(err, &op) && op.Op == "dial"
}

// code is the OAuth error code (RFC 6749 §5.2) of a 4xx, "" if it is none: the
// text beside it, and codes that nobody defined, are not repeated.
func (p posted) code() string {
	var v struct {
		Error string `json:"error"`
	}
	known := []string{"invalid_grant", "invalid_client", "invalid_request", "invalid_scope", "unauthorized_client", "unsupported_grant_type"}
	if json.Unmarshal(p.body, &v) != nil || !slices.Contains(known, v.Error) {
		return ""
	}
	return v.Error
}

// tokenRefusal is a 3xx or 4xx of the token endpoint that says nothing about
// the refresh token.
func tokenRefusal(p posted) error {
	e := &StatusError{Endpoint: "token", Status: p.status, Kind: KindRequest, hint: "check base_url"}
	switch code := p.code(); {
	case isRedirect(p.status):
		e.Kind = KindRedirect
	case code == "invalid_client" || code == "unauthorized_client":
		e.Kind, e.hint = KindAuth, code+": check client_id and client_secret, then run `chartbridge auth login`"
	case code != "":
		e.hint = code
	}
	return e
}

// parseToken reads {"access_token", "refresh_token", "expires_in", "scope"}
// (drchrono-v4, /o/token/). A pair that came is not lost for the form of what
// stands beside it.
func parseToken(body []byte, at time.Time) (Token, bool) {
	var v struct {
		Access  string         `json:"access_token"`
		Refresh string         `json:"refresh_token"`
		Scope   jsontext.Value `json:"scope"`
		Expires jsontext.Value `json:"expires_in"`
	}
	if json.Unmarshal(body, &v) != nil || !headerSafe(v.Access) {
		return Token{}, false
	}
	life := tokenLife
	if n, err := strconv.ParseFloat(strings.Trim(string(v.Expires), `"`), 64); err == nil && n >= 1 && n <= math.MaxInt32 {
		life = time.Duration(n) * time.Second
	}
	return Token{Access: v.Access, Refresh: v.Refresh, Scope: scopeText(v.Scope), ObtainedAt: at, ExpiresAt: at.Add(life)}, true
}

// scopeText is a scope as text, which may come as a list; "" where it is
// neither.
func scopeText(v jsontext.Value) (scope string) {
	var list []string
	if json.Unmarshal(v, &scope) != nil && json.Unmarshal(v, &list) == nil {
		return strings.Join(list, " ")
	}
	return scope
}

func headerSafe(s string) bool { return len(s) < 8<<10 && printable(s) }

// AuthorizeURL is where a person consents (drchrono-v4, /o/authorize; PKCE by
// RFC 7636, S256). scope "" asks for all that the application has.
func (c *Client) AuthorizeURL(state, redirectURI, scope, challenge string) string {
	q := url.Values{"response_type": {"code"}, "client_id": {c.o.ClientID}, "redirect_uri": {redirectURI}, "state": {state}}
	if scope != "" {
		q.Set("scope", scope)
	}
	if challenge != "" {
		q.Set("code_challenge", challenge)
		q.Set("code_challenge_method", "S256")
	}
	u := *c.base
	u.Path += "/o/authorize/"
	u.RawQuery = q.Encode()
	return u.String()
}

// Exchange turns the code of a consent into the first token of a new
// generation and saves it. The code counts once and lives about a minute.
func (c *Client) Exchange(ctx context.Context, code, redirectURI, verifier string) error {
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirectURI}}
	if verifier != "" {
		form.Set("code_verifier", verifier)
	}
	if err := c.enter(ctx); err != nil {
		return err
	}
	defer c.leave()
	old, err := c.o.Tokens.Load(ctx)
	if err != nil && !errors.Is(err, ErrConsent) {
		return fmt.Errorf("loading the token: %w", err)
	}
	at := c.o.Clock.Now()
	p, err := c.once(ctx, "/o/token/", "code", form)
	if err != nil {
		return err
	}
	if p.code() == "invalid_grant" {
		return fmt.Errorf("DrChrono refused the code, which counts once and lives about a minute: %w", ErrConsent)
	}
	if p.status/100 != 2 {
		return tokenRefusal(p)
	}
	_, err = c.adopt(context.WithoutCancel(ctx), Token{Generation: old.Generation}, p.body, at)
	c.trouble, c.rest = nil, time.Time{}
	if errors.Is(err, ErrRefreshLost) {
		return errors.New("DrChrono's answer to the code cannot be read; run `chartbridge auth login` again")
	}
	return err
}

// once posts one form as one call of the ledger.
func (c *Client) once(ctx context.Context, path, purpose string, form url.Values) (posted, error) {
	id, err := c.reserve(ctx, Call{Endpoint: "token", Purpose: purpose})
	if err != nil {
		return posted{}, err
	}
	p := c.post(ctx, path, form)
	if err := c.answered(ctx, id, p.status); err != nil {
		return posted{}, err
	}
	if p.err != nil {
		return posted{}, scrub("asking the token endpoint", p.err)
	}
	if p.status == 429 {
		now := c.o.Clock.Now()
		until := now.Add(throttle(p.header, p.body, 0, now))
		if err := c.o.Ledger.Throttled(ctx, until); err != nil {
			return posted{}, fmt.Errorf("recording a throttle: %w", err)
		}
		return posted{}, &QuotaError{Until: until}
	}
	return p, nil
}

// Revoke ends the consent: the access token at DrChrono (drchrono-v4,
// /o/revoke_token/), its refresh token too where DrChrono takes it, and the
// stored generation.
func (c *Client) Revoke(ctx context.Context) error {
	if err := c.enter(ctx); err != nil {
		return err
	}
	defer c.leave()
	if err := c.reload(ctx); err != nil {
		return err
	}
	t := c.held
	if t.Access != "" {
		p, err := c.once(ctx, "/o/revoke_token/", "revoke", url.Values{"token": {t.Access}})
		if err == nil && p.status/100 != 2 {
			err = tokenRefusal(p)
		}
		if err != nil {
			return fmt.Errorf("revoking the token: %w", err)
		}
	}
	var err error
	if t.Refresh != "" { // undocumented: that DrChrono refuses it is no failure
		_, err = c.once(ctx, "/o/revoke_token/", "revoke", url.Values{"token": {t.Refresh}})
	}
	c.held = Token{Generation: t.Generation}
	return errors.Join(err, c.o.Tokens.Abandon(context.WithoutCancel(ctx), t.Generation, "revoked by the operator"))
}
