package centralreach

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/load/loadtest"
	"github.com/google/go-cmp/cmp"
)

// seeded is a client who was there before, with one field changed.
func seeded(name string, v any) fields {
	base := fields{"firstName": "ada", "lastName": "ROMA", "dateOfBirth": "2015-04-05", "city": "Albany"}
	return with(base, name, v)
}

func TestFindNatural(t *testing.T) {
	tests := []struct {
		name   string
		prefix string
		held   []fields
		found  bool
		open   int // candidates
		proved bool
	}{
		{"one without an external id", "dc-", []fields{seeded("city", "Albany")}, true, 0, false},
		{"one of another system", "dc-", []fields{seeded("externalSystemId", "HR-9")}, true, 0, false},
		{"a twin of ours", "dc-", []fields{seeded("externalSystemId", "dc-72")}, false, 0, true},
		{"a twin of ours with the same e-mail", "dc-", []fields{with(seeded("externalSystemId", "dc-72"), "primaryEmail", "ada@example.test")}, false, 1, false},
		{"another first name, all else the same", "dc-", []fields{with(seeded("firstName", "Bo"), "primaryEmail", "ADA@example.test")}, false, 1, false},
		{"digits that may be ours", "", []fields{seeded("externalSystemId", "72")}, false, 1, false},
		{"two", "dc-", []fields{seeded("city", "Albany"), seeded("city", "Utica")}, false, 2, false},
		{"another birth date", "dc-", []fields{seeded("dateOfBirth", "2015-04-06")}, false, 0, true},
		{"no birth date: never by name alone", "dc-", []fields{seeded("dateOfBirth", nil)}, false, 0, true},
		{"another last name", "dc-", []fields{seeded("lastName", "Rome")}, false, 0, true},
		{"nobody at all", "dc-", nil, false, 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, o := newVendor(t, loadtest.CentralReachOptions{})
			o.ExternalIDPrefix = tt.prefix
			for _, held := range tt.held {
				s.SeedClient(held)
			}
			f := findOne(t, open(t, o), delivery(t, client, "", ada()))
			if (f.TargetID != "") != tt.found || len(f.Candidates) != tt.open || f.Proved != tt.proved {
				t.Errorf("found %+v, want found %v, %d candidates, proved %v", f, tt.found, tt.open, tt.proved)
			}
			if tt.found && f.How != load.ByNaturalKey {
				t.Errorf("found by %s, want by natural key", f.How)
			}
		})
	}
}

func TestFindEmployeeByMail(t *testing.T) {
	s, o := newVendor(t, loadtest.CentralReachOptions{})
	id := s.SeedEmployee(fields{"firstName": "Ada", "lastName": "Roma", "primaryEmail": "ADA@example.test"})
	s.SeedEmployee(fields{"firstName": "Ada", "lastName": "Roma"})
	f := findOne(t, open(t, o), delivery(t, employee, "", ada()))
	if f.TargetID != fmt.Sprint(id) || f.How != load.ByNaturalKey {
		t.Errorf("found %+v, want %d by natural key", f, id)
	}
}

func TestFindNamesDifferences(t *testing.T) {
	s, o := newVendor(t, loadtest.CentralReachOptions{})
	s.SeedClient(fields{"externalSystemId": "dc-71", "firstName": "Ada", "lastName": "Roma", "primaryEmail": "other@example.test",
		"city": "Utica", "phoneCell": "5550100123", "dateOfBirth": "2015-04-05"})
	f := findOne(t, open(t, o), delivery(t, client, "", ada()))
	if diff := cmp.Diff([]string{"city", "stateProvince"}, load.Names(f.Differs)); diff != "" {
		t.Errorf("differs (-want +got):\n%s", diff)
	}
}

func TestFindByID(t *testing.T) {
	s, o := newVendor(t, loadtest.CentralReachOptions{})
	id := fmt.Sprint(s.SeedClient(with(ada(), "city", "Utica")))
	d := open(t, o)
	if f := findOne(t, d, delivery(t, client, id, ada())); f.TargetID != id || len(f.Differs) != 1 {
		t.Errorf("found %+v, want %s with one difference", f, id)
	}
	if f := findOne(t, d, delivery(t, client, "5", ada())); f.TargetID != "" || !f.Proved {
		t.Errorf("found %+v, want proof that it is not there", f)
	}
}

