package load_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/load"
	"github.com/google/go-cmp/cmp"
)

// TestPhases: what may be sent again follows from how far a request got.
func TestPhases(t *testing.T) {
	var giveUp context.CancelFunc
	handler := http.NewServeMux()
	handler.HandleFunc("/hang", func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // that the client is gone is seen after the body
		giveUp()
		<-r.Context().Done()
	})
	handler.HandleFunc("/reset", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	handler.HandleFunc("/cut", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write([]byte("{"))
	})
	server := httptest.NewServer(handler)
	defer server.Close()
	tests := []struct {
		url  string
		want load.Answer
	}{
		{nobody + "/", load.Answer{Kind: load.NotSent, Phase: load.PhaseDial}},
		{"http://no-such-host.invalid/", load.Answer{Kind: load.NotSent, Phase: load.PhaseDial}},
		{"https://" + strings.TrimPrefix(server.URL, "http://") + "/", load.Answer{Kind: load.NotSent, Phase: load.PhaseDial}},
		{server.URL + "/hang", load.Answer{Kind: load.Unknown, Phase: load.PhaseWritten}},
		{server.URL + "/reset", load.Answer{Kind: load.Unknown, Phase: load.PhaseWritten}},
		{server.URL + "/cut", load.Answer{Kind: load.Unknown, Phase: load.PhaseAnswer, Status: 200}},
	}
	for _, tt := range tests {
		req, err := load.JSONRequest(http.MethodPost, tt.url, []byte(`{}`))
		if err != nil {
			t.Fatal(err)
		}
		var ctx context.Context
		ctx, giveUp = context.WithCancel(t.Context())
		reply, err := load.NewClient(1).Write(ctx, req)
		giveUp()
		if err == nil {
			t.Errorf("%s: no error", tt.url)
		}
		if diff := cmp.Diff(tt.want, load.Unanswered(reply)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.url, diff)
		}
	}
}

// TestTimeout: a request that has no answer in its time ends with an error.
func TestTimeout(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer server.Close()
	client := load.NewClient(1)
	client.Timeout = time.Millisecond
	req, err := load.JSONRequest(http.MethodGet, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Read(context.Background(), req); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want that its time ran out", err)
	}
}

// TestWritesStayHome: a write follows no redirect, goes on a connection of its
// own, and its error holds no query.
func TestWritesStayHome(t *testing.T) {
	statuses := []int{http.StatusTemporaryRedirect, http.StatusFound, http.StatusSeeOther}
	calls, addresses := 0, map[string]bool{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls++
		addresses[r.RemoteAddr] = true
		http.Redirect(w, r, "/again", statuses[calls%len(statuses)])
	}))
	defer server.Close()
	client := load.NewClient(1)
	for range 3 {
		req, err := load.JSONRequest(http.MethodPost, server.URL, []byte(`{}`))
		if err != nil {
			t.Fatal(err)
		}
		if reply, err := client.Write(context.Background(), req); err != nil || reply.Status/100 != 3 {
			t.Errorf("got %d, %v, want the redirect itself", reply.Status, err)
		}
	}
	if calls != 3 || len(addresses) != 3 {
		t.Errorf("%d calls on %d connections, want 3 on 3", calls, len(addresses))
	}
	req, err := load.JSONRequest(http.MethodGet, nobody+"/list?lastName=Roma", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Read(context.Background(), req); err == nil || strings.Contains(err.Error(), "Roma") {
		t.Errorf("got %v, want an error without the query", err)
	}
}

