package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/chartbridge/chartbridge/extract/drchrono"
	"github.com/spf13/cobra"
)

// loginLimit is how long `auth login` waits for a person.
const loginLimit = 10 * time.Minute

type loginFlags struct {
	port     int
	paste    bool
	redirect string
	scope    string
}

func newLogin(s *shared) *cobra.Command {
	var f loginFlags
	cmd := &cobra.Command{Use: "login", Short: "Ask the practice for its consent in a browser", Args: cobra.NoArgs,
		Long: "Prints an address to open in a browser, logged in at DrChrono as the practice's main user, and waits on this\n" +
			"machine for the browser to come back. The redirect URI must be registered for the API application, byte for\n" +
			"byte: register http://127.0.0.1:PORT/callback and give --port PORT, or name the registered one with\n" +
			"--redirect-uri. Where no browser can reach this machine, --paste asks for the address it was sent back to.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.check(); err != nil {
				return usageError{err}
			}
			return withPractice(cmd.Context(), s, func(p *practice) error {
				return authChange(cmd.Context(), s, p, "auth login", func(c *drchrono.Client, ctx context.Context) error {
					return login(ctx, s, c, f, cmd.InOrStdin())
				})
			})
		}}
	flags := cmd.Flags()
	flags.IntVar(&f.port, "port", 0, "listen on 127.0.0.1:`PORT`; 0 takes any free one")
	flags.BoolVar(&f.paste, "paste", false, "ask on stdin for the address that the browser was sent back to")
	flags.StringVar(&f.redirect, "redirect-uri", "", "the `URI` that is registered for the API application")
	flags.StringVar(&f.scope, "scope", "", "ask for these `SCOPES` alone, separated by spaces")
	return cmd
}

// check refuses what cannot work. A redirect to another machine can only be
// pasted; without a listener the redirect URI has to be said.
func (f *loginFlags) check() error {
	if f.redirect == "" {
		if f.paste && f.port == 0 {
			return errors.New("--paste needs --redirect-uri, the one that is registered for the API application, or --port")
		}
		return nil
	}
	u, err := url.Parse(f.redirect)
	if err != nil || !u.IsAbs() || u.Host == "" || u.Fragment != "" {
		return errors.New("--redirect-uri is not an absolute URL, such as http://127.0.0.1:8765/callback")
	}
	if f.paste {
		return nil
	}
	ip := net.ParseIP(u.Hostname())
	if u.Scheme != "http" || u.Port() == "" || u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return errors.New("--redirect-uri leads to another place than a port of this machine: add --paste")
	}
	if f.port != 0 && strconv.Itoa(f.port) != u.Port() {
		return errors.New("--port and the port of --redirect-uri differ")
	}
	return nil
}

// login sends a person to DrChrono and exchanges the code that comes back, at
// once: it counts one time and lives about a minute (drchrono-facts, section
// 8). The PKCE challenge does no harm where it is ignored.
func login(ctx context.Context, s *shared, c *drchrono.Client, f loginFlags, stdin io.Reader) error {
	ctx, cancel := context.WithTimeoutCause(ctx, loginLimit, fmt.Errorf("nobody came back within %s: %w", loginLimit, errLogin))
	defer cancel()
	state, verifier := secret(), secret()
	sum := sha256.Sum256([]byte(verifier))
	challenge := base64.RawURLEncoding.EncodeToString(sum[:])

	var code string
	redirect, wait, err := f.comeback(stdin, state, s)
	if err != nil {
		return err
	}
	out := io.Writer(s.stdout)
	if s.output == "json" {
		out = s.stderr
	}
	fmt.Fprintf(out, "Open this address in a browser, logged in at DrChrono as the practice's main user:\n\n%s\n\n",
		c.AuthorizeURL(state, redirect, f.scope, challenge))
	if code, err = wait(ctx); err != nil {
		return err
	}
	return c.Exchange(ctx, code, redirect, verifier)
}

