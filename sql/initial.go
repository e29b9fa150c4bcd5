package sql

import (
	"context"
	"fmt"

	"github.com/chartbridge/chartbridge/etl"
)

// Unlinked lists, after a row, targets of an object that map and have no id at
// the destination yet: what a vendor would load first. Payloads are as mapped,
// without ids of theirs.
func (s *Store) Unlinked(ctx context.Context, destination, object string, after int64, limit int) ([]etl.Target, error) {
	var rows []struct {
		ID       int64
		Object   string
		SourceID string `db:"source_id"`
		ParentID string `db:"parent_id"`
		Payload  []byte
		Needs    string
	}
	if err := s.db.SelectContext(ctx, &rows, query("unlinked"), destination, object, after, limit); err != nil {
		return nil, fmt.Errorf("list what has no id there: %w", err)
	}
	list := make([]etl.Target, len(rows))
	for i, r := range rows {
		payload, err := s.seal.Open(r.Payload, "target", destination, r.Object, r.SourceID)
		if err != nil {
			return nil, err
		}
		needs, err := parseNeeds(r.Needs)
		if err != nil {
			return nil, err
		}
		list[i] = etl.Target{ID: r.ID, Destination: destination, Object: r.Object, Source: etl.Ref{ID: r.SourceID}, Parent: r.ParentID,
			Payload: payload, Needs: needs}
	}
	return list, nil
}