func TestFindDoesNotBelieve(t *testing.T) {
	const external = "/byExternalSystemId"
	gone := `{"responseStatus":{"errorCode":"NotFound"}}`
	page404 := loadtest.Fault{Do: func(x *loadtest.Exchange) {
		x.Answered, x.Status, x.Body = true, http.StatusNotFound, []byte("<p>no route")
		x.Header.Set("Content-Type", "text/html")
	}}
	tests := []struct {
		name   string
		fault  loadtest.Fault
		broken bool
		open   int
	}{
		{"a page instead of JSON", loadtest.HTML200().On("GET", external), true, 0},
		{"a gateway's 404", page404.On("GET", external), true, 0},
		{"a 404 without words", loadtest.Status(404, ``).On("GET", external), false, 0},
		{"a 404 in other words", loadtest.Status(404, `{"message":"none"}`).On("GET", external), false, 0},
		{"200 and no contact", loadtest.Status(200, `{"contact":null,"result":"OK"}`).On("GET", external), false, 0},
		{"200 and nothing", loadtest.Status(200, ``).On("GET", external), false, 0},
		{"200 and null", loadtest.Status(200, `null`).On("GET", external), false, 0},
		{"204", loadtest.Status(204, ``).On("GET", external), false, 0},
		{"an empty list", loadtest.Status(200, `{"items":[],"totalCount":0}`).On("GET", external), false, 0},
		{"two in a list", loadtest.Status(200, `{"items":[{"contactId":5,"externalSystemId":"dc-71"},{"contactId":6,"externalSystemId":"dc-71"}]}`).On("GET", external), true, 0},
		{"another contact", loadtest.Status(200, `{"contact":{"contactId":5,"externalSystemId":"dc-9"}}`).On("GET", external), true, 0},
		{"200 with an error code", loadtest.Status(200, gone).On("GET", external), true, 0},
		{"forbidden: there, but not for us", loadtest.Status(403, gone).On("GET", external), false, 1},
		{"a page instead of the list", loadtest.HTML200().On("GET", "/clients"), true, 0},
		{"a list of nothing", loadtest.Status(200, `null`).On("GET", "/clients"), true, 0},
		{"a list that says more than it shows", loadtest.Status(200, `{"items":[],"totalCount":5}`).On("GET", "/clients"), true, 0},
		{"a list that shows its first page again", loadtest.Status(200, `{"items":[{"contactId":1}],"totalCount":5}`).On("GET", "/clients").Repeat(-1), true, 0},
		{"500 always", loadtest.Status(500, gone).On("GET", external).Repeat(-1), true, 0},
		{"500 twice", loadtest.Status(500, gone).On("GET", external).Repeat(2), false, 0},
		{"500 once", loadtest.Status(500, gone).On("GET", external), false, 0},
		{"429 twice", loadtest.TooMany("2").On("GET", external).Repeat(2), false, 0},
		{"502 twice", loadtest.Status(502, ``).On("GET", external).Repeat(2), false, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, o := newVendor(t, loadtest.CentralReachOptions{})
			d := open(t, o)
			s.Inject(tt.fault)
			findings, err := d.Find(t.Context(), client, []etl.Delivery{delivery(t, client, "", ada())})
			if err == nil {
				err = findings[0].Unseen // the engine goes on with the others, and not with this one
			}
			if (err != nil) != tt.broken {
				t.Fatalf("error %v, want one: %v", err, tt.broken)
			}
			if err == nil && len(findings[0].Candidates) != tt.open {
				t.Errorf("found %+v, want %d candidates", findings[0], tt.open)
			}
			if err != nil && strings.Contains(err.Error(), "dc-") {
				t.Errorf("error %v holds a query", err)
			}
		})
	}
}

