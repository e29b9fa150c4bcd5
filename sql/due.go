package sql

import (
	"context"
	"fmt"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
)

type dueRow struct {
	ID        int64
	Object    string
	SourceID  string `db:"source_id"`
	Payload   []byte
	Hash      []byte
	Needs     string
	Outcome   etl.Outcome
	Cause     string
	Message   string
	TargetID  string `db:"target_id"`
	Approvals int
	Known     bool
	How       load.How
	Refused   bool
	Lost      bool
	Seen      etl.Outcome
	Keyless   bool
	Twin      string
	Replaced  bool
}

// Due lists targets that map and differ from what was acknowledged, after a
// row, with the ids that they need filled in where they are known.
func (s *Store) Due(ctx context.Context, destination, object string, after int64, limit int, at time.Time) ([]load.Due, error) {
	return s.due(ctx, destination, "due", destination, object, after, limit, stamp(at), load.AskedSince(at))
}

// Mapped lists a month's targets that map, for comparing.
func (s *Store) Mapped(ctx context.Context, destination, object, month string, after int64, limit int) ([]load.Due, error) {
	return s.due(ctx, destination, "mapped", destination, object, month, after, limit)
}

func (s *Store) due(ctx context.Context, destination, name string, args ...any) ([]load.Due, error) {
	var rows []dueRow
	if err := s.db.SelectContext(ctx, &rows, query(name), args...); err != nil {
		return nil, fmt.Errorf("list targets (%s): %w", name, err)
	}
	due := make([]load.Due, len(rows))
	for i, r := range rows {
		payload, err := s.seal.Open(r.Payload, "target", destination, r.Object, r.SourceID)
		if err != nil {
			return nil, err
		}
		needs, err := parseNeeds(r.Needs)
		if err != nil {
			return nil, err
		}
		due[i] = load.Due{Mapped: payload, Outcome: r.Outcome, Cause: r.Cause, Message: r.Message, Approvals: r.Approvals, Known: r.Known,
			How: r.How, Refused: r.Refused, Seen: r.Seen, Twin: r.Twin, Replaced: r.Replaced && r.Twin != "", Delivery: etl.Delivery{TargetRow: r.ID, Destination: destination, Object: r.Object,
				SourceID: r.SourceID, TargetID: r.TargetID, Hash: r.Hash, Body: payload, Needs: needs, Lost: r.Lost, Keyless: r.Keyless}}
	}
	return due, s.fill(ctx, destination, due)
}

// fill looks up the ids that the records need and puts them into their bodies.
func (s *Store) fill(ctx context.Context, destination string, due []load.Due) error {
	var wanted [][2]string
	for _, d := range due {
		for _, n := range d.Needs {
			wanted = append(wanted, [2]string{n.Object, n.ID})
		}
	}
	var rows []struct {
		Object   string
		SourceID string `db:"source_id"`
		TargetID string `db:"target_id"`
	}
	if err := s.db.SelectContext(ctx, &rows, query("crosswalk-ids"), destination, jsonList(wanted)); err != nil {
		return fmt.Errorf("read crosswalk: %w", err)
	}
	have := map[[2]string]string{}
	for _, r := range rows {
		have[[2]string{r.Object, r.SourceID}] = r.TargetID
	}
	for i := range due {
		d := &due[i]
		d.Filled = map[string]string{}
		for _, n := range d.Needs {
			switch id := have[[2]string{n.Object, n.ID}]; {
			case id != "":
				d.Filled[n.Path] = id
			case !n.Optional:
				d.Missing = append(d.Missing, n.Object+" "+n.ID)
			}
		}
		body, err := load.Fill(d.Body, d.Filled)
		if err != nil {
			return fmt.Errorf("fill in %s %s: %w", d.Object, d.SourceID, err)
		}
		d.Body = body
	}
	return nil
}