// TestErrorsQuoteNothing: an error says what happened in our words, and nothing
// of what the vendor wrote.
func TestErrorsQuoteNothing(t *testing.T) {
	tests := []struct{ name, answer, want string }{
		{"a header without a colon", "HTTP/1.1 200 OK\r\nAda Roma\r\n\r\n", "the answer is not HTTP"},
		{"no HTTP", "Ada Roma, born 2015\r\n\r\n", "the answer is not HTTP"},
		{"a redirect to nowhere", "HTTP/1.1 302 Found\r\nLocation: http://[Ada Roma\r\nContent-Length: 0\r\n\r\n", "the answer is not HTTP"},
		{"a length that is none", "HTTP/1.1 200 OK\r\nContent-Length: Ada Roma\r\n\r\n", "the answer is not HTTP"},
		{"a chunk that is none", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nAda Roma\r\n", "the answer broke off"},
		{"nothing", "", "the connection broke off"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req, err := load.JSONRequest(http.MethodGet, rawServer(t, tt.answer)+"/list?lastName=Roma", nil)
			if err != nil {
				t.Fatal(err)
			}
			_, err = load.NewClient(1).Read(t.Context(), req)
			if err == nil || err.Error() != "GET /list: "+tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
			for e := err; e != nil; e = errors.Unwrap(e) {
				if strings.Contains(e.Error(), "Roma") {
					t.Errorf("%v quotes the vendor", e)
				}
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	req, err := load.JSONRequest(http.MethodGet, nobody, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := load.NewClient(1).Read(ctx, req); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want it known as interrupted", err)
	}
}

// rawServer answers every connection with those bytes and closes it.
func rawServer(t *testing.T, answer string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 4096))
			_, _ = conn.Write([]byte(answer))
			_ = conn.Close()
		}
	}()
	return "http://" + listener.Addr().String()
}

// TestBigAnswer: an answer without end is cut off, and is no answer.
func TestBigAnswer(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		block := []byte(strings.Repeat(" ", 1<<20))
		for range 20 {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	}))
	defer server.Close()
	req, err := load.JSONRequest(http.MethodPost, server.URL, []byte(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	var limit *http.MaxBytesError
	if _, err := load.NewClient(1).Write(context.Background(), req); !errors.As(err, &limit) {
		t.Errorf("got %v, want it cut off", err)
	}
}

func TestIsJSON(t *testing.T) {
	tests := []struct {
		kind, body string
		want       bool
	}{
		{"application/json", `{}`, true},
		{"application/json; charset=utf-8", `[]`, true},
		{"application/problem+json", `{}`, true},
		{"application/json", `null`, true},
		{"text/json", `"saved"`, true},
		{"text/html", `{}`, true},
		{"text/html", `<!doctype html>`, false},
		{"", ` {"a":1}`, true},
		{"", `<html>`, false},
		{"text/plain", `[1]`, true},
		{"text/plain", ``, false},
	}
	for _, tt := range tests {
		r := load.Reply{Header: http.Header{"Content-Type": {tt.kind}}, Body: []byte(tt.body)}
		if got := r.IsJSON(); got != tt.want {
			t.Errorf("%q %q: got %t, want %t", tt.kind, tt.body, got, tt.want)
		}
	}
}

// TestRetryAfter: seconds, or a date, which is held against the reply's own.
func TestRetryAfter(t *testing.T) {
	const date = "Sun, 01 Nov 2026 06:00:00 GMT"
	for _, tt := range []struct {
		asked, date string
		want        time.Duration
	}{
		{"7", "", 7 * time.Second}, {"3600", date, time.Hour}, {"-1", date, 0}, {"", date, 0}, {"soon", date, 0},
		{"Sun, 01 Nov 2026 06:01:30 GMT", date, 90 * time.Second}, {"Sun, 01 Nov 2026 05:00:00 GMT", date, 0},
		{"Sun, 01 Nov 2026 06:01:30 GMT", "", 0}, {"9000000000000", date, 1000 * time.Hour},
	} {
		reply := load.Reply{Header: http.Header{"Retry-After": {tt.asked}, "Date": {tt.date}}}
		if got := reply.RetryAfter(); got != tt.want {
			t.Errorf("Retry-After %q at %q: %v, want %v", tt.asked, tt.date, got, tt.want)
		}
	}
}
