package sql

import (
	"strings"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
)

// TestImportReleases: a record whose id is new or another is compared by the
// next run, whatever became of it, and so is the one that it travels inside.
func TestImportReleases(t *testing.T) {
	const held = "held no_id"
	tests := []struct {
		name, have, outcome string
		open                bool
		want, parent        string
	}{
		{"rejected", "", "rejected unknown_id", false, "failed not_sent", "failed not_sent"},
		{"no id came back", "", held, false, "failed not_sent", "failed not_sent"},
		{"corrected", "70", "unchanged ", false, "failed not_sent", "failed not_sent"},
		{"linked so already", "77", "unchanged ", false, "unchanged ", "unchanged "},
		{"linked so already, and held", "77", held, false, "failed not_sent", "failed not_sent"},
		{"unanswered", "", "uncertain no_answer", true, "uncertain no_answer", "unchanged "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := openLedger(t, "client")
			l.must(l.PutTargets(t.Context(), l.run, []etl.Target{{Destination: "there", Object: "funder", Parent: "1", Slot: "funders",
				Source: etl.Ref{Endpoint: "patients", ID: "1/primary"}, Payload: []byte(`{}`), Hash: []byte("f1"), Outcome: etl.Failed}}, nil))
			l.exec(`UPDATE target SET acked_hash = hash, outcome = 'unchanged', cause = ''`)
			outcome, cause, _ := strings.Cut(tt.outcome, " ")
			l.exec(`UPDATE target SET outcome = ?, cause = ?, refused_hash = hash WHERE object = 'funder'`, outcome, cause)
			if tt.have != "" {
				l.exec(`INSERT INTO crosswalk VALUES ('there', 'funder', '1/primary', ?, 'created', 'r0')`, tt.have)
			}
			if tt.open {
				d := etl.Delivery{TargetRow: l.target + 1, Destination: "there", Object: "funder", SourceID: "1/primary", Op: etl.Update, Hash: []byte("f1")}
				_, err := l.Commit(t.Context(), l.run, nil, nil, []load.Intent{{Delivery: d, At: l.now, Deadline: l.now.Add(time.Minute)}})
				l.must(err)
			}
			faults, err := l.Import(t.Context(), []Link{{Destination: "there", Object: "funder", SourceID: "1/primary", TargetID: "77"}}, true, "ana", l.now)
			if err != nil || len(faults) > 0 {
				t.Fatalf("%v, %v", faults, err)
			}
			for object, want := range map[string]string{"funder": tt.want, "client": tt.parent} {
				if got := l.text(`SELECT outcome || ' ' || cause FROM target WHERE object = ?`, object); got != want {
					t.Errorf("the %s is %q, want %q", object, got, want)
				}
			}
			due := l.text(`SELECT count(*) FROM target WHERE outcome = 'failed' AND acked_hash IS NULL AND refused_hash IS NULL`)
			if moved := tt.want == "failed not_sent" && tt.have != "77"; moved && due != "2" {
				t.Errorf("%s of 2 are due in full", due)
			}
		})
	}
}

// TestInsideByCrosswalk: an update that is settled later, and whose answer has
// no id for what travelled inside, takes the one that we know.
func TestInsideByCrosswalk(t *testing.T) {
	for _, known := range []bool{true, false} {
		l := openLedger(t, "client")
		l.must(l.PutTargets(t.Context(), l.run, []etl.Target{{Destination: "there", Object: "funder", Parent: "1", Slot: "funders",
			Source: etl.Ref{Endpoint: "patients", ID: "1/primary"}, Payload: []byte(`{}`), Hash: []byte("f1"), Outcome: etl.Failed}}, nil))
		if known {
			l.exec(`INSERT INTO crosswalk VALUES ('there', 'funder', '1/primary', '71', 'created', 'r0')`)
		}
		d := l.delivery(etl.Update)
		d.Needs = []etl.Need{{Path: "funders.0.funderId", Object: "funder", ID: "1/primary", Optional: true}}
		ids, err := l.Commit(t.Context(), l.run, nil, nil, []load.Intent{{Delivery: d, At: l.now, Deadline: l.now.Add(time.Minute)}})
		l.must(err)
		d.ID = ids[0]
		l.must(l.answered(d, load.Unknown))
		l.must(l.Resolve(t.Context(), l.run, d.ID, "77", "seen", "ana", l.now))
		want := map[bool]string{true: "created ", false: "held no_id"}[known]
		if got := l.text(`SELECT outcome || ' ' || cause FROM target WHERE object = 'funder'`); got != want {
			t.Errorf("its id known %t: what travelled inside is %q, want %q", known, got, want)
		}
	}
}

