package centralregistry

import (
	"context"
	"net/http"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
)

// Options are a site's settings.
type Options struct {
	BaseURL       string
	LoginPath     string
	DischargePath string
	Username      string // the vendor's, for Basic authentication
	Password      string
	FirstName     string // of the authorised person
	LastName      string
	SiteID        string // two capitals, six digits
	InFlight      int
	Clock         etl.Clock
}

// A Destination sends discharges to the registry.
type Destination struct {
	o      Options
	client *load.Client
	login  *login
}

// New makes the destination.
func New(o Options) *Destination {
	client := load.NewClient(o.InFlight)
	return &Destination{o: o, client: client, login: &login{o: o, client: client}}
}

// Name is the destination's name.
func (d *Destination) Name() string { return Name }

// Objects is the discharge: final, and nobody can be asked after it, since the
// registry offers nothing to read (destinations-facts, C).
func (d *Destination) Objects() []load.Object {
	return []load.Object{{Name: object, Askable: false, Final: true}}
}

// Open logs in, which also shows that the registry knows person and site.
func (d *Destination) Open(ctx context.Context) error {
	_, err := d.login.token(ctx)
	return err
}

// Find proves nothing: the registry cannot be asked.
func (d *Destination) Find(_ context.Context, _ string, ds []etl.Delivery) ([]load.Finding, error) {
	return make([]load.Finding, len(ds)), nil
}

// Send posts one discharge, once. Only after a 401 it is sent again, with a
// new token: that one was turned away before it was read.
func (d *Destination) Send(ctx context.Context, del etl.Delivery) load.Answer {
	answer := d.post(ctx, del)
	if answer.Kind == load.Denied && answer.Status == http.StatusUnauthorized {
		answer = d.post(ctx, del)
	}
	return answer
}

func (d *Destination) post(ctx context.Context, del etl.Delivery) load.Answer {
	token, err := d.login.token(ctx)
	if err != nil {
		return load.GrantAnswer(err)
	}
	req, err := load.JSONRequest(http.MethodPost, d.o.BaseURL+d.o.DischargePath, del.Body)
	if err != nil {
		return load.Answer{Kind: load.NotSent, Phase: load.PhaseDial}
	}
	req.Header.Set("Authorization", "Bearer "+token)
	reply, err := d.client.Write(ctx, req)
	if err != nil {
		return load.Unanswered(reply)
	}
	if reply.Status == http.StatusUnauthorized {
		d.login.drop(token)
	}
	return classify(reply, del)
}
