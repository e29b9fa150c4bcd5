package transform_test

import (
	"testing"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
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
