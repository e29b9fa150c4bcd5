package load

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/go-json-experiment/json"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// A Grant hands out the token of a client-credentials grant and fetches a new
// one before it runs out.
type Grant struct {
	config clientcredentials.Config
	client *http.Client
	clock  etl.Clock
	mu     sync.Mutex
	token  *oauth2.Token
}

// margin is how long before its end a token is no longer used: a request that
// begins with it must end with it.
const margin = 2 * RequestTimeout

// NewGrant makes a Grant. Credentials go in the form, in a fixed style: the
// automatic one asks twice on any error (reliability, 5.4). Where the scopes are
// refused, the last is asked for alone.
func NewGrant(client *Client, clock etl.Clock, tokenURL, id, secret string, scopes ...string) *Grant {
	return &Grant{client: client.writes, clock: clock, config: clientcredentials.Config{ClientID: id, ClientSecret: secret,
		TokenURL: tokenURL, Scopes: scopes, AuthStyle: oauth2.AuthStyleInParams}}
}

// A GrantError says that no token was to be had. It holds nothing of the
// answer but its status.
type GrantError struct {
	Status  int           // HTTP; 0 = no answer
	Refused bool          // the credentials are wrong; otherwise it may work later
	After   time.Duration // how long it asks to wait
	Why     string        // our own words for why no answer came
}

// Unwrap makes one whose rate limit outlasts our patience left alone for this run.
func (e *GrantError) Unwrap() error {
	if e.throttled() {
		return ErrSlowDown
	}
	return nil
}

func (e *GrantError) Error() string {
	if e.Refused {
		return fmt.Sprintf("the token endpoint refused client_id or client_secret (HTTP %d); check them in the config", e.Status)
	}
	return "the token endpoint " + e.Gave("is token_url right, and the host reachable?")
}

// throttled reports whether a rate limit turned us away, which says nothing
// against the request.
func (e *GrantError) throttled() bool { return e.Status == http.StatusTooManyRequests }

// Gave says what came instead of a token, and what to look at.
func (e *GrantError) Gave(look string) string {
	switch {
	case e.throttled():
		return "turns us away by its rate limit (HTTP 429); the next run asks again"
	case e.Status > 0:
		return fmt.Sprintf("gave no token (HTTP %d); %s", e.Status, look)
	case e.Why != "":
		return "gave no answer: " + e.Why + "; " + look
	}
	return "gave no answer that we can read; " + look
}

// NoAnswer is a GrantError of a request that brought none.
func NoAnswer(status int, err error) GrantError {
	if way := new(wayError); errors.As(err, &way) { // it names the cause, and keeps no more of it
		return GrantError{Status: status, Why: way.what}
	}
	return GrantError{Status: status, Why: cause(err)}
}

// Token gives a token that lasts long enough for one request.
func (g *Grant) Token(ctx context.Context) (string, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.token != nil && (g.token.Expiry.IsZero() || g.clock.Now().Add(min(margin, g.life()/4)).Before(g.token.Expiry)) {
		return g.token.AccessToken, nil
	}
	ctx, cancel := context.WithTimeout(context.WithValue(ctx, oauth2.HTTPClient, g.client), RequestTimeout)
	defer cancel()
	token, err := g.config.Token(ctx)
	if refused := new(oauth2.RetrieveError); errors.As(err, &refused) && refused.ErrorCode == "invalid_scope" && len(g.config.Scopes) > 1 {
		g.config.Scopes = g.config.Scopes[len(g.config.Scopes)-1:] // the one that we cannot do without
		token, err = g.config.Token(ctx)
	}
	if err != nil {
		return "", grantError(err)
	}
	if token.ExpiresIn <= 0 {
		token.ExpiresIn = secondsLeft(token.AccessToken, g.clock.Now())
	}
	if token.ExpiresIn > 0 { // by our one clock, not the library's
		token.Expiry = g.clock.Now().Add(time.Duration(token.ExpiresIn) * time.Second)
	}
	g.token = token
	return token.AccessToken, nil
}

// secondsLeft is how long a JWT lasts by its claim exp, in seconds since the Unix
// epoch (centralreach.txt, Authentication); 0 where it does not say.
func secondsLeft(token string, now time.Time) int64 {
	var claims struct {
		Exp int64 `json:"exp"`
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return 0
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil || json.Unmarshal(payload, &claims) != nil {
		return 0
	}
	return max(0, claims.Exp-now.Unix())
}

func (g *Grant) life() time.Duration { return time.Duration(g.token.ExpiresIn) * time.Second }

// Drop forgets a token that the vendor refused, unless it was replaced
// meanwhile.
func (g *Grant) Drop(token string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.token != nil && g.token.AccessToken == token {
		g.token = nil
	}
}

func grantError(err error) error {
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) && refused.Response != nil {
		status := refused.Response.StatusCode
		return &GrantError{Status: status, Refused: status == 400 || status == 401 || status == 403, After: Reply{Header: refused.Response.Header}.RetryAfter()}
	}
	none := NoAnswer(0, err)
	return &none
}

// GrantAnswer is a delivery's answer where no token was to be had: nothing of
// it left.
func GrantAnswer(err error) Answer {
	var grant *GrantError
	switch {
	case !errors.As(err, &grant):
	case grant.Refused:
		return Answer{Kind: Denied, Phase: PhaseDial}
	case grant.throttled():
		return Answer{Kind: Throttled, Phase: PhaseDial, After: grant.After}
	}
	return Answer{Kind: NotSent, Phase: PhaseDial}
}
