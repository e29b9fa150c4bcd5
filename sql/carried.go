package sql

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/chartbridge/chartbridge/load"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/jmoiron/sqlx"
)

// keepBack takes out of the bodies what travels inside them and does not go.
func (s *Store) keepBack(ctx context.Context, destination string, due []load.Due) error {
	var carriers []string
	for _, d := range due {
		if slices.ContainsFunc(d.Needs, load.Travels) {
			carriers = append(carriers, d.SourceID)
		}
	}
	back, err := s.keptBack(ctx, destination, carriers)
	if err != nil {
		return err
	}
	for i := range due {
		d := &due[i]
		if d.Body, d.Needs, err = load.KeepBack(d.Body, d.Needs, back[d.SourceID]); err != nil {
			return fmt.Errorf("take out of %s %s what does not go with it: %w", d.Object, d.SourceID, err)
		}
		d.Mapped = d.Body
	}
	return nil
}

// keptBack gives, by carrier, what does not go with it although it is one of its
// parts.
func (s *Store) keptBack(ctx context.Context, destination string, carriers []string) (map[string][]load.Part, error) {
	if len(carriers) == 0 {
		return nil, nil
	}
	var rows []struct {
		Parent       string `db:"parent_id"`
		Object, Slot string
		ID           string `db:"source_id"`
		There        bool
	}
	if err := s.db.SelectContext(ctx, &rows, query("kept-back"), destination, jsonList(carriers)); err != nil {
		return nil, fmt.Errorf("list what does not go with its record: %w", err)
	}
	back := map[string][]load.Part{}
	for _, r := range rows {
		back[r.Parent] = append(back[r.Parent], load.Part{Object: r.Object, ID: r.ID, Slot: r.Slot, There: r.There})
	}
	return back, nil
}

// AckedPayloads gives what was last acknowledged of what is due, by row, without
// arrays that stay there as they are.
func (s *Store) AckedPayloads(ctx context.Context, due []load.Due) (map[int64][]byte, error) {
	if len(due) == 0 {
		return nil, nil
	}
	rows, ids := make([]int64, len(due)), make([]string, len(due))
	for i, d := range due {
		rows[i], ids[i] = d.TargetRow, d.SourceID
	}
	acked, err := s.Acknowledged(ctx, rows)
	if err != nil {
		return nil, err
	}
	back, err := s.keptBack(ctx, due[0].Destination, ids)
	if err != nil {
		return nil, err
	}
	for _, d := range due {
		stay := map[string][][]byte{}
		for _, p := range back[d.SourceID] {
			if p.There {
				stay[p.Slot] = nil
			}
		}
		if acked[d.TargetRow] != nil && len(stay) > 0 {
			acked[d.TargetRow] = withArrays(acked[d.TargetRow], stay)
		}
	}
	return acked, nil
}

// keepTaken has carriers keep as acknowledged what they really hold: of each array
// those of its parts that were taken, as they were. An array may have stayed
// behind, or a part of it may have been refused.
func (s *Store) keepTaken(ctx context.Context, tx *sqlx.Tx, carriers []int64) error {
	if len(carriers) == 0 {
		return nil
	}
	var rows []struct {
		ID                  int64
		Destination, Object string
		SourceID            string `db:"source_id"`
		Payload             []byte
		Slot                string
		PartObject          string `db:"part_object"`
		PartID              string `db:"part_id"`
		Part                []byte
	}
	if err := tx.SelectContext(ctx, &rows, query("taken-inside"), jsonList(carriers)); err != nil {
		return fmt.Errorf("read what was taken inside: %w", err)
	}
	for len(rows) > 0 {
		r, arrays := rows[0], map[string][][]byte{}
		for len(rows) > 0 && rows[0].ID == r.ID {
			list, of := arrays[rows[0].Slot], rows[0]
			if of.Part != nil {
				part, err := s.seal.Open(of.Part, "target", r.Destination, of.PartObject, of.PartID)
				if err != nil {
					return err
				}
				list = append(list, part)
			}
			arrays[of.Slot], rows = list, rows[1:]
		}
		mapped, err := s.seal.Open(r.Payload, "target", r.Destination, r.Object, r.SourceID)
		if err != nil {
			return err
		}
		taken := s.seal.Seal(withArrays(mapped, arrays), "target", r.Destination, r.Object, r.SourceID)
		if _, err := tx.ExecContext(ctx, query("put-taken"), taken, r.ID); err != nil {
			return fmt.Errorf("keep what was taken: %w", err)
		}
	}
	return nil
}

// withArrays is a mapped body with those arrays in the place of its own, and
// without those that are empty.
func withArrays(body []byte, arrays map[string][][]byte) []byte {
	names, values, _ := members(body)
	names = slices.DeleteFunc(names, func(name string) bool { _, ours := arrays[name]; return ours })
	for _, slot := range slices.Sorted(maps.Keys(arrays)) {
		if list := arrays[slot]; len(list) > 0 {
			names, values[slot] = append(names, slot), slices.Concat([]byte("["), bytes.Join(list, []byte(",")), []byte("]"))
		}
	}
	out := []byte("{")
	for i, name := range names {
		if i > 0 {
			out = append(out, ',')
		}
		out, _ = jsontext.AppendQuote(out, name) // it was read out of JSON
		out = append(append(out, ':'), values[name]...)
	}
	return append(out, '}')
}
