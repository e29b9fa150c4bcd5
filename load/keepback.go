package load

import (
	"bytes"
	"fmt"
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
	out, kept := []byte{'{'}, slices.DeleteFunc(slices.Clone(needs), func(n etl.Need) bool {
		return slices.ContainsFunc(back, func(p Part) bool { return strings.HasPrefix(n.Path, p.Slot+".") })
	})
	dec := jsontext.NewDecoder(bytes.NewReader(body))
	if _, err := dec.ReadToken(); err != nil {
		return nil, nil, fmt.Errorf("read a mapped body: %w", err)
	}
	for dec.PeekKind() == '"' {
		name, err := dec.ReadToken()
		slot := name.String()
		if err != nil {
			return nil, nil, fmt.Errorf("read a mapped body: %w", err)
		}
		value, err := dec.ReadValue()
		if err != nil {
			return nil, nil, fmt.Errorf("read %s of a mapped body: %w", slot, err)
		}
		if slices.ContainsFunc(back, func(p Part) bool { return p.Slot == slot }) {
			var rest []etl.Need
			if value, rest, err = without(slot, value, needs, back); err != nil {
				return nil, nil, err
			}
			kept = append(kept, rest...)
		}
		if value == nil {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(fmt.Appendf(out, "%q", slot), ':'), value...)
	}
	return append(out, '}'), kept, nil
}

// without is an array without the parts that stay behind, and the needs of those
// that go; nil where none goes.
func without(slot string, array jsontext.Value, needs []etl.Need, back []Part) (jsontext.Value, []etl.Need, error) {
	if slices.ContainsFunc(back, func(p Part) bool { return p.Slot == slot && p.There }) {
		return nil, nil, nil
	}
	var list []jsontext.Value
	if err := json.Unmarshal(array, &list); err != nil {
		return nil, nil, fmt.Errorf("read %s of a mapped body: %w", slot, err)
	}
	var kept []jsontext.Value
	var rest []etl.Need
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
	if len(kept) == 0 {
		return nil, nil, nil
	}
	text, err := json.Marshal(kept)
	return text, rest, err
}

// Travels reports whether an object stands inside a body in an array.
func Travels(n etl.Need) bool { return n.Optional && strings.Contains(n.Path, ".") }
