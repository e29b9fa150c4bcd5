package transform

import (
	"context"
	"slices"

	"github.com/chartbridge/chartbridge/etl"
)

// judgeDirty judges what changed since it was last judged; where the rules
// differ, all.
func (s *Stage) judgeDirty(ctx context.Context, run etl.Run, shape Shape, rules, lacks string) error {
	since, before, err := s.Store.Judged(ctx, shape.Destination, shape.Object)
	if err != nil {
		return err
	}
	var rows rowSet
	if before == rules && since > 0 {
		err = s.dirty(ctx, shape, since, rows.add)
	} else {
		err = s.Store.Changed(ctx, shape.Endpoint, 0, rows.add)
	}
	if err != nil {
		return err
	}
	judged, total := 0, rows.len()
	for part := range rows.chunks() {
		if err := s.judgeChunk(ctx, run, shape, part, lacks); err != nil {
			return err
		}
		judged += len(part)
		if s.OnChunk != nil {
			s.OnChunk(shape.Destination, shape.Object, judged, total)
		}
	}
	return nil
}

// dirty adds the rows to judge where the rules are the same.
func (s *Stage) dirty(ctx context.Context, shape Shape, since int64, add func(row int64)) error {
	if err := s.Store.Changed(ctx, shape.Endpoint, since, add); err != nil {
		return err
	}
	for _, use := range s.uses(shape) {
		if err := s.touched(ctx, shape, use, since, add); err != nil {
			return err
		}
	}
	if err := s.Store.Unsettled(ctx, shape.Destination, shape.Object, shape.Endpoint, add); err != nil {
		return err
	}
	if !s.carries(shape) {
		return nil
	}
	return s.Store.Uncarried(ctx, shape.Destination, shape.Object, shape.Endpoint, add)
}

// uses is what a shape reads. With a route by profile that is also the
// patient's visits: a first one of such a profile lets the patient in.
func (s *Stage) uses(shape Shape) []Use {
	if len(s.Env.Route.Profiles) == 0 {
		return shape.Uses
	}
	return append(slices.Clone(shape.Uses), Use{Endpoint: "appointments", By: ByPatient})
}

func (s *Stage) touched(ctx context.Context, shape Shape, use Use, since int64, add func(row int64)) error {
	switch use.By {
	case ByPatient:
		return s.Store.ChangedByPatient(ctx, shape.Endpoint, use.Endpoint, since, add)
	case ByDoctor:
		return s.Store.ChangedByDoctor(ctx, shape.Endpoint, use.Endpoint, since, add)
	}
	changed, err := s.Store.AnyChanged(ctx, use.Endpoint, since)
	if err != nil || !changed {
		return err
	}
	return s.Store.Changed(ctx, shape.Endpoint, 0, add)
}
