package sql

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/jmoiron/sqlx"
)

// A dictionary holds as many rows as fit into dictionarySize, of a page that
// has them; an endpoint of fewer rows does without.
const dictionarySize = 64 << 10

// longestWord is the longest word that a dictionary takes in for itself.
const longestWord = 40

type dictionaryRow struct {
	ID       uint32
	Endpoint string
	Payload  []byte
}

func dictionaryPlace(id uint32) []string {
	return []string{"dictionary", strconv.FormatUint(uint64(id), 10)}
}

// useDictionary has an endpoint's rows compressed with its dictionary, which it
// makes of the first page that is large enough. It is committed before the page,
// so that no row is ever compressed with one that a crash took back.
func (s *Store) useDictionary(ctx context.Context, endpoint string, rows []etl.Row) error {
	if s.seal.pack.has(endpoint) {
		return nil
	}
	content := dictionaryOf(rows)
	if content == nil {
		return nil
	}
	var d dictionaryRow
	err := s.inTx(ctx, func(tx *sqlx.Tx) error {
		err := tx.GetContext(ctx, &d, query("dictionary-of"), endpoint)
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		d.Endpoint = endpoint
		if err := tx.GetContext(ctx, &d.ID, query("next-dictionary")); err != nil {
			return err
		}
		d.Payload = s.seal.Seal(content, dictionaryPlace(d.ID)...)
		_, err = tx.ExecContext(ctx, query("put-dictionary"), d.ID, endpoint, d.Payload)
		return err
	})
	if err == nil {
		content, err = s.seal.Open(d.Payload, dictionaryPlace(d.ID)...)
	}
	if err == nil {
		err = s.seal.pack.add(d.ID, endpoint, content)
	}
	return wrap(err, "make a dictionary of %s", endpoint)
}

// dictionaryOf makes one of rows that fill it, and learns from those that do
// not stand in it how others will differ. Half of it is whole rows, which
// others repeat; in the other half are words of the rows after them. It is nil
// where the rows do not fill one.
func dictionaryOf(rows []etl.Row) []byte {
	size, half := 0, 0
	for i, r := range rows {
		if size += len(r.Raw); size <= dictionarySize/2 {
			half = i + 1
		}
	}
	if size <= dictionarySize || half == 0 {
		return nil
	}
	var whole, words []byte
	for _, r := range rows[:half] {
		whole = append(whole, r.Raw...)
	}
	seen := map[string]bool{}
	for _, r := range rows[half:] {
		for _, word := range bytes.SplitAfter(r.Raw, []byte(" ")) {
			if len(word) > longestWord || seen[string(word)] || len(words)+len(word)+len(whole) > dictionarySize {
				continue
			}
			seen[string(word)] = true
			words = append(words, word...)
		}
	}
	samples := make([][]byte, 0, len(rows)-half)
	for _, r := range rows[half:] {
		samples = append(samples, r.Raw)
	}
	return makeCoder(append(words, whole...), samples)
}

// findDictionary reads one that this process has not met yet. Its connection is
// its own: it is asked from within queries that hold the others.
func (s *Store) findDictionary(id uint32) (endpoint string, content []byte, err error) {
	var d dictionaryRow
	if err := s.dictionaries.Get(&d, query("dictionary"), id); err != nil {
		return "", nil, fmt.Errorf("read dictionary %d: %w", id, err)
	}
	content, err = s.seal.Open(d.Payload, dictionaryPlace(d.ID)...)
	return d.Endpoint, content, err
}
