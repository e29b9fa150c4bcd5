// Package drchrono holds the client of DrChrono's v4 API: lists followed page
// by page, the OAuth token and its journal, the call quota, and errors by kind.
//
// It reads only, and it knows nothing of what the rows mean: a row stays the
// bytes that came over the wire. What must outlive a process, the call ledger
// and the token, is kept by the caller behind two small interfaces.
//
// No error of this package quotes DrChrono's text, a query string sent by
// somebody else, a token or a row: such text may name a patient.
package drchrono

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/chartbridge/chartbridge/etl"
)

// QuotaPolicy says what to do when the quota is used up.
type QuotaPolicy int

// Wait sleeps until calls are granted again; Stop returns a *QuotaError.
const (
	Wait QuotaPolicy = iota
	Stop
)

const (
	defaultTimeout = 60 * time.Second // a whole list page; bulk and the like get twice that
	defaultMaxBody = 64 << 20
	pageCap        = 100_000
)

// Options is what New needs. BaseURL, ClientID, Clock, Ledger and Tokens are
// required.
type Options struct {
	BaseURL      string      // /api/... and /o/token/ below it; may have a path prefix; http only on loopback
	ClientID     string      // of the API application
	ClientSecret string      // of the API application
	Clock        etl.Clock   // every wait goes through it
	Ledger       Ledger      // grants the calls
	Tokens       TokenStore  // keeps the token
	OnQuota      QuotaPolicy // Wait or Stop

	OnWait     func(reason string, until time.Time) // told before a wait of more than two seconds; may be nil
	AllowHosts []string                             // further hosts (host or host:port) that a next or a redirect may name
	MaxBody    int64                                // bytes of a reply after decompression; default 64 MiB
	Transport  http.RoundTripper                    // nil: our own
	Timeout    time.Duration                        // of one list page, to its last byte; default 60 s
	UserAgent  string                               // default "chartbridge"

	// Recall is shown the bytes between the brackets of a page's rows before
	// they are read, and the path that was asked. It gives the digest that the
	// page is to bear, and what it knows of these very bytes, so that they need
	// not be read. Where the rows end is a guess at first, so it may be asked
	// twice about a page, and about bytes that are not its rows. Obligation: it
	// knows only bytes that were all the rows of a page before, and were read
	// then; of any other it gives nil. Nil: none are known.
	Recall func(ctx context.Context, endpoint, asked string, rows []byte) (digest string, known *etl.Page)
}

// Client talks to one DrChrono account. It is safe for concurrent use.
type Client struct {
	o     Options
	base  *url.URL
	hosts map[string]bool // host:port, lower case

	http  *http.Client // lists and objects
	oauth *http.Client // token calls: a fresh connection each

	pageCap int
	gate    chan struct{} // holds the one right to read or renew the token below
	held    Token         // the token in use, a copy of the stored one
	rest    time.Time     // no refresh before this: the last one failed
	trouble error         // how it failed
}

// New checks the options and makes a client. It makes no call.
func New(o Options) (*Client, error) {
	base, err := parseBase(o.BaseURL)
	if err != nil {
		return nil, err
	}
	if o.ClientID == "" {
		return nil, errors.New("drchrono: client_id is empty")
	}
	if o.Clock == nil || o.Ledger == nil || o.Tokens == nil {
		return nil, errors.New("drchrono: a clock, a ledger and a token store are required")
	}
	withDefaults(&o)
	c := &Client{o: o, base: base, pageCap: pageCap, gate: make(chan struct{}, 1)}
	c.hosts = allowedHosts(base, o.AllowHosts)
	reads, tokens := transports(o)
	c.http = &http.Client{Transport: reads, CheckRedirect: noRedirect}
	c.oauth = &http.Client{Transport: tokens, CheckRedirect: noRedirect}
	return c, nil
}

func withDefaults(o *Options) {
	if o.MaxBody <= 0 {
		o.MaxBody = defaultMaxBody
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.UserAgent == "" {
		o.UserAgent = "chartbridge"
	}
	if o.OnWait == nil {
		o.OnWait = func(string, time.Time) {}
	}
}

// parseBase accepts https anywhere and http on loopback. The message does not
// repeat the URL, which may carry credentials by mistake.
func parseBase(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.Opaque != "" {
		return nil, errors.New("drchrono: base_url is not an absolute URL, such as https://app.drchrono.com")
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("drchrono: base_url has a user name, a query or a fragment; give scheme, host and path only")
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		return nil, errors.New("drchrono: base_url must be https (http is for loopback only)")
	}
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), ""
	return u, nil
}

// Format prints neither the secret nor the token, whatever the verb.
func (o Options) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "drchrono options [redacted]") }

// Format prints neither the secret nor the token, whatever the verb.
func (c *Client) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "drchrono client [redacted]") }
