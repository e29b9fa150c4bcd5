package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/chartbridge/chartbridge/cmd/chartbridge/config"
	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/load/rethink"
	"github.com/chartbridge/chartbridge/sql"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A receiver takes in Rethink's callbacks for the practices that have them
// (assumptions, Rethink, asynchronous mode). What it answers with 200 is on
// the disk.
type receiver []*practice

// maxCallback caps a callback's body: one object with what lies inside it.
const maxCallback = 1 << 20

// receiving are the practices whose callbacks are to be taken in.
func (f fleet) receiving() (r receiver) {
	for _, d := range f.served() {
		if d.config.Rethink.Enabled && d.config.Rethink.Callback.Enabled {
			r = append(r, d.practice)
		}
	}
	return r
}

func (r receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	p := r.owner(req.URL.Path)
	if p == nil {
		http.Error(w, "not authorized", http.StatusUnauthorized)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxCallback))
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		http.Error(w, "too large", http.StatusRequestEntityTooLarge)
		return
	}
	if err != nil {
		http.Error(w, "the body broke off", http.StatusBadRequest)
		return
	}
	object, ticket := addressOf(req.Header, body)
	if object == "" || ticket == "" || !jsontext.Value(body).IsValid() {
		http.Error(w, "a callback has the headers "+rethink.CallbackType+" (client, staff or appointment) and "+rethink.CallbackTransaction+", and a JSON object", http.StatusBadRequest)
		return
	}
	if err := p.takeCallback(req.Context(), object, ticket, body); err != nil {
		p.log.WithError(err).Error("a callback could not be kept; Rethink may send it again")
		http.Error(w, "cannot keep it now; send it again", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintln(w, `{"status":"ok"}`)
}

// owner is the practice whose secret ends the path; nil: nobody's does. Every
// secret is compared, in constant time.
func (r receiver) owner(path string) (p *practice) {
	path = strings.TrimSuffix(path, "/")
	for _, candidate := range r {
		secret := config.NewSecret("/" + candidate.config.Rethink.Callback.Secret.Reveal())
		last := path[max(0, len(path)-len(secret.Reveal())):]
		if secret.Equal(config.NewSecret(last)) {
			p = candidate
		}
	}
	return p
}

// addressOf says of which object and transaction a callback speaks: by its
// headers, or else by its body.
func addressOf(header http.Header, body []byte) (object, ticket string) {
	object, ticket = rethink.CallbackObject(header.Get(rethink.CallbackType)), strings.TrimSpace(header.Get(rethink.CallbackTransaction))
	var inside struct {
		TransactionID string `json:"transactionId"`
	}
	if ticket == "" && json.Unmarshal(body, &inside) == nil {
		ticket = inside.TransactionID
	}
	return object, ticket
}

// takeCallback keeps a callback, and settles its delivery if that is known by
// now. Otherwise the run does so that commits the acceptance.
func (p *practice) takeCallback(ctx context.Context, object, ticket string, body []byte) error {
	ctx = context.WithoutCancel(ctx) // a caller who goes away must not undo half of it
	if err := p.store.TakeCallback(ctx, rethink.Name, object, ticket, body, p.clock.Now()); err != nil {
		return err
	}
	if _, err := load.Collect(ctx, p.store, p.rethink(), etl.Run{ID: sql.CallbackRun}); err != nil {
		p.log.WithError(err).Error("a callback was kept but its delivery is not settled yet; the next run does it")
	}
	return nil
}

// receive takes callbacks in while a run is under way that no daemon of this
// process serves. Where the address is taken, a daemon does it.
func (p *practice) receive(ctx context.Context) (stop func()) {
	c := p.config.Rethink
	if !c.Enabled || !c.Callback.Enabled || p.served {
		return func() {}
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", p.config.Serve.Listen)
	if err != nil {
		p.log.Infof("Rethink's callbacks are received by whoever serves %s", p.config.Serve.Listen)
		return func() {}
	}
	mux := http.NewServeMux()
	mux.Handle("POST /", receiver{p})
	server := httpServer(mux)
	p.log.WithField("listen", listener.Addr().String()).Info("Rethink's callbacks are received here until the run ends")
	go func() { _ = server.Serve(listener) }() // ends with stop, which says so by its error
	return func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callbackFarewell)
		defer cancel()
		if server.Shutdown(ctx) != nil {
			_ = server.Close() // one that hangs is cut off: Rethink sends it again
		}
	}
}

// callbackFarewell is how long the end of a run waits for a callback that is
// being taken in.
const callbackFarewell = 2 * time.Second

// callbackURL is the address that Rethink is given, public_url with the secret
// as its last part; here the secret is left out.
func callbackURL(c config.Callback) string {
	base, secret := strings.TrimSuffix(c.PublicURL, "/"), c.Secret.Reveal()
	base = strings.TrimSuffix(strings.TrimSuffix(base, "/"+secret), "/"+url.PathEscape(secret))
	return base + "/SECRET"
}
