package centralreach

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/load/loadtest"
	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
)

func TestCreateThenFind(t *testing.T) {
	for _, object := range []string{client, employee} {
		t.Run(object, func(t *testing.T) {
			s, o := newVendor(t, loadtest.CentralReachOptions{})
			d := open(t, o)
			body := ada()
			if object == employee {
				body = with(with(body, "ContactForm", "Employee"), "npiNumber", "1234567893")
			}
			del := delivery(t, object, "", body)
			if f := findOne(t, d, del); f.TargetID != "" || f.Proved {
				t.Errorf("found %+v in an empty account, want nothing and no proof", f)
			}
			a := d.Send(t.Context(), del)
			held := s.Objects(object)
			if a.Kind != load.Acknowledged || len(held) != 1 || a.TargetID != fmt.Sprint(held[0]["contactId"]) {
				t.Fatalf("answer %+v with %d held, want one acknowledged", a, len(held))
			}
			f := findOne(t, d, del)
			if f.TargetID != a.TargetID || f.How != load.ByExternalID || len(f.Differs) != 0 {
				t.Errorf("found %+v, want it by external id without differences", f)
			}
		})
	}
}

// whole is what a careful organization holds of a client beside what we map.
func whole() fields {
	return fields{"externalSystemId": "HR-9", "firstName": "Ada", "lastName": "Roma", "primaryEmail": "login@example.test",
		"dateOfBirth": "2015-04-05", "city": "Utica", "bhpnId": "B-1", "isActive": false,
		"additionalContacts": []any{fields{"firstName": "Bo"}}, "primaryPayors": []any{fields{"planName": "Plan 1"}}}
}

func TestUpdateKeepsTheirs(t *testing.T) {
	s, o := newVendor(t, loadtest.CentralReachOptions{ReplaceOnPut: true})
	id := fmt.Sprint(s.SeedClient(whole()))
	d := open(t, o)
	a := d.Send(t.Context(), delivery(t, client, id, ada()))
	if a.Kind != load.Acknowledged || a.TargetID != id {
		t.Fatalf("answer %+v, want %s acknowledged", a, id)
	}
	want := fields{"externalSystemId": "HR-9", "primaryEmail": "login@example.test", "city": "Albany", "stateProvince": "NY",
		"phoneCell": "5550100123", "bhpnId": "B-1", "isActive": false, "additionalContacts": []any{fields{"firstName": "Bo"}},
		"firstName": "Ada", "lastName": "Roma", "dateOfBirth": "2015-04-05T00:00:00.0000000Z"}
	got := s.Objects(client)[0]
	delete(got, "contactId")
	delete(got, "type")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("held (-want +got):\n%s", diff)
	}
}

func TestUpdateFillsBlanks(t *testing.T) {
	s, o := newVendor(t, loadtest.CentralReachOptions{})
	id := fmt.Sprint(s.SeedClient(fields{"firstName": "Ada", "lastName": "Roma"}))
	if a := open(t, o).Send(t.Context(), delivery(t, client, id, ada())); a.Kind != load.Acknowledged {
		t.Fatalf("answer %+v, want acknowledged", a)
	}
	if got := s.Objects(client)[0]; got["externalSystemId"] != "dc-71" || got["primaryEmail"] != "ada@example.test" {
		t.Errorf("external id %v, e-mail %v; want ours where they have none", got["externalSystemId"], got["primaryEmail"])
	}
}

func TestUpdateOfTheSameWritesNothing(t *testing.T) {
	s, o := newVendor(t, loadtest.CentralReachOptions{})
	id := fmt.Sprint(s.SeedClient(with(ada(), "ContactForm", nil)))
	a := open(t, o).Send(t.Context(), delivery(t, client, id, ada()))
	if a.Kind != load.Acknowledged || s.Calls()["update client"] != 0 {
		t.Errorf("answer %+v after %v, want acknowledged without an update", a, s.Calls())
	}
}

