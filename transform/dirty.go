package transform

import (
	"context"
	"slices"

	"github.com/chartbridge/chartbridge/etl"
)

// judgeDirty judges what changed since it was last judged; where the rules
// differ, all, of which no list is kept: it may be millions.
func (s *Stage) judgeDirty(ctx context.Context, run etl.Run, shape Shape, rules, lacks string) error {
	since, before, err := s.Store.Judged(ctx, shape.Destination, shape.Object)
	if err != nil {
		return err
	}
	if before == rules && since > 0 {
		rows, err := s.dirty(ctx, shape, since)
		if err != nil {
			return err
		}
		return s.judgeRows(ctx, run, shape, rows, lacks, 0, len(rows))
	}
	total, err := s.Store.Count(ctx, shape.Endpoint)
	if err != nil {
		return err
	}
	var at etl.Place
	for done := 0; ; {
		rows, last, err := s.Store.Whole(ctx, shape.Endpoint, at)
		if err != nil || len(rows) == 0 {
			return err
		}
		if err := s.judgeRows(ctx, run, shape, rows, lacks, done, total); err != nil {
			return err
		}
		done, at = done+len(rows), last
	}
}

// judgeRows judges rows, of which so many of a total were judged before.
func (s *Stage) judgeRows(ctx context.Context, run etl.Run, shape Shape, rows []int64, lacks string, before, total int) error {
	for part := range slices.Chunk(rows, chunk) {
		if err := s.judgeChunk(ctx, run, shape, part, lacks); err != nil {
			return err
		}
		before += len(part)
		if s.OnChunk != nil {
			s.OnChunk(shape.Destination, shape.Object, before, total)
		}
	}
	return nil
}

// dirty lists the rows to judge where the rules are the same.
func (s *Stage) dirty(ctx context.Context, shape Shape, since int64) ([]int64, error) {
	rows, err := s.Store.Changed(ctx, shape.Endpoint, since)
	if err != nil {
		return nil, err
	}
	for _, use := range s.uses(shape) {
		more, err := s.touched(ctx, shape, use, since)
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
	}
	open, err := s.Store.Unsettled(ctx, shape.Destination, shape.Object, shape.Endpoint)
	if err != nil {
		return nil, err
	}
	rows = append(rows, open...)
	if s.carries(shape) {
		stale, err := s.Store.Uncarried(ctx, shape.Destination, shape.Object, shape.Endpoint)
		if err != nil {
			return nil, err
		}
		rows = append(rows, stale...)
	}
	slices.Sort(rows)
	return slices.Compact(rows), nil
}

// uses is what a shape reads. With a route by profile that is also the
// patient's visits: a first one of such a profile lets the patient in.
func (s *Stage) uses(shape Shape) []Use {
	if len(s.Env.Route.Profiles) == 0 {
		return shape.Uses
	}
	return append(slices.Clone(shape.Uses), Use{Endpoint: "appointments", By: ByPatient})
}

func (s *Stage) touched(ctx context.Context, shape Shape, use Use, since int64) ([]int64, error) {
	switch use.By {
	case ByPatient:
		return s.Store.ChangedByPatient(ctx, shape.Endpoint, use.Endpoint, since)
	case ByDoctor:
		return s.Store.ChangedByDoctor(ctx, shape.Endpoint, use.Endpoint, since)
	}
	changed, err := s.Store.Changed(ctx, use.Endpoint, since)
	if err != nil || len(changed) == 0 {
		return nil, err
	}
	return s.Store.Changed(ctx, shape.Endpoint, 0)
}
