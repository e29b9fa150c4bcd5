package loadtest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// RethinkOptions say how a simulated Rethink behaves.
type RethinkOptions struct {
	Now          func() time.Time // nil: a clock that stands still
	Prefix       string           // path before /connect/token and /api
	ClientID     string           // "" takes any, as does an empty secret
	ClientSecret string
	Async        bool            // POST is only accepted; results come by Deliver
	NoReadback   bool            // GET answers 405
	Account      *RethinkAccount // nil: DefaultRethinkAccount
	CallbackURL  string          // where Deliver posts; may be set later with SetCallback
	Client       *http.Client    // for callbacks; nil: http.DefaultClient
}

// RethinkAccount holds the ids that Rethink hands out at implementation. A
// lookup that is not among them is refused.
type RethinkAccount struct {
	Statuses, StaffStatuses, Funders, ServiceLines, CaseManagers []int
	PayCodes, Tags, Services, Locations, PlacesOfService         []int
	AppointmentStatuses, CancellationTypes, BillingCodes         []int

	// BillableTags names those of Tags that only billable visits may bear.
	// While it is empty, a tag goes with every type.
	BillableTags []int
}

// DefaultRethinkAccount has twenty to forty ids in each dictionary, none of
// them in two: statuses from 101, staff statuses from 201, pay codes 301-340,
// tags 401-440, funders 501-540, services 601-640, locations 701-740, places of
// service 801-860, service lines 901-920, case managers 951-970, appointment
// statuses 1-7 (destinations-facts A7), cancellation types 21-40, billing codes
// 61-100.
func DefaultRethinkAccount() *RethinkAccount {
	return &RethinkAccount{
		Statuses: span(101, 120), StaffStatuses: span(201, 220), Funders: span(501, 540),
		ServiceLines: span(901, 920), CaseManagers: span(951, 970), PayCodes: span(301, 340),
		Tags: span(401, 440), Services: span(601, 640), Locations: span(701, 740),
		PlacesOfService: span(801, 860), AppointmentStatuses: span(1, 7),
		CancellationTypes: span(21, 40), BillingCodes: span(61, 100),
	}
}

func span(from, to int) []int {
	var ids []int
	for id := from; id <= to; id++ {
		ids = append(ids, id)
	}
	return ids
}

// Rethink is a simulated Rethink Behavioral Health: POST and GET of client,
// staff and appointment below <prefix>/api, tokens at <prefix>/connect/token.
type Rethink struct {
	*Server
	o       RethinkOptions
	held    map[string]map[string]*record // by object and id
	waiting []Callback                    // results that are on their way

	callbackFaults []CallbackFault

	delivering sync.Mutex // one delivery at a time, without keeping calls waiting
}

type record struct {
	fields   map[string]any
	modified time.Time
}

// NewRethink returns a Rethink that holds nothing yet.
func NewRethink(o RethinkOptions) *Rethink {
	if o.Account == nil {
		o.Account = DefaultRethinkAccount()
	}
	if o.Client == nil {
		o.Client = http.DefaultClient
	}
	s := &Rethink{Server: newServer(o.Now, o.Prefix), o: o, held: map[string]map[string]*record{}}
	s.failure = func(_ int, msg string) any { return map[string]any{"ErrorMessage": msg} }
	s.guard = s.authorize
	issue := func() string { return "rethink-" + s.next().String() }
	s.routes = []route{{
		method: http.MethodPost, pattern: "/connect/token", object: "token", op: "login", open: true,
		do: s.grant(o.ClientID, o.ClientSecret, "api.write", issue),
	}}
	for _, sh := range rethinkShapes {
		s.held[sh.object] = map[string]*record{}
		path := "/api/" + sh.object
		s.routes = append(s.routes, route{method: http.MethodPost, pattern: path, object: sh.object, op: "create", do: s.post(sh)})
		if !o.NoReadback {
			s.routes = append(s.routes, route{method: http.MethodGet, pattern: path, object: sh.object, op: "list", do: s.get(sh)})
		}
	}
	return s
}

