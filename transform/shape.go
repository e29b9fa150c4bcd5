// Package transform holds the machinery that maps staged records to the
// destinations' shapes: field tables, the rules that they use, and the stage
// that judges. The rules are pure: no context, logger, clock or database. The
// vendors' dictionaries stand with their destinations, in load.
package transform

import (
	"slices"
	"strings"

	"github.com/chartbridge/chartbridge/etl"
)

// A Field is one line of a vendor's dictionary. The same line maps, validates
// and documents.
type Field[T any] struct {
	Name     string // in the vendor's exact casing
	Type     Type
	Max      int // characters; 0 = no limit
	Required bool
	From     string // where it comes from, in words, for the mapping sheet
	Lookup   string // the lookup that turns a DrChrono value into their id
	Get      func(T, *Case) Value
}

// A Column is a Field as documentation.
type Column struct {
	Name, Lookup, From string
	Type               Type
	Max                int
	Required           bool
}

// By says which records a change elsewhere touches.
type By string

// Reaches of a change.
const (
	ByAll     By = "all"     // a change of any row there: judge everything again
	ByPatient By = "patient" // only the records of the same patient
	ByDoctor  By = "doctor"
)

// A Use is another endpoint that a shape reads.
type Use struct {
	Endpoint string
	By       By
	Optional bool // the shape can judge although this was never read
}

// A Shape maps the records of one endpoint to one object of a destination.
type Shape struct {
	Destination string
	Object      string
	Endpoint    string
	Uses        []Use
	Inside      string // the object that carries it; "" = it travels alone
	Slot        string // that object's array
	Parts       bool   // a record holds several, counted when it was staged
	NumberIDs   bool   // the destination's ids of it are whole numbers
	Columns     []Column
	// Aside: what was taken is never sent again, so its record stands as it was
	// taken as long as only members of Aside would differ. Those are no part of
	// what was reported: they come from the configuration, or only prove whose
	// record is meant when it is sent.
	Aside []string
	// Beside is an object of the same destination, judged before this one, whose
	// visits that take place stand in the way of one that is off.
	Beside string
	// Judge gives a verdict for each object in the record: exactly one, unless
	// Parts is set.
	Judge func(*Case) []Verdict
}

// A Verdict is what a shape says of one record. With an empty Outcome it maps,
// and Body is what to send.
type Verdict struct {
	Part     string // names it within its record, e.g. "primary"; "" if there is one
	Parent   string // source id of the record that carries it
	Outcome  etl.Outcome
	Cause    string
	Problems []etl.Problem
	Body     []byte
	Needs    []etl.Need
	Month    string // as etl.Target's
	Twin     []byte // likewise
}

// A Case is one record before its judge, with what the rules may look at.
type Case struct {
	*Env
	Source etl.Source
	Part   string
	Sent   bool // the destination holds it, or may hold it

	problems []etl.Problem
	needs    []etl.Need
	field    string
	looked   lookedUp
}

// lookedUp is what a lookup gave for the field that is being mapped.
type lookedUp struct{ lookup, key, meaning, id string }

// ID is the source id of the object that is being judged.
func (c *Case) ID() string {
	if c.Part != "" {
		return c.Source.ID + "/" + c.Part
	}
	return c.Source.ID
}

// Problem notes a problem of the field that is being mapped.
func (c *Case) Problem(code, message string) Value {
	c.problems = append(c.problems, etl.Problem{Field: c.field, Code: code, Message: message})
	return Value{}
}

// Wrong notes a problem of a value of the field: where a lookup gave it, with
// that lookup and key, since it is there that it is corrected.
func (c *Case) Wrong(v Value, code, message string) Value {
	p := etl.Problem{Field: c.field, Code: code, Message: message}
	if c.looked.lookup != "" && c.looked.id == v.text {
		p.Lookup, p.Key = c.looked.lookup, c.looked.key
		p.Message += ": correct what lookup " + p.Lookup + " gives for " + c.looked.meaning + " in the lookups file, or MAP it"
	}
	c.problems = append(c.problems, p)
	return Value{}
}

// Need makes the field the destination's id of another record.
func (c *Case) Need(object, id string) Value {
	if id != "" {
		c.needs = append(c.needs, etl.Need{Path: c.field, Object: object, ID: id})
	}
	return Value{}
}

