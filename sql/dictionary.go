package sql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/jmoiron/sqlx"
)

// A dictionary is as many rows as fit into dictionarySize, of a page that has
// them; an endpoint of fewer rows does without.
const dictionarySize = 64 << 10

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

// dictionaryOf is nil where the rows do not fill one.
func dictionaryOf(rows []etl.Row) (content []byte) {
	for _, r := range rows {
		if len(content)+len(r.Raw) > dictionarySize {
			return content
		}
		content = append(content, r.Raw...)
	}
	return nil
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
