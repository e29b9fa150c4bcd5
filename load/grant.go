package load

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/chartbridge/chartbridge/etl"
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
// automatic one asks twice on any error (reliability, 5.4).
func NewGrant(client *Client, clock etl.Clock, tokenURL, id, secret string, scopes ...string) *Grant {
	return &Grant{client: client.writes, clock: clock, config: clientcredentials.Config{ClientID: id, ClientSecret: secret,
		TokenURL: tokenURL, Scopes: scopes, AuthStyle: oauth2.AuthStyleInParams}}
}

// A GrantError says that no token was to be had. It holds nothing of the
// answer but its status.
type GrantError struct {
	Status  int  // HTTP; 0 = no answer
	Refused bool // the credentials are wrong; otherwise it may work later
}

func (e *GrantError) Error() string {
	if e.Refused {
		return fmt.Sprintf("the token endpoint refused client_id or client_secret (HTTP %d); check them in the config", e.Status)
	}
	return fmt.Sprintf("the token endpoint gave no token (HTTP %d); is token_url right, and the host reachable?", e.Status)
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
	if err != nil {
		return "", grantError(err)
	}
	if token.ExpiresIn > 0 { // by our one clock, not the library's
		token.Expiry = g.clock.Now().Add(time.Duration(token.ExpiresIn) * time.Second)
	}
	g.token = token
	return token.AccessToken, nil
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
		return &GrantError{Status: status, Refused: status == 400 || status == 401 || status == 403}
	}
	return &GrantError{}
}

// GrantAnswer is a delivery's answer where no token was to be had: nothing of
// it left.
func GrantAnswer(err error) Answer {
	var grant *GrantError
	if errors.As(err, &grant) && grant.Refused {
		return Answer{Kind: Denied, Phase: PhaseDial}
	}
	return Answer{Kind: NotSent, Phase: PhaseDial}
}
