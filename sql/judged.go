package sql

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/jmoiron/sqlx"
)

// PutTargets saves judged targets and drops those that no longer are, in one
// transaction. A power failure may take it back: how far a shape has judged is
// saved after it, and what it takes is judged again.
func (s *Store) PutTargets(ctx context.Context, run etl.Run, put []etl.Target, drop []int64) error {
	if len(put)+len(drop) == 0 {
		return nil
	}
	list, wait := s.sealTargets(put)
	// A statement under a context that can end costs a goroutine of its own.
	whole := context.WithoutCancel(ctx)
	return s.inTxSoon(ctx, func(tx *sqlx.Tx) error {
		for i := range list {
			wait(i)
			if err := putTarget(whole, tx, run, &list[i]); err != nil {
				t := list[i].Target
				return fmt.Errorf("save %s %s %s: %w", t.Destination, t.Object, t.Source.ID, err)
			}
		}
		for _, id := range drop {
			if _, err := tx.ExecContext(whole, query("drop-target"), id); err != nil {
				return fmt.Errorf("drop a target: %w", err)
			}
		}
		return ctx.Err()
	})
}

// A sealedTarget is a target as it is stored.
type sealedTarget struct {
	etl.Target
	payload []byte
	needs   string
	err     error
}

// sealTargets seals targets on all processors; wait waits for the one of an index.
func (s *Store) sealTargets(put []etl.Target) (list []sealedTarget, wait func(i int)) {
	list = make([]sealedTarget, len(put))
	return list, inChunks(len(put), func(i int) {
		t := put[i]
		list[i].Target = t
		list[i].needs, list[i].err = needsText(t.Needs)
		if t.Payload != nil {
			list[i].payload = s.seal.Seal(t.Payload, "target", t.Destination, t.Object, t.Source.ID)
		}
	})
}

func putTarget(ctx context.Context, tx *sqlx.Tx, run etl.Run, t *sealedTarget) error {
	if t.err != nil {
		return t.err
	}
	first := etl.Problem{}
	if len(t.Problems) > 0 {
		first = t.Problems[0]
	}
	_, err := tx.ExecContext(ctx, query("put-target"), t.Destination, t.Object, t.Source.Endpoint, t.Source.ID, t.Parent, t.Slot,
		t.payload, t.Hash, t.needs, t.Outcome, t.Cause, first.Field, first.Code, first.Message, run.ID, t.Month, t.Twin)
	if err != nil || len(t.Problems) == 0 && t.ID == 0 {
		return err
	}
	id := t.ID
	if id == 0 {
		if err := tx.GetContext(ctx, &id, query("target-row"), t.Destination, t.Object, t.Source.Endpoint, t.Source.ID); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, query("clear-problems"), id); err != nil {
		return err
	}
	for n, p := range t.Problems {
		if _, err := tx.ExecContext(ctx, query("put-problem"), id, n, p.Field, p.Code, p.Message, p.Lookup, p.Key); err != nil {
			return err
		}
	}
	return nil
}

func needsText(needs []etl.Need) (string, error) {
	if len(needs) == 0 {
		return "", nil
	}
	text, err := json.Marshal(needs)
	return string(text), wrap(err, "write needs")
}

func parseNeeds(text string) (needs []etl.Need, err error) {
	if text == "" {
		return nil, nil
	}
	err = json.Unmarshal([]byte(text), &needs)
	return needs, wrap(err, "read needs")
}
