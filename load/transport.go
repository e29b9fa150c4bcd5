package load

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// RequestTimeout bounds one request to a destination, from dial to the last
// byte of its answer. The quiet period counts from its end.
const RequestTimeout = 60 * time.Second

// Caps of an answer's body after decompression. A list that is read back may
// be that of a whole practice: half a million visits are some 150 MB.
const (
	maxAnswer = 16 << 20
	maxList   = 256 << 20
)

// A Client makes requests to one destination. Reads share connections. A write
// gets a fresh one, since Go sends a POST again on a warm connection in some
// cases (reliability, 5.3).
type Client struct {
	reads, writes *http.Client
	Timeout       time.Duration
}

// NewClient makes a Client with TLS 1.2 or better and no followed redirects.
func NewClient(inFlight int) *Client {
	base := func() *http.Transport {
		return &http.Transport{
			DialContext:            (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
			TLSHandshakeTimeout:    10 * time.Second,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
			MaxResponseHeaderBytes: 64 << 10,
			MaxIdleConnsPerHost:    inFlight,
		}
	}
	writes := base()
	writes.DisableKeepAlives = true
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Client{
		reads:   &http.Client{Transport: base(), CheckRedirect: stay},
		writes:  &http.Client{Transport: writes, CheckRedirect: stay},
		Timeout: RequestTimeout,
	}
}

// A Reply is a whole answer.
type Reply struct {
	Status int
	Header http.Header
	Body   []byte
	Phase  Phase
}

// Read makes a request that changes nothing.
func (c *Client) Read(ctx context.Context, req *http.Request) (Reply, error) {
	return c.do(ctx, c.reads, req, maxList)
}

// Write makes a request that may change something. An error's phase tells
// whether it can have reached the destination.
func (c *Client) Write(ctx context.Context, req *http.Request) (Reply, error) {
	req.GetBody = nil // nothing can send the body again behind our back
	return c.do(ctx, c.writes, req, maxAnswer)
}

func (c *Client) do(ctx context.Context, client *http.Client, req *http.Request, most int64) (Reply, error) {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	var wrote, first atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteHeaderField:     func(string, []string) { wrote.Store(true) },
		WroteHeaders:         func() { wrote.Store(true) },
		GotFirstResponseByte: func() { first.Store(true) },
	})
	phase := func() Phase {
		switch {
		case first.Load():
			return PhaseAnswer
		case wrote.Load():
			return PhaseWritten
		}
		return PhaseDial
	}
	res, err := client.Do(req.WithContext(ctx))
	if err != nil {
		return Reply{Phase: phase()}, scrub(req, err, phase())
	}
	defer res.Body.Close()
	body, err := io.ReadAll(http.MaxBytesReader(nil, res.Body, most))
	reply := Reply{Status: res.StatusCode, Header: res.Header, Body: bytes.TrimPrefix(body, byteOrderMark), Phase: PhaseAnswer}
	if err != nil {
		return reply, cutOff(req, err)
	}
	return reply, nil
}

// JSONRequest builds a request with a JSON body; nil has none.
func JSONRequest(method, target string, body []byte) (*http.Request, error) {
	req, err := http.NewRequest(method, target, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("build a request: %w", err)
	}
	if body == nil {
		req.Body, req.ContentLength = nil, 0
	} else {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Accept", "application/json")
	return req, nil
}

// IsJSON reports whether a reply is JSON, by its type or, since many servers
// name another or none, by its first character: a 200 with HTML is a portal or a
// maintenance page, not the vendor's word.
func (r Reply) IsJSON() bool {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")) // what cannot be read names none
	if kind == "application/json" || kind == "text/json" || strings.HasSuffix(kind, "+json") {
		return true
	}
	trimmed := bytes.TrimLeft(r.Body, " \r\n\t")
	return len(trimmed) > 0 && (trimmed[0] == '{' || trimmed[0] == '[')
}

// byteOrderMark stands before the text of some servers, and no JSON begins so
// (RFC 8259, 8.1).
var byteOrderMark = []byte("\xef\xbb\xbf")

// MaxWait is the longest that a run waits because a reply asks it to. Whoever
// asks for more is left alone until the next run.
const MaxWait = time.Minute

// RetryAfter is the wait that a reply asks for, in seconds or as a date; 0 where
// it does not say. A date is held against the reply's own, so that no clock of
// ours counts (RFC 9110, 10.2.3 and 6.6.1).
func (r Reply) RetryAfter() time.Duration {
	asked := r.Header.Get("Retry-After")
	if n, err := strconv.Atoi(asked); err == nil {
		return time.Duration(min(max(n, 0), forever)) * time.Second
	}
	until, err := http.ParseTime(asked)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(r.Header.Get("Date"))
	if err != nil {
		return 0
	}
	return max(0, until.Sub(now))
}

// forever keeps an absurd number of seconds from becoming a small one.
const forever = int(1000 * time.Hour / time.Second)

// Unanswered classifies a write that brought no whole answer: only one of
// which no byte left is safe to send again.
func Unanswered(r Reply) Answer {
	if r.Phase == PhaseDial {
		return Answer{Kind: NotSent, Phase: r.Phase}
	}
	return Answer{Kind: Unknown, Phase: r.Phase, Status: r.Status}
}
