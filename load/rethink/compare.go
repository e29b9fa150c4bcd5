package rethink

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/go-json-experiment/json/jsontext"
)

// A slot is an array of a client: where the id of its objects stands, and what
// tells them apart where that is not known.
type slot struct {
	id   string
	keys []string
}

var slots = map[string]slot{
	"clientFunders":  {"clientFunderId", []string{"funderId", "funderSequence"}},
	"authorizations": {"clientauthorizationId", []string{"authorizationNumber"}},
}

// compare notes in a finding the fields that we send and that stand otherwise
// there, and the ids of what travels inside. A field that the record lacks is
// blank there if another record of the answer shows it, or if the record bears
// our id, where an update overwrites nobody's work; else it cannot be compared,
// and differs only where strict. An array that no record
// of the answer shows is hidden.
func (ix *index) compare(f *load.Finding, ours, theirs object, del etl.Delivery, strict bool) {
	f.Differs = differing("", ours, theirs, func(name string) bool {
		return strict || f.How == load.ByExternalID && del.TargetID == "" || ix.shows[strings.ToLower(name)]
	})
	f.Inside = map[string]string{}
	for name, s := range slots {
		if !ours.has(name) {
			continue
		}
		if !ix.shows[strings.ToLower(name)] {
			f.Hidden = append(f.Hidden, name)
			if strict {
				f.Differs = append(f.Differs, load.Difference{Field: name})
			}
			continue
		}
		there := theirs.list(name)
		for i, child := range ours.list(name) {
			match := s.matching(child, there)
			if match == nil {
				f.Differs = append(f.Differs, load.Difference{Field: name, Ours: child.text(s.keys[0])})
				continue
			}
			f.Differs = append(f.Differs, differing(name+".", child, match, func(string) bool { return strict })...)
			if match.id(s.id) == "" { // which of them it is cannot be said in an update
				f.Hidden = append(f.Hidden, name)
				continue
			}
			f.Inside[name+"."+strconv.Itoa(i)+"."+s.id] = match.id(s.id)
		}
	}
	slices.Sort(f.Hidden)
	f.Hidden = slices.Compact(f.Hidden)
	slices.SortStableFunc(f.Differs, func(a, b load.Difference) int { return strings.Compare(a.Field, b.Field) })
	f.Differs = slices.CompactFunc(f.Differs, func(a, b load.Difference) bool { return a.Field == b.Field })
}

// differing names the members of an object, its slots apart, that stand
// otherwise there, after the path that leads to it; blank says whether one that
// is not there is blank.
func differing(path string, ours, theirs object, blank func(name string) bool) []load.Difference {
	var list []load.Difference
	for name := range ours {
		if _, nested := slots[name]; nested {
			continue
		}
		if there := theirs.has(name); there && !sameMember(name, ours, theirs) || !there && blank(name) {
			list = append(list, load.Difference{Field: path + name, Ours: ours.shown(name), Theirs: theirs.shown(name)})
		}
	}
	return list
}

// matching finds the object there: the one with our id for it, or else the
// first with its keys.
func (s slot) matching(child object, there []object) object {
	if id := child.id(s.id); id != "" {
		if at := slices.IndexFunc(there, func(o object) bool { return o.id(s.id) == id }); at >= 0 {
			return there[at]
		}
	}
	for _, o := range there {
		if !slices.ContainsFunc(s.keys, func(k string) bool { return child.text(k) != o.text(k) }) {
			return o
		}
	}
	return nil
}

// echoed is the object of an answer that speaks of the one that we sent at a
// position: the vendor echoes the input, so it is the one there, unless its keys
// say that it is another; then the one with our keys.
func (o object) echoed(sent object, slot, position string) (object, bool) {
	child, ok := o.at(slot, position)
	ours, known := sent.at(slot, position)
	s := slots[slot]
	others := func(c object) bool {
		return slices.ContainsFunc(s.keys, func(k string) bool { return c.shows(k) && c.text(k) != ours.text(k) })
	}
	if !known || ok && !others(child) {
		return child, ok
	}
	child = s.matching(ours, o.list(slot))
	return child, child != nil
}

// sameMember compares a member: scalars in the vendor's own precision, arrays
// and objects by their canonical JSON.
func sameMember(name string, ours, theirs object) bool {
	a, _ := ours.member(name)
	b, _ := theirs.member(name)
	if isScalar(a) && isScalar(b) {
		return same(name, ours.text(name), theirs.text(name))
	}
	return bytes.Equal(canonical(a), canonical(b))
}

func isScalar(v jsontext.Value) bool { return v.Kind() != '{' && v.Kind() != '[' }

func canonical(v jsontext.Value) []byte {
	c := v.Clone()
	if c.Canonicalize() != nil {
		return v
	}
	return c
}

// same compares two values in the vendor's own precision: a date may come back
// with a time, a time with seconds.
func same(name, ours, theirs string) bool {
	switch {
	case ours == theirs:
		return true
	case strings.HasSuffix(name, "Time"):
		return clockOf(ours) != "" && clockOf(ours) == clockOf(theirs)
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
