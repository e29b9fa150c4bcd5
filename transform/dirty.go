package transform

import (
	"context"
	"slices"

	"github.com/chartbridge/chartbridge/etl"
)

// judgeDirty judges what is to be judged.
func (s *Stage) judgeDirty(ctx context.Context, run etl.Run, shape Shape, rules, lacks string) error {
	rows, err := s.toJudge(ctx, shape, rules)
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

// toJudge gives the rows of what changed since it was last judged; where the
// rules differ, of all.
func (s *Stage) toJudge(ctx context.Context, shape Shape, rules string) (rows rowSet, err error) {
	since, before, err := s.Store.Judged(ctx, shape.Destination, shape.Object)
	switch {
	case err != nil:
	case before == rules && since > 0:
		err = s.dirty(ctx, shape, since, rows.add)
	default:
		err = s.Store.Changed(ctx, shape.Endpoint, 0, rows.add)
	}
	return rows, err
}

// Unjudged hands over the rows of the records that Run would judge, a chunk at a
// time: of what stands of them nobody knows whether it is still so. It writes
// nothing.
func (s *Stage) Unjudged(ctx context.Context, f func(shape Shape, rows []int64) error) error {
	if err := s.readNames(ctx); err != nil {
		return err
	}
	named, err := s.namedRules()
	if err != nil {
		return err
	}
	for _, shape := range s.Shapes {
		rules, _, err := s.rulesOf(ctx, shape, named)
		if err != nil {
			return err
		}
		rows, err := s.toJudge(ctx, shape, rules)
		if err != nil {
			return err
		}
		for part := range rows.chunks() {
			if err := f(shape, part); err != nil {
				return err
			}
		}
	}
	return nil
}

// rulesOf is what the shape judges by, and the endpoint that it lacks, if any.
func (s *Stage) rulesOf(ctx context.Context, shape Shape, rules string) (string, string, error) {
	lacks, err := s.lacks(ctx, shape)
	if lacks != "" {
		rules += " without " + lacks
	}
	return rules, lacks, err
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
	if len(s.slots(shape)) == 0 {
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
