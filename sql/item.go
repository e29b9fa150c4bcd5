package sql

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/jmoiron/sqlx"
)

// keepItems forgets differences that are settled, and carries each break from
// the run before: it stays the same one, closes, opens anew or comes back; and
// counts them. A dry run leaves no trace.
func keepItems(ctx context.Context, tx *sqlx.Tx, run etl.Run) error {
	if run.DryRun {
		return nil
	}
	steps := []struct {
		name string
		args []any
	}{{"forget-differences", nil}, {"close-items", []any{run.ID}}, {"see-items", []any{run.ID, stamp(run.At)}},
		{"open-items", []any{run.ID, stamp(run.At)}}, {"put-backlog", []any{run.ID}}}
	for _, step := range steps {
		if _, err := tx.ExecContext(ctx, query(step.name), step.args...); err != nil {
			return fmt.Errorf("keep what is open (%s): %w", step.name, err)
		}
	}
	return nil
}

// putDifference seals both values of each field that differs.
func (s *Store) putDifference(ctx context.Context, tx *sqlx.Tx, run etl.Run, destination, object string, d load.Differs) error {
	list := make([][3]string, len(d.Fields))
	for i, f := range d.Fields {
		list[i] = [3]string{f.Field, f.Ours, f.Theirs}
	}
	payload, err := json.Marshal(list)
	if err != nil {
		return err
	}
	sealed := s.seal.Seal(payload, "difference", destination, object, d.SourceID)
	_, err = tx.ExecContext(ctx, query("put-difference"), d.TargetRow, destination, object, d.SourceID, d.TargetID, run.ID, sealed)
	return err
}
