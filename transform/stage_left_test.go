package transform_test

import (
	"testing"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/load/rethink"
	"github.com/chartbridge/chartbridge/sql"
)

// A run that ends before it judged leaves what is staged as failed. The next
// one judges that, and sends of it only what differs.
func TestWhatARunDidNotComeToJudgeIsJudgedByTheNext(t *testing.T) {
	p := aDay(t)
	p.send("client", load.Acknowledged)
	p.begin("r2")
	same, other := aPatient(11, "Lin"), aPatient(12, "Sole")
	same["chart_note"] = "nothing that is mapped"
	other["last_name"] = "Soler"
	p.pull("patients", same, other, aPatient(19, "Reed"))
	var scopes []sql.Scope
	for _, s := range p.stage.Shapes {
		scopes = append(scopes, sql.Scope{Destination: rethink.Name, Object: s.Object, Endpoint: s.Endpoint, Slot: s.Slot, Parts: s.Parts})
	}
	p.must(p.store.Conclude(t.Context(), p.run, scopes...))
	for _, id := range []string{"11", "12", "19"} {
		p.want(p.client(id), etl.Failed, etl.CauseNotJudged)
		if got := p.carried(id); got != "nothing due" {
			t.Errorf("before it is judged, the client %s is due with %s", id, got)
		}
	}
	p.begin("r3")
	p.judge()
	p.want(p.client("11"), etl.Unchanged, "")
	p.want(p.client("12"), etl.Failed, etl.CauseNotSent)
	p.want(p.client("19"), etl.Failed, etl.CauseNotSent)
	p.want(p.funder("11/primary"), etl.Unchanged, "")
}
