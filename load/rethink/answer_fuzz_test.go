package rethink

import (
	"net/http"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
)

// FuzzAnswer puts any bytes before the readers of Rethink's answers, lists and
// callbacks: they never panic, a 200 is acknowledged only with an id, and is
// never sent again by itself.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte(`{"clientId":7,"clientExternalId":"1"}`), "")
	f.Add([]byte(`{"data":{"clientId":"7","ErrorMessage":null},"clientFunders":[{"ErrorMessage":"no"}]}`), "7")
	f.Add([]byte(`{"transactionId":"t","status":"Accepted","results":[],"total":2}`), "")
	d := New(Options{Clock: stillClock{}, Readback: true})
	f.Fuzz(func(t *testing.T, body []byte, id string) {
		reply := load.Reply{Status: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: body, Phase: load.PhaseAnswer}
		for object := range idField {
			del := etl.Delivery{Object: object, SourceID: "1", TargetID: id, Body: []byte(`{"clientExternalId":"1"}`)}
			for _, a := range []load.Answer{d.classify(reply, del), d.Called(del, body)} {
				if a.Kind == load.Acknowledged && a.TargetID == "" {
					t.Errorf("acknowledged without an id by %q", body)
				}
				if a.Kind == load.NotSent || a.Kind == load.Throttled {
					t.Errorf("%q would be sent again", body)
				}
			}
			list, err := parseRead(object, body)
			if err == nil && len(list) == 0 && len(body) > 0 && body[0] == '"' {
				t.Errorf("%q is taken for an empty list", body)
			}
		}
	})
}
