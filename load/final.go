package load

import (
	"context"
	"fmt"

	"github.com/chartbridge/chartbridge/etl"
)

// Recorded stands for their id of a discharge: the registry gives none, and a
// CRID would name the patient where ids are shown.
const Recorded = "recorded"

// finalWaits says why a final record does not go, if it does not: a run, a dry
// run and a plan say the same.
func finalWaits(d Due, approvers int) (m Mark, waits bool) {
	need := max(1, approvers)
	switch {
	case d.Known:
		return held(d, etl.CauseAfterFinal, "it was recorded and is final, and its source changed after that: a correction is made in the registry by hand, "+
			"and so is the discharge of a new episode of a patient who was admitted again; then decide SKIP"), true
	case d.Refused: // the vendor said that it is there already: it stays held
		return held(d, d.Cause, d.Message), true
	case d.Twin != "":
		return held(d, etl.CauseSameCRID, "our patient "+d.Twin+" has the same CRID, which can be only one of the two's, and a discharge of the wrong one is not taken back; "+
			"correct it in DrChrono, or clear it in the chart that it is not of"), true
	case d.Approvals < need:
		return held(d, etl.CauseApproval, fmt.Sprintf("it is final: %d of %d people have approved this very payload (`chartbridge discharges list`)",
			d.Approvals, need)), true
	}
	return m, false
}

// Waits marks what is final as a run would that goes on to send: what waits for
// a person is held, and what would go is not. It sends nothing, and asks the
// destination nothing.
func (s *Stage) Waits(ctx context.Context, run etl.Run) error {
	for _, object := range s.Destination.Objects() {
		if !object.Final {
			continue
		}
		for after := int64(0); ; {
			due, err := s.Store.Due(ctx, s.Destination.Name(), object.Name, after, page, s.Clock.Now())
			if err != nil {
				return err
			}
			if len(due) == 0 {
				break
			}
			after = due[len(due)-1].TargetRow
			due, left := s.judged(due)
			if _, err := s.Store.Commit(ctx, run, nil, append(left, s.finalMarks(due)...), nil); err != nil {
				return fmt.Errorf("mark what waits: %w", err)
			}
		}
	}
	return nil
}

func (s *Stage) finalMarks(due []Due) (marks []Mark) {
	for _, d := range due {
		m, waits := finalWaits(d, s.Approvers)
		if !waits {
			m = Mark{TargetRow: d.TargetRow, Outcome: etl.Failed, Cause: etl.CauseNotSent}
		}
		marks = d.standing().news(marks, m)
	}
	return marks
}
