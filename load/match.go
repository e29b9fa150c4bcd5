package load

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/chartbridge/chartbridge/etl"
)

// match looks for what is there already: one match is adopted, several wait
// for a person, none is created.
func (s *Stage) match(ctx context.Context, run etl.Run, l *line, unknown []Due) (sends []etl.Delivery, marks []Mark, err error) {
	object := l.object
	if len(unknown) == 0 || l.unlooked != nil {
		return nil, nil, nil
	}
	findings := make([]Finding, len(unknown))
	if object.Askable {
		list := make([]etl.Delivery, len(unknown))
		for i, d := range unknown {
			list[i] = d.Delivery
		}
		if findings, err = s.Destination.Find(ctx, object.Name, list); err != nil {
			l.unlooked = blind("none of it is created in this run, since what is there already cannot be seen", err)
			if !errors.Is(l.unlooked, errBlind) {
				return nil, nil, l.unlooked
			}
			return nil, nil, nil // what needs no look goes on
		}
		l.unseen = append(l.unseen, unseenIn(findings)...)
		if err := s.leaveOthers(ctx, list, findings); err != nil {
			return nil, nil, err
		}
		if err := s.sees(ctx, run, object, unknown, findings); err != nil {
			return nil, nil, err
		}
	}
	for i, d := range unknown {
		if findings[i].Unseen != nil {
			continue // the next run looks again
		}
		if mark, there := s.adopt(d, findings[i]); there {
			marks = d.standing().news(marks, mark)
			continue
		}
		if d.Cause == etl.CauseExists && d.TargetID == "" {
			continue // they said that they have it: it stays held until it is found, or a person gives its id
		}
		if d.Known && d.TargetID == "" { // it is there under an id that was taken back
			marks = d.standing().news(marks, held(d, etl.CauseNoID, "it was linked, and the link was removed; find it there and give its id with `chartbridge crosswalk import`, or RETRY it where it is not there"))
			continue
		}
		if object.NoCreate && d.TargetID == "" {
			marks = append(marks, Mark{TargetRow: d.TargetRow, Outcome: etl.Excluded, Cause: etl.CauseCreateOff,
				Problem: etl.Problem{Code: etl.CauseCreateOff, Message: object.Absent}})
			continue
		}
		d.Op = etl.Update // a person gave their id, and they hold something else
		if d.TargetID == "" {
			other, err := s.mergesWith(ctx, d.Delivery)
			if err != nil {
				return nil, nil, err
			}
			if other != "" {
				marks = d.standing().news(marks, merged(d, other))
				continue
			}
			d.Op = etl.Create
		}
		sends = append(sends, d.Delivery)
	}
	return sends, marks, nil
}

// unseenIn are the reasons why some could not be looked for.
func unseenIn(findings []Finding) (why []error) {
	for _, f := range findings {
		if f.Unseen != nil {
			why = append(why, f.Unseen)
		}
	}
	return why
}

// blinded says what of a line was not sent since it could not be looked for.
func (l *line) blinded() error {
	if l.unlooked != nil || len(l.unseen) == 0 {
		return l.unlooked
	}
	return blind(fmt.Sprintf("%d of them could not be looked for and wait for the next run", len(l.unseen)), l.unseen[0])
}

// sees holds a look that found nothing against what is known to be there: one
// that does not show that either is blind, as with a permission that was lost
// (destinations-facts, section D), and proves nothing.
func (s *Stage) sees(ctx context.Context, run etl.Run, object Object, unknown []Due, findings []Finding) error {
	for i, f := range findings {
		if unknown[i].TargetID != "" || f.TargetID != "" || f.Proved || len(f.Candidates) > 0 || f.Unseen != nil {
			continue
		}
		known, err := s.Store.Linked(ctx, run, s.Destination.Name(), object.Name)
		if err != nil || !known {
			return err
		}
		return blind("none of it is created in this run, since what is there already cannot be seen",
			errors.New("a look shows no record, and earlier runs linked some; may the API user still read them?"))
	}
	return nil
}

