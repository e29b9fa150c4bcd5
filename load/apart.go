package load

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/chartbridge/chartbridge/etl"
)

// A Keyed destination has objects that bear no id of ours there.
type Keyed interface {
	// NaturalKey is what alone tells such a record from others there; "" where
	// the object bears our id, or a part is missing.
	NaturalKey(d etl.Delivery) string
}

// apart keeps back what would be created with the natural key of another record
// that goes, or is open, in this run: once a look-up shows two of them, nobody
// can say which is whose. Between runs the match before creating does so.
func (l *line) apart(ctx context.Context, due []Due) (rest []Due, marks []Mark, err error) {
	keyed, ok := l.stage.Destination.(Keyed)
	if !ok {
		return due, nil, nil
	}
	if l.keys == nil {
		if err := l.readKeys(ctx, keyed); err != nil {
			return nil, nil, err
		}
	}
	for _, d := range due {
		key := keyed.NaturalKey(d.Delivery)
		other, taken := l.keys[key]
		switch {
		case key == "":
		case !taken:
			l.keys[key] = d.SourceID
		case other != d.SourceID && d.TargetID == "":
			marks = append(marks, held(d, etl.CauseCandidates, fmt.Sprintf("our %s %s has the same natural key, and no look-up there could tell the two apart; "+
				"correct one of them in DrChrono, decide SKIP, or enter it there by hand and give its id with `chartbridge crosswalk import`", d.Object, other)))
			continue
		}
		rest = append(rest, d)
	}
	return rest, marks, nil
}

// readKeys begins with what is open from earlier: it may be there already.
func (l *line) readKeys(ctx context.Context, keyed Keyed) error {
	l.keys = map[string]string{}
	open, err := l.stage.Store.OpenDeliveries(ctx, l.stage.Destination.Name(), time.Unix(math.MaxInt32, 0))
	if err != nil {
		return err
	}
	for _, d := range open {
		if key := keyed.NaturalKey(d); key != "" && d.Object == l.object.Name {
			l.keys[key] = d.SourceID
		}
	}
	return nil
}
