package centralregistry

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/transform"
	"github.com/go-json-experiment/json"
)

// A login holds the token of one person at one site: tokens are not shared
// across users (destinations-facts, C).
type login struct {
	o      Options
	client *load.Client

	mu    sync.Mutex
	word  string
	until time.Time // from when on it is no longer used
}

// margin is how long before its end a token is no longer used: a request that
// begins with it must end with it.
const margin = 2 * load.RequestTimeout

// A LoginError says that no token was to be had. It holds nothing of the
// answer but its status.
type LoginError struct{ load.GrantError }

func (e *LoginError) Error() string {
	if e.Refused {
		return fmt.Sprintf("the registry refused the login (HTTP %d); check username, password, first_name, last_name and unique_site_id in the config", e.Status)
	}
	return "the registry's login " + e.Gave("are base_url and paths.login right, and the host reachable?")
}

// Unwrap makes it the same kind of failure as any destination's.
func (e *LoginError) Unwrap() error { return &e.GrantError }

// token gives a token that lasts long enough for one request.
func (l *login) token(ctx context.Context) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.o.Clock.Now()
	if l.word != "" && now.Before(l.until) {
		return l.word, nil
	}
	reply, err := l.ask(ctx)
	if err != nil {
		return "", &LoginError{load.NoAnswer(reply.Status, err)}
	}
	word, expires, err := granted(reply)
	if err != nil {
		return "", err
	}
	// One whose end is unknown or past by our clock serves this request alone.
	l.word, l.until = word, now
	if life := expires.Sub(now); life > 0 {
		l.until = expires.Add(-min(margin, life/4))
	}
	return word, nil
}

// ask posts the login (central-registry.txt, Login): Basic authentication, and
// all fields of the body are required.
func (l *login) ask(ctx context.Context) (load.Reply, error) {
	body, err := json.Marshal(struct {
		FirstName string `json:"first_name"`
		LastName  string `json:"last_name"`
		SiteID    string `json:"unique_site_id"`
	}{l.o.FirstName, l.o.LastName, l.o.SiteID})
	if err != nil {
		return load.Reply{}, fmt.Errorf("build the login: %w", err)
	}
	req, err := load.JSONRequest(http.MethodPost, l.o.BaseURL+l.o.LoginPath, body)
	if err != nil {
		return load.Reply{}, err
	}
	req.SetBasicAuth(l.o.Username, l.o.Password)
	return l.client.Write(ctx, req)
}

// drop forgets a token that the registry refused, unless it was replaced
// meanwhile.
func (l *login) drop(word string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.word == word {
		l.word = ""
	}
}

// refusedLogin are the statuses that speak of credentials, person or site.
var refusedLogin = map[int]bool{400: true, 401: true, 403: true, 422: true}

// granted reads an answer to the login. expires is zero where the answer gives
// none that can be read.
func granted(reply load.Reply) (word string, expires time.Time, err error) {
	var answer struct {
		Success transform.Scalar `json:"success"`
		Token   transform.Scalar `json:"token"`
		Expires transform.Scalar `json:"expires"`
	}
	ok := reply.Status >= 200 && reply.Status < 300
	unread := !reply.IsJSON() || json.Unmarshal(reply.Body, &answer) != nil
	switch {
	case !ok:
		return "", expires, &LoginError{load.GrantError{Status: reply.Status, Refused: refusedLogin[reply.Status], After: reply.RetryAfter()}}
	case unread:
		return "", expires, &LoginError{load.GrantError{Status: reply.Status}}
	case strings.EqualFold(answer.Success.String(), "false"), answer.Token.String() == "":
		return "", expires, &LoginError{load.GrantError{Status: reply.Status, Refused: strings.EqualFold(answer.Success.String(), "false")}}
	}
	return answer.Token.String(), instant(answer.Expires.String()), nil
}

// instant reads an ISO-8601 stamp; one without a zone is UTC.
func instant(text string) time.Time {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05", "2006-01-02 15:04:05"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t
		}
	}
	return time.Time{}
}