// adopt says what becomes of a record without an id there yet, unless it is to
// be created. One that was adopted and differs is sent as an update by the
// pass that follows, with its id filled in.
func (s *Stage) adopt(d Due, f Finding) (m Mark, there bool) {
	switch {
	case f.Why != "":
		return held(d, etl.CauseCandidates, f.Why), true
	case d.TargetID != "" && f.TargetID == "":
		return held(d, etl.CauseCandidates, "its id "+d.TargetID+" is not there; correct it with `chartbridge crosswalk import --replace`"), true
	case f.TargetID != "" && len(f.Differs) > 0 && s.VendorFirst && d.Approvals == 0 && (d.TargetID != "" || f.How == ByExternalID):
		m = held(d, etl.CauseInitialLoad, "it is there, and they hold other values in "+joined(Names(f.Differs))+"; nothing is written before the vendor's initial load is over; "+endsLoad)
		m.Differs = f.Differs
		if d.TargetID != "" && !teaches(d.Delivery, f) {
			return m, true
		}
		if d.TargetID != "" {
			f.How = d.How
		}
	case d.TargetID != "" && len(f.Differs) > 0 && teaches(d.Delivery, f):
		m, f.TargetID, f.How = Mark{TargetRow: d.TargetRow, Outcome: etl.Failed, Cause: etl.CauseNotSent}, d.TargetID, d.How
	case d.TargetID != "" && len(f.Differs) > 0:
		return m, false
	case len(f.Candidates) > 0:
		cause := etl.CauseCandidates
		if d.Cause == etl.CauseExists {
			cause = d.Cause // still never created, also where the candidates go away
		}
		m = held(d, cause, fmt.Sprintf("%d of theirs match; a person picks one (ids %s)", len(f.Candidates), joined(f.Candidates)))
	case f.TargetID != "" && len(f.Differs) == 0:
		m = Mark{TargetRow: d.TargetRow, Outcome: etl.Unchanged, Acked: true}
	case f.TargetID != "" && f.How == ByExternalID:
		m = Mark{TargetRow: d.TargetRow, Outcome: etl.Failed, Cause: etl.CauseNotSent}
	case f.TargetID != "":
		m = held(d, etl.CauseOverwrite, "adopted by its natural key, but they hold other values in "+joined(Names(f.Differs))+"; "+confirms)
		m.Differs = f.Differs
	case s.VendorFirst && d.Approvals == 0 && d.Cause != etl.CauseExists:
		return held(d, etl.CauseInitialLoad, "the vendor loads it first (`chartbridge export initial` writes the files); give its id with `chartbridge crosswalk import`"), true
	case s.Restored && !s.askable(d.Object) && d.Approvals == 0:
		return held(d, etl.CauseRestored, "the database was restored, and they cannot be asked whether it is there already; give its id with `chartbridge crosswalk import`, or release it with `chartbridge push --plan`"), true
	default:
		return m, false
	}
	m.Adopt, m.How, m.Inside, m.Hidden = f.TargetID, f.How, insideIDs(d.Needs, f.Inside), f.Hidden
	return m, true
}

// hiddenThere are the arrays of a record whose id a person gave that carry an entry
// without its id, where nobody can be asked what is inside it there: sent so, it
// would be a second one.
func hiddenThere(o Object, d Due) (slots []string) {
	if o.Askable || !d.Unsent || d.TargetID == "" {
		return nil
	}
	for _, n := range d.Needs {
		if slot, _, _ := strings.Cut(n.Path, "."); Travels(n) && !has(d.Body, n.Path) && !slices.Contains(slots, slot) {
			slots = append(slots, slot)
		}
	}
	return slots
}

// confirms says how a person lets the first overwrite go.
const confirms = "confirm its id with `chartbridge crosswalk import`, or APPROVE the overwrite in the workbook"

// endsLoad says what ends an initial load.
const endsLoad = "`chartbridge crosswalk import` or `chartbridge push --plan` ends it"

// teaches reports whether a look at a record says of what travels inside it that
// it has an id which the body lacks, or that it may have one.
func teaches(d etl.Delivery, f Finding) bool {
	for path := range f.Inside {
		if !has(d.Body, path) {
			return true
		}
	}
	return createsUnseen(d, f.Hidden)
}

func (s *Stage) askable(object string) bool {
	return objectOf(s.Destination, object).Askable
}

// objectOf is the destination's object of that name.
func objectOf(d Destination, name string) Object {
	for _, o := range d.Objects() {
		if o.Name == name {
			return o
		}
	}
	return Object{}
}

// Blind reports whether a destination has objects that we create and cannot
// ask after.
func Blind(d Destination) bool {
	return slices.ContainsFunc(d.Objects(), func(o Object) bool { return !o.Askable && !o.Final && !o.ReadOnly && !o.NoCreate })
}

// insideIDs turns ids by path into ids by record.
func insideIDs(needs []etl.Need, byPath map[string]string) map[etl.Ref]string {
	ids := map[etl.Ref]string{}
	for _, n := range needs {
		if id := byPath[n.Path]; id != "" {
			ids[etl.Ref{Endpoint: n.Object, ID: n.ID}] = id
		}
	}
	return ids
}
