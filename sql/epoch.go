package sql

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jmoiron/sqlx"
)

// The epoch counts the commits after which something left. It stands in the
// database, and in a file beside it that the commit waits for too: a database
// that counts fewer than the file is older than what was sent, because a
// backup was restored or the database was copied without the file.

const (
	epochFile     = "epoch"
	epochSetting  = "epoch"
	restoredOn    = "restored"  // when an older database was taken on; "" = never
	restoredDone  = "restored/" // + destination: the same instant once it was asked after everything
	noEpoch       = -1          // there is no file
	unreadEpoch   = -2          // what stands in it is no epoch
	journalFolder = os.FileMode(0o700)
)

// An OlderError says that the database is older than what was sent.
type OlderError struct {
	Knows, Seen int64 // commits that sent something: by the database, by the file
	File        string
}

func (e *OlderError) Error() string {
	saw := fmt.Sprintf("it knows of %d groups of requests, and %s of %d", e.Knows, e.File, e.Seen)
	switch e.Seen {
	case noEpoch:
		saw = fmt.Sprintf("it knows of %d groups of requests, and %s is not there", e.Knows, e.File)
	case unreadEpoch:
		saw = e.File + " does not hold a number"
	}
	return "the database is older than what was sent, or a copy (" + saw + "), so nothing is sent: put the newest database, or the file, back; " +
		"or, if this one is to be used, say so with `chartbridge state restored`: the next run then asks each destination before it sends"
}

// KeepJournal names the folder, outside the database's own, that holds what a
// restored database must not forget: the epoch, and the discharges that went.
// It is made 0700. Without one, Store keeps neither.
func (s *Store) KeepJournal(ctx context.Context, dir string, now time.Time) error {
	if err := os.MkdirAll(dir, journalFolder); err != nil {
		return fmt.Errorf("make journal_dir: %w; correct it in the config, or give this user the right to write there", err)
	}
	if err := checkLocal(dir); err != nil {
		return fmt.Errorf("journal_dir: %w", err)
	}
	s.journal = dir
	if err := s.seedDischarges(ctx); err != nil {
		return fmt.Errorf("journal_dir: %w", Damaged(err))
	}
	knows, seen, err := s.epochs(ctx, s.db)
	switch {
	case err != nil:
		return err
	case knows == 0 && seen == noEpoch:
		return s.writeEpoch(0)
	case knows != seen && seen > 0:
		empty, err := s.holdsNothing(ctx)
		if err != nil || !empty {
			return err
		}
		// Nothing in it can be mistaken for the truth. The file stays as it is: this may be a look at a wrong data_dir,
		// and the database that sends first is the one that counts.
		_, err = s.countOn(ctx, func(_, seen int64) int64 { return seen }, "chartbridge", "a new database where another one was", now)
		return err
	}
	return nil
}

func (s *Store) holdsNothing(ctx context.Context) (empty bool, err error) {
	err = s.db.GetContext(ctx, &empty, query("holds-nothing"))
	return empty, wrap(err, "look whether the database is new")
}

// Anew is how many groups of requests left another database, where this one is
// new and holds nothing; else 0.
func (s *Store) Anew(ctx context.Context) (sent int64, err error) {
	empty, err := s.holdsNothing(ctx)
	if err != nil || !empty || s.journal == "" {
		return 0, err
	}
	sent, _, err = s.epochs(ctx, s.db)
	return sent, err
}

// Older reports, as an *OlderError, that the database is older than what was
// sent: until a person takes it on, nothing may be sent.
func (s *Store) Older(ctx context.Context) error {
	_, err := s.notOlder(ctx, s.db)
	return err
}

func (s *Store) notOlder(ctx context.Context, q sqlx.QueryerContext) (knows int64, err error) {
	if s.journal == "" {
		return 0, nil
	}
	knows, seen, err := s.epochs(ctx, q)
	if err == nil && seen < knows && seen >= 0 {
		seen = knows // the file is behind by the commit that a kill cut off before its request left
	}
	if err == nil && knows != seen {
		err = &OlderError{Knows: knows, Seen: seen, File: s.epochPath()}
	}
	return knows, err
}

// TakeOn makes an older database the one that counts, on a person's word. The
// next run asks each destination what it holds before it sends anything.
func (s *Store) TakeOn(ctx context.Context, by string, now time.Time) error {
	if err := s.Older(ctx); err == nil {
		return cannotTake("the database is not older than what was sent, so there is nothing to take on; `chartbridge run` goes on")
	} else if older := new(OlderError); !errors.As(err, &older) {
		return err
	}
	above := func(knows, seen int64) int64 { return max(knows, seen) + 1 } // not the file's: a second copy of this database is then older
	epoch, err := s.countOn(ctx, above, by, "an older database is taken on", now)
	if err != nil {
		return err
	}
	return s.writeEpoch(epoch)
}

