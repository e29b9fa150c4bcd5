package extract

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Kinds of drift.
const (
	DriftNew      = "new field"
	DriftVanished = "vanished field"
	DriftType     = "changed type"
	DriftEmpty    = "more empty"
	DriftValue    = "new value"
)

// A Drift is one way in which an endpoint's rows no longer look as they did.
// It names members, kinds, shares and values of enumerations, and nothing of a
// patient's.
type Drift struct {
	Field  string // members, separated by dots
	Kind   string
	Before string
	After  string
	Rows   int // that show it
}

// How much it takes to speak of drift: a field has vanished where it was
// usually there and a few rows all lack it; a share has jumped where it
// rose by a quarter and by more than chance would have it.
const (
	usually      = 0.9
	enoughRows   = 3
	enoughShare  = 10 // rows
	jump         = 0.25
	jumpsOfSigma = 4
	manyRows     = 1_000_000 // a base counts no more, so that it still moves
)

// A Watch is what the rows of an endpoint looked like up to now. Rates are
// compared when the drains since the last comparison have rows enough; all else
// at the end of each.
type Watch struct{ Base, Recent, Open *Profile }

// Settle ends a drain: it holds the open profile against the others and adds
// it to them. A first load is what later ones are held against, and tells
// nothing; so is a load that asks for other members.
func (w *Watch) Settle() (list []Drift) {
	if w.Open.Objects == 0 {
		return nil
	}
	if w.Base.Objects == 0 || w.Base.Verbose != w.Open.Verbose {
		w.Base, w.Recent, w.Open = w.Open, &Profile{}, &Profile{}
		return nil
	}
	known := &Profile{enums: w.Open.enums}
	known.Merge(w.Base)
	known.Merge(w.Recent)
	list = known.Member.news("", &w.Open.Member, known.enums)
	w.Recent.Merge(w.Open)
	list = append(list, w.Base.Member.lost("", &w.Open.Member, &w.Recent.Member)...)
	if w.Recent.Objects >= enoughShare {
		list = append(list, w.Base.Member.emptier("", &w.Recent.Member, w.Open.later)...)
		w.Base.Merge(w.Recent)
		w.Base.Member.thin()
		w.Recent = &Profile{}
	}
	w.Open = &Profile{}
	return list
}

// news are members, kinds and values that were not known. What lies below an
// object that was never there is no news: nobody knew it.
func (m *Member) news(path string, open *Member, enums map[string][]string) (list []Drift) {
	for _, name := range open.names() {
		o, k, field := open.Members[name], m.Members[name], join(path, name)
		switch {
		case name == oddName || m.Objects == 0:
		case k == nil:
			list = append(list, Drift{field, DriftNew, "", o.filled(open.Objects), o.Seen})
		default:
			if more := o.Kinds.beyond(k.Kinds); more != 0 {
				list = append(list, Drift{field, DriftType, k.Kinds.String(), o.Kinds.String(), o.Seen})
			}
			list = append(list, k.newValues(field, o, enums)...)
			list = append(list, k.news(field, o, nil)...)
		}
	}
	return list
}

func (m *Member) newValues(field string, open *Member, enums map[string][]string) (list []Drift) {
	if len(m.Values) >= maxValues {
		return nil
	}
	for v, n := range open.Values {
		if _, known := m.Values[v]; !known && !slices.Contains(enums[field], v) {
			list = append(list, Drift{field, DriftValue, "values known: " + strconv.Itoa(len(m.Values)), quote(v), n})
		}
	}
	slices.SortFunc(list, func(a, b Drift) int { return strings.Compare(a.After, b.After) })
	return list
}

// lost are members that were always there and now are not, in this drain or in
// all those since the last comparison. They are forgotten, so that they are news
// when they come back.
func (m *Member) lost(path string, open, recent *Member) (list []Drift) {
	for _, name := range m.names() {
		b, field := m.Members[name], join(path, name)
		if name == oddName {
			continue
		}
		r := recent.Members[name]
		usual := float64(b.Seen) >= usually*float64(m.Objects)
		if rows := max(m.without(name, open), m.without(name, recent)); usual && rows > 0 {
			list = append(list, Drift{field, DriftVanished, b.filled(m.Objects), "absent", rows})
			delete(m.Members, name)
			delete(recent.Members, name)
		} else if o := open.Members[name]; o != nil && r != nil {
			list = append(list, b.lost(field, o, r)...)
		}
	}
	return list
}

