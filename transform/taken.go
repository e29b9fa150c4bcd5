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
	if shape.Aside == nil {
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
	if v.Outcome != "" || v.Body == nil || len(v.Needs) > 0 || before.Taken == nil ||
		!bytes.Equal(hashOf(Verdict{Body: before.Taken}), before.AckedHash) {
		return false
	}
	now, ok := without(v.Body, shape.Aside)
	then, ok2 := without(before.Taken, shape.Aside)
	return ok && ok2 && maps.EqualFunc(now, then, func(a, b jsontext.Value) bool { return bytes.Equal(a, b) })
}

// without are a body's members but for those.
func without(body []byte, aside []string) (members map[string]jsontext.Value, ok bool) {
	ok = json.Unmarshal(body, &members) == nil
	for _, name := range aside {
		delete(members, name)
	}
	return members, ok
}
