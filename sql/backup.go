package sql

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"github.com/jmoiron/sqlx"
	"github.com/mattn/go-sqlite3"
)

// A Copied is what a backup holds.
type Copied struct {
	Bytes      int64 `json:"bytes"`
	Records    int   `json:"records"`
	Targets    int   `json:"targets"`
	Deliveries int   `json:"deliveries"`
}

// backupStep is how many pages are copied between two looks at the context.
const backupStep = 512

// Backup copies the database as it is at one moment into a new file that only
// its owner may read, while others go on writing. Payloads stay sealed with
// the same key. The copy is synced, opened, checked whole, and counted against
// that moment. A file that is there already is fs.ErrExist and stays as it is;
// one that could not be finished is removed.
func (s *Store) Backup(ctx context.Context, path string) (c Copied, err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return c, fmt.Errorf("begin the backup: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, discard(path))
		}
	}()
	if err := f.Close(); err != nil {
		return c, fmt.Errorf("begin the backup: %w", err)
	}
	want, err := s.copyTo(ctx, path)
	if err != nil {
		return c, fmt.Errorf("copy the database: %w", err)
	}
	if err := syncBackup(path); err != nil {
		return c, fmt.Errorf("save the backup: %w", err)
	}
	c, err = inspect(ctx, path)
	if err != nil {
		return c, fmt.Errorf("check the backup: %w", err)
	}
	if got := (Copied{0, c.Records, c.Targets, c.Deliveries}); got != want {
		return c, fmt.Errorf("check the backup: it holds %+v, the database %+v", got, want)
	}
	return c, nil
}

// copyTo copies under one read transaction, which fixes what is seen, and
// counts under the same one.
func (s *Store) copyTo(ctx context.Context, path string) (counts Copied, err error) {
	source, err := s.read.Connx(ctx)
	if err != nil {
		return counts, err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	tx, err := source.BeginTxx(ctx, nil)
	if err != nil {
		return counts, err
	}
	defer func() { err = errors.Join(err, tx.Rollback()) }()
	if err := tx.GetContext(ctx, &counts, query("backup-counts")); err != nil {
		return counts, err
	}
	return counts, source.Raw(func(conn any) error { return copyRaw(ctx, conn, path) })
}

// copyRaw copies what a driver's connection sees, page by page, and makes one
// file of it that needs no log beside it.
func copyRaw(ctx context.Context, source any, path string) (err error) {
	from, ok := source.(*sqlite3.SQLiteConn)
	if !ok {
		return fmt.Errorf("a connection of type %T cannot be copied", source)
	}
	conn, err := (&sqlite3.SQLiteDriver{}).Open(fileName(path))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	to, ok := conn.(*sqlite3.SQLiteConn)
	if !ok {
		return fmt.Errorf("a connection of type %T cannot be written", conn)
	}
	backup, err := to.Backup("main", from, "main")
	if err != nil {
		return err
	}
	for done := false; !done && err == nil; {
		if err = ctx.Err(); err == nil {
			done, err = backup.Step(backupStep)
		}
	}
	if err = errors.Join(err, backup.Finish()); err != nil {
		return err
	}
	_, err = to.Exec("PRAGMA journal_mode = DELETE", []driver.Value{})
	return err
}

// inspect opens a copy for reading, checks it whole and counts.
func inspect(ctx context.Context, path string) (c Copied, err error) {
	db, err := sqlx.Open("sqlite3", fileName(path)+"?mode=ro&immutable=1")
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var verdict string
	if err := db.GetContext(ctx, &verdict, "PRAGMA integrity_check(1)"); err != nil {
		return c, err
	}
	if verdict != "ok" {
		return c, errors.New("its integrity check fails: " + verdict)
	}
	if err := db.GetContext(ctx, &c, query("backup-counts")); err != nil {
		return c, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return c, err
	}
	c.Bytes = info.Size()
	return c, nil
}

func fileName(path string) string { return "file:" + (&url.URL{Path: path}).EscapedPath() }

// syncBackup brings the file and its name to the disk.
func syncBackup(path string) error {
	for _, name := range []string{path, filepath.Dir(path)} {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		if err := errors.Join(f.Sync(), f.Close()); err != nil {
			return err
		}
	}
	return nil
}

// discard removes a backup that was begun, with what SQLite left beside it.
func discard(path string) error {
	err := os.Remove(path)
	for _, suffix := range []string{"-journal", "-wal", "-shm"} {
		if more := os.Remove(path + suffix); more != nil && !errors.Is(more, os.ErrNotExist) {
			err = errors.Join(err, more)
		}
	}
	return err
}
