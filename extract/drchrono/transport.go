package drchrono

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	maxHeader   = 64 << 10
	maxNoteBody = 64 << 10 // of a reply that is no 2xx: enough for a throttle's word
)

var (
	errTooLarge = errors.New("too large")                   // the reply exceeds the cap after decompression
	errEncoding = errors.New("an unknown content encoding") // we asked for gzip
)

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// transports gives one transport for reads and one for token calls. The
// second opens a connection for each call: on a warm one that breaks, nobody
// could tell whether the token was already exchanged (reliability §3.7, §5.3).
func transports(o Options) (reads, tokens http.RoundTripper) {
	if o.Transport == nil {
		return ownTransport(o.Timeout), fresh(ownTransport(o.Timeout))
	}
	if t, ok := o.Transport.(*http.Transport); ok {
		return t, fresh(t.Clone())
	}
	return o.Transport, o.Transport
}

func fresh(t *http.Transport) *http.Transport {
	t.DisableKeepAlives = true
	return t
}

func ownTransport(timeout time.Duration) *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    10 * time.Second,
		ResponseHeaderTimeout:  2 * timeout, // each call's own deadline is the sharper one
		MaxResponseHeaderBytes: maxHeader,
		IdleConnTimeout:        30 * time.Second,
		MaxIdleConnsPerHost:    2,
		DisableCompression:     true, // we gunzip ourselves, under the cap
	}
}

// reply is one answer, its body whole and decompressed.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// exchange sends one request and reads the answer to its last byte within
// timeout. A status is given even when the body fails.
func exchange(hc *http.Client, req *http.Request, timeout time.Duration, maxBody int64) (reply, error) {
	ctx, cancel := context.WithTimeout(req.Context(), timeout)
	defer cancel()
	resp, err := hc.Do(req.WithContext(ctx))
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	r := reply{status: resp.StatusCode, header: resp.Header}
	if r.status/100 != 2 {
		r.body, _ = readBody(resp, maxNoteBody) // a note, at best: its loss changes nothing
		return r, nil
	}
	r.body, err = readBody(resp, maxBody)
	return r, err
}

// readBody reads at most max bytes after decompression; more is errTooLarge,
// found without buffering it.
func readBody(resp *http.Response, max int64) ([]byte, error) {
	var r io.Reader = resp.Body
	switch resp.Header.Get("Content-Encoding") {
	case "", "identity":
	case "gzip", "x-gzip":
		z, err := gzip.NewReader(resp.Body)
		if err != nil {
			return nil, err
		}
		r = z
	default:
		return nil, errEncoding
	}
	body := bodies.Get().(*bytes.Buffer)
	defer bodies.Put(body)
	body.Reset()
	_, err := body.ReadFrom(io.LimitReader(r, max+1))
	if int64(body.Len()) > max {
		return nil, errTooLarge
	}
	return bytes.Clone(body.Bytes()), err
}

// bodies are read here first, where room has grown for those before: what is
// told of their length is a hint at best.
var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}
