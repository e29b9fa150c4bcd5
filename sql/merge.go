package sql

import (
	"bytes"
	"context"
	"fmt"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/jmoiron/sqlx"
)

// keepVerbose gives a row that was read without verbose the members which only
// the staged record, read with it, has: absent there means unknown, never
// blank (drchrono-facts, section 2). It reports whether nothing new is left to
// write. A row that cannot be read leaves the staged bytes and is marked.
func (s *Store) keepVerbose(ctx context.Context, tx *sqlx.Tx, endpoint string, r *etl.Row) (same bool, err error) {
	var staged recordRow
	if err := tx.GetContext(ctx, &staged, query("record"), endpoint, r.ID); err != nil {
		return false, fmt.Errorf("read %s %s: %w", endpoint, r.ID, err)
	}
	old, err := s.source(staged)
	if err != nil {
		return false, err
	}
	if r.Fault != "" {
		r.Raw = old.Raw
		return old.Fault == r.Fault, nil
	}
	r.Raw, same = withAbsent(r.Raw, old.Raw)
	return same && !old.Gone && old.Fault == "", nil
}

// withAbsent appends to a JSON object the members that only old has, and
// reports whether old had all of the others too, with the same values.
func withAbsent(row, old []byte) (merged []byte, same bool) {
	names, values, ok := members(row)
	oldNames, oldValues, oldOK := members(old)
	if !ok || !oldOK || len(names) == 0 {
		return row, false
	}
	same = true
	for _, name := range names {
		same = same && bytes.Equal(values[name], oldValues[name])
	}
	merged = bytes.TrimSuffix(bytes.TrimSpace(row), []byte("}"))
	for _, name := range oldNames {
		if _, has := values[name]; !has {
			quoted, err := jsontext.AppendQuote([]byte(","), name)
			if err != nil {
				return row, false
			}
			merged = append(append(append(merged[:len(merged):len(merged)], quoted...), ':'), oldValues[name]...)
		}
	}
	return append(merged[:len(merged):len(merged)], '}'), same
}

// members takes a JSON object apart.
func members(raw []byte) (names []string, values map[string]jsontext.Value, ok bool) {
	dec := jsontext.NewDecoder(bytes.NewReader(raw))
	if tok, err := dec.ReadToken(); err != nil || tok.Kind() != '{' {
		return nil, nil, false
	}
	values = map[string]jsontext.Value{}
	for dec.PeekKind() == '"' {
		tok, err := dec.ReadToken()
		if err != nil {
			return nil, nil, false
		}
		name := tok.String()
		value, err := dec.ReadValue()
		if err != nil {
			return nil, nil, false
		}
		names, values[name] = append(names, name), value.Clone()
	}
	_, err := dec.ReadToken()
	return names, values, err == nil
}