// without is how many objects of others lack a member that all of them lack; 0
// where they are too few to tell.
func (m *Member) without(name string, others *Member) int {
	if others.Members[name] != nil || others.Objects < min(enoughRows, m.Objects) {
		return 0
	}
	return others.Objects
}

// emptier are members that are absent, null or "" in many more rows than they
// were. What they are now is then what is usual.
func (m *Member) emptier(path string, recent *Member, later []string) (list []Drift) {
	for _, name := range m.names() {
		b, r, field := m.Members[name], recent.Members[name], join(path, name)
		if r == nil || name == oddName || slices.Contains(later, field) {
			continue
		}
		was, is := b.empty(m.Objects), r.empty(recent.Objects)
		if recent.Objects >= enoughShare && m.Objects >= enoughShare && is-was >= jump && unlikely(was, m.Objects, is, recent.Objects) {
			list = append(list, Drift{field, DriftEmpty, percent(was) + " empty", percent(is) + " empty", recent.Objects})
			b.Blank = max(0, int(is*float64(m.Objects))-(m.Objects-b.Seen))
		}
		list = append(list, b.emptier(field, r, nil)...)
	}
	return list
}

// empty is the share of objects that lack a member, or have it null or "".
func (m *Member) empty(of int) float64 {
	return float64(of-m.Seen+m.Blank) / float64(max(1, of))
}

// unlikely reports whether two shares differ by more than chance.
func unlikely(was float64, n int, is float64, of int) bool {
	both := (was*float64(n) + is*float64(of)) / float64(n+of)
	return is-was > jumpsOfSigma*math.Sqrt(both*(1-both)*(1/float64(n)+1/float64(of)))
}

// thin halves counts that have grown past all use.
func (m *Member) thin() {
	if m.Objects > manyRows {
		m.halve()
	}
}

func (m *Member) halve() {
	m.Seen, m.Blank, m.Objects = (m.Seen+1)/2, m.Blank/2, (m.Objects+1)/2
	for _, inner := range m.Members {
		inner.halve()
	}
}

// filled says what a member is, and in how many of the rows.
func (m *Member) filled(of int) string {
	if m.Kinds == 0 {
		return "always empty"
	}
	return fmt.Sprintf("%s, in %s of the rows", m.Kinds, percent(1-m.empty(of)))
}

func percent(share float64) string {
	return strconv.Itoa(int(math.Round(100*min(1, max(0, share))))) + "%"
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func quote(v string) string {
	if v == oddValue {
		return v
	}
	return `"` + v + `"`
}

// beyond are the kinds that others did not have. Where nothing but absence was
// seen, nothing is known; nor of the elements of lists that were all empty.
func (k kinds) beyond(others kinds) (more kinds) {
	const own = 1<<elements - 1
	if others&own != 0 {
		more = k & own &^ others
	}
	if others&^own != 0 {
		more |= k &^ own &^ others
	}
	return more
}

var kindNames = []string{"text", "number", "true or false", "object", "list"}

// String names the kinds: "text or number", "list of number".
func (k kinds) String() string {
	var list []string
	for i, name := range kindNames {
		if k&(1<<i) == 0 {
			continue
		}
		if inner := k >> elements; 1<<i == kindList && inner != 0 {
			name += " of " + inner.String()
		}
		list = append(list, name)
	}
	if len(list) == 0 {
		return "empty"
	}
	return strings.Join(list, " or ")
}

// DriftNote says how many findings there are, by their kind, for a stream's
// note: "schema drift: 1 new field, 2 changed type".
func DriftNote(list []Drift) string {
	var parts []string
	for _, kind := range []string{DriftNew, DriftVanished, DriftType, DriftEmpty, DriftValue} {
		n := 0
		for _, d := range list {
			if d.Kind == kind {
				n++
			}
		}
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, kind))
		}
	}
	return "schema drift: " + strings.Join(parts, ", ")
}
