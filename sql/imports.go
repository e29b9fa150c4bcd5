package sql

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
)

// Lookups lists the lookup rows that decisions wrote.
func (s *Store) Lookups(ctx context.Context) (list []LookupRow, err error) {
	err = s.db.SelectContext(ctx, &list, query("lookup-rows"))
	return list, wrap(err, "list what decisions mapped")
}

// A LookupRow is a row that a decision wrote; it stands above the lookups file.
type LookupRow struct{ Destination, Lookup, Key, ID, By, At string }

// WorkbookKey is the secret that signs the rows of workbooks. It is made at
// its first use, and outlives a change of the encryption key.
func (s *Store) WorkbookKey(ctx context.Context) ([]byte, error) {
	const name = "workbook_key"
	text, err := s.Setting(ctx, name)
	if err != nil {
		return nil, err
	}
	if text == "" {
		key := make([]byte, 32)
		if _, err := rand.Read(key); err != nil {
			return nil, fmt.Errorf("make the key of workbooks: %w", err)
		}
		text = hex.EncodeToString(key)
		if err := s.SetSetting(ctx, name, text); err != nil {
			return nil, err
		}
	}
	key, err := hex.DecodeString(text)
	return key, wrap(err, "read the key of workbooks")
}

// Imports lists the newest workbooks whose decisions were applied.
func (s *Store) Imports(ctx context.Context, limit int) (list []PastImport, err error) {
	err = s.db.SelectContext(ctx, &list, query("imports"), limit)
	return list, wrap(err, "list imports")
}

// StandingImports lists those that were not taken back, the newest first; with a
// file's SHA-256, only those of that file.
func (s *Store) StandingImports(ctx context.Context, file string) (ids []int64, err error) {
	err = s.db.SelectContext(ctx, &ids, query("standing-imports"), file)
	return ids, wrap(err, "list imports that stand")
}

// A PastImport is a workbook whose decisions were applied.
type PastImport struct {
	ID       int64  `json:"id"`
	File     string `json:"file"`
	Run      string `json:"run"`
	By       string `json:"by"`
	At       string `json:"at"`
	Rows     int    `json:"rows"`
	Applied  int    `json:"applied"`
	UndoneAt string `db:"undone_at" json:"undone_at"`
}

// KnownVerb reports whether a word is a decision.
func KnownVerb(word string) bool { return slices.Contains([]string{Retry, Skip, Map, Approve}, word) }
