package centralregistry

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
)

// quoted stands for what a vendor's text may tell of a patient.
const quoted = "Ada Roma 000456789 1980-02-03"

var answers = []struct {
	status int
	body   string
	kind   load.Kind
	code   string
	field  string
}{
	{200, `{"success":true,"message":"Discharge recorded successfully."}`, load.Acknowledged, "", ""},
	{201, `{"success":"true","code":null,"errors":[]}`, load.Acknowledged, "", ""},
	{200, `{"success":true,"code":"11-201"}`, load.Unknown, "", ""},
	{200, `{"message":"ok"}`, load.Unknown, "", ""},
	{200, `{"success":false}`, load.Unknown, "", ""},
	{200, `{"success":false,"message":"` + quoted + `"}`, load.Unknown, "", ""},
	{200, `{"success":false,"code":"11-002","errors":{"dosage":"` + quoted + `"}}`, load.Rejected, "11-002", "dosage"},
	{200, `{"success":false,"errors":{"crid":["` + quoted + `"]}}`, load.Rejected, "refused", "crid"},
	{200, `{"success":false,"error_code":"11-103"}`, load.Exists, "11-103", ""},
	{200, `{"success":true,"success":false}`, load.Unknown, "", ""},
	{200, `[]`, load.Unknown, "", ""}, {200, ``, load.Unknown, "", ""}, {204, ``, load.Unknown, "", ""},
	{302, ``, load.Unknown, "", ""},
	{400, `{"code":"11-001"}`, load.Rejected, "11-001", ""},
	{400, `<html>`, load.Rejected, "refused", ""},
	{400, `{"code":"11-999"}`, load.Unknown, "", ""},
	{422, `{"error":{"code":"11-002"},"errors":[{"field":"medication","message":"` + quoted + `"},{"field":"crid"}]}`, load.Rejected, "11-002", "crid"},
	{422, `{"error":"11-002","errors":["dose_through_date","` + quoted + `"]}`, load.Rejected, "11-002", "dose_through_date"},
	{422, `{"code":"` + quoted + `","errors":{"` + quoted + `":"x"}}`, load.Rejected, "refused", ""},
	{422, `{"code":"11-202"}`, load.Rejected, "11-202", ""},
	{404, `{"code":"11-101"}`, load.Rejected, "11-101", ""},
	{404, `{"errorCode":"11-102"}`, load.Rejected, "11-102", ""},
	{404, `{"errors":["crid"]}`, load.Rejected, "refused", "crid"}, {404, `{"code":"11-999"}`, load.Unknown, "", ""},
	{404, `{"message":"` + quoted + `"}`, load.Astray, "unreached", ""}, {404, `<html>`, load.Astray, "unreached", ""},
	{404, `{"success":false,"message":"` + quoted + `","errors":{}}`, load.Astray, "unreached", ""}, {405, ``, load.Astray, "unreached", ""},
	{404, `{"success":true}`, load.Unknown, "", ""}, {405, `{"success":"true"}`, load.Unknown, "", ""},
	{502, `{"success":false,"code":"11-201"}`, load.Rejected, "11-201", ""},
	{413, ``, load.Rejected, "refused", ""}, {415, ``, load.Rejected, "refused", ""},
	{409, ``, load.Exists, "11-103", ""}, {422, `{"code":"11-103"}`, load.Exists, "11-103", ""},
	{409, `{"code":"11-102"}`, load.Rejected, "11-102", ""},
	{401, ``, load.Denied, "", ""}, {403, `{"success":false}`, load.Denied, "", ""},
	{408, ``, load.Unknown, "", ""}, {429, `{"success":false}`, load.Unknown, "", ""},
	{500, `{"success":false,"code":"11-999"}`, load.Unknown, "", ""}, {503, ``, load.Unknown, "", ""},
}

func TestClassify(t *testing.T) {
	for _, tt := range answers {
		reply := load.Reply{Status: tt.status, Header: http.Header{}, Body: []byte(tt.body), Phase: load.PhaseAnswer}
		a := classify(reply, etl.Delivery{})
		if a.Kind != tt.kind || a.Problem.Code != tt.code || a.Status != tt.status {
			t.Errorf("%d %s: got %+v, want %s %s", tt.status, tt.body, a, tt.kind, tt.code)
		}
		if a.Kind == load.Rejected && a.Problem.Field != tt.field {
			t.Errorf("%d %s: field %q, want %q", tt.status, tt.body, a.Problem.Field, tt.field)
		}
		if (a.TargetID != "") != (a.Kind == load.Acknowledged) || (a.Problem.Message != "") != (tt.code != "") {
			t.Errorf("%d %s: got %+v", tt.status, tt.body, a)
		}
		for _, word := range strings.Fields(quoted) {
			if strings.Contains(a.Problem.Message+a.Problem.Field+a.Problem.Code, word) {
				t.Errorf("%d %s: the vendor's text is passed on", tt.status, tt.body)
			}
		}
	}
}

func FuzzClassify(f *testing.F) {
	for _, tt := range answers {
		f.Add(tt.status, tt.body)
	}
	f.Fuzz(func(t *testing.T, status int, body string) {
		reply := load.Reply{Status: status, Header: http.Header{}, Body: []byte(body), Phase: load.PhaseAnswer}
		a := classify(reply, etl.Delivery{})
		if a.Kind == load.Acknowledged && !strings.Contains(body, "success") {
			t.Errorf("acknowledged by %q", body)
		}
		if a.Kind == load.NotSent || a.Kind == load.Throttled {
			t.Errorf("%s would be sent again", a.Kind)
		}
	})
}