// countOn lets the database count on from another number than its own, and ask
// each destination first.
func (s *Store) countOn(ctx context.Context, from func(knows, seen int64) int64, by, what string, now time.Time) (epoch int64, err error) {
	err = s.inTx(ctx, func(tx *sqlx.Tx) error {
		knows, seen, err := s.epochs(ctx, tx)
		if err != nil {
			return err
		}
		epoch = from(knows, seen)
		for name, value := range map[string]string{epochSetting: strconv.FormatInt(epoch, 10), restoredOn: stamp(now)} {
			if _, err := tx.ExecContext(ctx, query("set-setting"), name, value); err != nil {
				return err
			}
		}
		return audit(ctx, tx, now, by, "restore", "database", fmt.Sprintf("%s; it knew of %d groups of requests, the journal of %d", what, knows, seen))
	})
	return epoch, wrap(err, "take on an older database")
}

// Restored reports whether a destination still has to be asked what it holds,
// because an older database was taken on.
func (s *Store) Restored(ctx context.Context, destination string) (bool, error) {
	on, err := s.Setting(ctx, restoredOn)
	if err != nil || on == "" {
		return false, err
	}
	done, err := s.Setting(ctx, restoredDone+destination)
	return done != on, err
}

// Asked ends that for a destination, which was asked after everything.
func (s *Store) Asked(ctx context.Context, destination string) error {
	on, err := s.Setting(ctx, restoredOn)
	if err != nil || on == "" {
		return err
	}
	return s.SetSetting(ctx, restoredDone+destination, on)
}

// nextEpoch counts a commit after which something leaves.
func (s *Store) nextEpoch(ctx context.Context, tx *sqlx.Tx) (int64, error) {
	if s.journal == "" {
		return 0, nil
	}
	knows, err := s.notOlder(ctx, tx)
	if err != nil {
		return 0, err
	}
	_, err = tx.ExecContext(ctx, query("set-setting"), epochSetting, strconv.FormatInt(knows+1, 10))
	return knows + 1, err
}

// epochs reads what the database and the file have counted.
func (s *Store) epochs(ctx context.Context, q sqlx.QueryerContext) (knows, seen int64, err error) {
	var rows []string
	if err := sqlx.SelectContext(ctx, q, &rows, query("setting"), epochSetting); err != nil {
		return 0, 0, fmt.Errorf("read the epoch: %w", err)
	}
	if len(rows) > 0 {
		if knows, err = strconv.ParseInt(rows[0], 10, 64); err != nil {
			return 0, 0, errors.New("read the epoch: the database holds no number")
		}
	}
	s.epoch.Lock() // nobody reads it while it is half written
	text, err := os.ReadFile(s.epochPath())
	s.epoch.Unlock()
	switch {
	case errors.Is(err, os.ErrNotExist):
		return knows, noEpoch, nil
	case err != nil:
		return knows, 0, fmt.Errorf("read the epoch: %w", err)
	}
	if seen, err = strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err != nil || seen < 0 {
		seen = unreadEpoch
	}
	return knows, seen, nil
}

func (s *Store) epochPath() string { return filepath.Join(s.journal, epochFile) }

// writeEpoch brings the number to the disk. It is written in place, always as
// long, within one sector: a power cut leaves the old one or the new one. What
// somebody else wrote behind it would make it no number, and is cut off. Of two
// commits at once the later may write first; the number never goes back.
func (s *Store) writeEpoch(n int64) error {
	s.epoch.Lock()
	defer s.epoch.Unlock()
	if s.journal == "" || n < s.written {
		return nil
	}
	_, missing := os.Lstat(s.epochPath())
	text := fmt.Sprintf("%019d\n", n)
	err := writeSynced(s.epochPath(), os.O_WRONLY|os.O_CREATE, text)
	if err == nil {
		err = os.Truncate(s.epochPath(), int64(len(text)))
	}
	if err == nil && missing != nil {
		err = syncFolder(s.journal)
	}
	if err == nil {
		s.written = n
	}
	return wrap(err, "write the epoch")
}

func writeSynced(path string, flags int, text string) error {
	f, err := os.OpenFile(path, flags|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
