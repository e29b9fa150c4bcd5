package centralreach

import (
	"net/http"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
)

// FuzzAnswer puts any bytes before the readers of CentralReach's answers: they
// never panic, a 200 is acknowledged only with an id, and is never sent again
// by itself.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte(`{"contact":{"contactId":7,"externalSystemId":"1"}}`), "")
	f.Add([]byte(`{"ContactId":"7","responseStatus":{"errorCode":"X","message":"no","errors":[{"fieldName":"a"}]}}`), "7")
	f.Add([]byte(`{"items":[null],"total":2}`), "")
	var d Destination
	f.Fuzz(func(t *testing.T, body []byte, id string) {
		reply := load.Reply{Status: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: body, Phase: load.PhaseAnswer}
		for _, status := range []int{200, 404} {
			reply.Status = status
			a := d.classify(t.Context(), reply, etl.Delivery{Object: "client", SourceID: "1", TargetID: id})
			if a.Kind == load.Acknowledged && (a.TargetID == "" || status != 200) {
				t.Errorf("%d %q: acknowledged as %q", status, body, a.TargetID)
			}
			if a.Kind == load.NotSent || a.Kind == load.Throttled {
				t.Errorf("%q would be sent again", body)
			}
		}
	})
}
