package transform_test

import (
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/load/rethink"
	"github.com/chartbridge/chartbridge/sql"
)

// skip takes the decision to skip a part, and gives its import's id.
func (p *practice) skip(object, id string) int64 {
	p.t.Helper()
	verdicts, imported, err := p.store.Decide(p.t.Context(), sql.Import{File: "f", Run: p.run.ID, By: "Ada Roma", At: p.run.At, Apply: true,
		State: func(sql.Item) string { return "" }, Allows: func(string, sql.Item) string { return "" }, People: func(sql.Item) int { return 1 }},
		[]sql.Ask{{Destination: rethink.Name, Object: object, SourceID: id, Verb: sql.Skip, Run: p.run.At}})
	p.must(err)
	if !verdicts[0].Good() {
		p.t.Fatalf("SKIP of %s: %v", id, verdicts)
	}
	return imported
}

// carried is what the next update of a client would carry of its insurances;
// "nothing due" where none would go.
func (p *practice) carried(id string) string {
	p.t.Helper()
	for _, d := range p.due("client") {
		if d.SourceID == id {
			_, slot, _ := strings.Cut(string(d.Body), `"clientFunders":`)
			return slot
		}
	}
	return "nothing due"
}

// A decision about a part reaches the record that carries it, both ways, even
// where a run stopped between the two.
func TestADecisionAboutAPartReachesItsCarrier(t *testing.T) {
	p := aDay(t)
	two := aPatient(12, "Roe")
	two["secondary_insurance"] = insured("60055")
	p.pull("patients", two)
	p.judge()
	p.send("client", load.Acknowledged)
	id := p.skip("funder", "12/primary")
	p.begin("r2")
	p.judge()
	p.want(p.funder("12/primary"), etl.Excluded, etl.CauseSkipped)
	p.wantJudged(map[string]int{"funder": 1, "client": 1})
	if got := p.carried("12"); got != "" { // they hold the part that stays behind, and so its array does
		t.Errorf("after SKIP, the client carries %s", got)
	}
	p.judge()
	p.wantJudged(nil)
	p.send("client", load.Acknowledged)

	_, err := p.store.Undo(t.Context(), id, "Ada Roma", p.run.At)
	p.must(err)
	p.begin("r3")
	shapes := p.stage.Shapes
	p.stage.Shapes = shapes[:3] // the parts alone, as if it was stopped then
	p.judge()
	p.stage.Shapes = shapes
	p.judge()
	p.wantJudged(map[string]int{"client": 1})
	if got := p.carried("12"); !strings.Contains(got, `"funderId":900`) {
		t.Errorf("after the undo, the client carries %q, want the insurance", got)
	}
	p.judge()
	p.wantJudged(nil)
}
