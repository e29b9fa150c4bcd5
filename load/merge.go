package load

import (
	"context"
	"fmt"

	"github.com/chartbridge/chartbridge/etl"
)

// A Merger takes two records of ours for one, whatever our ids for them, where
// both have the same key: the second would fail, or overwrite the first.
type Merger interface {
	// MergeKey is that key of a body; "" = it has none. It may be a patient's, so
	// it goes into nothing that is kept.
	MergeKey(object string, body []byte) string
}

// mergesWith gives another record of ours for which a destination would take a
// new one: one that is created in this run, or whose creation has no answer yet,
// neither of which a look there is sure to show. "" is none, and the record then
// stands for its key itself.
func (s *Stage) mergesWith(ctx context.Context, d etl.Delivery) (other string, err error) {
	merger, ok := s.Destination.(Merger)
	if !ok {
		return "", nil
	}
	key := func(d etl.Delivery) etl.Ref {
		return etl.Ref{Endpoint: d.Object, ID: merger.MergeKey(d.Object, d.Body)}
	}
	if s.creating == nil {
		open, err := s.Store.OpenDeliveries(ctx, s.Destination.Name(), s.Clock.Now().AddDate(100, 0, 0))
		if err != nil {
			return "", err
		}
		s.creating = map[etl.Ref]string{}
		for _, o := range open {
			if o.Op == etl.Create {
				s.creating[key(o)] = o.SourceID
			}
		}
	}
	k := key(d)
	if other := s.creating[k]; k.ID != "" && other != "" && other != d.SourceID {
		return other, nil
	}
	s.creating[k] = d.SourceID
	return "", nil
}

// merged holds a record that would be taken for another of ours.
func merged(d Due, other string) Mark {
	return held(d, etl.CauseCandidates, fmt.Sprintf("they would take it and our %s %s for one; that one goes first, and where it does not get there, this one goes with the next run; "+
		"else correct one of them in DrChrono, decide SKIP, or enter it there by hand and give its id with `chartbridge crosswalk import`", d.Object, other))
}
