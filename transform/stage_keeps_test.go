package transform_test

import (
	"testing"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract"
	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/load/rethink"
)

func TestAcknowledgedStaysUnchanged(t *testing.T) {
	p := aDay(t)
	p.send("staff", load.Acknowledged)
	p.send("client", load.Acknowledged)
	p.want(p.client("11"), etl.Created, "")
	p.want(p.funder("11/primary"), etl.Created, "")
	p.begin("r2")
	p.stage.Rules = "2"
	p.judge()
	p.want(p.client("11"), etl.Unchanged, "")
	p.want(p.funder("11/primary"), etl.Unchanged, "")
	p.want(p.target("authorization", "patient_authorizations", "31"), etl.Unchanged, "")
	p.want(p.target("staff", "doctors", "1"), etl.Unchanged, "")
	if due := p.due("client"); len(due) != 0 {
		t.Errorf("%d clients would be sent needlessly", len(due))
	}
	p.pull("patients", aPatient(11, "Linn"))
	p.judge()
	p.want(p.client("11"), etl.Failed, etl.CauseNotSent)
	p.pull("patients", aPatient(11, "Lin"))
	p.judge()
	p.want(p.client("11"), etl.Unchanged, "")
}

func TestRejectedStaysRejectedWhileItIsTheSame(t *testing.T) {
	p := aDay(t)
	p.send("client", load.Rejected)
	p.begin("r2")
	p.stage.Rules = "2"
	p.judge()
	p.want(p.client("11"), etl.Rejected, "refused")
	if got := p.client("11").Problems; len(got) != 1 || got[0].Field != "firstName" {
		t.Errorf("problems %v, want the vendor's", got)
	}
	p.pull("patients", aPatient(11, "Linn"))
	p.judge()
	p.want(p.client("11"), etl.Failed, etl.CauseNotSent)
	p.want(p.client("12"), etl.Rejected, "refused")
	p.stage.Env.Route.Offices = []string{"none"}
	p.stage.Rules = "3"
	p.judge()
	p.want(p.client("12"), etl.Excluded, etl.CauseRoute)
	p.stage.Env.Route.Offices = nil
	p.stage.Rules = "4"
	p.judge()
	p.want(p.client("12"), etl.Rejected, "refused")
	if got := p.client("12").Problems; len(got) != 1 || got[0].Field != "firstName" || got[0].Message != "they refused it" {
		t.Errorf("problems %v of a payload that comes back, want the vendor's", got)
	}
}

func TestHeldStaysHeldWhileItIsTheSame(t *testing.T) {
	p := aDay(t)
	mark := load.Mark{TargetRow: p.client("11").ID, Outcome: etl.Held, Cause: etl.CauseBrake}
	_, err := p.store.Commit(t.Context(), p.run, nil, []load.Mark{mark}, nil)
	p.must(err)
	p.stage.Rules = "2"
	p.judge()
	p.want(p.client("11"), etl.Held, etl.CauseBrake)
	p.pull("patients", aPatient(11, "Linn"))
	p.judge()
	p.want(p.client("11"), etl.Failed, etl.CauseNotSent)
}

func TestUncertainIsSettledFirst(t *testing.T) {
	p := aDay(t)
	p.send("staff", load.Acknowledged)
	p.send("client", load.Acknowledged)
	p.send("appointment", load.Unknown)
	p.want(p.visit("21"), etl.Uncertain, etl.CauseNoAnswer)
	gone := aVisit(21, 11, 1)
	gone["deleted_flag"] = true
	moved := aVisit(22, 11, 2)
	moved["duration"] = 45
	p.pull("appointments", gone, moved)
	p.stage.Rules = "2"
	p.judge()
	for _, id := range []string{"21", "22", "23"} {
		p.want(p.visit(id), etl.Uncertain, etl.CauseNoAnswer)
	}
	if !p.visit("22").Sent || p.visit("22").Hash == nil {
		t.Error("an uncertain visit counts as not sent, or lost its new payload")
	}
	if due := p.due("appointment"); len(due) != 0 {
		t.Errorf("%d uncertain visits would be sent again", len(due))
	}
}

func TestDeletedBeforeAndAfterSending(t *testing.T) {
	p := aDay(t)
	p.send("staff", load.Acknowledged)
	p.send("client", load.Acknowledged)
	p.send("appointment", load.Acknowledged)
	p.pull("appointments", aVisit(24, 12, 1))
	p.judge()
	var gone []row
	for id, patient := range map[int]int{21: 11, 24: 12} {
		r := aVisit(id, patient, 1)
		r["deleted_flag"] = true
		gone = append(gone, r)
	}
	p.pull("appointments", gone...)
	p.judge()
	p.want(p.visit("21"), etl.Held, etl.CauseStatusID)
	p.want(p.visit("24"), etl.Excluded, etl.CauseDeleted)
}

// The law for parts: whatever an insurance holds, there is a verdict on each
// that staging counts, and on no other.
func TestThePartsThatAreJudgedAreThoseThatStagingCounts(t *testing.T) {
	broken := row{"insurance_company": row{"a": 1}, "insurance_id_number": "X1"}
	for name, c := range map[string]struct {
		insurance any
		want      int
		readable  bool
	}{
		"an object as the company": {broken, 2, false}, "false as the company": {row{"insurance_company": false}, 1, true},
		"a list as the company": {row{"insurance_company": []any{}}, 1, false}, "a text": {"none", 1, false}, "a number": {row{"insurance_id_number": 0}, 2, true},
		"nothing": {nil, 1, true}, "blank": {row{"insurance_company": "", "insurance_id_number": ""}, 1, true}, "a list": {[]any{broken}, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			p := aDay(t)
			odd := aPatient(11, "Lin")
			odd["secondary_insurance"] = c.insurance
			p.pull("patients", odd)
			p.judge()
			p.wantParts("11", c.want)
			if !c.readable {
				p.want(p.funder("11/primary"), etl.Failed, etl.CauseUnreadable)
				if c.want == 2 {
					p.want(p.funder("11/secondary"), etl.Failed, etl.CauseUnreadable)
				}
			}
			p.pull("patients", aPatient(11, "Lin"))
			p.judge()
			p.wantParts("11", 1)
			p.want(p.funder("11/primary"), etl.Failed, etl.CauseNotSent)
		})
	}
}

// A record that turns unreadable before it was ever judged keeps the parts
// that were staged.
func TestPartsOfARecordThatTurnsUnreadableBeforeItIsJudged(t *testing.T) {
	p := newPractice(t)
	p.pull("patients", aPatient(11, "Lin"))
	raw := []byte(`{"id":11,"last_name":"Lin","last_name":"Roe"}`)
	e, _ := extract.Find("patients")
	p.put("patients", extract.ReadRow(e, raw, "it has a name twice"))
	p.judge()
	p.wantParts("11", 1)
	p.want(p.funder("11/primary"), etl.Failed, etl.CauseUnreadable)
}

// wantParts holds the funders of a patient against what staging counts.
func (p *practice) wantParts(id string, want int) {
	p.t.Helper()
	sources, err := p.store.ByID(p.t.Context(), "patients", []string{id})
	p.must(err)
	known, err := p.store.Known(p.t.Context(), rethink.Name, "funder", sources, true)
	p.must(err)
	if len(sources) != 1 || len(known) != want || len(sources[0].Parts) != want {
		p.t.Errorf("staging names %v, %d are judged, want %d", sources[0].Parts, len(known), want)
	}
}