// OwnID makes the field the destination's id of this record, once it has one.
func (c *Case) OwnID(object string) Value {
	c.needs = append(c.needs, etl.Need{Path: c.field, Object: object, ID: c.ID(), Optional: true})
	return Value{}
}

// Lookup is the destination's id for a DrChrono value. An id that the lookups
// file does not know is a problem that names lookup and key, never a guess.
func (c *Case) Lookup(lookup, key, meaning string) string {
	id, ok := c.Lookups.Find(c.Destination, lookup, key)
	if ok {
		c.looked = lookedUp{lookup, key, meaning, strings.TrimSpace(id)}
		return id
	}
	c.problems = append(c.problems, etl.Problem{Field: c.field, Code: etl.CodeLookup, Lookup: lookup, Key: key,
		Message: "lookup " + lookup + " has no id for " + meaning + "; add it to the lookups file or MAP it"})
	return ""
}

// IfKept is Lookup for an id that not every account uses: it is absent where
// the lookups file does not have the lookup at all.
func (c *Case) IfKept(lookup, key, meaning string) string {
	if !c.Lookups.Has(c.Destination, lookup) {
		return ""
	}
	return c.Lookup(lookup, key, meaning)
}

// Constant maps a field from the configured constants of the object.
func (c *Case) Constant(name string) Value {
	for _, k := range c.Constants[c.Object] {
		if k.Name == name {
			return Value{text: strings.Trim(k.JSON, `"`), json: k.JSON}
		}
	}
	return Value{}
}

// Excluded is a verdict by rule.
func Excluded(cause string) Verdict { return Verdict{Outcome: etl.Excluded, Cause: cause} }

// Unreadable is the verdict on a record that cannot be read.
func Unreadable(fault string) Verdict {
	return Verdict{Outcome: etl.Failed, Cause: etl.CauseUnreadable, Problems: []etl.Problem{{Code: etl.CodeUnread,
		Message: "the source record cannot be read: " + fault}}}
}

// UnreadableParts speaks of the parts of a record that cannot be read: those
// that staging counts, which it had when it could last be read.
func UnreadableParts(src etl.Source, fault string) []Verdict { return eachPart(src, Unreadable(fault)) }

// eachPart gives each part of a record the same verdict.
func eachPart(src etl.Source, v Verdict) []Verdict {
	list := make([]Verdict, len(src.Parts))
	for i, part := range src.Parts {
		list[i] = v
		list[i].Part, list[i].Parent = part, src.ID
	}
	return list
}

// Map runs a field table over a record and collects every problem.
func Map[T any](fields []Field[T], src T, c *Case) Verdict {
	var names [32]string
	c.problems, c.needs = nil, make([]etl.Need, 0, 4)
	body := body{names[:0], append(make([]byte, 0, 24*len(fields)), '{')}
	for _, f := range fields {
		c.field, c.looked = f.Name, lookedUp{}
		before, needs := len(c.problems), len(c.needs)
		v := f.Get(src, c)
		if len(c.problems) == before && len(c.needs) == needs {
			v = c.check(f.Name, f.Type, f.Max, f.Required, v)
		}
		body.add(f.Name, v)
	}
	c.addConstants(&body)
	if len(c.problems) > 0 {
		return Verdict{Part: c.Part, Outcome: etl.Invalid, Cause: c.problems[0].Code, Problems: c.problems}
	}
	return Verdict{Part: c.Part, Body: body.bytes(), Needs: c.needs}
}

// addConstants adds the further fields that an account needs, from the config.
// A field that the table maps is not overwritten, nor an id that the crosswalk
// will fill in.
func (c *Case) addConstants(b *body) {
	for _, k := range c.Constants[c.Object] {
		filled := slices.ContainsFunc(c.needs, func(n etl.Need) bool { return n.Path == k.Name })
		if !filled && !b.has(k.Name) {
			b.add(k.Name, Value{text: k.JSON, json: k.JSON})
		}
	}
}

// Columns documents a field table.
func Columns[T any](fields []Field[T]) []Column {
	list := make([]Column, len(fields))
	for i, f := range fields {
		list[i] = Column{f.Name, f.Lookup, f.From, f.Type, f.Max, f.Required}
	}
	return list
}
