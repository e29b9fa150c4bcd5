package transform

import (
	"bytes"
	"context"
	"maps"
	"slices"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// addTaken adds to known targets what the destination took of them, where the
// shape compares with that by members.
func (s *Stage) addTaken(ctx context.Context, shape Shape, known map[string]etl.Target) error {
	if shape.Aside == nil && len(s.slots(shape)) == 0 {
		return nil
	}
	var rows []int64
	for _, t := range known {
		if t.AckedHash != nil {
			rows = append(rows, t.ID)
		}
	}
	slices.Sort(rows)
	taken, err := s.Store.Acknowledged(ctx, rows)
	if err != nil {
		return err
	}
	for id, t := range known {
		t.Taken = taken[t.ID]
		known[id] = t
	}
	return nil
}

// stands reports whether what a record maps to now differs from what was taken
// of it in nothing but what the shape leaves aside.
func stands(shape Shape, v Verdict, before etl.Target) bool {
	if shape.Aside == nil || len(v.Needs) > 0 || !isTaken(v, before) {
		return false
	}
	now, ok := without(v.Body, shape.Aside)
	then, ok2 := without(before.Taken, shape.Aside)
	return ok && ok2 && equal(now, then)
}

// onlyLost reports whether what a record maps to now differs from what was taken
// of it in nothing but arrays of parts that it lacks now. What they hold in those
// stays there, so there is nothing to send.
func onlyLost(slots []string, v Verdict, before etl.Target) bool {
	if len(slots) == 0 || slices.ContainsFunc(v.Needs, func(n etl.Need) bool { return !n.Optional }) || !isTaken(v, before) {
		return false
	}
	now, ok := without(v.Body, nil)
	then, ok2 := without(before.Taken, slices.DeleteFunc(slices.Clone(slots), func(slot string) bool { return now[slot] != nil }))
	return ok && ok2 && equal(now, then)
}

// isTaken reports whether a record maps, and what was taken of it is known as
// it was sent.
func isTaken(v Verdict, before etl.Target) bool {
	return v.Outcome == "" && v.Body != nil && before.Taken != nil && bytes.Equal(hashOf(Verdict{Body: before.Taken}), before.AckedHash)
}

func equal(a, b map[string]jsontext.Value) bool {
	return maps.EqualFunc(a, b, func(a, b jsontext.Value) bool { return bytes.Equal(a, b) })
}

// without are a body's members but for those.
func without(body []byte, aside []string) (members map[string]jsontext.Value, ok bool) {
	ok = json.Unmarshal(body, &members) == nil
	for _, name := range aside {
		delete(members, name)
	}
	return members, ok
}