func TestThrottledReadWaits(t *testing.T) {
	s, o := newVendor(t, loadtest.CentralReachOptions{})
	c := newClock()
	o.Clock = c
	d := open(t, o)
	s.Inject(loadtest.TooMany("20").On("GET", "/byExternalSystemId"))
	findOne(t, d, delivery(t, client, "", ada()))
	if len(c.slept) != 1 || c.slept[0] != 20*time.Second {
		t.Errorf("slept %v, want the 20s that were asked for", c.slept)
	}
}

// TestReadBeforeAWrite: what is read before a write is read once, the engine alone
// waits and tries again, and only a definite refusal is one of the record.
func TestReadBeforeAWrite(t *testing.T) {
	const notFound = `{"responseStatus":{"errorCode":"NotFound"}}`
	at := func(f loadtest.Fault, path string) loadtest.Fault { return f.On("GET", path).Repeat(-1) }
	forbidden := loadtest.Status(403, "{}")
	for name, tt := range map[string]struct {
		faults []loadtest.Fault
		want   load.Answer
		reads  int
	}{
		"token throttled": {[]loadtest.Fault{loadtest.TokenDeath().On("GET", "/labels"), loadtest.TooMany("").On("POST", "/token").Repeat(-1)},
			load.Answer{Kind: load.Throttled, Phase: load.PhaseDial}, 1},
		"token refused": {[]loadtest.Fault{at(loadtest.Status(401, "{}"), "/labels")}, load.Answer{Kind: load.Denied, Phase: load.PhaseAnswer, Status: 401}, 2},
		"throttled": {[]loadtest.Fault{at(loadtest.TooMany("7"), "/labels")},
			load.Answer{Kind: load.Throttled, Phase: load.PhaseAnswer, Status: 429, After: 7 * time.Second}, 1},
		"broken":      {[]loadtest.Fault{at(loadtest.Status(503, "{}"), "/labels")}, load.Answer{Kind: load.NotSent, Phase: load.PhaseDial, Status: 503}, 1},
		"wrong key":   {[]loadtest.Fault{at(forbidden, "/labels"), at(forbidden, "/clients")}, load.Answer{Kind: load.Denied, Phase: load.PhaseAnswer, Status: 403}, 1},
		"not allowed": {[]loadtest.Fault{at(forbidden, "/labels")}, load.Answer{Kind: load.Rejected, Phase: load.PhaseAnswer, Status: 403, Problem: notAllowed(etl.Delivery{Object: labels})}, 1},
		"not allowed or wrong key": {[]loadtest.Fault{at(forbidden, "/labels"), at(loadtest.Status(503, "{}"), "/clients")},
			load.Answer{Kind: load.NotSent, Phase: load.PhaseAnswer, Status: 403}, 1},
		"no second page": {[]loadtest.Fault{loadtest.Status(200, `{"items":[{"labelId":12}],"totalCount":2}`).On("GET", "/labels"), at(loadtest.Status(404, notFound), "/labels")},
			load.Answer{Kind: load.NotSent, Phase: load.PhaseDial}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			s, o := newVendor(t, loadtest.CentralReachOptions{})
			clock := &clock{}
			o.Clock = clock
			d := open(t, o)
			for _, f := range tt.faults {
				s.Inject(f)
			}
			a := d.Send(t.Context(), delivery(t, labels, "9", fields{"contactId": 9, "labelIds": []int{15}}))
			if diff := cmp.Diff(tt.want, a); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
			calls := slices.DeleteFunc(s.Journal(), func(e loadtest.Entry) bool { return !strings.HasSuffix(e.Path, "/labels") })
			if len(calls) != tt.reads || slices.ContainsFunc(clock.slept, func(d time.Duration) bool { return d > 0 }) {
				t.Errorf("%d calls for labels, with waits %v; want %d and none", len(calls), clock.slept, tt.reads)
			}
		})
	}
}

