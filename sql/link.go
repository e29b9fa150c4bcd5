package sql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// A Link is our id and theirs.
type Link struct {
	Destination string `json:"destination"`
	Object      string `json:"object"`
	SourceID    string `db:"source_id" json:"source_id"`
	TargetID    string `db:"target_id" json:"target_id"`
	How         string `json:"how"`
	Run         string `json:"run"`
}

// Crosswalk lists the links of a destination and object; "" is any.
func (s *Store) Crosswalk(ctx context.Context, destination, object string) (list []Link, err error) {
	err = s.db.SelectContext(ctx, &list, query("crosswalk"), destination, object)
	return list, wrap(err, "list the crosswalk")
}

// Import takes links over, all or none. A link that gives one of theirs to two of
// ours is refused, and one that contradicts what stands unless replace is set and
// nothing is under way with it. A record whose id is new or another than before is compared by the next
// run, with the record that it travels inside. It gives each refusal with the
// link's place in the list.
func (s *Store) Import(ctx context.Context, links []Link, replace bool, by string, now time.Time) (faults map[int]string, err error) {
	err = s.inTx(ctx, func(tx *sqlx.Tx) error {
		if faults, err = takeLinks(ctx, tx, links, replace, now); err != nil {
			return err
		}
		if len(faults) > 0 {
			return ErrRefused
		}
		return audit(ctx, tx, now, by, "crosswalk import", fmt.Sprintf("%d links", len(links)), fmt.Sprintf("replace %v", replace))
	})
	if errors.Is(err, ErrRefused) {
		return faults, nil
	}
	return nil, wrap(err, "import the crosswalk")
}

// WouldRefuse gives what Import would refuse of links, and takes none over.
func (s *Store) WouldRefuse(ctx context.Context, links []Link, replace bool, now time.Time) (faults map[int]string, err error) {
	err = s.inTx(ctx, func(tx *sqlx.Tx) error {
		if faults, err = takeLinks(ctx, tx, links, replace, now); err != nil {
			return err
		}
		return ErrRefused
	})
	if errors.Is(err, ErrRefused) {
		return faults, nil
	}
	return nil, wrap(err, "look whether the crosswalk takes links")
}

// takeLinks takes links over, each with what the ones before it have made of the
// crosswalk, and gives what it refuses.
func takeLinks(ctx context.Context, tx *sqlx.Tx, links []Link, replace bool, now time.Time) (faults map[int]string, err error) {
	faults = map[int]string{}
	for i, l := range links {
		fault, err := contradiction(ctx, tx, l, replace)
		switch {
		case err != nil:
			return nil, err
		case fault != "":
			faults[i] = fault
			continue
		}
		if err := importLink(ctx, tx, l, now); err != nil {
			return nil, err
		}
	}
	return faults, nil
}

func importLink(ctx context.Context, tx *sqlx.Tx, l Link, now time.Time) error {
	l.How, l.Run = "import", "import"
	var had string
	if err := tx.GetContext(ctx, &had, query("crosswalk-one"), l.Destination, l.Object, l.SourceID); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	moved, err := putCrosswalk(ctx, tx, []Link{l}) // none where it was linked so already
	if err != nil {
		return err
	}
	if had != "" && had != l.TargetID { // what is known of its parts is another's
		if _, err := unlinkInside(ctx, tx, l); err != nil {
			return err
		}
	}
	if err := releaseLinked(ctx, tx, l, moved > 0); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, query("set-setting"), "initial_load/"+l.Destination, stamp(now))
	return err
}

// releaseLinked makes a linked record due, with the one that it travels inside.
// Where its id moved, nothing that was acknowledged under another counts: it is
// compared with what is there.
func releaseLinked(ctx context.Context, tx *sqlx.Tx, l Link, moved bool) error {
	var released []int64
	if err := tx.SelectContext(ctx, &released, query("release-imported"), l.Destination, l.Object, l.SourceID, moved); err != nil {
		return err
	}
	for _, target := range released {
		if _, err := tx.ExecContext(ctx, query("release-parent"), target, nil); err != nil {
			return err
		}
	}
	return nil
}

// putCrosswalk keeps ids, and gives how many of them are new or others than before.
func putCrosswalk(ctx context.Context, tx *sqlx.Tx, links []Link) (moved int64, err error) {
	if len(links) == 0 {
		return 0, nil
	}
	put, err := tx.ExecContext(ctx, query("put-crosswalk"), jsonList(links))
	if err != nil {
		return 0, fmt.Errorf("keep ids: %w", err)
	}
	return put.RowsAffected()
}

// contradiction says why a link cannot be taken, and what helps; "" where it can.
func contradiction(ctx context.Context, tx *sqlx.Tx, l Link, replace bool) (string, error) {
	if !areUTF8(l.SourceID, l.TargetID) {
		return `an id is not UTF-8; give it as UTF-8: a spreadsheet calls it "CSV UTF-8"`, nil
	}
	var have string
	err := tx.GetContext(ctx, &have, query("crosswalk-one"), l.Destination, l.Object, l.SourceID)
	switch {
	case err != nil && !errors.Is(err, sql.ErrNoRows):
		return "", err
	case l.Object == "discharge" && have == l.TargetID: // the word that all of them have for an id
		return "", nil
	case l.Object == "discharge":
		return "the registry gives no id for a discharge, so there is none to take over; leave it out", nil
	case err == nil && have != l.TargetID && !replace:
		return "it is linked to " + have + " already; `chartbridge crosswalk import --replace` corrects it", nil
	case err == nil && have != l.TargetID:
		switch why, err := stands(ctx, tx, l); {
		case err != nil:
			return "", err
		case why == "open":
			return underWay, nil
		}
	}
	var others []string
	if err := tx.SelectContext(ctx, &others, query("crosswalk-of"), l.Destination, l.Object, l.TargetID); err != nil {
		return "", err
	}
	for _, other := range others {
		if other != l.SourceID {
			return "their " + l.TargetID + " belongs to our " + other + " already; `chartbridge trace` shows how it came there", nil
		}
	}
	return "", nil
}