func TestAnswers(t *testing.T) {
	page := func(code int) loadtest.Fault {
		return loadtest.Status(code, `{"responseStatus":{"errorCode":"ValidationException","message":"Ada Roma","errors":[{"errorCode":"NotEmpty","fieldName":"LASTNAME","message":"Ada Roma"}]}}`)
	}
	tests := []struct {
		name  string
		fault loadtest.Fault
		want  load.Kind
		code  string
		field string
	}{
		{"400", page(400), load.Rejected, etl.CodeRequired, "lastName"},
		{"422", page(422), load.Rejected, etl.CodeRequired, "lastName"},
		{"200 with an error code", page(200), load.Rejected, etl.CodeRequired, "lastName"},
		{"400 without words", loadtest.Status(400, `{}`), load.Rejected, "refused", ""},
		{"a field that is not ours", loadtest.Status(400, `{"responseStatus":{"errorCode":"Ada","errors":[{"errorCode":"Roma","fieldName":"Ada Roma"}]}}`), load.Rejected, "refused", ""},
		{"403 for one contact", page(403), load.Rejected, "forbidden", ""},
		{"404", page(404), load.Rejected, "not_found", ""},
		{"409", page(409), load.Exists, "", ""},
		{"429", loadtest.TooMany("7"), load.Throttled, "", ""},
		{"html", loadtest.HTML200(), load.Unknown, "", ""},
		{"201 in an envelope", loadtest.Status(201, `{"data":{"contactId":5}}`), load.Acknowledged, "", ""},
		{"204", loadtest.Status(204, ``), load.Unknown, "", ""},
		{"200 without an id", loadtest.Status(200, `{"contact":{"firstName":"Ada"}}`), load.Unknown, "", ""},
		{"200 with an id and an error code", loadtest.Status(200, `{"contact":{"contactId":5},"responseStatus":{"errorCode":"X"}}`), load.Unknown, "", ""},
		{"302", loadtest.Status(302, ``), load.Unknown, "", ""},
		{"500", loadtest.StatusAfter(500), load.Unknown, "", ""},
		{"503", loadtest.StatusAfter(503), load.Unknown, "", ""},
		{"reset before", loadtest.ResetBefore(), load.Unknown, "", ""},
		{"cut off", loadtest.TruncateAfter(), load.Unknown, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, o := newVendor(t, loadtest.CentralReachOptions{})
			d := open(t, o)
			s.Inject(tt.fault.On("POST", "/contacts/client"))
			a := d.Send(t.Context(), delivery(t, client, "", ada()))
			if a.Kind != tt.want || a.Problem.Code != tt.code || a.Problem.Field != tt.field {
				t.Errorf("answer %+v, want %s with %q of %q", a, tt.want, tt.code, tt.field)
			}
			if strings.Contains(a.Problem.Message, "Ada") || strings.Contains(a.Problem.Message, "Roma") {
				t.Errorf("message %q quotes a patient", a.Problem.Message)
			}
			if n := s.Calls()["create client"]; n != 1 {
				t.Errorf("%d creates, want 1", n)
			}
			if tt.want == load.Throttled && a.After != 7*time.Second {
				t.Errorf("wait %v, want 7s", a.After)
			}
		})
	}
}

func TestRefusalNamesField(t *testing.T) {
	_, o := newVendor(t, loadtest.CentralReachOptions{})
	a := open(t, o).Send(t.Context(), delivery(t, client, "", with(ada(), "ContactForm", "Nobody")))
	if a.Kind != load.Rejected || a.Problem.Field != "ContactForm" || a.Problem.Code != etl.CodeFormat {
		t.Errorf("answer %+v, want rejected for ContactForm", a)
	}
}

func TestKeyRevokedMeanwhile(t *testing.T) {
	s, o := newVendor(t, loadtest.CentralReachOptions{})
	d := open(t, o)
	s.Inject(loadtest.Status(403, `{}`).Repeat(-1))
	if a := d.Send(t.Context(), delivery(t, client, "", ada())); a.Kind != load.Denied {
		t.Errorf("answer %+v, want denied", a)
	}
}

func TestUpdateAnswers(t *testing.T) {
	code := func(n int) loadtest.Fault {
		return loadtest.Status(n, `{"responseStatus":{"errorCode":"X"}}`)
	}
	tests := []struct {
		name, method string
		fault        loadtest.Fault
		want         load.Kind
		code         string
	}{
		{"gone before the PUT", "PUT", code(404), load.Rejected, "not_found"},
		{"conflict", "PUT", code(409), load.Rejected, etl.CodeConflict},
		{"PUT forbidden", "PUT", code(403), load.Rejected, "forbidden"},
		{"PUT answered by 500", "PUT", loadtest.StatusAfter(500), load.Unknown, ""},
		{"PUT answered by a page", "PUT", loadtest.HTML200(), load.Unknown, ""},
		{"PUT answered by nothing, with 204", "PUT", loadtest.Status(204, ``), load.Acknowledged, ""},
		{"PUT for another contact", "PUT", loadtest.Status(200, `{"contact":{"contactId":5}}`), load.Unknown, ""},
		{"not there", "GET", code(404), load.Rejected, "not_found"},
		{"a gateway's 404", "GET", loadtest.Status(404, `{}`), load.NotSent, ""},
		{"GET forbidden", "GET", code(403), load.Rejected, "forbidden"},
		{"GET throttled", "GET", loadtest.TooMany("1"), load.Throttled, ""},
		{"GET answered by a page", "GET", loadtest.HTML200(), load.NotSent, ""},
		{"GET shows another contact", "GET", loadtest.Status(200, `{"contact":{"contactId":5}}`), load.NotSent, ""},
		{"GET down", "GET", loadtest.Status(503, `{}`), load.NotSent, ""},
		{"GET not answered", "GET", loadtest.ResetBefore().Repeat(-1), load.NotSent, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, o := newVendor(t, loadtest.CentralReachOptions{})
			id := fmt.Sprint(s.SeedClient(whole()))
			d := open(t, o)
			s.Inject(tt.fault.On(tt.method, "/contacts/client/"+id))
			a := d.Send(t.Context(), delivery(t, client, id, ada()))
			if a.Kind != tt.want || a.Problem.Code != tt.code {
				t.Errorf("answer %+v, want %s with %q", a, tt.want, tt.code)
			}
			if n := s.Calls()["update client"]; tt.method == "GET" && n != 0 || n > 1 {
				t.Errorf("%d updates, want at most one and none after a failed GET", n)
			}
		})
	}
}

