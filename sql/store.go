// Package sql holds the staging database: its schema and queries as .sql
// files, and the Go that embeds and runs them. It is the only user of sqlx and
// go-sqlite3, and only cmd imports it; the stages see it through interfaces of
// their own.
package sql

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/mattn/go-sqlite3"
)

//go:embed schema/*.sql
var schemaFiles embed.FS

// A Store is one practice's staging database.
type Store struct {
	db           *sqlx.DB // one connection: SQLite has one writer
	read         *sqlx.DB // readers beside it
	dictionaries *sqlx.DB // opened when one is looked up
	seal         *Sealer
	path         string
	file         os.FileInfo // of the database, as it was opened
	holder       string      // this process, in leases and deliveries
	open         []string    // what others could read when it was opened, a sentence each

	rekeying bool   // it is open for a change of key alone
	journal  string // the folder of what outlives the database; "" = none is kept

	epoch   sync.Mutex // guards the epoch's file
	written int64      // the last that this process wrote
}

// ErrNewer says that the database was written by a newer program.
var ErrNewer = errors.New("the database is newer than this program: install the newer version, or restore a backup from before it")

// FileName is the staging database's name within the data directory.
const FileName = "chartbridge.db"

// Open opens or makes the staging database in dir (0700, the file 0600),
// tightening what is wider, brings its schema up to date and checks that the
// settings which durability hangs on are really in force. holder names this process in leases.
func Open(ctx context.Context, dir string, seal *Sealer, holder string) (*Store, error) {
	return open(ctx, dir, seal, holder, (*Store).checkKey)
}

func open(ctx context.Context, dir string, seal *Sealer, holder string, key func(*Store, context.Context) error) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make data_dir: %w; correct it in the config, or give this user the right to write there", err)
	}
	if err := checkLocal(dir); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, FileName)
	wide := tighten(dir, path, path+"-wal", path+"-shm")
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	info, err := f.Stat()
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	own := *seal // its dictionaries are this database's
	seal = &own
	if seal.pack, err = newPacker(); err != nil {
		return nil, err
	}
	s := &Store{seal: seal, path: path, file: info, holder: holder, open: wide}
	s.db = openPool(path, "immediate", seal, 1)
	s.read = openPool(path, "deferred", seal, 4)
	s.dictionaries = openPool(path, "deferred", seal, 1)
	seal.pack.find = s.findDictionary
	err = s.prepare(ctx)
	if err == nil {
		err = key(s, ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("database %s: %w", path, Damaged(err)), s.Close())
	}
	return s, nil
}

// tighten takes from others what they may do with the database and its folder,
// and says what it found so. Where this user may not, as in a folder that is
// mounted, it is told all the same; a folder of everybody's, as /tmp, is left.
func tighten(paths ...string) (told []string) {
	const others = 0o077
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm()&others == 0 {
			continue
		}
		became := "it is closed to them now"
		if info.Mode()&os.ModeSticky != 0 || os.Chmod(path, info.Mode()&^others) != nil {
			became = "it could not be closed to them: give data_dir a folder of its own, which belongs to this user"
		}
		told = append(told, fmt.Sprintf("%s had mode %04o, in which others may read what is staged; %s", path, info.Mode().Perm(), became))
	}
	return told
}

// FoundOpen says what of the database and its folder others could read when it
// was opened, a sentence each.
func (s *Store) FoundOpen() []string { return s.open }

func (s *Store) prepare(ctx context.Context) error {
	if err := s.migrate(ctx); err != nil {
		return err
	}
	return s.assertSettings(ctx)
}

// ErrReplaced says that the open database is no longer the one in data_dir.
var ErrReplaced = errors.New("the database's file was replaced or taken away while it was open, so what is written now is lost with it: " +
	"see that data_dir holds the right file, and start again")

// inPlace refuses to go on in a file that others do not find.
func (s *Store) inPlace() error {
	info, err := os.Stat(s.path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !os.SameFile(info, s.file) {
		return fmt.Errorf("database %s: %w", s.path, ErrReplaced)
	}
	return wrap(err, "look for the database")
}

// Close moves the write-ahead log into the database and closes it.
func (s *Store) Close() error {
	_, err := s.db.Exec("PRAGMA wal_checkpoint(TRUNCATE)")
	return errors.Join(err, s.read.Close(), s.dictionaries.Close(), s.db.Close())
}

// Checkpoint moves the write-ahead log into the database and cuts it to
// nothing, with what was overwritten in it. Where readers are in its way, the
// next one does.
func (s *Store) Checkpoint(ctx context.Context) error {
	if _, err := s.db.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		return fmt.Errorf("move the log into the database: %w", err)
	}
	return s.Shrink(ctx)
}

// Shrink gives the writer's page cache back, which nobody needs until the next
// work: one process may hold hundreds of practices. Readers give theirs back by
// themselves.
func (s *Store) Shrink(ctx context.Context) error {
	_, err := s.db.ExecContext(ctx, "PRAGMA shrink_memory")
	return wrap(err, "give memory back")
}

// Path is where the database lies.
func (s *Store) Path() string { return s.path }

// connector opens connections whose hook sets every pragma, so that no pooled
// connection runs without them.
type connector struct {
	dsn   string
	seal  *Sealer
	cache int // KiB of pages
}

func (c connector) Connect(context.Context) (driver.Conn, error) { return c.Driver().Open(c.dsn) }

