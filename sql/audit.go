package sql

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// Audit adds a line to the audit log: who did what to which record, why, with
// which result. Each line holds the hash of the one before, so that a changed
// or missing line shows.
func (s *Store) Audit(ctx context.Context, at time.Time, actor, action, subject, detail string) error {
	return s.inTx(ctx, func(tx *sqlx.Tx) error { return audit(ctx, tx, at, actor, action, subject, detail) })
}

// audit adds the line in a transaction that does more.
func audit(ctx context.Context, tx *sqlx.Tx, at time.Time, actor, action, subject, detail string) error {
	var last struct {
		Seq  int64
		Hash []byte
	}
	err := tx.GetContext(ctx, &last, query("last-audit"))
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("read the audit log: %w", err)
	}
	if last.Hash == nil {
		last.Hash = []byte{}
	}
	line := auditHash(last.Seq+1, stamp(at), actor, action, subject, detail, last.Hash)
	_, err = tx.ExecContext(ctx, query("add-audit"), last.Seq+1, stamp(at), actor, action, subject, detail, last.Hash, line)
	return wrap(err, "write the audit log")
}

func auditHash(seq int64, at, actor, action, subject, detail string, prev []byte) []byte {
	h := sha256.New()
	fmt.Fprintf(h, "%d\x1f%s\x1f%s\x1f%s\x1f%s\x1f%s\x1f%x", seq, at, actor, action, subject, detail, prev)
	return h.Sum(nil)
}

// VerifyAudit reads the audit log from its beginning and gives its length. A
// line that was changed, added or taken away is an error that names it.
func (s *Store) VerifyAudit(ctx context.Context) (lines int, err error) {
	var rows []struct {
		Seq                                int64
		At, Actor, Action, Subject, Detail string
		Prev, Hash                         []byte
	}
	if err := s.db.SelectContext(ctx, &rows, query("audit")); err != nil {
		return 0, fmt.Errorf("read the audit log: %w", err)
	}
	prev := []byte{}
	for i, r := range rows {
		want := auditHash(r.Seq, r.At, r.Actor, r.Action, r.Subject, r.Detail, prev)
		if r.Seq != int64(i+1) || string(r.Prev) != string(prev) || string(r.Hash) != string(want) {
			return i, fmt.Errorf("audit line %d does not fit the one before: the log was changed, or a line is missing", r.Seq)
		}
		prev = r.Hash
	}
	return len(rows), nil
}
