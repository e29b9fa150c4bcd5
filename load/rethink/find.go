package rethink

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/transform"
	"github.com/go-json-experiment/json/jsontext"
)

// An index is what Rethink holds of one object, as one read showed it: entries
// stay the texts that came, since hardly any of them is looked at again.
type index struct {
	external   string // where our id stands; "" = nowhere
	byExternal map[string][]jsontext.Value
	byNatural  map[string][]jsontext.Value
	byDay      map[string][]string       // ids of visits whose start cannot be read, by their people and day; "" = nor can the day
	byTheirs   map[string]jsontext.Value // by Rethink's id
	shows      map[string]bool           // members in lower case that some record shows: one that lacks them then has none
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
	if reply.Status == http.StatusBadRequest { // the document's example of a DateTime has a Z, its form has none
		reply, err = d.get(ctx, name, url.Values{"datetimestamp": {strings.TrimSuffix(beginning, "Z")}})
	}
	if err != nil {
		return nil, err
	}
	list, err := parseRead(name, reply.Body)
	if err != nil {
		return nil, fmt.Errorf("read %s back: %w", name, err)
	}
	ix := &index{external: d.o.Names.external(name), byExternal: map[string][]jsontext.Value{}, byNatural: map[string][]jsontext.Value{}, byDay: map[string][]string{}, byTheirs: map[string]jsontext.Value{}}
	shows := map[string]bool{} // as they write it
	for _, entry := range list {
		members, err := transform.Members(entry)
		o := object(members)
		id := o.text(idField[name])
		if err != nil || id == "" { // an error, or an envelope that we do not know: what it hides would be created again
			return nil, fmt.Errorf("read %s back: an entry has no %s: %w", name, idField[name], errNoObject)
		}
		for member, v := range o {
			if v.Kind() != 'n' {
				shows[member] = true
			}
		}
		ix.add(name, id, o, entry)
	}
	ix.shows = map[string]bool{}
	for member := range shows {
		ix.shows[strings.ToLower(member)] = true
	}
	d.index[name] = ix
	return ix, nil
}

// add takes in an entry: an object, its id and its text.
func (ix *index) add(name, id string, o object, entry jsontext.Value) {
	ix.size++
	ix.byTheirs[id] = entry
	if external := o.text(ix.external); external != "" {
		ix.byExternal[external] = append(ix.byExternal[external], entry)
	}
	if key := naturalKey(name, o); key != "" {
		ix.byNatural[key] = append(ix.byNatural[key], entry)
	} else if day, ok := unreadStart(name, o); ok {
		ix.byDay[day] = append(ix.byDay[day], id)
	}
}

// unreadStart tells of a visit whose start cannot be read the people and, as far
// as it can be read, the day: which of theirs it is nobody can say.
func unreadStart(name string, o object) (day string, ok bool) {
	client, staff := o.text("clientId"), o.text("staffId")
	if name != "appointment" || client == "" || staff == "" {
		return "", false
	}
	return client + "\x1f" + staff + "\x1f" + dayOf(o.text("date")), true
}

// mayBe gives the visits that may be ours, and of which it cannot be read.
func (ix *index) mayBe(name string, ours object) []string {
	day, ok := unreadStart(name, ours)
	if !ok {
		return nil
	}
	return slices.Concat(ix.byDay[day], ix.byDay[day[:strings.LastIndexByte(day, '\x1f')+1]])
}

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
		parts = []string{o.text("clientId"), o.text("staffId"), dayOf(o.text("date")), clockOf(o.text("scheduledStartTime"))}
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
	matches := parseEntries(ix.byExternal[ours.text(ix.external)])
	if ix.external == "" || len(matches) == 0 {
		f.How = load.ByNaturalKey
		matches = slices.DeleteFunc(parseEntries(ix.byNatural[naturalKey(name, ours)]), func(o object) bool {
			return othersRecord(ix.external, o, ours)
		})
	}
	switch len(matches) {
	case 0:
		f.Candidates = ix.mayBe(name, ours) // no proof that it is not there
	case 1:
		f.TargetID = matches[0].text(idField[name])
		ix.compare(&f, ours, matches[0], del, false)
	default:
		for _, m := range matches {
			f.Candidates = append(f.Candidates, m.text(idField[name]))
			if del.Keyless {
				one := load.Finding{TargetID: m.text(idField[name]), How: f.How, Proved: f.Proved}
				ix.compare(&one, ours, m, del, false)
				f.Each = append(f.Each, one)
			}
		}
	}
	return f
}

// othersRecord reports whether a record that matches by its natural key bears
// another external id of ours: then it is a twin, not this one.
func othersRecord(field string, theirs, ours object) bool {
	external := theirs.text(field)
	return field != "" && external != "" && external != ours.text(field)
}

// byID reads back a record whose id we know.
func (ix *index) byID(name string, ours object, del etl.Delivery) load.Finding {
	f := load.Finding{How: load.ByExternalID, Proved: ix.size > 0}
	if entry := ix.byTheirs[del.TargetID]; entry != nil {
		o, _ := transform.Members(entry) // it was read before
		f.TargetID = del.TargetID
		ix.compare(&f, ours, o, del, del.Op == etl.Update) // what the answer lacks is no proof that an unanswered update arrived
	}
	return f
}
