package centralreach

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
)

// Options are an account's settings.
type Options struct {
	BaseURL          string // .../enterprise/v1, no slash at its end
	TokenURL         string
	ClientID         string
	ClientSecret     string
	APIKey           string
	OrgID            string         // must equal the token's orgid
	ExternalIDPrefix string         // stands before our ids there
	CreateEmployees  bool           // each costs the practice money a month
	Zone             *time.Location // the practice's: days are compared in it
	GoLive           string         // YYYY-MM-DD: events are compared from that day on
	InFlight         int
	Clock            etl.Clock
	Write            Write
	Metadata         map[string]string // the lookup metadata: custom demographic -> metadata field
}

// Write says which objects we may write.
type Write struct{ Clients, Employees, Payors, Metadata, Labels, ClaimSettings, Cancel, Tasks bool }

// visits, cancels and tasks: an event is found by its client and its provider.
func (w Write) visits() bool  { return w.Clients && w.Employees }
func (w Write) cancels() bool { return w.Cancel && w.visits() }
func (w Write) tasks() bool   { return w.Tasks && w.visits() }

// Idle says what is not done, although nobody switched it off or although it is
// switched on, because the contacts that it hangs on are not written: their ids
// are learnt with them.
func (w Write) Idle() (list []string) {
	if !w.visits() {
		list = append(list, "visits are not compared with the schedule, without centralreach.write.clients and centralreach.write.employees")
	}
	for _, o := range []struct {
		name      string
		on, hangs bool
		without   string
	}{
		{"payors", w.Payors, w.Clients, "clients"},
		{"metadata", w.Metadata, w.Clients, "clients"},
		{"labels", w.Labels, w.Clients, "clients"},
		{"claim_settings", w.ClaimSettings, w.Employees, "employees"},
		{"cancel", w.Cancel, w.visits(), "clients and employees"},
		{"tasks", w.Tasks, w.visits(), "clients and employees"},
	} {
		if o.on && !o.hangs {
			list = append(list, "centralreach.write."+o.name+" is on and does nothing, without "+o.without)
		}
	}
	return list
}

// A Destination sends records to CentralReach. It is safe for concurrent use.
type Destination struct {
	o      Options
	client *load.Client
	grant  *load.Grant

	mu      sync.Mutex
	checked string // the token whose organization was compared
	bare    bool   // the token goes without the word Bearer
	proven  bool   // a request in that form was let in

	listing   sync.Mutex
	lists     map[string]*list // by object, read once a run
	taskList  []contact        // nil: not read in this run
	providers map[string]bool  // whose visits were compared in this run
	last      time.Time        // when the last of them begins
	conflicts map[etl.Ref]bool // by object and source id: answered with 409 in this run
}

// New makes the destination.
func New(o Options) *Destination {
	c := load.NewClient(o.InFlight)
	return &Destination{o: o, client: c, lists: map[string]*list{}, providers: map[string]bool{}, conflicts: map[etl.Ref]bool{},
		grant: load.NewGrant(c, o.Clock, o.TokenURL, o.ClientID, o.ClientSecret, "cr-api")}
}

// Name is the destination's name.
func (d *Destination) Name() string { return Name }

// Objects are what the options let us write: staff before clients
// (destinations-facts, section D, load order).
func (d *Destination) Objects() []load.Object {
	var objects []load.Object
	if d.o.Write.Employees {
		objects = append(objects, load.Object{Name: employee, Askable: true, NoCreate: !d.o.CreateEmployees,
			Absent: "it is not in CentralReach, and centralreach.create_employees is off; create it there, or give its id with `chartbridge crosswalk import`"})
	}
	if d.o.Write.Clients {
		objects = append(objects, load.Object{Name: client, Askable: true})
	}
	if d.o.Write.Clients && d.o.Write.Payors {
		for _, p := range payorParts {
			objects = append(objects, load.Object{Name: p.object, Askable: true})
		}
	}
	if d.o.Write.Clients && d.o.Write.Labels {
		objects = append(objects, load.Object{Name: labels, Askable: true})
	}
	if d.o.Write.Clients && d.o.Write.Metadata {
		fields, _ := d.o.metadataObjects()
		for _, object := range fields {
			objects = append(objects, load.Object{Name: object, Askable: true})
		}
	}
	if d.o.Write.Employees && d.o.Write.ClaimSettings {
		objects = append(objects, load.Object{Name: claimSettings, Askable: true})
	}
	if d.o.Write.cancels() {
		objects = append(objects, load.Object{Name: cancellation, Askable: true, NoCreate: true,
			Absent: "no event of this client, provider and start is on their schedule, so there is nothing to cancel"})
	}
	if d.o.Write.visits() {
		objects = append(objects, load.Object{Name: event, Askable: true, ReadOnly: true})
	}
	if d.o.Write.tasks() {
		objects = append(objects, load.Object{Name: task, Askable: true, IfMissing: true})
	}
	return objects
}

