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
)

const (
	maxHops    = 5
	freshFor   = time.Minute     // a token younger than this may be unknown to a server yet
	freshSleep = 5 * time.Second // so a 401 on it is asked once more after this
)

// request is one question; fetch may send it several times.
type request struct {
	endpoint string
	purpose  string
	method   string
	accept   string
	url      *url.URL
	page     int           // number of the page in its drain, for messages
	list     bool          // 403 and 404 mean "not available"
	later    bool          // a page that a next named: 404 means that it is gone
	retries  int           // on 5xx, broken connections and what cannot be read
	timeout  time.Duration // to the last byte

	read func(reply) error // takes a 2xx reply apart; nil = it is taken as it is
}

func (q request) doing() string { return q.method + " " + q.endpoint + " " + q.url.Path }

// struggle counts what fetch has already tried for one question.
type struggle struct {
	retries, throttles, hops int
	renewed, rested          bool
}

// fetch asks until there is an answer of the 2xx kind or a reason to give up.
// Every attempt is a call of the ledger.
func (c *Client) fetch(ctx context.Context, q request) (reply, error) {
	var s struggle
	for {
		t, err := c.token(ctx)
		if err != nil {
			return reply{}, err
		}
		r, err := c.attempt(ctx, q, t)
		switch {
		case err != nil:
			err = c.broken(ctx, q, &s, r.status, err)
		case r.status/100 == 2:
			bad := q.fault(r)
			if bad == nil || s.retries >= q.retries {
				return r, bad
			}
			s.retries++
			err = c.pause(ctx, "DrChrono's answer cannot be read", backoff(s.retries-1))
		default:
			err = c.refused(ctx, &q, &s, t, r)
		}
		if err != nil {
			return reply{}, err
		}
	}
}

func (c *Client) attempt(ctx context.Context, q request, t Token) (reply, error) {
	id, err := c.reserve(ctx, Call{Endpoint: strings.TrimSuffix(q.endpoint, bulkList), Purpose: q.purpose})
	if err != nil {
		return reply{}, &fatalError{err}
	}
	req := (&http.Request{Method: q.method, URL: q.url, Host: q.url.Host, Header: http.Header{
		"Authorization":     {"Bearer " + t.Access},
		"X-Drc-Api-Version": {"v4"},
		"Accept":            {q.accept},
		"Accept-Encoding":   {"gzip"},
		"User-Agent":        {c.o.UserAgent},
	}}).WithContext(ctx)
	if q.method == http.MethodGet {
		// net/http repeats a GET by itself when a warm connection breaks: a call
		// that the ledger would not know. Not so a request with a body, though
		// empty; nothing of it goes over the wire.
		req.Body = io.NopCloser(strings.NewReader(""))
	}
	r, err := exchange(c.http, req, q.timeout, c.o.MaxBody)
	if lerr := c.answered(ctx, id, r.status); lerr != nil {
		return reply{}, &fatalError{lerr}
	}
	return r, err
}

// fault says why a 2xx reply cannot be read. It is asked for again: the
// vendor's edge sends HTML now and then, and JSON comes broken or cut off
// without a length that would tell (drchrono-facts, section 9).
func (q request) fault(r reply) error {
	if q.read == nil {
		return nil
	}
	return q.read(r)
}

// fatalError marks what is no matter of the network: retrying does not help.
type fatalError struct{ error }

func (e *fatalError) Unwrap() error { return e.error }

// broken decides on an attempt without a whole answer; nil means: ask again.
// A 2xx whose body again and again breaks off is the page's fault and not the
// network's: other lists can still be read.
func (c *Client) broken(ctx context.Context, q request, s *struggle, status int, err error) error {
	var fatal *fatalError
	switch {
	case errors.As(err, &fatal):
		return fatal.error
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w", q.doing(), ctx.Err())
	case errors.Is(err, errTooLarge):
		return pageError(q, fmt.Sprintf("it is larger than %d bytes after decompression", c.o.MaxBody))
	case errors.Is(err, errEncoding):
		return pageError(q, "it comes in an encoding that was not asked for")
	case s.retries >= q.retries && status/100 == 2:
		return pageError(q, "it breaks off before its end ("+cause(err)+")")
	case s.retries >= q.retries:
		return scrub(q.doing(), err)
	}
	s.retries++
	return c.pause(ctx, "the connection to DrChrono failed", backoff(s.retries-1))
}

// refused decides on an answer that is no 2xx; nil means: ask again.
func (c *Client) refused(ctx context.Context, q *request, s *struggle, t Token, r reply) error {
	switch {
	case r.status == 401:
		return c.unauthorized(ctx, *q, s, t)
	case r.status == 429:
		s.throttles++
		return c.throttled(ctx, r.header, r.body, s.throttles-1)
	case isRedirect(r.status):
		return c.redirect(q, s, r)
	case r.status >= 500 && s.retries < q.retries:
		s.retries++
		return c.pause(ctx, "DrChrono has a fault", backoff(s.retries-1))
	}
	return statusError(*q, r.status)
}

// unauthorized: one new token and one delayed retry, in the order that fits
// the token's age; then it is a matter for a person.
func (c *Client) unauthorized(ctx context.Context, q request, s *struggle, t Token) error {
	young := c.o.Clock.Now().Sub(t.ObtainedAt) < freshFor
	switch {
	case !s.rested && (young || s.renewed):
		s.rested = true
		return c.pause(ctx, "a new token is not known everywhere yet", freshSleep)
	case !s.renewed:
		s.renewed = true
		return c.renewAfter(ctx, t.Generation)
	}
	return statusError(q, 401)
}

func isRedirect(status int) bool {
	switch status {
	case 301, 302, 303, 307, 308:
		return true
	}
	return false
}

// redirect aims the same method and headers at the new place, as the vendor
// asks (drchrono-v4, Responses), but only on an allowed host.
func (c *Client) redirect(q *request, s *struggle, r reply) error {
	if s.hops++; s.hops > maxHops {
		return &StatusError{Endpoint: q.endpoint, Status: r.status, Kind: KindRedirect, hint: "more than 5 redirects"}
	}
	link := r.header.Get("Location")
	if strings.HasPrefix(link, "/") && !strings.HasPrefix(link, "//") {
		link = q.url.Scheme + "://" + q.url.Host + link
	}
	u, err := c.place(link, true)
	if err != nil {
		return &ForeignURLError{Endpoint: q.endpoint, Page: q.page, Reason: "a redirect: " + err.Error()}
	}
	q.url = u
	return nil
}
