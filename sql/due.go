package sql

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
)

// A mappedRow is what is asked of each target that maps.
type mappedRow struct {
	ID             int64
	SourceID       string `db:"source_id"`
	Payload, Hash  []byte
	Needs          string
	Outcome        etl.Outcome
	Cause, Message string
}

type dueRow struct {
	mappedRow
	TargetID  string `db:"target_id"`
	Approvals int
	Known     bool
	Unsent    bool
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
	var rows []dueRow
	if err := s.db.SelectContext(ctx, &rows, query("due"), destination, object, after, limit, stamp(at), load.AskedSince(at)); err != nil {
		return nil, fmt.Errorf("list what is due: %w", err)
	}
	mapped := make([]mappedRow, len(rows))
	for i, r := range rows {
		mapped[i] = r.mappedRow
	}
	due, err := s.openDue(ctx, destination, object, mapped)
	if err != nil {
		return nil, err
	}
	for i, r := range rows {
		d := &due[i]
		d.TargetID, d.Lost, d.Keyless = r.TargetID, r.Lost, r.Keyless
		d.Approvals, d.Known, d.Unsent, d.How, d.Refused, d.Seen, d.Twin, d.Replaced = r.Approvals, r.Known, r.Unsent, r.How, r.Refused, r.Seen, r.Twin, r.Replaced && r.Twin != ""
		if d.Body, err = load.Fill(d.Body, d.Filled); err != nil {
			return nil, fmt.Errorf("fill in %s %s: %w", object, r.SourceID, err)
		}
	}
	return due, nil
}

// MappedOf gives, of those records, the ids of what may be due or come to be.
func (s *Store) MappedOf(ctx context.Context, destination, object string, rows []int64) (ids []string, err error) {
	err = s.db.SelectContext(ctx, &ids, query("mapped-of"), destination, object, jsonList(rows))
	return ids, wrap(err, "list what maps of some records")
}

// Mapped lists a month's targets that map, for comparing. The ids that are
// known of those that they need stand beside their bodies.
func (s *Store) Mapped(ctx context.Context, destination, object, month string, after int64, limit int) ([]load.Due, error) {
	var rows []mappedRow
	if err := s.db.SelectContext(ctx, &rows, query("mapped"), destination, object, month, after, limit); err != nil {
		return nil, fmt.Errorf("list what is compared: %w", err)
	}
	return s.openDue(ctx, destination, object, rows)
}

// openDue opens targets on all processors, and looks up the ids that they need.
func (s *Store) openDue(ctx context.Context, destination, object string, rows []mappedRow) ([]load.Due, error) {
	due, errs := make([]load.Due, len(rows)), make([]error, len(rows))
	etl.OnAll(len(rows), func(i int) { due[i], errs[i] = s.openMapped(destination, object, rows[i]) })
	if err := cmp.Or(errs...); err != nil {
		return nil, err
	}
	if err := s.keepBack(ctx, destination, due); err != nil {
		return nil, err
	}
	return due, s.lookUpNeeds(ctx, destination, due)
}

func (s *Store) openMapped(destination, object string, r mappedRow) (load.Due, error) {
	payload, err := s.seal.Open(r.Payload, "target", destination, object, r.SourceID)
	if err != nil {
		return load.Due{}, err
	}
	needs, err := parseNeeds(r.Needs)
	return load.Due{Mapped: payload, Outcome: r.Outcome, Cause: r.Cause, Message: r.Message, Delivery: etl.Delivery{TargetRow: r.ID,
		Destination: destination, Object: object, SourceID: r.SourceID, Hash: r.Hash, Body: payload, Needs: needs}}, err
}

// lookUpNeeds looks up the ids that records need, each of them once.
func (s *Store) lookUpNeeds(ctx context.Context, destination string, due []load.Due) error {
	have := map[[2]string]string{}
	for _, d := range due {
		for _, n := range d.Needs {
			have[[2]string{n.Object, n.ID}] = ""
		}
	}
	var rows []struct {
		Object   string
		SourceID string `db:"source_id"`
		TargetID string `db:"target_id"`
	}
	if err := s.db.SelectContext(ctx, &rows, query("crosswalk-ids"), destination, jsonList(slices.Collect(maps.Keys(have)))); err != nil {
		return fmt.Errorf("read crosswalk: %w", err)
	}
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
	}
	return nil
}
