package drchronotest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Lives of what the vendor hands out (v4 document, OAuth; facts, section 8).
const (
	tokenLife = 48 * time.Hour
	codeLife  = time.Minute
)

var allScopes = []string{
	"user", "calendar", "patients", "patients:summary", "billing", "billing:patient-payment",
	"clinical", "labs", "messages", "settings", "tasks",
}

// grants is the state of one application's one grant: a new pair of tokens
// kills the one before.
type grants struct {
	clientID, clientSecret string
	scopes                 []string // as granted, such as "patients:read"
	refresh, access        string
	expires                time.Time
	codes                  map[string]code
	made, refreshes        int
}

type code struct {
	redirect string
	expires  time.Time
}

func newGrants(o Options) grants {
	g := grants{clientID: o.ClientID, clientSecret: o.ClientSecret, refresh: o.RefreshToken, codes: map[string]code{}}
	g.scopes = strings.Fields(o.Scopes)
	if len(g.scopes) == 0 {
		for _, s := range allScopes {
			g.scopes = append(g.scopes, s+":read", s+":write")
		}
	}
	return g
}

func (g *grants) valid(token string, now time.Time) bool {
	return g.access != "" && token == g.access && now.Before(g.expires)
}

// mint makes a token that repeats from run to run and guesses at nothing.
func (g *grants) mint(kind string) string {
	g.made++
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %s %d", g.clientSecret, kind, g.made))
	return kind + "-" + hex.EncodeToString(sum[:16])
}

func (g *grants) issue(now time.Time) fields {
	g.access, g.refresh, g.expires = g.mint("access"), g.mint("refresh"), now.Add(tokenLife)
	return fields{
		"access_token": g.access, "token_type": "Bearer", "expires_in": int(tokenLife / time.Second),
		"refresh_token": g.refresh, "scope": strings.Join(g.scopes, " "),
	}
}

// granted reports whether the grant covers all that an endpoint needs.
func (s *Server) granted(sp *spec) bool {
	for _, need := range sp.scopes {
		if !slices.Contains(s.auth.scopes, need+":read") && !slices.Contains(s.auth.scopes, need) {
			return false
		}
	}
	return true
}

// client checks the application's own credentials, in the form or as Basic.
func (s *Server) client(w http.ResponseWriter, r *http.Request) bool {
	if r.Method != http.MethodPost {
		fail(w, http.StatusMethodNotAllowed, `Method "`+r.Method+`" not allowed.`)
		return false
	}
	id, secret, ok := r.BasicAuth()
	if !ok {
		id, secret = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	}
	if id != s.o.ClientID || secret != s.o.ClientSecret {
		oauthError(w, "invalid_client")
		return false
	}
	return true
}

func oauthError(w http.ResponseWriter, what string) {
	writeJSON(w, http.StatusUnauthorized, marshal(fields{"error": what}))
}

// token trades a refresh token or a code for a new pair. The pair before dies
// at once, both of it.
func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	if !s.client(w, r) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.o.Now()
	switch r.PostFormValue("grant_type") {
	case "refresh_token":
		if t := r.PostFormValue("refresh_token"); t == "" || t != s.auth.refresh {
			oauthError(w, "invalid_grant")
			return
		}
		s.auth.refreshes++
	case "authorization_code":
		key := r.PostFormValue("code")
		c, ok := s.auth.codes[key]
		delete(s.auth.codes, key)
		if !ok || now.After(c.expires) || c.redirect != r.PostFormValue("redirect_uri") {
			oauthError(w, "invalid_grant")
			return
		}
	default:
		writeJSON(w, http.StatusBadRequest, marshal(fields{"error": "unsupported_grant_type"}))
		return
	}
	writeJSON(w, http.StatusOK, marshal(s.auth.issue(now)))
}

// authorize consents at once and redirects back. A scope that the application
// does not have fails the whole of it (facts, section 8).
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	back, err := url.Parse(q.Get("redirect_uri"))
	if err != nil || !back.IsAbs() || q.Get("client_id") != s.o.ClientID {
		writeJSON(w, http.StatusBadRequest, marshal(fields{"error": "invalid_request"}))
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out := back.Query()
	if state := q.Get("state"); state != "" {
		out.Set("state", state)
	}
	if s.auth.refuses(strings.Fields(q.Get("scope"))) {
		out.Set("error", "invalid_scope")
	} else {
		key := s.auth.mint("code")
		s.auth.codes[key] = code{q.Get("redirect_uri"), s.o.Now().Add(codeLife)}
		out.Set("code", key)
	}
	back.RawQuery = out.Encode()
	w.Header().Set("Location", back.String())
	w.WriteHeader(http.StatusFound)
}

func (g *grants) refuses(asked []string) bool {
	return slices.ContainsFunc(asked, func(a string) bool { return !slices.Contains(g.scopes, a) })
}

// revoke kills the access token, or with the refresh token the grant.
func (s *Server) revoke(w http.ResponseWriter, r *http.Request) {
	if !s.client(w, r) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch r.PostFormValue("token") {
	case "":
		writeJSON(w, http.StatusBadRequest, marshal(fields{"error": "invalid_request"}))
		return
	case s.auth.refresh:
		s.auth.refresh, s.auth.access = "", ""
	case s.auth.access:
		s.auth.access = ""
	}
	w.WriteHeader(http.StatusOK)
}