// Open fetches a token, compares its organization with the config's, and reads
// one list of each object, so that a wrong API key shows before a write. What
// was read in an earlier run is forgotten.
func (d *Destination) Open(ctx context.Context) error {
	d.forget()
	if _, err := d.token(ctx); err != nil {
		return err
	}
	listed := slices.DeleteFunc(d.Objects(), func(o load.Object) bool { return o.Name != client && o.Name != employee })
	unlisted := 0
	for _, object := range listed {
		reply, err := d.get(ctx, listPath(object.Name), nil, reads)
		switch {
		case err != nil:
			return err
		case reply.Status == http.StatusForbidden:
			return fmt.Errorf("GET %s answers HTTP 403: the api_key is missing or wrong, or the API user may not list these contacts",
				listPath(object.Name))
		case reply.Status == http.StatusUnauthorized:
			return fmt.Errorf("GET %s answers HTTP 401: the API does not take the token; is token_url the one for this base_url?", listPath(object.Name))
		case unlisted+1 < len(listed) && (reply.Status == http.StatusNotFound || reply.Status == http.StatusMethodNotAllowed):
			unlisted++ // this account cannot list them: only their own deliveries wait for that
		case reply.Status != http.StatusOK || !reply.IsJSON():
			return unexpected(listPath(object.Name), reply)
		}
	}
	return nil
}

// Send creates or updates one record.
func (d *Destination) Send(ctx context.Context, del etl.Delivery) load.Answer {
	if k, ok := d.kind(del.Object); ok {
		return k.send(ctx, del)
	}
	switch {
	case del.TargetID != "":
		return d.update(ctx, del)
	case del.Object == employee && !d.o.CreateEmployees:
		return load.Answer{Kind: load.Rejected, Phase: load.PhaseDial, Problem: etl.Problem{Code: etl.CauseCreateOff,
			Message: "it is not in CentralReach, and centralreach.create_employees is off; create it there, or give its id with `chartbridge crosswalk import`"}}
	}
	a := d.write(ctx, del, http.MethodPost, "/contacts/"+del.Object, del.Body)
	if a.Kind == load.Exists {
		d.conflict(del)
	}
	return a
}

// update puts our fields over what they hold (destinations-facts, B4): a PUT
// may well blank what it does not carry. Where they hold it all already,
// nothing is written.
func (d *Destination) update(ctx context.Context, del etl.Delivery) load.Answer {
	path := contactPath(del.Object, del.TargetID)
	ours, err := parseContact(del.Body)
	if err != nil {
		return unbuilt
	}
	reply, err := d.get(ctx, path, nil, once)
	if err != nil {
		return unsent(err)
	}
	theirs, err := contactIn(reply, del.TargetID)
	if reply.Status != http.StatusOK || err != nil {
		return d.unread(ctx, del, reply)
	}
	differs := compare(ours, theirs)
	if len(differs) == 0 {
		return load.Answer{Kind: load.Acknowledged, TargetID: del.TargetID, Status: reply.Status, Phase: load.PhaseAnswer}
	}
	body, err := overlay(ours, theirs, differs)
	if err != nil {
		return unbuilt
	}
	return d.write(ctx, del, http.MethodPut, path, body)
}

// unread is the answer where what a write goes over could not be read: nothing
// was written, so all but a definite refusal may be tried again.
func (d *Destination) unread(ctx context.Context, del etl.Delivery, reply load.Reply) load.Answer {
	switch reply.Status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests:
		return d.classify(ctx, reply, del)
	case http.StatusNotFound:
		if statusIn(reply).Code != "" {
			return d.classify(ctx, reply, del)
		}
	}
	return load.Answer{Kind: load.NotSent, Status: reply.Status, Phase: load.PhaseDial}
}

func listPath(object string) string        { return "/contacts/" + object + "s" }
func contactPath(object, id string) string { return "/contacts/" + object + "/" + url.PathEscape(id) }
func externalPath(object string) string    { return "/contacts/" + object + "/byExternalSystemId" }

// unexpected is the error of a read that brought something else. It tells nothing
// of the answer but its status, and keeps no records that came with it.
func unexpected(path string, reply load.Reply) error {
	if reply.Status == http.StatusOK {
		reply.Body = nil
	}
	return &readError{path, reply}
}

type readError struct {
	path  string
	reply load.Reply
}

func (e *readError) Error() string {
	if e.reply.Status == http.StatusTooManyRequests {
		return fmt.Sprintf("GET %s answers HTTP 429: %v", e.path, load.ErrSlowDown)
	}
	return fmt.Sprintf("GET %s answers HTTP %d and nothing that we can read; is centralreach.base_url right, and the vendor up?", e.path, e.reply.Status)
}

// Unwrap gives what stops the whole destination.
func (e *readError) Unwrap() error {
	if e.reply.Status == http.StatusTooManyRequests {
		return load.ErrSlowDown
	}
	return nil
}