func TestExpiredToken(t *testing.T) {
	vendor := newClock()
	s, o := newVendor(t, loadtest.CentralReachOptions{Now: vendor.Now})
	d := open(t, o)
	vendor.move(2 * time.Hour) // by the vendor's clock only: we think that it lasts
	if a := d.Send(t.Context(), delivery(t, client, "", ada())); a.Kind != load.Unknown || a.Status != http.StatusInternalServerError {
		t.Errorf("write: answer %+v, want unknown by 500", a)
	}
	if n := s.Calls()["create client"]; n != 1 {
		t.Errorf("%d creates, want 1: it must not be sent again", n)
	}
	if f := findOne(t, d, delivery(t, client, "", ada())); f.TargetID != "" {
		t.Errorf("found %+v, want nothing", f)
	}
	vendor.move(2 * time.Hour)
	before := s.Calls()["login token"]
	if f := findOne(t, d, delivery(t, client, "", ada())); f.TargetID != "" {
		t.Errorf("found %+v, want nothing", f)
	}
	if n := s.Calls()["login token"] - before; n != 1 {
		t.Errorf("%d new tokens for a read with an expired one, want 1", n)
	}
}

func TestTokenDeath(t *testing.T) {
	s, o := newVendor(t, loadtest.CentralReachOptions{})
	d := open(t, o)
	s.Inject(loadtest.TokenDeath())
	if a := d.Send(t.Context(), delivery(t, client, "", ada())); a.Kind != load.Acknowledged || len(s.Objects(client)) != 1 {
		t.Errorf("answer %+v, want acknowledged with a new token, once", a)
	}
	s.Inject(loadtest.Status(401, `{}`).Repeat(-1))
	if a := d.Send(t.Context(), delivery(t, client, "", with(ada(), "externalSystemId", "dc-72"))); a.Kind != load.Denied {
		t.Errorf("answer %+v, want denied where no token is taken", a)
	}
}

func TestEmployeesAreNotCreated(t *testing.T) {
	s, o := newVendor(t, loadtest.CentralReachOptions{})
	o.CreateEmployees = false
	d := open(t, o)
	a := d.Send(t.Context(), delivery(t, employee, "", ada()))
	if a.Kind != load.Rejected || a.Problem.Code != etl.CauseCreateOff || s.Calls()["create employee"] != 0 {
		t.Errorf("answer %+v after %v, want rejected without a call", a, s.Calls())
	}
	id := fmt.Sprint(s.SeedEmployee(fields{"firstName": "Ada", "lastName": "Roma"}))
	if a = d.Send(t.Context(), delivery(t, employee, id, with(ada(), "ContactForm", nil))); a.Kind != load.Acknowledged {
		t.Errorf("update: answer %+v, want acknowledged", a)
	}
}

// Identifiers of ours go over theirs, and what else stands in their rows stays.
func TestIdentifiersKeepWhatTheyDoNotSay(t *testing.T) {
	theirs, err := parseContact([]byte(`{"identifiers":[{"identifierId":4,"value":"old","payorId":7},{"identifierId":6,"value":"x"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(overIdentifiers(theirRows(theirs), map[string]string{"4": "new", "5": "L-1"}), json.Deterministic(true))
	want := `[{"identifierId":4,"payorId":7,"value":"new"},{"identifierId":6,"value":"x"},{"identifierId":5,"value":"L-1"}]`
	if err != nil || string(got) != want {
		t.Errorf("got %s (%v), want %s", got, err, want)
	}
}
