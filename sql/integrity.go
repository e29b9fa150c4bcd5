package sql

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/mattn/go-sqlite3"
)

// ErrDamaged says that the database's file is not what SQLite wrote there.
var ErrDamaged = errors.New("the database is damaged, so nothing is mapped or sent: stop every chartbridge, keep the file, and restore the newest backup; `chartbridge backup --help` says how")

// Check reads the whole database and looks whether its pages and tables are
// sound. It takes time in proportion to the file.
func (s *Store) Check(ctx context.Context) error {
	var verdict string
	if err := s.read.GetContext(ctx, &verdict, "PRAGMA quick_check(1)"); err != nil {
		return Damaged(fmt.Errorf("check the database: %w", err))
	}
	if verdict != "ok" {
		return fmt.Errorf("check the database: %s: %w", verdict, ErrDamaged)
	}
	return nil
}

// CheckWhole is Check, and notes that it was done. It holds every carrier against
// its parts too: nights look at those alone that the database noted.
func (s *Store) CheckWhole(ctx context.Context, now time.Time) error {
	if err := s.Check(ctx); err != nil {
		return err
	}
	if _, err := s.db.ExecContext(ctx, query("note-uncarried")); err != nil {
		return fmt.Errorf("hold what travels inside records against them: %w", err)
	}
	return s.SetSetting(ctx, checkSetting, stamp(now))
}

// A database of more than smallSize bytes is read whole once in checkEvery, and
// after a run that did not come to its end; a smaller one each time: that takes
// less than a second.
const (
	smallSize    = 256 << 20
	checkEvery   = 7 * 24 * time.Hour
	checkSetting = "checked" // when it was last read whole and found sound
)

// CheckDue reports whether the whole database is to be checked.
func (s *Store) CheckDue(ctx context.Context, now time.Time) (bool, error) {
	info, err := os.Stat(s.path)
	if err != nil {
		return false, fmt.Errorf("look whether the database is to be checked: %w", err)
	}
	due, err := s.checkIsDue(ctx, info.Size(), now)
	return due, wrap(err, "look whether the database is to be checked")
}

func (s *Store) checkIsDue(ctx context.Context, size int64, now time.Time) (bool, error) {
	if size <= smallSize {
		return true, nil
	}
	last, err := s.Setting(ctx, checkSetting)
	if err != nil || last < stamp(now.Add(-checkEvery)) || last > stamp(now) {
		return true, err
	}
	var cut bool
	err = s.db.GetContext(ctx, &cut, query("was-cut"), last)
	return cut, err
}

// Recount counts anew what is counted as it changes, and says where that is
// not the same. It reads every record and target.
func (s *Store) Recount(ctx context.Context) error {
	var wrong []string
	if err := s.read.SelectContext(ctx, &wrong, query("recount")); err != nil {
		return fmt.Errorf("count anew: %w", err)
	}
	if len(wrong) > 0 {
		return fmt.Errorf("the counts that are kept are not those of the rows: %s; restore the newest backup, and tell the authors", strings.Join(wrong, ", "))
	}
	return nil
}

// Damaged adds ErrDamaged to an error in which SQLite says that it cannot make
// sense of its file.
func Damaged(err error) error {
	var told sqlite3.Error
	if !errors.Is(err, ErrDamaged) && errors.As(err, &told) && (told.Code == sqlite3.ErrCorrupt || told.Code == sqlite3.ErrNotADB) {
		return errors.Join(ErrDamaged, err)
	}
	return err
}
