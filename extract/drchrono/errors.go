package drchrono

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"syscall"
	"time"
)

var (
	// ErrUnavailable: the list answers 403 or 404. Scope, permission or the
	// account's plan lacks it (vendors/drchrono-facts §8); other lists go on.
	ErrUnavailable = errors.New("not available to this account")
	// ErrConsent: the token is dead; only a person can get a new one.
	ErrConsent = errors.New("DrChrono needs a person's consent: run `chartbridge auth login`")
	// ErrUnreachable: no answer, or only 5xx, after all retries.
	ErrUnreachable = errors.New("DrChrono cannot be reached")
	// ErrRefreshLost: a refresh may have been carried out, and we do not know
	// the new pair. The journal says so until a later try settles it.
	ErrRefreshLost = errors.New("the reply to a token refresh was lost; the next run tries the stored refresh token once more (where it is on another machine, two minutes from now); " +
		"if DrChrono refuses it, run `chartbridge auth login`")
	// ErrNoToken: the store holds no token yet. It is an ErrConsent.
	ErrNoToken = fmt.Errorf("no DrChrono token is stored: %w", ErrConsent)
)

// Kind sorts the statuses that callers tell apart.
type Kind string

// The kinds of a StatusError.
const (
	KindAuth        Kind = "auth"        // 401 that a new token did not cure, or client credentials refused
	KindUnavailable Kind = "unavailable" // 403; 404 on the first page of a list; 405 too on a bulk list
	KindMissing     Kind = "missing"     // 404 on one object: deleted, or no longer visible; 404 on a page that a next named
	KindRequest     Kind = "request"     // any other 4xx: the question is wrong
	KindServer      Kind = "server"      // 5xx after all retries
	KindRedirect    Kind = "redirect"    // too many redirects, or one that is not to be followed
)

// StatusError is an HTTP status that ends a call. It wraps ErrUnavailable,
// ErrConsent or ErrUnreachable where its kind says so, and never quotes the
// reply.
type StatusError struct {
	Endpoint string
	Status   int
	Kind     Kind
	hint     string
}

func (e *StatusError) Error() string {
	s := fmt.Sprintf("%s: DrChrono answered %d", e.Endpoint, e.Status)
	if e.hint != "" {
		return s + ": " + e.hint
	}
	return s
}

// Unwrap gives the sentinel that callers branch on.
func (e *StatusError) Unwrap() error {
	switch e.Kind {
	case KindUnavailable:
		return ErrUnavailable
	case KindAuth:
		return ErrConsent
	case KindServer:
		return ErrUnreachable
	}
	return nil
}

func statusError(q request, status int) *StatusError {
	e := &StatusError{Endpoint: q.endpoint, Status: status, Kind: KindRequest, hint: "it refused the question; check the filters"}
	switch {
	case status == 401:
		e.Kind, e.hint = KindAuth, "a fresh token is refused; run `chartbridge auth login`"
	case q.later && status == 404:
		e.Kind, e.hint = KindMissing, "the next page is gone; read the list anew from the start of its window"
	case q.list && (status == 403 || status == 404) || q.method == "POST" && status == 405:
		e.Kind, e.hint = KindUnavailable, "this list is not available to the account; check scopes and permissions"
	case status == 404:
		e.Kind, e.hint = KindMissing, "deleted, or no longer visible"
	case status == 403:
		e.Kind, e.hint = KindUnavailable, "scope or permission is missing"
	case status >= 500:
		e.Kind, e.hint = KindServer, "try again later"
	case status >= 300 && status < 400:
		e.Kind, e.hint = KindRedirect, "a redirect that is not followed"
	}
	return e
}

// QuotaError: with Stop, no call is granted before Until.
type QuotaError struct{ Until time.Time }

func (e *QuotaError) Error() string {
	return "DrChrono's call quota is used up until " + e.Until.UTC().Format(time.RFC3339) + "; run again after that"
}

// ForeignURLError: a next or a redirect leads somewhere else. Nothing was
// sent there.
type ForeignURLError struct {
	Endpoint string
	Page     int    // number of the page in this drain that carried the link; 0: the link it began with
	Reason   string // ours; the link itself is not repeated
}

func (e *ForeignURLError) Error() string {
	return fmt.Sprintf("%s: the link on %s is refused: %s", e.Endpoint, pageName(e.Page), e.Reason)
}

// LoopError: the list makes no progress.
type LoopError struct {
	Endpoint string
	Page     int
	Reason   string
}

// Repeats is the reason of a LoopError where a page has the records of the
// page before it.
const Repeats = "repeats the records of the page before it"

func (e *LoopError) Error() string {
	then := ""
	if e.Reason == Repeats {
		then = "; the next run asks for that page once more, and begins the list anew where it still repeats"
	}
	return fmt.Sprintf("%s: %s %s; the drain stops here and its cursor stays%s", e.Endpoint, pageName(e.Page), e.Reason, then)
}

// PageError: a page cannot be read. It stores nothing; the next run takes the
// drain up from this page.
type PageError struct {
	Endpoint string
	Page     int    // number of the page in this drain
	Path     string // path and query that were asked
	Reason   string
}

func (e *PageError) Error() string {
	path, _, _ := strings.Cut(e.Path, "?") // a next's query is the vendor's text
	return fmt.Sprintf("%s: %s (%s) cannot be read: %s; it stores nothing, the next run takes it up from here",
		e.Endpoint, pageName(e.Page), path, e.Reason)
}

func pageName(n int) string {
	if n == 0 {
		return "the start"
	}
	return "page " + strconv.Itoa(n)
}

// netError is a failure on the way, told in our own words: the texts of
// net/url and net/http quote query strings and pieces of replies.
type netError struct{ doing, what string }

func (e *netError) Error() string {
	return e.doing + ": " + e.what + "; is drchrono.base_url right, and the host reachable?"
}

// Unwrap gives the sentinel and not the cause, whose text is not for logs.
func (e *netError) Unwrap() error { return ErrUnreachable }

// scrub says what went wrong on the way without the words of err.
func scrub(doing string, err error) *netError {
	return &netError{doing: doing, what: cause(err)}
}

func cause(err error) string {
	var (
		dns  *net.DNSError
		cert *tls.CertificateVerificationError
		rec  tls.RecordHeaderError
		slow net.Error
	)
	switch {
	case errors.As(err, &dns):
		return "the host name is not found"
	case errors.As(err, &cert):
		return "the server's certificate is not trusted"
	case errors.As(err, &rec):
		return "the server does not speak TLS"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &slow) && slow.Timeout():
		return "no complete answer in time"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the connection is refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection broke off"
	}
	return "the connection failed"
}
