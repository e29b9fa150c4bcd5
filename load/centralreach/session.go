package centralreach

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/transform"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// ErrOrganization says that the token is not for the organization of the
// config: nothing may be sent with it.
var ErrOrganization = errors.New("wrong organization")

// token gives a token that was compared with the config. A later token of the
// same run is compared again: it is what decides where a write lands.
func (d *Destination) token(ctx context.Context) (string, error) {
	token, err := d.grant.Token(ctx)
	if err != nil {
		return "", err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if token == d.checked {
		return token, nil
	}
	org, err := orgOf(token)
	if err != nil {
		return "", err
	}
	if org != strings.TrimSpace(d.o.OrgID) {
		return "", fmt.Errorf("%w: the token is for orgid %q, centralreach.org_id says %q; correct the one or the other, nothing was sent",
			ErrOrganization, org, d.o.OrgID)
	}
	d.checked = token
	return token, nil
}

// orgOf reads the claim orgid of a JWT (centralreach.txt, Authentication). The
// signature is for the API to check, which takes the token; some clients read
// the claim as orgId (destinations-facts, B1). A claim may be a list of one; a
// list of several says no more where a write lands.
func orgOf(token string) (string, error) {
	unreadable := fmt.Errorf("%w: the access token is no JWT with the claim orgid, so where it leads cannot be told", ErrOrganization)
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return "", unreadable
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return "", unreadable
	}
	var claims struct {
		OrgID jsontext.Value `json:"orgid,case:ignore"`
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		return "", unreadable
	}
	var org transform.Scalar
	var list []transform.Scalar
	if json.Unmarshal(claims.OrgID, &list) == nil && len(list) == 1 {
		org = list[0]
	} else if json.Unmarshal(claims.OrgID, &org) != nil {
		return "", unreadable
	}
	if org.String() == "" {
		return "", unreadable
	}
	return org.String(), nil
}

// A pass is what one request is let in with.
type pass struct {
	token string
	bare  bool
}

// admit puts the headers on a request. The document's table of response codes
// says "Bearer <token>", its example shows the bare JWT: the first is used
// until it is refused and the second taken.
func (d *Destination) admit(ctx context.Context, req *http.Request) (pass, error) {
	token, err := d.token(ctx)
	if err != nil {
		return pass{}, err
	}
	d.mu.Lock()
	p := pass{token, d.bare}
	d.mu.Unlock()
	req.Header.Set("x-api-key", d.o.APIKey)
	if p.bare {
		req.Header.Set("Authorization", token)
	} else {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return p, nil
}

// costsToken are the statuses as which an expired token shows (centralreach.txt,
// Response Codes).
var costsToken = map[int]bool{http.StatusUnauthorized: true, http.StatusInternalServerError: true}

// learn takes from a status what it says of the pass.
func (d *Destination) learn(p pass, status int) {
	if costsToken[status] {
		d.grant.Drop(p.token)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case status >= 200 && status < 300:
		d.bare, d.proven = p.bare, true
	case status == http.StatusUnauthorized && !d.proven:
		d.bare = !p.bare
	}
}

// unsent is the answer where a read or the token failed: nothing was written.
func unsent(err error) load.Answer {
	if errors.Is(err, ErrOrganization) {
		return load.Answer{Kind: load.Denied, Phase: load.PhaseDial}
	}
	return load.GrantAnswer(err)
}