func (s *Rethink) authorize(c *call) *reply {
	word, bearer := strings.CutPrefix(c.Header.Get("Authorization"), "Bearer ")
	t, known := s.tokens[word]
	if bearer && known && s.now().Before(t.expires) {
		return nil
	}
	refusal := s.fail(http.StatusUnauthorized, "Unauthorized")
	return &refusal
}

// post creates or updates one object (rethink.txt, New Record Process).
func (s *Rethink) post(sh *shape) func(*call) reply {
	return func(c *call) reply {
		sent, err := c.object()
		if err != nil {
			return s.fail(http.StatusBadRequest, "Invalid Format - a transaction record has one JSON object.")
		}
		if !blank(sent[sh.id]) {
			c.entry.Op = "update"
		}
		c.entry.ExternalID = sh.key(sent, nil)
		if kept := s.save(sh, sent); kept != nil {
			c.entry.Applied, c.entry.ID = true, fmt.Sprint(kept[sh.id])
			c.entry.ExternalID = sh.key(kept, nil)
		}
		if s.o.Async {
			return s.postpone(sh, sent)
		}
		return reply{http.StatusOK, sent}
	}
}

// save applies what was sent and keeps it; nil if it was refused.
func (s *Rethink) save(sh *shape, sent map[string]any) map[string]any {
	kept := s.apply(sh, sent, nil, func(id string) map[string]any {
		if r := s.held[sh.object][id]; r != nil {
			return r.fields
		}
		return nil
	})
	if kept != nil {
		s.held[sh.object][fmt.Sprint(kept[sh.id])] = &record{kept, s.now()}
	}
	return kept
}

// get answers what was modified after datetimestamp, or one by id
// (destinations-facts A7; assumptions, Rethink).
func (s *Rethink) get(sh *shape) func(*call) reply {
	return func(c *call) reply {
		q := c.URL.Query()
		if id := q.Get(sh.id); id != "" {
			c.entry.Op, c.entry.ID = "find", id
			r := s.held[sh.object][id]
			if r == nil {
				return s.fail(http.StatusNotFound, sh.unknown)
			}
			return reply{http.StatusOK, r.fields}
		}
		after, ok := stamp(q.Get("datetimestamp"))
		if !ok {
			return s.fail(http.StatusBadRequest, "This datetimestamp is not valid")
		}
		return reply{http.StatusOK, s.list(sh.object, func(r *record) bool { return r.modified.After(after) })}
	}
}

func stamp(text string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// list returns what is held of an object, in order of ids.
func (s *Rethink) list(object string, want func(*record) bool) []map[string]any {
	out := []map[string]any{}
	for _, r := range s.held[object] {
		if want(r) {
			out = append(out, r.fields)
		}
	}
	return byID(out, object+"Id")
}

func byID(list []map[string]any, id string) []map[string]any {
	slices.SortFunc(list, func(a, b map[string]any) int {
		x, _ := whole(a[id])
		y, _ := whole(b[id])
		return int(x - y)
	})
	return list
}

// Objects returns copies of what is held of "client", "staff" or
// "appointment", in order of ids; numbers are json.Number.
func (s *Rethink) Objects(object string) []map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.list(object, func(*record) bool { return true })
	for i := range list {
		list[i] = copied(list[i])
	}
	return list
}

// Seed puts an object in as if Rethink had loaded it, and returns its id. It
// is judged as any other and counts for Duplicates.
func (s *Rethink) Seed(object string, fields map[string]any) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, sh := range rethinkShapes {
		if sh.object != object {
			continue
		}
		sent := copied(fields)
		kept := s.save(sh, sent)
		if kept == nil {
			return 0, fmt.Errorf("seed %s: %v", object, sent["ErrorMessage"])
		}
		id, _ := whole(kept[sh.id])
		return id, nil
	}
	return 0, fmt.Errorf("seed %s: no such object", object)
}
