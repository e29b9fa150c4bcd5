package rethink

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
)

// An index is what Rethink holds of one object, as one read showed it.
type index struct {
	byExternal map[string][]object
	byNatural  map[string][]object
	byTheirs   map[string]object // by Rethink's id
	size       int
}

// beginning asks for everything: GET answers what was modified after
// datetimestamp, UTC (destinations-facts, A7).
const beginning = "1970-01-01T00:00:00Z"

// read reads an object's list once a run. What we create after it is ours and
// known by the ledger.
func (d *Destination) read(ctx context.Context, name string) (*index, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if ix := d.index[name]; ix != nil {
		return ix, nil
	}
	reply, err := d.get(ctx, name, url.Values{"datetimestamp": {beginning}})
	if err != nil {
		return nil, err
	}
	list, err := parseList(reply.Body)
	if err != nil {
		return nil, fmt.Errorf("read %s back: %w", name, err)
	}
	ix := &index{byExternal: map[string][]object{}, byNatural: map[string][]object{}, byTheirs: map[string]object{}}
	for _, o := range list {
		id := o.text(idField[name])
		if id == "" { // an error, or an envelope that we do not know: what it hides would be created again
			return nil, fmt.Errorf("read %s back: an entry has no %s: %w", name, idField[name], errNoObject)
		}
		ix.size++
		ix.byTheirs[id] = o
		if external := o.text(externalField[name]); external != "" {
			ix.byExternal[external] = append(ix.byExternal[external], o)
		}
		if key := naturalKey(name, o); key != "" {
			ix.byNatural[key] = append(ix.byNatural[key], o)
		}
	}
	d.index[name] = ix
	return ix, nil
}

// externalField is where our id stands; an appointment has none (assumptions,
// Rethink).
var externalField = map[string]string{"client": "clientExternalId", "staff": "companyStaffId"}

// naturalKey identifies a record without ids: never by a name alone. "" where
// a part is missing.
func naturalKey(name string, o object) string {
	var parts []string
	switch name {
	case "client":
		parts = []string{o.text("firstName"), o.text("lastName"), firstChars(o.text("dateOfBirth"), 10)}
	case "staff":
		parts = []string{o.text("username")}
	case "appointment":
		parts = []string{o.text("clientId"), o.text("staffId"), firstChars(o.text("date"), 10), firstChars(o.text("scheduledStartTime"), 5)}
	}
	if slices.Contains(parts, "") {
		return ""
	}
	return strings.ToLower(strings.Join(parts, "\x1f"))
}

// Find looks for records by our external id, then by the exact natural key.
func (d *Destination) Find(ctx context.Context, name string, ds []etl.Delivery) ([]load.Finding, error) {
	ix, err := d.read(ctx, name)
	if err != nil {
		return nil, err
	}
	findings := make([]load.Finding, len(ds))
	for i, del := range ds {
		ours, err := parseList(del.Body)
		if err != nil {
			return nil, fmt.Errorf("read our own %s %s: %w", name, del.SourceID, err)
		}
		findings[i] = ix.find(name, ours[0], del)
	}
	return findings, nil
}

func (ix *index) find(name string, ours object, del etl.Delivery) load.Finding {
	if del.TargetID != "" {
		return ix.byID(name, ours, del)
	}
	f := load.Finding{How: load.ByExternalID, Proved: ix.size > 0}
	matches := ix.byExternal[ours.text(externalField[name])]
	if externalField[name] == "" || len(matches) == 0 {
		f.How = load.ByNaturalKey
		matches = slices.DeleteFunc(slices.Clone(ix.byNatural[naturalKey(name, ours)]), func(o object) bool {
			return othersRecord(name, o, ours)
		})
	}
	switch len(matches) {
	case 0:
	case 1:
		f.TargetID = matches[0].text(idField[name])
		f.Differs, f.Inside = compare(ours, matches[0], del)
	default:
		for _, m := range matches {
			f.Candidates = append(f.Candidates, m.text(idField[name]))
		}
	}
	return f
}

// othersRecord reports whether a record that matches by its natural key bears
// another external id of ours: then it is a twin, not this one.
func othersRecord(name string, theirs, ours object) bool {
	field := externalField[name]
	external := theirs.text(field)
	return field != "" && external != "" && external != ours.text(field)
}

// byID reads back a record whose id we know.
func (ix *index) byID(name string, ours object, del etl.Delivery) load.Finding {
	f := load.Finding{How: load.ByExternalID, Proved: ix.size > 0}
	if o := ix.byTheirs[del.TargetID]; o != nil {
		f.TargetID = del.TargetID
		f.Differs, f.Inside = compare(ours, o, del)
		if del.Op == etl.Update { // what the answer lacks is no proof that an unanswered update arrived
			f.Differs = append(f.Differs, lacking(ours, o)...)
		}
	}
	return f
}

// lacking names the fields that we send and that an answer does not show.
func lacking(ours, theirs object) []string {
	var names []string
	for name := range ours {
		if !theirs.has(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// compare names the fields that we send and that stand otherwise there, and
// gives the ids of what travels inside, matched by its own natural key. A
// field that the answer lacks cannot be compared and does not differ.
func compare(ours, theirs object, del etl.Delivery) (differs []string, inside map[string]string) {
	for name := range ours {
		if slots[name] != nil || !theirs.has(name) {
			continue
		}
		if !same(name, ours.text(name), theirs.text(name)) {
			differs = append(differs, name)
		}
	}
	inside = map[string]string{}
	for slot, keys := range slots {
		there := theirs.list(slot)
		for i, child := range ours.list(slot) {
			match := matching(child, there, keys)
			if match == nil {
				differs = append(differs, slot)
				continue
			}
			for _, n := range del.Needs {
				if strings.HasPrefix(n.Path, fmt.Sprintf("%s.%d.", slot, i)) {
					inside[n.Path] = match.text(n.Path[strings.LastIndexByte(n.Path, '.')+1:])
				}
			}
		}
	}
	slices.Sort(differs)
	return slices.Compact(differs), inside
}

// slots are the arrays of a client, with what tells their objects apart.
var slots = map[string][]string{
	"clientFunders":  {"funderId", "funderSequence"},
	"authorizations": {"authorizationNumber"},
}

func matching(child object, there []object, keys []string) object {
	for _, o := range there {
		if !slices.ContainsFunc(keys, func(k string) bool { return child.text(k) != o.text(k) }) {
			return o
		}
	}
	return nil
}

// same compares two values in the vendor's own precision: a date may come back
// with a time, a time with seconds.
func same(name, ours, theirs string) bool {
	switch {
	case ours == theirs:
		return true
	case strings.HasSuffix(name, "Time"):
		return firstChars(ours, 5) == firstChars(theirs, 5)
	case strings.Contains(strings.ToLower(name), "date"):
		return firstChars(ours, 10) == firstChars(theirs, 10)
	}
	return strings.TrimSpace(ours) == strings.TrimSpace(theirs)
}

func firstChars(s string, n int) string {
	if len(s) > n {
		return s[:n]
	}
	return s
}
