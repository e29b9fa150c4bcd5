package sql

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/jmoiron/sqlx"
)

// An acceptance is what was taken: targets, and the ids that they have there.
type acceptance struct {
	*Store
	tx      *sqlx.Tx
	run     etl.Run
	targets []takenTarget
	links   []Link
}

type takenTarget struct {
	ID       int64       `json:"id"`
	Hash     string      `json:"hash"` // of what was sent, in hex
	Outcome  etl.Outcome `json:"outcome"`
	Status   int         `json:"status"`
	Attempts int         `json:"attempts"`
}

// acknowledge marks what they took and keeps the ids.
func (s *Store) acknowledge(ctx context.Context, tx *sqlx.Tx, run etl.Run, done []load.Done) error {
	if len(done) == 0 {
		return nil
	}
	all := acceptance{Store: s, tx: tx, run: run}
	var carriers []int64
	for _, d := range done {
		if !d.Keyless { // a visit, which nothing travels inside
			carriers = append(carriers, d.TargetRow)
		}
		outcome := etl.Created
		if d.Op == etl.Update {
			outcome = etl.Updated
		}
		all.targets = append(all.targets, takenTarget{d.TargetRow, hex.EncodeToString(d.Hash), outcome, d.Answer.Status, d.Attempts})
		if d.Answer.TargetID != "" {
			all.links = append(all.links, Link{d.Destination, d.Object, d.SourceID, d.Answer.TargetID, string(cmp.Or(d.How, "created")), run.ID})
		}
		for _, n := range d.Needs {
			if !isInside(n) {
				continue
			}
			if err := all.inside(ctx, d, n); err != nil {
				return fmt.Errorf("%s %s inside %s: %w", n.Object, n.ID, d.SourceID, err)
			}
		}
	}
	if _, err := tx.ExecContext(ctx, query("acknowledge-targets"), jsonList(all.targets), run.ID); err != nil {
		return fmt.Errorf("mark what was taken: %w", err)
	}
	if err := s.keepTaken(ctx, tx, carriers); err != nil {
		return err
	}
	_, err := putCrosswalk(ctx, tx, all.links)
	return err
}

// isInside reports whether a need stands for the id of an object in an array.
func isInside(n etl.Need) bool {
	for _, r := range n.Path {
		if r == '.' {
			return n.Optional
		}
	}
	return false
}

// inside gives an object that travelled inside another its own outcome: a vendor
// may take the one and refuse the other in the same answer.
func (a *acceptance) inside(ctx context.Context, d load.Done, n etl.Need) error {
	var t struct {
		ID    int64
		Hash  []byte
		Acked []byte `db:"acked_hash"`
	}
	answer, err := insideAnswer(ctx, a.tx, d, n)
	if err != nil {
		return err
	}
	link := Link{d.Destination, n.Object, n.ID, answer.TargetID, "created", a.run.ID}
	err = a.tx.GetContext(ctx, &t, query("inside-target"), d.Destination, n.Object, n.ID, d.SourceID)
	if errors.Is(err, sql.ErrNoRows) { // the source lost it while the delivery was open: its id is kept, or that it has one
		if answer.TargetID != "" {
			a.links = append(a.links, link)
		} else if answer.Problem.Message == "" {
			_, err := a.tx.ExecContext(ctx, query("put-left"), d.Destination, n.Object, n.ID)
			return err
		}
		return nil
	}
	if err != nil {
		return err
	}
	switch {
	case answer.Problem.Message != "":
		if answer.TargetID != "" {
			a.links = append(a.links, link)
		}
		return a.refuse(ctx, a.tx, a.run, refusal{t.ID, t.Hash, etl.Rejected, answer.Problem, d.Answer.Status, 1,
			a.words(answer.Words, d.Destination, n.Object, n.ID)})
	case answer.TargetID == "":
		_, err := a.tx.ExecContext(ctx, query("hold-inside"), a.run.ID, d.Answer.Status, t.ID, d.TargetRow, d.Hash)
		return err
	}
	a.links = append(a.links, link)
	if t.Hash == nil { // likewise, it maps no more: what it lacks stays to be seen
		return nil
	}
	outcome := etl.Created
	if string(t.Acked) == string(t.Hash) {
		outcome = etl.Unchanged
	} else if t.Acked != nil || d.Filled[n.Path] != "" {
		outcome = etl.Updated
	}
	a.targets = append(a.targets, takenTarget{t.ID, hex.EncodeToString(t.Hash), outcome, d.Answer.Status, 1})
	return nil
}

// insideAnswer is the answer for what travelled inside. An update may echo no
// id: then it is the one that we sent or, where the delivery was settled later,
// the one that we know.
func insideAnswer(ctx context.Context, tx *sqlx.Tx, d load.Done, n etl.Need) (load.Nested, error) {
	answer := d.Answer.Inside[n.Path]
	if answer.TargetID != "" {
		return answer, nil
	}
	if answer.TargetID = d.Filled[n.Path]; answer.TargetID != "" || d.Filled != nil {
		return answer, nil
	}
	err := tx.GetContext(ctx, &answer.TargetID, query("crosswalk-one"), d.Destination, n.Object, n.ID)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return answer, err
}
