package load

import (
	"context"
	"fmt"
	"slices"

	"github.com/chartbridge/chartbridge/etl"
)

// twin holds a record that nothing tells apart from another of ours: once a
// look-up shows two of them, nobody can say which is whose. One that was called
// off before it was ever sent needs nobody's word: the other stands there for it.
func twin(d Due) Mark {
	if d.Replaced {
		return Mark{TargetRow: d.TargetRow, Outcome: etl.Excluded, Cause: etl.CauseReplaced}
	}
	return held(d, etl.CauseCandidates, fmt.Sprintf("our %s %s has the same natural key, and no look-up there could tell the two apart; "+
		"correct one of them in DrChrono, decide SKIP, or enter it there by hand and give its id with `chartbridge crosswalk import`", d.Object, d.Twin))
}

// leaveOthers takes out of what was found by who, with whom and when that which
// is known to be another record's of ours: one that was called off since, or
// moved away, still stands there until its own update has arrived.
func (s *Stage) leaveOthers(ctx context.Context, ds []etl.Delivery, findings []Finding) error {
	for i, d := range ds {
		f := &findings[i]
		found := f.Candidates
		if f.TargetID != "" {
			found = []string{f.TargetID}
		}
		if !d.Keyless || d.TargetID != "" || f.How != ByNaturalKey || len(found) == 0 {
			continue
		}
		others, err := s.Store.Elsewhere(ctx, d, found)
		if err != nil {
			return err
		}
		if len(others) > 0 {
			f.without(others)
		}
	}
	return nil
}

// without leaves those ids out of a finding; of several candidates one may then
// be left, which is it.
func (f *Finding) without(ids []string) {
	other := func(id string) bool { return slices.Contains(ids, id) }
	f.Candidates = slices.DeleteFunc(f.Candidates, other)
	f.Each = slices.DeleteFunc(f.Each, func(one Finding) bool { return other(one.TargetID) })
	switch {
	case len(f.Candidates) == 0: // none is left, or the only one was another's
		*f = Finding{How: f.How, Proved: f.Proved}
	case len(f.Each) == 1:
		*f = f.Each[0]
	}
}
