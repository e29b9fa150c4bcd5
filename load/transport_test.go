package load_test

import (
	"context"
	"errors"
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
	hang := make(chan struct{})
	handler := http.NewServeMux()
	handler.HandleFunc("/hang", func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-hang:
		case <-r.Context().Done():
		}
	})
	handler.HandleFunc("/reset", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	handler.HandleFunc("/cut", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write([]byte("{"))
	})
	server := httptest.NewServer(handler)
	defer server.Close()
	defer close(hang)
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
		client := load.NewClient(1)
		client.Timeout = 200 * time.Millisecond
		req, err := load.JSONRequest(http.MethodPost, tt.url, []byte(`{}`))
		if err != nil {
			t.Fatal(err)
		}
		reply, err := client.Write(context.Background(), req)
		if err == nil {
			t.Errorf("%s: no error", tt.url)
		}
		if diff := cmp.Diff(tt.want, load.Unanswered(reply)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.url, diff)
		}
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
		{"text/html", `{}`, false},
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
