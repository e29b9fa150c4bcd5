package sql

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/jmoiron/sqlx"
)

// TestDurabilityIsSetEachTime: SQLite sets how a connection syncs, and reads it,
// when the words are compiled. A statement that the driver keeps is not compiled
// again, and would set nothing the second time.
func TestDurabilityIsSetEachTime(t *testing.T) {
	s, ctx := openReportStore(t), t.Context() // one that can end, as a run's: only then does the driver keep statements without arguments
	s.db.SetMaxOpenConns(1)                   // the very connection that was set otherwise comes back
	asked := 0
	synced := func(tx *sqlx.Tx) (level int, err error) {
		asked++ // other words each time: so they are compiled
		return level, tx.GetContext(ctx, &level, fmt.Sprintf("PRAGMA synchronous /* %d */", asked))
	}
	failed := errors.New("failed")
	for round := range 3 {
		for _, step := range []struct {
			name string
			in   func(context.Context, func(*sqlx.Tx) error) error
			ends error
			want int
		}{{"soon", s.inTxSoon, nil, 1}, {"at once", s.inTx, nil, 2}, {"soon, and fails", s.inTxSoon, failed, 1}, {"at once after it", s.inTx, nil, 2}} {
			var got int
			err := step.in(ctx, func(tx *sqlx.Tx) (err error) {
				if got, err = synced(tx); err != nil {
					return err
				}
				return step.ends
			})
			if !errors.Is(err, step.ends) || got != step.want {
				t.Errorf("round %d, %s: synchronous is %d (%v), want %d", round, step.name, got, err, step.want)
			}
		}
	}
}