// TestInsideRefusedWithAnID keeps the id, so that its next change does not make
// a second one.
func TestInsideRefusedWithAnID(t *testing.T) {
	l := openLedger(t, "client")
	l.must(l.PutTargets(t.Context(), l.run, []etl.Target{{Destination: "there", Object: "funder", Parent: "1", Slot: "funders",
		Source: etl.Ref{Endpoint: "patients", ID: "1/primary"}, Payload: []byte(`{}`), Hash: []byte("f1"), Outcome: etl.Failed}}, nil))
	d := l.delivery(etl.Update)
	d.Needs = []etl.Need{{Path: "funders.0.funderId", Object: "funder", ID: "1/primary", Optional: true}}
	ids, err := l.Commit(t.Context(), l.run, nil, nil, []load.Intent{{Delivery: d, At: l.now, Deadline: l.now.Add(time.Minute)}})
	l.must(err)
	d.ID = ids[0]
	_, err = l.Commit(t.Context(), l.run, []load.Done{{Delivery: d, Attempts: 1, SettledBy: load.ByAnswer, At: l.now, Answer: load.Answer{
		Kind: load.Acknowledged, TargetID: "77", Inside: map[string]load.Nested{"funders.0.funderId": {TargetID: "78", Problem: etl.Problem{Code: "refused", Message: "no"}}}}}}, nil, nil)
	l.must(err)
	if got := l.text(`SELECT t.outcome || ' ' || c.target_id FROM target t JOIN crosswalk c ON c.object = t.object WHERE t.object = 'funder'`); got != "rejected 78" {
		t.Errorf("the funder is %q, want it rejected, with its id", got)
	}
}

// TestInsideThatMapsNoMore: what its parent's answer says of one that does not
// map any more is its id. What it lacks stays to be seen.
func TestInsideThatMapsNoMore(t *testing.T) {
	l := openLedger(t, "client")
	funder := etl.Target{Destination: "there", Object: "funder", Parent: "1", Slot: "funders", Source: etl.Ref{Endpoint: "patients", ID: "1/primary"},
		Outcome: etl.Invalid, Cause: "required", Problems: []etl.Problem{{Field: "payer", Code: "required", Message: "is missing"}}}
	l.must(l.PutTargets(t.Context(), l.run, []etl.Target{funder}, nil))
	l.exec(`UPDATE target SET acked_hash = x'f1' WHERE object = 'funder'`)
	d := l.delivery(etl.Update)
	d.Needs = []etl.Need{{Path: "funders.0.funderId", Object: "funder", ID: "1/primary", Optional: true}}
	ids, err := l.Commit(t.Context(), l.run, nil, nil, []load.Intent{{Delivery: d, At: l.now, Deadline: l.now.Add(time.Minute)}})
	l.must(err)
	d.ID = ids[0]
	_, err = l.Commit(t.Context(), l.run, []load.Done{{Delivery: d, Attempts: 1, SettledBy: load.ByAnswer, At: l.now, Answer: load.Answer{
		Kind: load.Acknowledged, TargetID: "77", Inside: map[string]load.Nested{"funders.0.funderId": {TargetID: "78"}}}}}, nil, nil)
	l.must(err)
	if got, want := l.text(`SELECT outcome || ' ' || field || ' ' || hex(acked_hash) FROM target WHERE object = 'funder'`), "invalid payer F1"; got != want {
		t.Errorf("the funder is %q, want %q", got, want)
	}
	if got := l.text(`SELECT group_concat(target_id) FROM (SELECT target_id FROM crosswalk ORDER BY object)`); got != "77,78" {
		t.Errorf("the ids are %s, want both", got)
	}
}

// TestInsideTargetIsLookedUp and not searched for among all of an object.
func TestInsideTargetIsLookedUp(t *testing.T) {
	s := openReportStore(t)
	rows, err := s.db.Queryx("EXPLAIN QUERY PLAN "+query("inside-target"), "there", "funder", "1/primary", "1")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	plan := ""
	for rows.Next() {
		row, err := rows.SliceScan()
		if err != nil {
			t.Fatal(err)
		}
		plan += row[3].(string) + "\n"
	}
	if rows.Err() != nil || !strings.Contains(plan, "target_parent") {
		t.Errorf("the plan is %s (%v), want it to use target_parent", plan, rows.Err())
	}
}

// TestImportTakesNoIdOfADischarge: the registry gives none, and a CRID in its
// place would stand where ids are shown. What was exported comes back.
func TestImportTakesNoIdOfADischarge(t *testing.T) {
	l := openLedger(t, "discharge")
	for _, id := range []string{"1", "2"} {
		l.exec(`INSERT INTO crosswalk VALUES ('central_registry', 'discharge', ?, 'recorded', 'created', 'r0')`, id)
	}
	link := func(id, theirs string) Link {
		return Link{Destination: "central_registry", Object: "discharge", SourceID: id, TargetID: theirs}
	}
	faults, err := l.Import(t.Context(), []Link{link("1", "recorded"), link("2", "recorded")}, false, "ana", l.now)
	if err != nil || len(faults) > 0 {
		t.Errorf("what was exported: %v, %v", faults, err)
	}
	faults, err = l.Import(t.Context(), []Link{link("1", "000456789"), link("3", "recorded")}, true, "ana", l.now)
	if err != nil || len(faults) != 2 || strings.Contains(faults[0], "000456789") {
		t.Errorf("ids of discharges: %v, %v; want two faults", faults, err)
	}
}