// TestResetAfterApply is the lost answer: it may not be sent again before the
// look-up, which then finds it.
func TestResetAfterApply(t *testing.T) {
	s, o := newVendor(t, loadtest.CentralReachOptions{})
	d := open(t, o)
	s.Inject(loadtest.ResetAfter().On("POST", "/contacts/client"))
	del := delivery(t, client, "", ada())
	if a := d.Send(t.Context(), del); a.Kind != load.Unknown {
		t.Fatalf("answer %+v, want unknown", a)
	}
	f := findOne(t, d, del)
	if f.TargetID == "" || f.How != load.ByExternalID || len(f.Differs) != 0 {
		t.Errorf("found %+v, want what was applied", f)
	}
	if n := len(s.Objects(client)); n != 1 || s.Duplicates() != nil {
		t.Errorf("%d held, duplicates %v; want one", n, s.Duplicates())
	}
}

func TestResetBeforeApply(t *testing.T) {
	s, o := newVendor(t, loadtest.CentralReachOptions{})
	s.SeedClient(fields{"firstName": "Bo", "lastName": "Lin"})
	d := open(t, o)
	s.Inject(loadtest.ResetBefore().On("POST", "/contacts/client"))
	del := delivery(t, client, "", ada())
	if a := d.Send(t.Context(), del); a.Kind != load.Unknown {
		t.Fatalf("answer %+v, want unknown", a)
	}
	if f := findOne(t, d, del); f.TargetID != "" || !f.Proved {
		t.Errorf("found %+v, want proof that it is not there", f)
	}
}

// TestConflictIsLookedUp: a 409 makes the next look read the list again.
func TestConflictIsLookedUp(t *testing.T) {
	s, o := newVendor(t, loadtest.CentralReachOptions{})
	d := open(t, o)
	del := delivery(t, client, "", ada())
	findOne(t, d, del)
	id := s.SeedClient(with(with(ada(), "ContactForm", nil), "externalSystemId", nil))
	if a := d.Send(t.Context(), del); a.Kind != load.Exists {
		t.Fatalf("answer %+v, want exists", a)
	}
	f := findOne(t, d, del)
	if f.TargetID != fmt.Sprint(id) || f.How != load.ByNaturalKey {
		t.Errorf("found %+v, want %d by natural key", f, id)
	}
	if diff := cmp.Diff([]string{"externalSystemId"}, load.Names(f.Differs)); diff != "" {
		t.Errorf("differs (-want +got):\n%s", diff)
	}
}

// TestConflictWithTheUnseen: what a 409 speaks of and we cannot find is never
// posted again in the run.
func TestConflictWithTheUnseen(t *testing.T) {
	s, o := newVendor(t, loadtest.CentralReachOptions{})
	d := open(t, o)
	del := delivery(t, client, "", ada())
	s.Inject(loadtest.Status(409, `{}`).On("POST", "/contacts/client"))
	if a := d.Send(t.Context(), del); a.Kind != load.Exists {
		t.Fatalf("answer %+v, want exists", a)
	}
	if f := findOne(t, d, del); len(f.Candidates) != 1 || f.Proved {
		t.Errorf("found %+v, want one that waits for a person", f)
	}
}

func TestListsArePagedAndReadOnce(t *testing.T) {
	s, o := newVendor(t, loadtest.CentralReachOptions{})
	for i := range 120 {
		s.SeedClient(fields{"firstName": "Bo", "lastName": "Lin", "dateOfBirth": "2015-04-05", "externalSystemId": fmt.Sprint("HR-", i)})
	}
	id := s.SeedClient(seeded("city", "Albany"))
	d := open(t, o)
	before := s.Calls()["list client"]
	ds := []etl.Delivery{delivery(t, client, "", ada()), delivery(t, client, "", with(ada(), "externalSystemId", "dc-72")),
		delivery(t, client, "", with(ada(), "firstName", "Cy"))}
	findings, err := d.Find(t.Context(), client, ds)
	if err != nil || findings[0].TargetID != fmt.Sprint(id) || !findings[2].Proved {
		t.Errorf("found %+v, %v; want %d on the last page, and proof for the third", findings, err, id)
	}
	if n := s.Calls()["list client"] - before; n != 3 {
		t.Errorf("%d pages read for three records, want the 3 of one reading", n)
	}
}

