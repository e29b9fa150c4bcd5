package transform_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract"
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

// uncarried are the clients of which a part changed since they were judged. To
// hold every client against its parts finds no other.
func (p *practice) uncarried() []string {
	p.t.Helper()
	list := func() (clients []string) {
		var rows []int64
		p.must(p.store.Uncarried(p.t.Context(), rethink.Name, "client", "patients", func(row int64) { rows = append(rows, row) }))
		sources, err := p.store.Records(p.t.Context(), rows)
		p.must(err)
		for _, src := range sources {
			clients = append(clients, src.ID)
		}
		return clients
	}
	noted := list()
	p.must(p.store.CheckWhole(p.t.Context(), p.run.At))
	if all := list(); !slices.Equal(noted, all) {
		p.t.Errorf("the clients %v are noted, and %v do not carry their parts", noted, all)
	}
	return noted
}

// In whatever way a part comes, goes or changes, its carrier is judged, also where
// a run stopped between the two, and no other carrier is.
func TestACarrierIsNotedHoweverItsPartChanged(t *testing.T) {
	insuredBy := func(id int, member string, payer string) row {
		r := aPatient(id, "Roe")
		r[member] = insured(payer)
		return r
	}
	for name, c := range map[string]struct {
		change func(p *practice)
		want   []string
	}{
		"nothing": {func(*practice) {}, nil},
		"a record that it does not map": {func(p *practice) {
			p.pull("patients", row{"id": 12, "doctor": 1, "primary_insurance": insured("60054")})
		}, nil},
		"an insurance comes":      {func(p *practice) { p.pull("patients", insuredBy(12, "secondary_insurance", "60055")) }, []string{"12"}},
		"an insurance goes":       {func(p *practice) { p.pull("patients", insuredBy(12, "primary_insurance", "")) }, []string{"12"}},
		"an insurance changes":    {func(p *practice) { p.pull("patients", insuredBy(12, "primary_insurance", "60055")) }, []string{"12"}},
		"an insurance is refused": {func(p *practice) { p.pull("patients", insuredBy(12, "primary_insurance", "99999")) }, []string{"12"}},
		"a record is unreadable": {func(p *practice) {
			e, _ := extract.Find("patients")
			p.put("patients", extract.ReadRow(e, []byte(`{"id":12,"last_name":"Roe","last_name":"Poe"}`), "it has a name twice"))
		}, []string{"12"}},
		"an authorization comes": {func(p *practice) { p.pull("patient_authorizations", anAuthorization(32, 12)) }, []string{"12"}},
		"an authorization changes": {func(p *practice) {
			a := anAuthorization(31, 11)
			a["auth_number"] = "A2"
			p.pull("patient_authorizations", a)
		}, []string{"11"}},
		"an authorization is refused": {func(p *practice) {
			a := anAuthorization(31, 11)
			a["start_date"] = "soon"
			p.pull("patient_authorizations", a)
		}, []string{"11"}},
		"an authorization is another patient's": {func(p *practice) { p.pull("patient_authorizations", anAuthorization(31, 12)) }, []string{"11", "12"}},
		"a lookup gives another id": {func(p *practice) {
			p.lookups(strings.Replace(lookups, "900", "950", 1))
			p.stage.Rules = "2"
		}, []string{"11", "12", "13"}},
		"a decision": {func(p *practice) { p.skip("funder", "12/primary") }, []string{"12"}},
		"a decision taken back": {func(p *practice) {
			id := p.skip("funder", "12/primary")
			p.judge()
			_, err := p.store.Undo(p.t.Context(), id, "Ada Roma", p.run.At)
			p.must(err)
		}, []string{"12"}},
		"a run that judges nothing": {func(p *practice) {
			p.pull("patients", insuredBy(12, "primary_insurance", ""))
			p.must(p.store.Conclude(p.t.Context(), p.run, sql.Scope{Destination: rethink.Name, Object: "funder", Endpoint: "patients", Slot: "clientFunders", Parts: true}))
		}, []string{"12"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := aDay(t)
			p.send("client", load.Acknowledged)
			p.begin("r2")
			c.change(p)
			shapes := p.stage.Shapes
			p.stage.Shapes = shapes[:3] // the parts alone, as if it was stopped then
			p.judge()
			if got := p.uncarried(); !slices.Equal(got, c.want) {
				t.Errorf("the clients %v are noted, want %v", got, c.want)
			}
			p.stage.Shapes = shapes
			p.judge()
			if p.judged["client"] < len(c.want) {
				t.Errorf("%d clients were judged, want %v", p.judged["client"], c.want)
			}
			if got := p.uncarried(); len(got) > 0 {
				t.Errorf("after they were judged, the clients %v are noted", got)
			}
		})
	}
}
