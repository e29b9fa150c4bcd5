package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/cmd/chartbridge/config"
	"github.com/chartbridge/chartbridge/load/loadtest"
	"github.com/chartbridge/chartbridge/load/rethink"
)

// newCalledSite is a practice whose Rethink answers by callbacks. They come to
// a loopback address of this process alone: on 127.0.0.1 another test's
// connection might take the port before the run listens there.
func newCalledSite(t *testing.T) *site {
	t.Helper()
	pid := os.Getpid()
	listener, err := net.Listen("tcp", fmt.Sprintf("127.%d.%d.%d:0", 64+pid>>16%64, pid>>8%256, pid%256))
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	s := newSite(t)
	s.v.callback = address
	if err := os.Remove(s.config); err != nil {
		t.Fatal(err)
	}
	if _, err := s.v.writeFiles(s.dir, "2026-01-01"); err != nil {
		t.Fatal(err)
	}
	s.set("wait: 1m", "wait: 2s")
	s.v.answerLater(t.Context())
	return s
}

// TestRunWithCallbacks: a run without a daemon takes the callbacks in itself,
// and what a lost one leaves open is read back by the next run.
func TestRunWithCallbacks(t *testing.T) {
	t.Parallel()
	s := newCalledSite(t)
	s.set("data_dir", "quiet_period: 1s\ndata_dir")
	s.v.Rethink.InjectCallback(loadtest.LoseCallback(), loadtest.RepeatCallback(), loadtest.StrangerCallback())
	s.mustRun(exitAttention, "run", "--destinations", "rethink")
	if n := len(s.v.Rethink.Objects("appointment")); n == 0 {
		t.Error("no visit went: they wait for ids that callbacks bring")
	}
	stdout, _ := s.mustRun(exitDone, "uncertain", "list")
	if n := strings.Count(stdout, "rethink"); n > 0 {
		t.Errorf("%d deliveries are still open after their quiet period:\n%s", n, stdout)
	}
	before := s.writes()
	s.mustRun(exitAttention, "run", "--destinations", "rethink")
	if n := s.writes() - before; n > 0 {
		t.Errorf("%d needless writes", n)
	}
	if twice := s.v.Rethink.Duplicates(); len(twice) > 0 {
		t.Errorf("created twice: %v", twice)
	}
}

// TestReceiver: what is not authenticated, too large or no callback is turned
// away, and nothing is kept of it.
func TestReceiver(t *testing.T) {
	d := newCalledSite(t).daemon()
	defer d.close()
	for _, tt := range []struct {
		name, method, path, kind, ticket, body string
		want                                   int
	}{
		{"good", "POST", "/callbacks/rethink/" + simSecret, "client", "tx-1", `{"clientId":7}`, 200},
		{"again", "POST", "/callbacks/rethink/" + simSecret + "/", "Client", "tx-1", `{"clientId":7}`, 200},
		{"behind a proxy that strips the prefix", "POST", "/" + simSecret, "staff", "tx-2", `{}`, 200},
		{"transaction in the body", "POST", "/" + simSecret, "staff", "", `{"transactionId":"tx-3","staffId":8}`, 200},
		{"another secret", "POST", "/callbacks/rethink/guess", "client", "tx-4", `{}`, 401},
		{"longer", "POST", "/callbacks/rethink/x" + simSecret, "client", "tx-4", `{}`, 401},
		{"no secret", "POST", "/", "client", "tx-4", `{}`, 401},
		{"read", "GET", "/callbacks/rethink/" + simSecret, "client", "tx-4", ``, 405},
		{"no transaction", "POST", "/" + simSecret, "client", "", `{}`, 400},
		{"of nothing that we send", "POST", "/" + simSecret, "invoice", "tx-4", `{}`, 400},
		{"half", "POST", "/" + simSecret, "client", "tx-4", `{"clientId":`, 400},
		{"too large", "POST", "/" + simSecret, "client", "tx-4", `"` + strings.Repeat("x", maxCallback) + `"`, 413},
	} {
		req := httptest.NewRequest(tt.method, tt.path, strings.NewReader(tt.body))
		req.Header.Set(rethink.CallbackType, tt.kind)
		req.Header.Set(rethink.CallbackTransaction, tt.ticket)
		w := httptest.NewRecorder()
		fleet{d}.handler().ServeHTTP(w, req)
		if w.Code != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, w.Code, tt.want)
		}
	}
	if err := d.close(); err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	req := httptest.NewRequest("POST", "/"+simSecret, strings.NewReader(`{}`))
	req.Header = http.Header{rethink.CallbackType: {"client"}, rethink.CallbackTransaction: {"tx-5"}}
	receiver{d.practice}.ServeHTTP(w, req)
	if w.Code != http.StatusServiceUnavailable {
		t.Errorf("without a database: %d, want 503, so that it is sent again", w.Code)
	}
}

// TestReceiverEndsWithItsRun: a callback that hangs does not outlive it.
func TestReceiverEndsWithItsRun(t *testing.T) {
	d := newCalledSite(t).daemon()
	defer d.close()
	p := *d.practice
	p.served = false
	stop := p.receive(t.Context())
	conn, err := net.Dial("tcp", p.config.Serve.Listen)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := fmt.Fprintf(conn, "POST /%s HTTP/1.1\r\nHost: here\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n", simSecret); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(line, "100") {
		t.Fatalf("got %q (%v), want the receiver to ask for the body", line, err)
	}
	stop()
	if err := conn.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(conn); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("its connection is still open")
	}
}

func TestCallbackURL(t *testing.T) {
	for public, want := range map[string]string{
		"https://hooks.example/rethink":        "https://hooks.example/rethink/SECRET",
		"https://hooks.example/rethink/":       "https://hooks.example/rethink/SECRET",
		"https://hooks.example/rethink/s3cret": "https://hooks.example/rethink/SECRET",
	} {
		if got := callbackURL(config.Callback{PublicURL: public, Secret: config.NewSecret("s3cret")}); got != want {
			t.Errorf("%s: %s, want %s", public, got, want)
		}
	}
}
