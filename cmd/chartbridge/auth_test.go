package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/cmd/chartbridge/config"
	"github.com/chartbridge/chartbridge/sql"
)

var secrets = regexp.MustCompile(`(access|refresh|code)-[0-9a-f]{32}|demo-secret|demo-refresh-token`)

func noSecrets(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if found := secrets.FindString(text); found != "" {
			t.Errorf("a secret is printed: %s", found)
		}
	}
}

// A talk is the program at work in this process, its streams still open.
type talk struct {
	stdin          *os.File
	stdout, stderr *bufio.Reader
	code           chan int
}

// talkTo runs a verb whose stdin is the process's own for the time being.
func (s *site) talkTo(args ...string) *talk {
	s.t.Helper()
	pipe := func() (r, w *os.File) {
		r, w, err := os.Pipe()
		if err != nil {
			s.t.Fatal(err)
		}
		s.t.Cleanup(func() { _, _ = r.Close(), w.Close() })
		return r, w
	}
	in, inW := pipe()
	out, outW := pipe()
	errs, errsW := pipe()
	was := os.Stdin
	os.Stdin = in
	s.t.Cleanup(func() { os.Stdin = was })
	k := &talk{stdin: inW, stdout: bufio.NewReader(out), stderr: bufio.NewReader(errs), code: make(chan int, 1)}
	go func() {
		k.code <- run(append(args, "--config", s.config), outW, errsW)
		_, _ = outW.Close(), errsW.Close()
	}()
	return k
}

// address is the one that a person is asked to open.
func (k *talk) address(t *testing.T) string {
	t.Helper()
	for {
		line, err := k.stdout.ReadString('\n')
		if strings.HasPrefix(line, "http") {
			return strings.TrimSpace(line)
		}
		if err != nil {
			rest, _ := io.ReadAll(k.stderr)
			t.Fatalf("no address is printed: %v\n%s", err, rest)
		}
	}
}

func (k *talk) end(t *testing.T, want int) (stdout, stderr string) {
	t.Helper()
	out, _ := io.ReadAll(k.stdout)
	errs, _ := io.ReadAll(k.stderr)
	if code := <-k.code; code != want {
		t.Fatalf("exit code %d, want %d\n%s\n%s", code, want, out, errs)
	}
	return string(out), string(errs)
}

// stay is a browser that shows where it is sent instead of going there.
var stay = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

func consent(t *testing.T, address string) (back string) {
	t.Helper()
	resp, err := stay.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return resp.Header.Get("Location")
}

func visit(t *testing.T, address string) int {
	t.Helper()
	resp, err := stay.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode
}

func changeQuery(t *testing.T, address, key, value string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set(key, value)
	u.RawQuery = q.Encode()
	return u.String()
}

func TestLoginByListening(t *testing.T) {
	s := newSite(t)
	k := s.talkTo("auth", "login")
	address := k.address(t)
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	if q.Get("code_challenge_method") != "S256" || len(q.Get("code_challenge")) != 43 || len(q.Get("state")) < 32 || q.Get("response_type") != "code" {
		t.Errorf("the address lacks challenge or state: %s", address)
	}
	if !strings.HasPrefix(q.Get("redirect_uri"), "http://127.0.0.1:") {
		t.Errorf("redirect_uri %q, want loopback", q.Get("redirect_uri"))
	}
	back := consent(t, address)
	if got := visit(t, changeQuery(t, back, "state", "another")); got != http.StatusBadRequest {
		t.Errorf("another state is answered %d, want 400", got)
	}
	if got := visit(t, strings.Replace(back, "/callback", "/elsewhere", 1)); got != http.StatusNotFound {
		t.Errorf("another path is answered %d, want 404", got)
	}
	if got := visit(t, back); got != http.StatusOK {
		t.Errorf("the redirect is answered %d, want 200", got)
	}
	out, errs := k.end(t, exitDone)
	noSecrets(t, out, errs)
	if !strings.Contains(out, "good for") || !strings.Contains(out, "patients:read") {
		t.Errorf("login shows %s, want the new token's health and scopes", out)
	}
	s.mustRun(exitDone, "run", "--only", "extract", "--endpoints", "doctors")
	if got := s.v.DrChrono.Refreshes(); got != 0 {
		t.Errorf("%d refreshes, want the new token used as it is", got)
	}
	if out, _ := s.mustRun(exitDone, "audit", "list"); !strings.Contains(out, "auth login") {
		t.Errorf("the audit log lacks the login: %s", out)
	}
}

