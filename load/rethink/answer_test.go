package rethink

import (
	"net/http"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestAnswers: what an answer means follows from its status and its form
// (rethink.txt, Error Handling; reliability, 3.4).
func TestAnswers(t *testing.T) {
	create := etl.Delivery{Object: "client", Op: etl.Create}
	update := etl.Delivery{Object: "client", Op: etl.Update, TargetID: "7", Body: []byte(`{"clientId":7}`)}
	inside := []etl.Need{{Path: "clientFunders.0.clientFunderId", Object: "funder", ID: "1/primary", Optional: true}}
	adds := etl.Delivery{Object: "client", Op: etl.Update, TargetID: "7", Needs: inside, Body: []byte(`{"clientId":7,"clientFunders":[{"funderId":501}]}`)}
	keeps := etl.Delivery{Object: "client", Op: etl.Update, TargetID: "7", Needs: inside, Body: []byte(`{"clientId":7,"clientFunders":[{"clientFunderId":71,"funderId":501}]}`)}
	tests := []struct {
		name   string
		status int
		kind   string // "" = JSON
		body   string
		del    etl.Delivery
		want   load.Kind
		id     string
		code   string
	}{
		{"created", 200, "", `{"clientId":7,"firstName":"Ada"}`, create, load.Acknowledged, "7", ""},
		{"created, in an array", 201, "", `[{"clientId":"7"}]`, create, load.Acknowledged, "7", ""},
		{"in other casing", 200, "", `{"ClientID":7}`, create, load.Acknowledged, "7", ""},
		{"in an envelope", 200, "", `{"success":true,"Data":{"ClientId":"7"}}`, create, load.Acknowledged, "7", ""},
		{"in two envelopes", 201, "", `{"result":{"item":{"clientId":7}},"ErrorMessage":""}`, create, load.Acknowledged, "7", ""},
		{"in an array in an envelope", 200, "", `{"items":[{"clientId":7}]}`, create, load.Acknowledged, "7", ""},
		{"two in an envelope", 200, "", `{"items":[{"clientId":7},{"clientId":8}]}`, create, load.Unknown, "", ""},
		{"refused in an envelope", 200, "", `{"data":{"clientId":null,"ErrorMessage":"lastName is required."}}`, create, load.Rejected, "", etl.CodeRequired},
		{"refused by the envelope", 200, "", `{"data":{"firstName":"Ada"},"ErrorMessage":"lastName is required."}`, create, load.Rejected, "", etl.CodeRequired},
		{"an inner id is not its own", 200, "", `{"authorizations":[{"clientId":7}]}`, create, load.Unknown, "", ""},
		{"bad request in an envelope", 400, "", `{"data":{"clientId":null,"ErrorMessage":"lastName is required."}}`, create, load.Rejected, "", etl.CodeRequired},
		{"updated", 200, "", `{"clientId":7}`, update, load.Acknowledged, "7", ""},
		{"another's id for an update", 200, "", `{"clientId":8}`, update, load.Unknown, "", ""},
		{"refused with 200", 200, "", `{"clientId":null,"ErrorMessage":"lastName is required."}`, create, load.Rejected, "", etl.CodeRequired},
		{"refused with 200 and an id", 200, "", `{"clientId":7,"ErrorMessage":"lastName length exceeded"}`, update, load.Rejected, "", etl.CodeTooLong},
		{"an id and an error, for a create", 200, "", `{"clientId":7,"ErrorMessage":"caseManagerId was not found; saved without"}`, create, load.Unknown, "", "id_and_error"},
		{"accepted for later", 200, "", `{"transactionId":"tx","status":"Accepted"}`, create, load.Unknown, "", ""},
		{"null id", 200, "", `{"clientId":null}`, create, load.Unknown, "", ""},
		{"two objects", 200, "", `[{"clientId":7},{"clientId":8}]`, create, load.Unknown, "", ""},
		{"no object", 200, "", `"saved"`, create, load.Unknown, "", ""},
		{"nothing", 204, "", ``, create, load.Unknown, "", ""},
		{"updated, no content", 204, "", ``, update, load.Acknowledged, "7", ""},
		{"updated, no content, a new funder inside", 204, "", ``, adds, load.Unknown, "", ""},
		{"updated, no content, a known funder inside", 204, "", ``, keeps, load.Acknowledged, "7", ""},
		{"half", 200, "", `{"clientId":7`, create, load.Unknown, "", ""},
		{"a page", 200, "text/html", `<title>Log in</title>`, create, load.Unknown, "", ""},
		{"a redirect", 302, "", ``, create, load.Unknown, "", ""},
		{"bad request", 400, "", `{"ErrorMessage":"Invalid Gender ID . Valid range of values is 1-3."}`, create, load.Rejected, "", etl.CodeRange},
		{"bad request, bare text", 400, "", `"zipCode: Dashes are not supported"`, create, load.Rejected, "", etl.CodeFormat},
		{"there already", 409, "", `{"ErrorMessage":"Username already exists in the system"}`, create, load.Exists, "", ""},
		{"there already, for an update", 409, "", `{"ErrorMessage":"Username already exists in the system"}`, update, load.Rejected, "", "duplicate"},
		{"nothing there", 404, "text/html", `<p>Not Found`, create, load.Astray, "", "unreached"},
		{"nothing there, in JSON", 404, "", `{"status":404}`, create, load.Astray, "", "unreached"},
		{"another method", 405, "", ``, update, load.Astray, "", "unreached"},
		{"their record is gone", 404, "", ``, update, load.Rejected, "", "refused"},
		{"not found, by name", 404, "", `{"ErrorMessage":"clientId does not exist under this account."}`, create, load.Rejected, "", "unknown_id"},
		{"bad request, a page", 400, "text/html", `<p>Bad`, create, load.Rejected, "", "refused"},
		{"unprocessable", 422, "", `{"message":"Username already exists in the system"}`, create, load.Rejected, "", "duplicate"},
		{"unauthorized", 401, "", `{}`, create, load.Denied, "", ""},
		{"forbidden", 403, "", `{}`, create, load.Denied, "", ""},
		{"too many", 429, "", `{}`, create, load.Throttled, "", ""},
		{"timeout there", 408, "", `{}`, create, load.Unknown, "", ""},
		{"conflict", 409, "", `{}`, create, load.Unknown, "", ""},
		{"their fault", 500, "", `{"ErrorMessage":"lastName is required."}`, create, load.Unknown, "", ""},
		{"gateway", 502, "text/html", ``, create, load.Unknown, "", ""},
		{"busy", 503, "", `{}`, create, load.Unknown, "", ""},
	}
	for _, tt := range tests {
		kind := tt.kind
		if kind == "" {
			kind = "application/json"
		}
		reply := load.Reply{Status: tt.status, Header: http.Header{"Content-Type": {kind}, "Retry-After": {"7"}}, Body: []byte(tt.body), Phase: load.PhaseAnswer}
		got := new(Destination).classify(reply, tt.del)
		if got.Kind != tt.want || got.TargetID != tt.id || got.Problem.Code != tt.code || got.Status != tt.status {
			t.Errorf("%s: got %s, id %q, code %q, want %s, %q, %q", tt.name, got.Kind, got.TargetID, got.Problem.Code, tt.want, tt.id, tt.code)
		}
		if tt.want == load.Throttled && got.After != 7*time.Second {
			t.Errorf("%s: after %s, want 7s", tt.name, got.After)
		}
	}
}

// TestInsideAnswers: each object inside has an answer of its own, by its place.
func TestInsideAnswers(t *testing.T) {
	need := func(path, object, id string) etl.Need {
		return etl.Need{Path: path, Object: object, ID: id, Optional: true}
	}
	del := etl.Delivery{Object: "client", Needs: []etl.Need{
		need("clientId", "client", "1"),
		need("clientFunders.0.clientFunderId", "funder", "1/primary"),
		need("clientFunders.1.clientFunderId", "funder", "1/secondary"),
		need("authorizations.0.clientauthorizationId", "authorization", "5"),
		need("authorizations.1.clientauthorizationId", "authorization", "6"),
	}}
	body := `{"clientId":7,
		"clientFunders":[{"clientFunderId":71},{"clientFunderId":null,"ErrorMessage":"funderId does not exist under this account."}],
		"authorizations":[{"clientauthorizationId":"72"}]}`
	reply := load.Reply{Status: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(body)}
	got := new(Destination).classify(reply, del)
	want := map[string]load.Nested{
		"clientFunders.0.clientFunderId":         {TargetID: "71"},
		"clientFunders.1.clientFunderId":         {Problem: etl.Problem{Field: "funderId", Code: "unknown_id"}, Words: "funderId does not exist under this account."},
		"authorizations.0.clientauthorizationId": {TargetID: "72"},
	}
	if got.Kind != load.Acknowledged || got.TargetID != "7" {
		t.Errorf("got %s %q, want the client acknowledged as 7", got.Kind, got.TargetID)
	}
	if diff := cmp.Diff(want, got.Inside, cmpopts.IgnoreFields(etl.Problem{}, "Message")); diff != "" {
		t.Errorf("inside (-want +got):\n%s", diff)
	}
}

// TestInsideAnswersByTheirKeys: an answer in another order, without one that was
// refused, or with an id under the name of the vendor's prose, gives no record
// another's id.
func TestInsideAnswersByTheirKeys(t *testing.T) {
	del := etl.Delivery{Object: "client", Body: []byte(`{"clientFunders":[{"funderSequence":1,"funderId":501},{"funderSequence":2,"funderId":502}],
		"authorizations":[{"authorizationNumber":"A-1"}]}`),
		Needs: []etl.Need{{Path: "clientFunders.0.clientFunderId", Object: "funder", ID: "1/primary", Optional: true},
			{Path: "clientFunders.1.clientFunderId", Object: "funder", ID: "1/secondary", Optional: true},
			{Path: "authorizations.0.clientauthorizationId", Object: "authorization", ID: "5", Optional: true}}}
	first, second := "clientFunders.0.clientFunderId", "clientFunders.1.clientFunderId"
	for body, want := range map[string]map[string]load.Nested{
		`{"clientId":7,"clientFunders":[{"clientFunderId":72,"funderSequence":2,"funderId":502},{"clientFunderId":71,"funderSequence":1,"funderId":501}]}`: {
			first: {TargetID: "71"}, second: {TargetID: "72"}},
		`{"clientId":7,"clientFunders":[{"clientFunderId":72,"funderSequence":"2","funderId":"502"}]}`: {second: {TargetID: "72"}},
		`{"clientId":7,"clientFunders":[{"clientfunderID":71}],"authorizations":[{"clientAuthID":73}]}`: {
			first: {TargetID: "71"}, "authorizations.0.clientauthorizationId": {TargetID: "73"}},
	} {
		got := new(Destination).classify(load.Reply{Status: 200, Body: []byte(body)}, del)
		if diff := cmp.Diff(want, got.Inside); diff != "" {
			t.Errorf("%s: inside (-want +got):\n%s", body, diff)
		}
	}
}

func TestARecordRefusedForWhatIsInsideIt(t *testing.T) {
	body := `{"clientId":0,"ErrorMessage":null,"clientFunders":[{"clientFunderId":null,"ErrorMessage":"funderId does not exist under this account."}]}`
	del := etl.Delivery{Object: "client", Op: etl.Create, Needs: []etl.Need{{Path: "clientFunders.0.clientFunderId", Object: "funder", ID: "1/primary", Optional: true}}}
	a := new(Destination).classify(load.Reply{Status: 200, Body: []byte(body), Header: http.Header{"Content-Type": {"application/json"}}}, del)
	if a.Kind != load.Rejected || a.Problem.Field != "funderId" {
		t.Errorf("answer %+v, want rejected for funderId", a)
	}
}
