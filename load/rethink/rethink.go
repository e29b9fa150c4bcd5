package rethink

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
)

// Options are an account's settings.
type Options struct {
	BaseURL      string
	TokenURL     string
	ClientID     string
	ClientSecret string
	Paths        map[string]string // by object: client, staff, appointment
	Names        Names             // of fields that this account names otherwise
	Readback     bool              // GET with datetimestamp can be asked what it holds
	CallbackWait time.Duration     // how long an answer by callback may take; 0 = the account answers at once
	InFlight     int
	Clock        etl.Clock
}

// A Destination sends records to Rethink. One endpoint creates and updates:
// the id's presence tells which (rethink.txt, New Record Process and Update
// Record Process).
type Destination struct {
	o      Options
	client *load.Client
	grant  *load.Grant
	mu     sync.Mutex
	index  map[string]*index // by object, read once a run
}

// New makes the destination.
func New(o Options) *Destination {
	client := load.NewClient(o.InFlight)
	return &Destination{o: o, client: client, index: map[string]*index{},
		grant: load.NewGrant(client, o.Clock, o.TokenURL, o.ClientID, o.ClientSecret, "api.read", "api.write")}
}

// Name is the destination's name.
func (d *Destination) Name() string { return Name }

// Objects are what travels alone, in the order in which one needs the other
// (destinations-facts, section D, load order).
func (d *Destination) Objects() []load.Object {
	return []load.Object{
		{Name: "staff", Askable: d.o.Readback},
		{Name: "client", Askable: d.o.Readback},
		{Name: "appointment", Askable: d.o.Readback},
	}
}

// Open fetches a token. What was read before is forgotten.
func (d *Destination) Open(ctx context.Context) error {
	d.mu.Lock()
	clear(d.index)
	d.mu.Unlock()
	_, err := d.grant.Token(ctx)
	return err
}

// Send posts one record: no array, one transaction a record (rethink.txt,
// Transmission Limits). A 401 was not applied, so it is tried once more with a
// new token.
func (d *Destination) Send(ctx context.Context, del etl.Delivery) load.Answer {
	answer := d.post(ctx, del)
	if answer.Kind == load.Denied && answer.Status == http.StatusUnauthorized {
		answer = d.post(ctx, del)
	}
	return answer
}

func (d *Destination) post(ctx context.Context, del etl.Delivery) load.Answer {
	token, err := d.grant.Token(ctx)
	if err != nil {
		return load.GrantAnswer(err)
	}
	req, err := load.JSONRequest(http.MethodPost, d.o.BaseURL+d.o.Paths[del.Object], del.Body)
	if err != nil {
		return load.Answer{Kind: load.NotSent, Phase: load.PhaseDial}
	}
	req.Header.Set("Authorization", "Bearer "+token)
	reply, err := d.client.Write(ctx, req)
	if err != nil {
		return load.Unanswered(reply)
	}
	if reply.Status == http.StatusUnauthorized {
		d.grant.Drop(token)
	}
	return d.classify(reply, del)
}

// get reads a list or one object, again after a failure of the moment, and once
// more with a new token.
func (d *Destination) get(ctx context.Context, object string, query url.Values) (load.Reply, error) {
	var tries load.Tries
	for renewed := false; ; {
		reply, err := d.ask(ctx, d.o.Paths[object]+"?"+query.Encode())
		if err == nil && (reply.Status == http.StatusOK && (reply.IsJSON() || nothing(reply.Body)) || reply.Status == http.StatusNoContent) {
			return reply, nil
		}
		wait, again := tries.AgainRead(reply, err)
		if err == nil && reply.Status == http.StatusUnauthorized && !renewed {
			again, renewed = true, true
		}
		if !again || d.o.Clock.Sleep(ctx, wait) != nil {
			return reply, unread(d.o.Paths[object], reply, err)
		}
	}
}

// ask makes one request that changes nothing.
func (d *Destination) ask(ctx context.Context, path string) (reply load.Reply, err error) {
	token, err := d.grant.Token(ctx)
	if err != nil {
		return reply, err
	}
	req, err := load.JSONRequest(http.MethodGet, d.o.BaseURL+path, nil)
	if err != nil {
		return reply, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	if reply, err = d.client.Read(ctx, req); reply.Status == http.StatusUnauthorized {
		d.grant.Drop(token)
	}
	return reply, err
}

func unread(path string, reply load.Reply, err error) error {
	switch {
	case err != nil:
		return err
	case reply.Status == http.StatusOK:
		return fmt.Errorf("GET %s answers something that is not JSON: is it a log-in or maintenance page?", path)
	case reply.Status == http.StatusTooManyRequests:
		return fmt.Errorf("GET %s answers HTTP 429: %w", path, load.ErrSlowDown)
	}
	return fmt.Errorf("GET %s answers HTTP %d; where this account cannot be read, set rethink.readback: false", path, reply.Status)
}