func TestLoginByPasting(t *testing.T) {
	const redirect = "https://practice.example.test/back"
	tests := []struct {
		name  string
		paste func(t *testing.T, back string) string
		want  int
		says  string
	}{
		{"good", func(_ *testing.T, back string) string { return back }, exitDone, ""},
		{"another state", func(t *testing.T, back string) string { return changeQuery(t, back, "state", "x") }, exitEnvironment, "state does not match"},
		{"no code", func(t *testing.T, back string) string {
			return changeQuery(t, changeQuery(t, back, "code", ""), "error", "access_denied")
		}, exitEnvironment, "access_denied"},
		{"used code", func(t *testing.T, back string) string { return changeQuery(t, back, "code", "code-0") }, exitEnvironment, "counts once"},
		{"rubbish", func(*testing.T, string) string { return "rubbish" }, exitEnvironment, "auth login"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t)
			k := s.talkTo("auth", "login", "--paste", "--redirect-uri", redirect)
			back := consent(t, k.address(t))
			if !strings.HasPrefix(back, redirect) {
				t.Fatalf("DrChrono sends back to %s, want %s", back, redirect)
			}
			if _, err := io.WriteString(k.stdin, tt.paste(t, back)+"\n"); err != nil {
				t.Fatal(err)
			}
			out, errs := k.end(t, tt.want)
			noSecrets(t, out, errs)
			if !strings.Contains(errs, tt.says) {
				t.Errorf("it says %q, want %q", errs, tt.says)
			}
		})
	}
}

func TestLoginRefusesFlags(t *testing.T) {
	s := newSite(t)
	for _, args := range [][]string{
		{"--paste"},
		{"--redirect-uri", "https://practice.example.test/back"},
		{"--redirect-uri", "nowhere"},
		{"--redirect-uri", "http://127.0.0.1:8765/back", "--port", "8766"},
	} {
		s.mustRun(exitUsage, append([]string{"auth", "login"}, args...)...)
	}
}

func authJSON(t *testing.T, text string) (v tokenView) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}

// status, refresh and revoke, from the config's seed to a dead token.
func TestAuthLife(t *testing.T) {
	s := newSite(t)
	status := func(want int) tokenView {
		out, errs := s.mustRun(want, "auth", "status", "--output", "json")
		noSecrets(t, out, errs)
		return authJSON(t, out)
	}
	if v := status(exitDone); v.State != "seed" {
		t.Errorf("before the first call: %+v, want the seed", v)
	}
	out, errs := s.mustRun(exitDone, "auth", "refresh")
	noSecrets(t, out, errs)
	v := status(exitDone)
	if v.State != "active" || v.Generation != 1 || !strings.HasPrefix(v.Health, "good for 47h") || v.Obtained == "" || v.Expires == "" || len(v.Scopes) == 0 || len(v.Lacks) != 0 {
		t.Errorf("after a refresh: %+v", v)
	}
	s.mustRun(exitDone, "auth", "revoke")
	if v := status(exitEnvironment); v.State != "dead" || !strings.Contains(v.Health, "auth login") {
		t.Errorf("after revoking: %+v, want it dead, and what to do", v)
	}
	s.mustRun(exitEnvironment, "auth", "refresh")
	s.mustRun(exitEnvironment, "run", "--only", "extract")
}

func TestAuthStatusNamesWhatTheScopeLacks(t *testing.T) {
	s := newSite(t)
	s.set("  refresh_token: ${file:refresh-token}\n", "  endpoints: [patients, lab_orders]\n")
	out, _ := s.mustRun(exitEnvironment, "auth", "status", "--output", "json")
	if v := authJSON(t, out); v.State != "none" {
		t.Errorf("without a token: %+v", v)
	}
	p := &practice{config: &config.Config{}, clock: wallClock{}}
	p.config.DrChrono.Endpoints = []string{"patients", "lab_orders"}
	out = captured(t, func(s *shared) error {
		s.output = "json"
		return showHealth(s, p, sql.Health{Generation: 3, State: "active", Scope: "patients:read"})
	})
	if view := authJSON(t, out); strings.Join(view.Lacks["lab_orders"], " ") != "labs:read" || len(view.Lacks) != 1 {
		t.Errorf("lacks %v, want labs:read for lab_orders alone", view.Lacks)
	}
}

// captured is what a function prints as data.
func captured(t *testing.T, f func(*shared) error) string {
	t.Helper()
	file, err := os.CreateTemp(t.TempDir(), "stdout")
	if err != nil {
		t.Fatal(err)
	}
	if err := f(&shared{stdout: file, stderr: file}); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
