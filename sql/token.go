package sql

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
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
	Gone  func(holder string) bool // whether a process no longer runs; nil: nobody can tell
	Seed  string                   // the config's refresh token: counts again only when it differs from the one that the journal descends from
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
	row, none, err := newest(ctx, t.Store.db)
	if err != nil {
		return drchrono.Token{}, err
	}
	foreign, err := t.foreign(ctx, t.Store.db, row, none)
	if err != nil {
		return drchrono.Token{}, err
	}
	if foreign {
		return drchrono.Token{Generation: row.after(none), Refresh: t.Seed}, nil
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

// foreign reports whether the config names a refresh token that the journal
// does not descend from. One that it descended from before is spent: it must not
// end a consent that lives, as where an environment of old comes back.
func (t *Tokens) foreign(ctx context.Context, q sqlx.QueryerContext, row tokenRow, none bool) (bool, error) {
	if t.Seed == "" || none || string(row.Seed) == string(t.seed()) {
		return t.Seed != "" && none, nil
	}
	var spent bool
	err := sqlx.GetContext(ctx, q, &spent, query("seed-spent"), t.seed())
	return !spent || row.State == "dead", wrap(err, "look for the config's refresh token")
}

// after is the generation that a new seed is planted as: 0 in an empty
// journal, else the next one, so that no generation means two pairs.
func (row tokenRow) after(none bool) int64 {
	if none {
		return 0
	}
	return row.Generation + 1
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
		if current, err := t.plant(ctx, tx, generation, now); err != nil || !current {
			return err
		}
		mine, err := t.claimable(ctx, tx)
		if err != nil {
			return err
		}
		claim := fmt.Sprintf("%s %s", stamp(now), t.Store.holder)
		res, err := tx.ExecContext(ctx, query("claim-token"), claim, generation, stamp(now.Add(-claimLife)), mine)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		ok = n == 1
		return err
	})
	return ok, wrap(err, "claim the token refresh")
}

// claimable is whose claim can be claimed again at once: one's own, or that of
// a process that is gone. Its request has ended with it, so that waiting would
// change nothing of what DrChrono made of it.
func (t *Tokens) claimable(ctx context.Context, tx *sqlx.Tx) (holder string, err error) {
	row, _, err := newest(ctx, tx)
	if err != nil {
		return "", err
	}
	_, holder, _ = strings.Cut(row.Note, " ")
	if row.State == "refreshing" && t.Gone != nil && t.Gone(holder) {
		return holder, nil
	}
	return t.Store.holder, nil
}

// plant stores the config's refresh token as the generation that is about to
// be refreshed, where the journal does not descend from it. If the journal has
// moved on since the caller looked, nothing is planted, and the generation is
// not current.
func (t *Tokens) plant(ctx context.Context, tx *sqlx.Tx, generation int64, now time.Time) (current bool, err error) {
	row, none, err := newest(ctx, tx)
	if err != nil {
		return false, err
	}
	if foreign, err := t.foreign(ctx, tx, row, none); err != nil || !foreign {
		return err == nil, err
	}
	if generation != row.after(none) {
		return false, nil
	}
	return true, t.put(ctx, tx, drchrono.Token{Generation: generation, Refresh: t.Seed, ObtainedAt: now})
}

// newest is the last generation of the journal.
func newest(ctx context.Context, q sqlx.QueryerContext) (row tokenRow, none bool, err error) {
	err = sqlx.GetContext(ctx, q, &row, query("token"))
	if errors.Is(err, sql.ErrNoRows) {
		return row, true, nil
	}
	return row, false, wrap(err, "read token")
}

// Save keeps the next generation; it is synced before it returns, since the
// pair is used right after it.
func (t *Tokens) Save(ctx context.Context, token drchrono.Token) error {
	err := t.Store.inTx(ctx, func(tx *sqlx.Tx) error { return t.put(ctx, tx, token) })
	return wrap(err, "save token")
}

func (t *Tokens) put(ctx context.Context, tx *sqlx.Tx, token drchrono.Token) error {
	seed, err := t.descent(ctx, tx)
	if err != nil {
		return err
	}
	if err := t.Store.stillKeyed(ctx, tx); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, query("spend-tokens"), token.Generation); err != nil {
		return err
	}
	n := strconv.FormatInt(token.Generation, 10)
	_, err = tx.ExecContext(ctx, query("put-token"), token.Generation, t.Store.seal.Seal([]byte(token.Access), "token", "access", n),
		t.Store.seal.Seal([]byte(token.Refresh), "token", "refresh", n), seed, stamp(token.ObtainedAt), stamp(token.ExpiresAt), token.Scope)
	return err
}

// descent is the hash of the seed that a new generation descends from. A
// config that names none any more, or an earlier one, changes nothing of it: the
// old seed, written back later, is still the used one.
func (t *Tokens) descent(ctx context.Context, tx *sqlx.Tx) ([]byte, error) {
	row, none, err := newest(ctx, tx)
	if err != nil || none {
		return t.seed(), err
	}
	if foreign, err := t.foreign(ctx, tx, row, none); err != nil || foreign {
		return t.seed(), err
	}
	return row.Seed, nil
}

// Abandon ends a generation for ever, also one that stands only in the config
// so far.
func (t *Tokens) Abandon(ctx context.Context, generation int64, reason string) error {
	now := t.Clock.Now()
	err := t.Store.inTx(ctx, func(tx *sqlx.Tx) error {
		if _, err := t.plant(ctx, tx, generation, now); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, query("token-state"), "dead", reason, generation)
		return err
	})
	return wrap(err, "mark token dead")
}

// Release takes a claim back: the refresh did not happen.
func (t *Tokens) Release(ctx context.Context, generation int64) error {
	_, err := t.Store.db.ExecContext(ctx, query("token-state"), "active", "", generation)
	return wrap(err, "give the token refresh back")
}

// Health is how the stored consent stands. It holds no secret.
type Health struct {
	Generation int64
	State      string // none, seed (the config's, not used yet), active, refreshing, spent, dead
	Obtained   time.Time
	Expires    time.Time
	Scope      string // as granted, separated by spaces
	Note       string // why it is dead
}

// Health reads how the stored consent stands.
func (t *Tokens) Health(ctx context.Context) (Health, error) {
	row, none, err := newest(ctx, t.Store.db)
	if err != nil {
		return Health{}, err
	}
	foreign, err := t.foreign(ctx, t.Store.db, row, none)
	switch {
	case err != nil:
		return Health{}, err
	case foreign:
		return Health{Generation: row.after(none), State: "seed"}, nil
	case none:
		return Health{State: "none"}, nil
	}
	h := Health{Generation: row.Generation, State: row.State, Obtained: parseStamp(row.ObtainedAt), Expires: parseStamp(row.ExpiresAt), Scope: row.Scope}
	if row.State == "dead" {
		h.Note = row.Note
	}
	return h, nil
}

// Scope is the granted scope of the newest token, "" where it is not known.
func (t *Tokens) Scope(ctx context.Context) string {
	h, err := t.Health(ctx)
	if err != nil {
		return "" // what matters of a broken journal, the next call says
	}
	return h.Scope
}
