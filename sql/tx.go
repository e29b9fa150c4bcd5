package sql

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"
)

// inTx runs f in one immediate transaction.
func (s *Store) inTx(ctx context.Context, f func(*sqlx.Tx) error) error {
	tx, err := s.db.BeginTxx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	return finish(tx, f)
}

func finish(tx *sqlx.Tx, f func(*sqlx.Tx) error) error {
	defer func() { _ = tx.Rollback() }() // after a panic; else there is nothing left of it
	if err := f(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// inTxSoon is inTx for what may be done again after a power failure: a kill
// takes nothing of it back, but it reaches the disk with the next transaction
// of inTx's, which is written after it, and never without those before it.
func (s *Store) inTxSoon(ctx context.Context, f func(*sqlx.Tx) error) error {
	conn, err := s.db.Connx(ctx)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer keepFull(conn)
	if _, err := conn.ExecContext(ctx, "PRAGMA synchronous = NORMAL"); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	tx, err := conn.BeginTxx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	return finish(tx, f)
}

// keepFull gives a connection back with the durability that all others rely
// on; one that does not take it is thrown away.
func keepFull(conn *sqlx.Conn) {
	if _, err := conn.ExecContext(context.Background(), "PRAGMA synchronous = FULL"); err != nil {
		_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	}
	_ = conn.Close() // it says only that the connection is gone already
}