func secret() string {
	b := make([]byte, 32)
	if _, err := rand.Read(b); err != nil {
		panic(err) // the system has no randomness: nothing may go on
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// comeback gives the redirect URI and what waits for the code there.
func (f *loginFlags) comeback(stdin io.Reader, state string, s *shared) (redirect string, wait func(context.Context) (string, error), err error) {
	if f.paste {
		redirect = f.redirect
		if redirect == "" {
			redirect = fmt.Sprintf("http://127.0.0.1:%d/callback", f.port)
		}
		return redirect, func(ctx context.Context) (string, error) {
			fmt.Fprint(s.stderr, "Paste the address that the browser was sent back to: ")
			return pasted(ctx, stdin, state)
		}, nil
	}
	address, path := net.JoinHostPort("127.0.0.1", strconv.Itoa(f.port)), "/callback"
	if u, err := url.Parse(f.redirect); f.redirect != "" && err == nil {
		address, path = u.Host, u.Path
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return "", nil, fmt.Errorf("wait for the browser on %s: %w; choose another --port, or use --paste", address, err)
	}
	if redirect = f.redirect; redirect == "" {
		redirect = "http://" + listener.Addr().String() + path
	}
	return redirect, func(ctx context.Context) (string, error) { return listened(ctx, listener, path, state) }, nil
}

// pasted reads the redirected address from stdin.
func pasted(ctx context.Context, stdin io.Reader, state string) (string, error) {
	lines := make(chan string, 1)
	go func() { // a read of stdin hears no context: it ends with the program
		line, _ := bufio.NewReader(stdin).ReadString('\n')
		lines <- line
	}()
	select {
	case line := <-lines:
		u, err := url.Parse(strings.TrimSpace(line))
		if err != nil {
			return "", fmt.Errorf("what was pasted is no address: %w", errLogin)
		}
		return codeOf(u.Query(), state)
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// A comer is what one visit to the redirect URI brought.
type comer struct {
	code string
	err  error
}

// listened waits for the browser. A visit with another state is none of ours:
// it is refused, and the waiting goes on.
func listened(ctx context.Context, listener net.Listener, path, state string) (string, error) {
	came := make(chan comer, 1)
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		if r.URL.Path != path {
			http.NotFound(w, r)
			return
		}
		code, err := codeOf(r.URL.Query(), state)
		if errors.Is(err, errState) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, "This answer belongs to another login. Open the address that was printed last.\n")
			return
		}
		_, _ = io.WriteString(w, "You may close this page and go back to the terminal.\n")
		select {
		case came <- comer{code, err}:
		default: // a page loaded twice: the first counts
		}
	})}
	go func() { _ = server.Serve(listener) }() // ends with Shutdown
	defer func() { _ = server.Shutdown(context.WithoutCancel(ctx)) }()
	select {
	case c := <-came:
		return c.code, c.err
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// errState says that an answer does not belong to the question asked.
var errState = fmt.Errorf("the state does not match: the answer belongs to another login; %w", errLogin)

// codeOf takes the code out of a redirect, if its state is ours. Of DrChrono's
// error nothing is repeated but the codes of RFC 6749, section 4.1.2.1.
func codeOf(q url.Values, state string) (string, error) {
	if subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(state)) != 1 {
		return "", errState
	}
	if code := q.Get("code"); code != "" {
		return code, nil
	}
	known := []string{"access_denied", "invalid_scope", "invalid_request", "unauthorized_client", "unsupported_response_type", "server_error", "temporarily_unavailable"}
	switch what := q.Get("error"); {
	case what == "invalid_scope":
		return "", fmt.Errorf("DrChrono refuses the consent (invalid_scope): one of the scopes is not enabled for the API application; name others with --scope: %w", errLogin)
	case slices.Contains(known, what):
		return "", fmt.Errorf("DrChrono refuses the consent (%s): %w", what, errLogin)
	}
	return "", fmt.Errorf("the answer holds no code: %w", errLogin)
}
