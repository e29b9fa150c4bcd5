package load

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A Part is an object that travels inside a record, in one of its arrays.
type Part struct {
	Object, ID, Slot string
	There            bool // they hold it, or may hold it
}

// KeepBack takes out of a mapped body what does not go with it, and out of its
// needs what was that part's. Nobody documents whether an array that comes with
// an update replaces theirs: so what is not there stays out alone, while an
// array of which something is there goes whole or not at all.
func KeepBack(body []byte, needs []etl.Need, back []Part) ([]byte, []etl.Need, error) {
	if len(back) == 0 {
		return body, needs, nil
	}
	var members map[string]jsontext.Value
	if err := json.Unmarshal(body, &members); err != nil {
		return nil, nil, fmt.Errorf("read a mapped body: %w", err)
	}
	inSlot := map[string][]Part{}
	for _, p := range back {
		inSlot[p.Slot] = append(inSlot[p.Slot], p)
	}
	kept := slices.Clone(needs)
	for _, slot := range slices.Sorted(maps.Keys(inSlot)) {
		list, rest, err := without(slot, members[slot], needs, inSlot[slot])
		if err != nil {
			return nil, nil, err
		}
		delete(members, slot)
		if len(list) > 0 {
			if members[slot], err = json.Marshal(list); err != nil {
				return nil, nil, fmt.Errorf("write %s of a mapped body: %w", slot, err)
			}
		}
		kept = append(slices.DeleteFunc(kept, func(n etl.Need) bool { return strings.HasPrefix(n.Path, slot+".") }), rest...)
	}
	text, err := json.Marshal(members, json.Deterministic(true))
	return text, kept, err
}

// without is what goes of an array, and its needs.
func without(slot string, array jsontext.Value, needs []etl.Need, back []Part) (kept []jsontext.Value, rest []etl.Need, err error) {
	if array == nil || slices.ContainsFunc(back, func(p Part) bool { return p.There }) {
		return nil, nil, nil
	}
	var list []jsontext.Value
	if err := json.Unmarshal(array, &list); err != nil {
		return nil, nil, fmt.Errorf("read %s of a mapped body: %w", slot, err)
	}
	for i, one := range list {
		path := fmt.Sprintf("%s.%d.", slot, i)
		own := slices.DeleteFunc(slices.Clone(needs), func(n etl.Need) bool { return !strings.HasPrefix(n.Path, path) })
		if slices.ContainsFunc(back, func(p Part) bool {
			return slices.ContainsFunc(own, func(n etl.Need) bool { return n.Optional && n.Object == p.Object && n.ID == p.ID })
		}) {
			continue
		}
		for _, n := range own {
			n.Path = fmt.Sprintf("%s.%d.%s", slot, len(kept), strings.TrimPrefix(n.Path, path))
			rest = append(rest, n)
		}
		kept = append(kept, one)
	}
	return kept, rest, nil
}

// Travels reports whether an object stands inside a body in an array.
func Travels(n etl.Need) bool { return n.Optional && strings.Contains(n.Path, ".") }
