package reports

import (
	"cmp"
	"context"
	"path"
	"slices"
	"strings"
	"time"
)

// driftKept is how long a change of the schema stays on its sheet.
const driftKept = 30 * 24 * time.Hour

// A drift is one way in which DrChrono's rows no longer look as they did.
type drift struct {
	run                                  string
	found                                time.Time
	endpoint, field, kind, before, after string
	rows                                 int
	touches                              []touched
}

// A touched is a mapped field that comes from what has changed.
type touched struct {
	Destination string `json:"destination"`
	Object      string `json:"object"`
	Field       string `json:"field"`
}

type driftSummary struct {
	Endpoint string    `json:"endpoint"`
	Field    string    `json:"field"`
	Kind     string    `json:"kind"`
	Before   string    `json:"before"`
	After    string    `json:"after"`
	Rows     int       `json:"rows"`
	Touches  []touched `json:"touches"`
}

// readDrift reads what this run found, and earlier ones that are still shown.
func (f *facts) readDrift(ctx context.Context, snap Snapshot, o Options) error {
	for row, err := range snap.Rows(ctx, "drift", o.Run.ID, utcStamp(o.Run.At.Add(-driftKept))) {
		if err != nil {
			return err
		}
		d := drift{run: str(row[0]), found: instant(row[1]), endpoint: str(row[2]), field: str(row[3]), kind: str(row[4]),
			before: str(row[5]), after: str(row[6]), rows: num(row[7])}
		d.touches = o.touches(d.endpoint, d.field)
		f.drift = append(f.drift, d)
	}
	slices.SortStableFunc(f.drift, func(a, b drift) int { // what nothing maps comes last
		if a.run != b.run {
			return strings.Compare(b.run, a.run)
		}
		return unmapped(a) - unmapped(b)
	})
	return nil
}

func unmapped(d drift) int {
	if len(d.touches) == 0 {
		return 1
	}
	return 0
}

// touches are the mapped fields that come from a member of an endpoint's rows:
// from itself, from what it stands in, or from what stands in it.
func (o Options) touches(endpoint, member string) []touched {
	list := []touched{}
	changed := strings.Split(endpoint+"."+member, ".")
	for _, ob := range o.Objects {
		for _, f := range ob.Fields {
			if slices.ContainsFunc(f.Reads, func(read string) bool { return overlap(strings.Split(read, "."), changed) }) {
				list = append(list, touched{ob.Destination, ob.Object, f.Name})
			}
		}
	}
	return list
}

func overlap(read, changed []string) bool {
	for i := range min(len(read), len(changed)) {
		if ok, err := path.Match(read[i], changed[i]); !ok || err != nil {
			return false
		}
	}
	return true
}

// driftOf is what this run found, for summary.json.
func (f *facts) driftOf(run string) []driftSummary {
	list := []driftSummary{}
	for _, d := range f.drift {
		if d.run == run {
			list = append(list, driftSummary{d.endpoint, d.field, d.kind, d.before, d.after, d.rows, d.touches})
		}
	}
	return list
}

// driftSheet is what has changed in DrChrono's rows. It names fields, kinds of
// values, shares, and values of the vendor's documented enumerations: nothing
// of a patient.
func (b *book) driftSheet(context.Context) []sheet {
	columns := []column{{"Found", kindTime, "Start of the run that found it, in the practice's zone; this run's stand first."},
		{"Endpoint", kindText, "A list of DrChrono's, below /api/."},
		{"Field", kindText, "DrChrono's name of it; a dot leads into an object or the objects of a list."},
		{"Change", kindText, "new field, vanished field, changed type, more empty (null, blank or absent in many more rows), new value (of an enumeration)."},
		{"Before", kindWrap, "What it was in the rows up to then."}, {"Now", kindWrap, "What it is in the rows that changed since."},
		{"Rows", kindCount, "Rows that show it."},
		{"Touches", kindWrap, "Mapped fields that come from it, each as destination, object and field; – means that nothing maps it."}}
	var rows [][]any
	for _, d := range b.facts.drift {
		names := []string{}
		for _, t := range d.touches {
			names = append(names, destinationName(t.Destination)+" "+objectName(t.Object, false)+" "+t.Field)
		}
		rows = append(rows, []any{b.wall(d.found), d.endpoint, d.field, d.kind, d.before, d.after, d.rows, cmp.Or(strings.Join(names, ", "), "–")})
	}
	return []sheet{{name: "Schema drift", title: "Schema drift: what has changed in DrChrono's records", about: "This run and the 30 days before it; first loads are what later ones are held against",
		none: "Nothing has changed.", colour: colourGrey, freeze: 3, columns: columns, rows: listed(rows)}}
}
