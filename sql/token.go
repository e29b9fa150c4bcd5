package sql

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract/drchrono"
	"github.com/jmoiron/sqlx"
)

// Tokens is DrChrono's rotating token pair as a journal, as
// drchrono.TokenStore wants it.
type Tokens struct {
	Store *Store
	Clock etl.Clock
	Seed  string // the config's refresh token: counts again only when it differs from the one that the journal descends from
}

// claimLife is how long a claim to refresh counts whose owner does not end it.
const claimLife = 2 * time.Minute

type tokenRow struct {
	Generation  int64
	State       string
	Access      []byte
	Refresh     []byte
	Seed        []byte
	ObtainedAt  string `db:"obtained_at"`
	ExpiresAt   string `db:"expires_at"`
	Scope, Note string
}

// Load gives the newest pair. A refresh token in the config that the journal
// does not descend from begins a new generation.
func (t *Tokens) Load(ctx context.Context) (drchrono.Token, error) {
	var row tokenRow
	err := t.Store.db.GetContext(ctx, &row, query("token"))
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return drchrono.Token{}, fmt.Errorf("read token: %w", err)
	}
	none := err != nil
	if t.Seed != "" && (none || string(row.Seed) != string(t.seed())) {
		return drchrono.Token{Generation: row.Generation, Refresh: t.Seed}, nil
	}
	if none {
		return drchrono.Token{}, drchrono.ErrNoToken
	}
	token := drchrono.Token{Generation: row.Generation, ObtainedAt: parseStamp(row.ObtainedAt), ExpiresAt: parseStamp(row.ExpiresAt),
		Scope: row.Scope, Refreshing: row.State == "refreshing"}
	if row.State == "dead" {
		return token, nil
	}
	return token, t.open(row, &token)
}

func (t *Tokens) open(row tokenRow, token *drchrono.Token) error {
	for _, part := range []struct {
		name string
		blob []byte
		to   *string
	}{{"access", row.Access, &token.Access}, {"refresh", row.Refresh, &token.Refresh}} {
		plain, err := t.Store.seal.Open(part.blob, "token", part.name, strconv.FormatInt(row.Generation, 10))
		if err != nil {
			return err
		}
		*part.to = string(plain)
	}
	return nil
}

func (t *Tokens) seed() []byte {
	if t.Seed == "" {
		return []byte{}
	}
	sum := sha256.Sum256([]byte("chartbridge seed " + t.Seed))
	return sum[:16]
}

// Begin claims the refresh of a generation. The config's own refresh token is
// stored as a generation first, so that its claim is durable too.
func (t *Tokens) Begin(ctx context.Context, generation int64) (ok bool, err error) {
	now := t.Clock.Now()
	err = t.Store.inTx(ctx, func(tx *sqlx.Tx) error {
		if err := t.plant(ctx, tx, generation, now); err != nil {
			return err
		}
		claim := fmt.Sprintf("%s %s", stamp(now), t.Store.holder)
		res, err := tx.ExecContext(ctx, query("claim-token"), claim, generation, stamp(now.Add(-claimLife)), t.Store.holder)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		ok = n == 1
		return err
	})
	return ok, wrap(err, "claim the token refresh")
}

// plant stores the config's refresh token as the generation that is about to
// be refreshed, where the journal does not descend from it.
func (t *Tokens) plant(ctx context.Context, tx *sqlx.Tx, generation int64, now time.Time) error {
	var row tokenRow
	err := tx.GetContext(ctx, &row, query("token"))
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if t.Seed == "" || (err == nil && string(row.Seed) == string(t.seed())) {
		return nil
	}
	if err == nil { // a new seed replaces a journal that descends from another
		if _, err := tx.ExecContext(ctx, "DELETE FROM token WHERE generation = ?", generation); err != nil {
			return err
		}
	}
	return t.put(ctx, tx, drchrono.Token{Generation: generation, Refresh: t.Seed, ObtainedAt: now})
}

// Save keeps the next generation; it is synced before it returns, since the
// pair is used right after it.
func (t *Tokens) Save(ctx context.Context, token drchrono.Token) error {
	err := t.Store.inTx(ctx, func(tx *sqlx.Tx) error { return t.put(ctx, tx, token) })
	return wrap(err, "save token")
}

func (t *Tokens) put(ctx context.Context, tx *sqlx.Tx, token drchrono.Token) error {
	if _, err := tx.ExecContext(ctx, query("spend-tokens"), token.Generation); err != nil {
		return err
	}
	n := strconv.FormatInt(token.Generation, 10)
	_, err := tx.ExecContext(ctx, query("put-token"), token.Generation, t.Store.seal.Seal([]byte(token.Access), "token", "access", n),
		t.Store.seal.Seal([]byte(token.Refresh), "token", "refresh", n), t.seed(), stamp(token.ObtainedAt), stamp(token.ExpiresAt), token.Scope)
	return err
}

// Abandon ends a generation for ever.
func (t *Tokens) Abandon(ctx context.Context, generation int64, reason string) error {
	return t.state(ctx, generation, "dead", reason)
}

// Release takes a claim back: the refresh did not happen.
func (t *Tokens) Release(ctx context.Context, generation int64) error {
	return t.state(ctx, generation, "active", "")
}

func (t *Tokens) state(ctx context.Context, generation int64, state, note string) error {
	_, err := t.Store.db.ExecContext(ctx, query("token-state"), state, note, generation)
	return wrap(err, "mark token %s", state)
}
