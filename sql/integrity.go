package sql

import (
	"context"
	"errors"
	"fmt"

	"github.com/mattn/go-sqlite3"
)

// ErrDamaged says that the database's file is not what SQLite wrote there.
var ErrDamaged = errors.New("the database is damaged, so nothing is read from it or sent: stop every chartbridge, keep the file, and restore the newest backup; `chartbridge backup --help` says how")

// Check reads the whole database and looks whether its pages and tables are
// sound. It takes time in proportion to the file.
func (s *Store) Check(ctx context.Context) error {
	var verdict string
	if err := s.read.GetContext(ctx, &verdict, "PRAGMA quick_check(1)"); err != nil {
		return damaged(fmt.Errorf("check the database: %w", err))
	}
	if verdict != "ok" {
		return fmt.Errorf("check the database: %s: %w", verdict, ErrDamaged)
	}
	return nil
}

// damaged tells what SQLite says of a file that it cannot make sense of apart
// from other errors.
func damaged(err error) error {
	var told sqlite3.Error
	if errors.As(err, &told) && (told.Code == sqlite3.ErrCorrupt || told.Code == sqlite3.ErrNotADB) {
		return errors.Join(ErrDamaged, err)
	}
	return err
}
