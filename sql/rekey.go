package sql

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
)

// A change of key seals every blob anew, some hundred in one commit. While it
// is under way the database names both keys and opens to nobody else; killed,
// it is begun again and goes on with what the old key still seals.

const (
	keySetting   = "key_id"
	rekeySetting = "rekey_to" // the key that a change under way leads to; "" = none is
	rekeyBatch   = 500
)

func keyName(s *Sealer) string { return "key " + s.KeyID() }

// OpenToRekey opens a database for Rekey, with the key that it was sealed with
// so far.
func OpenToRekey(ctx context.Context, dir string, old *Sealer, holder string) (*Store, error) {
	if _, err := os.Stat(filepath.Join(dir, FileName)); err != nil {
		return nil, cannotTake("there is no database in data_dir yet, so there is no key to change; write the new key into encryption_key")
	}
	return open(ctx, dir, old, holder, func(s *Store, _ context.Context) error {
		s.rekeying = true
		return nil
	})
}

// Rekey seals everything with another key, and gives the number of blobs that
// it sealed. Nobody else may have the database open: its caller holds the
// leases. The store is of no further use.
func (s *Store) Rekey(ctx context.Context, to *Sealer, by string, now time.Time) (sealed int, err error) {
	begun, err := s.beginRekey(ctx, to, by, now)
	if err != nil || !begun {
		return 0, err
	}
	with := *to
	with.pack = s.seal.pack // the dictionaries stay as they are, and are sealed anew last
	for _, c := range SealedColumns {
		n, err := s.rekeyColumn(ctx, c, &with)
		sealed += n
		if err != nil {
			return sealed, fmt.Errorf("seal %s.%s anew: %w; nothing is lost: run the same command again", c.Table, c.Column, err)
		}
	}
	return sealed, s.endRekey(ctx, to, by, now, sealed)
}

// beginRekey notes which key everything is sealed with from here on; false
// where it is already.
func (s *Store) beginRekey(ctx context.Context, to *Sealer, by string, now time.Time) (begun bool, err error) {
	err = s.inTx(ctx, func(tx *sqlx.Tx) error {
		have, toward, err := keys(ctx, tx)
		switch {
		case err != nil:
			return err
		case toward == "" && have == keyName(to):
			return nil
		case have != keyName(s.seal):
			return cannotTake("the old key is not the one that this database is sealed with; name the file of the one that is")
		case toward != "" && toward != keyName(to):
			return cannotTake("a change to another key was begun: give that key, and change it once more after it")
		}
		begun = true
		if toward != "" {
			return nil
		}
		if _, err := tx.ExecContext(ctx, query("set-setting"), rekeySetting, keyName(to)); err != nil {
			return err
		}
		return audit(ctx, tx, now, by, "rekey", "database", "begun: "+have+" to "+keyName(to))
	})
	return begun, wrap(err, "begin the change of key")
}

func keys(ctx context.Context, q sqlx.QueryerContext) (have, toward string, err error) {
	for name, to := range map[string]*string{keySetting: &have, rekeySetting: &toward} {
		var rows []string
		if err := sqlx.SelectContext(ctx, q, &rows, query("setting"), name); err != nil {
			return "", "", fmt.Errorf("read setting %s: %w", name, err)
		}
		if len(rows) > 0 {
			*to = rows[0]
		}
	}
	return have, toward, nil
}

type sealedRow struct {
	Row   int64
	Blob  []byte
	Place string
}

// rekeyColumn seals a column's blobs anew, in the order of their rows.
func (s *Store) rekeyColumn(ctx context.Context, c SealedColumn, to *Sealer) (sealed int, err error) {
	list := "SELECT rowid AS row, " + c.Column + " AS blob, " + strings.Join(c.Place, " || char(31) || ") + " AS place FROM " + c.Table +
		" WHERE length(" + c.Column + ") > 1 AND rowid > ? ORDER BY rowid LIMIT ?"
	put := "UPDATE " + c.Table + " SET " + c.Column + " = ? WHERE rowid = ?"
	for after := int64(0); ; {
		var rows []sealedRow
		err := s.inTx(ctx, func(tx *sqlx.Tx) error {
			if err := tx.SelectContext(ctx, &rows, list, after, rekeyBatch); err != nil {
				return err
			}
			for _, r := range rows {
				if to.sealed(r.Blob) {
					continue
				}
				place := strings.Split(r.Place, "\x1f")
				plain, err := s.seal.Open(r.Blob, place...)
				if err != nil {
					return err
				}
				if _, err := tx.ExecContext(ctx, put, to.Seal(plain, place...), r.Row); err != nil {
					return err
				}
				sealed++
			}
			return nil
		})
		if err != nil || len(rows) == 0 {
			return sealed, err
		}
		after = rows[len(rows)-1].Row
	}
}

// endRekey opens the database to the new key alone, once nothing is left that
// it does not open.
func (s *Store) endRekey(ctx context.Context, to *Sealer, by string, now time.Time, sealed int) error {
	err := s.inTx(ctx, func(tx *sqlx.Tx) error {
		for _, c := range SealedColumns {
			var first []byte
			err := tx.GetContext(ctx, &first, "SELECT coalesce((SELECT "+c.Column+" FROM "+c.Table+" WHERE length("+c.Column+") > 1 AND substr("+c.Column+", 1, ?) <> ? LIMIT 1), x'')",
				len(to.head()), to.head())
			if err != nil {
				return err
			}
			if len(first) > 0 {
				return fmt.Errorf("%s.%s holds what the new key does not open", c.Table, c.Column)
			}
		}
		for name, value := range map[string]string{keySetting: keyName(to), rekeySetting: ""} {
			if _, err := tx.ExecContext(ctx, query("set-setting"), name, value); err != nil {
				return err
			}
		}
		return audit(ctx, tx, now, by, "rekey", "database", fmt.Sprintf("done: %s, %d payloads in this pass", keyName(to), sealed))
	})
	return wrap(err, "end the change of key")
}

// ErrOtherKey says that the database was sealed with another key.
var ErrOtherKey = errors.New("encryption_key is not the key that this database is sealed with")

// DoOtherKey is what to do then.
const DoOtherKey = "give the old key back, or change it with `chartbridge rekey --old-key FILE`"

// checkKey refuses a key other than the one that the database was begun with:
// half the rows would not open.
func (s *Store) checkKey(ctx context.Context) error {
	have, toward, err := keys(ctx, s.db)
	switch {
	case err != nil:
		return err
	case toward != "":
		return errors.New("a change of encryption_key was begun and is not done: run `chartbridge rekey` again with the same two keys; nothing is lost")
	case have == "":
		return s.SetSetting(ctx, keySetting, keyName(s.seal))
	case have != keyName(s.seal):
		return fmt.Errorf("%w: %s", ErrOtherKey, DoOtherKey)
	}
	return nil
}

// StillKeyed reports an error where the key was changed since the database was
// opened: what this process seals, nobody could open.
func (s *Store) StillKeyed(ctx context.Context) error { return s.stillKeyed(ctx, s.db) }

func (s *Store) stillKeyed(ctx context.Context, q sqlx.QueryerContext) error {
	if s.rekeying {
		return nil
	}
	have, toward, err := keys(ctx, q)
	if err == nil && (toward != "" || have != keyName(s.seal)) {
		err = errors.New("encryption_key is being changed, or was: start again with the new one")
	}
	return err
}