func (c connector) Driver() driver.Driver {
	return &sqlite3.SQLiteDriver{ConnectHook: func(conn *sqlite3.SQLiteConn) error {
		for _, pragma := range append(slices.Clone(pragmas), fmt.Sprintf("cache_size = -%d", c.cache)) {
			_, err := conn.Exec("PRAGMA "+pragma, nil)
			var told sqlite3.Error
			for n := 0; n < 1000 && errors.As(err, &told) && told.Code == sqlite3.ErrBusy; n++ {
				time.Sleep(10 * time.Millisecond) // another makes the database: nothing waits for that turn by itself
				_, err = conn.Exec("PRAGMA "+pragma, nil)
			}
			if err != nil {
				return fmt.Errorf("pragma %s: %w", pragma, err)
			}
		}
		return conn.RegisterFunc("unseal", func(blob []byte, place ...string) (string, error) {
			plain, err := c.seal.Open(blob, place...)
			return string(plain), err
		}, true)
	}}
}

// pragmas of every connection. page_size comes before anything that
// writes, and before the cache, which is reckoned by it.
// synchronous=FULL: an intent that vanished after its request left would be a
// record sent twice.
var pragmas = []string{
	"busy_timeout = 10000", "page_size = 16384", "journal_mode = WAL", "synchronous = FULL",
	"foreign_keys = ON", "secure_delete = ON", "temp_store = MEMORY", "trusted_schema = OFF",
	"cell_size_check = ON",
}

// A connection keeps so many KiB of pages. The writer touches those of each index
// again and again; a reader mostly goes along them.
const writerCache, readerCache = 16384, 4096

func openPool(path, lock string, seal *Sealer, conns int) *sqlx.DB {
	dsn := "file:" + (&url.URL{Path: path}).EscapedPath() + "?_stmt_cache_size=64&_txlock=" + lock
	cache := readerCache
	if lock == "immediate" {
		cache = writerCache
	}
	db := sql.OpenDB(connector{dsn, seal, cache})
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	if conns > 1 {
		db.SetConnMaxIdleTime(time.Minute) // a reader's cache is not kept until the next night
	}
	return sqlx.NewDb(db, "sqlite3")
}

// migrate applies the schema files that the database does not have yet, each
// in one transaction with the version, which is the number of the file's name.
func (s *Store) migrate(ctx context.Context) error {
	entries, err := schemaFiles.ReadDir("schema")
	if err != nil {
		return fmt.Errorf("read schema: %w", err)
	}
	sort.Slice(entries, func(i, j int) bool { return entries[i].Name() < entries[j].Name() })
	var have int
	if err := s.db.GetContext(ctx, &have, "PRAGMA user_version"); err != nil {
		return fmt.Errorf("read schema version: %w", err)
	}
	if have > version(entries[len(entries)-1]) {
		return ErrNewer
	}
	for _, file := range entries {
		if version(file) <= have {
			continue
		}
		text, err := schemaFiles.ReadFile("schema/" + file.Name())
		if err != nil {
			return fmt.Errorf("read schema: %w", err)
		}
		err = s.inTx(ctx, func(tx *sqlx.Tx) error {
			// Another process may have applied it since, and have gone on.
			if err := tx.GetContext(ctx, &have, "PRAGMA user_version"); err != nil || version(file) <= have {
				return err
			}
			_, err := tx.ExecContext(ctx, fmt.Sprintf("%s;\nPRAGMA user_version = %d;", text, version(file)))
			return err
		})
		if err != nil {
			return fmt.Errorf("apply schema %s: %w", file.Name(), err)
		}
	}
	return nil
}

// version is the number that a schema file's name begins with.
func version(file fs.DirEntry) int {
	digits, _, _ := strings.Cut(file.Name(), "_")
	n, err := strconv.Atoi(digits)
	if err != nil {
		panic("schema file " + file.Name() + " begins with no number") // it is part of the program
	}
	return n
}

// assertSettings refuses to work on a database whose settings did not take.
func (s *Store) assertSettings(ctx context.Context) error {
	want := map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "secure_delete": "1"}
	for name, value := range want {
		var got string
		if err := s.db.GetContext(ctx, &got, "PRAGMA "+name); err != nil {
			return fmt.Errorf("read setting %s: %w", name, err)
		}
		if got != value {
			return fmt.Errorf("setting %s is %s, it must be %s; is data_dir on a local disk?", name, got, value)
		}
	}
	return nil
}

// Setting reads a small value; "" if it was never set.
func (s *Store) Setting(ctx context.Context, name string) (string, error) {
	var v string
	err := s.db.GetContext(ctx, &v, query("setting"), name)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read setting %s: %w", name, err)
	}
	return v, nil
}

// SetSetting writes a small value.
func (s *Store) SetSetting(ctx context.Context, name, value string) error {
	if _, err := s.db.ExecContext(ctx, query("set-setting"), name, value); err != nil {
		return fmt.Errorf("write setting %s: %w", name, err)
	}
	return nil
}

const stampLayout = "2006-01-02T15:04:05.000Z"

// stamp writes an instant the one way that the database writes instants; such
// text sorts by time.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(stampLayout)
}

func parseStamp(s string) time.Time {
	t, err := time.Parse(stampLayout, s)
	if err != nil {
		return time.Time{}
	}
	return t
}
