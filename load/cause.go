package load

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"syscall"
)

// A wayError is a request that failed on its way, told in our own words: the
// texts of net/url and net/http quote queries and pieces of answers, which may
// be a patient's (reliability, S7).
type wayError struct {
	doing, what string
	is          error // a sentinel whose text is ours or Go's own; nil = none
}

func (e *wayError) Error() string { return e.doing + ": " + e.what }

// Unwrap gives the sentinel and not the cause, whose text is not for logs.
func (e *wayError) Unwrap() error { return e.is }

// scrub says what went wrong with a request without the words of err.
func scrub(req *http.Request, err error, phase Phase) error {
	what := cause(err)
	if what == "" && phase == PhaseAnswer {
		what = "the answer is not HTTP"
	}
	if what == "" {
		what = "the connection failed"
	}
	return &wayError{doing: req.Method + " " + req.URL.Path, what: what, is: sentinel(err)}
}

// cutOff says why an answer did not come to its end.
func cutOff(req *http.Request, err error) error {
	what := "the answer broke off"
	if limit := new(http.MaxBytesError); errors.As(err, &limit) {
		what = "the answer is too large"
	} else if why := cause(err); why != "" {
		what += ": " + why
	}
	return &wayError{doing: req.Method + " " + req.URL.Path, what: what, is: sentinel(err)}
}

// sentinel is the part of an error that callers may ask for: none of these
// holds a vendor's text.
func sentinel(err error) error {
	for _, is := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, is) {
			return is
		}
	}
	if limit := new(http.MaxBytesError); errors.As(err, &limit) {
		return limit
	}
	return nil
}

// cause names what we know of a failure; "" for anything else.
func cause(err error) string {
	var (
		dns  *net.DNSError
		cert *tls.CertificateVerificationError
		rec  tls.RecordHeaderError
		bad  tls.AlertError
		slow net.Error
	)
	switch {
	case errors.Is(err, context.Canceled):
		return "it was interrupted"
	case errors.As(err, &dns):
		return "the host name is not found"
	case errors.As(err, &cert):
		return "the server's certificate is not trusted"
	case errors.As(err, &rec), errors.Is(err, http.ErrSchemeMismatch):
		return "the server does not speak TLS"
	case errors.As(err, &bad):
		return "the TLS handshake failed"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &slow) && slow.Timeout():
		return "no complete answer in time"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the connection is refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "the connection was reset"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection broke off"
	}
	return ""
}