func TestParseItems(t *testing.T) {
	tests := []struct {
		body        string
		rows, total int
		broken      bool
	}{
		{`{"items":[{"contactId":1}],"totalCount":7}`, 1, 7, false},
		{`{"Items":[{"contactId":1}],"TotalCount":"7"}`, 1, 7, false},
		{`[{"contactId":1},{"contactId":2}]`, 2, 2, false},
		{`{"clients":[{"contactId":1}],"result":"OK"}`, 1, 1, false},
		{`{"items":[]}`, 0, 0, false},
		{`{"clients":[],"others":[]}`, 0, 0, true},
		{`{"items":[],"totalCount":"many"}`, 0, 0, true},
		{`{"result":"OK"}`, 0, 0, true},
		{`null`, 0, 0, true},
		{`[1]`, 0, 0, true},
		{`{"results":[{"contactId":1}],"total":7,"offset":0}`, 1, 7, false},
		{`{"data":{"items":[{"contactId":1}],"totalCount":7},"responseStatus":{"errors":[]}}`, 1, 7, false},
		{`{"clients":[{"contactId":1}],"errors":[{"message":"x"}]}`, 1, 1, false},
		{`{"clients":[{"contactId":1}],"others":[]}`, 1, 1, false},
		{`{"clients":[{"contactId":1}],"others":[{"contactId":2}]}`, 0, 0, true},
		{`{"contactId":1,"firstName":"Ada"}`, 1, 1, false},
		{`[{"id":1}]`, 1, 1, false},
		{`[{"firstName":"Ada"}]`, 0, 0, true},
	}
	for _, tt := range tests {
		items, total, err := parseItems(load.Reply{Status: http.StatusOK, Body: []byte(tt.body)}, "contactId")
		if (err != nil) != tt.broken || err == nil && (len(items) != tt.rows || total != tt.total) {
			t.Errorf("%s: %d rows of %d, %v; want %d of %d, broken %v", tt.body, len(items), total, err, tt.rows, tt.total, tt.broken)
		}
	}
}

// TestContactIn: a contact is read where it stands, and never from another's
// place.
func TestContactIn(t *testing.T) {
	for body, want := range map[string]string{
		`{"contact":{"contactId":5},"result":"OK","responseStatus":{}}`: "5",
		`{"Contact":{"ContactId":"5"}}`:                                 "5",
		`{"contactId":5,"data":{"contactId":6}}`:                        "5",
		`{"data":{"contact":{"contactId":5}}}`:                          "5",
		`{"result":{"contactId":5}}`:                                    "5",
		`{"contact":{"id":5}}`:                                          "5",
		`{"id":5,"firstName":"Ada"}`:                                    "5",
		`{"contact":null}`:                                              "",
		`{"contact":{"contactId":0}}`:                                   "",
		`{"result":"OK"}`:                                               "",
	} {
		c, err := contactIn(load.Reply{Status: http.StatusOK, Body: []byte(body)}, "")
		if got := c.text("contactId"); got != want || (err == nil) != (want != "") {
			t.Errorf("%s: got %q, %v; want %q", body, got, err, want)
		}
	}
}

func TestOverlay(t *testing.T) {
	theirs, err := parseContact([]byte(`{"ContactId":5,"Type":"client","City":"Utica","bigNumber":12345678901234567890,"ssn":"***-**-1234","isActive":true,"primaryPayors":[{}]}`))
	if err != nil {
		t.Fatal(err)
	}
	ours, err := parseContact([]byte(`{"city":"Albany","ContactForm":"Client","gender":"Male"}`))
	if err != nil {
		t.Fatal(err)
	}
	got, err := overlay(ours, theirs, compare(ours, theirs))
	want := `{"bigNumber":12345678901234567890,"city":"Albany","gender":"Male","isActive":true}`
	if err != nil || string(got) != want {
		t.Errorf("overlay %s, %v; want %s", got, err, want)
	}
}
