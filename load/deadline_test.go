package load_test

import (
	"context"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
)

// A sluggish destination takes its time over each request, and answers the last of
// so many with silence.
type sluggish struct {
	load.Destination
	clock      *clock
	left       int
	unanswered string // the source id of the last
	ended      time.Time
}

func (d *sluggish) Send(ctx context.Context, del etl.Delivery) load.Answer {
	d.clock.Move(10 * time.Second)
	answer := d.Destination.Send(ctx, del)
	if d.left--; d.left == 0 {
		d.unanswered, d.ended = del.SourceID, d.clock.Now()
		return load.Answer{Kind: load.Unknown}
	}
	return answer
}

// TestQuietPeriodAfterTheQueue: a delivery's quiet period counts from the end of
// its request, also where the requests of a whole group went before it, one by one.
func TestQuietPeriodAfterTheQueue(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	const group = 32
	w.put("patients", patients(1, group, "Troy")...)
	there := &sluggish{clock: w.clock, left: group}
	w.must(w.night(func(s *load.Stage) {
		s.InFlight = 1
		there.Destination, s.Destination = s.Destination, there
	}))
	var deadline string
	w.ask(&deadline, "SELECT deadline FROM delivery WHERE object = 'client' AND source_id = ?", there.unanswered)
	if ended := there.ended.Format("2006-01-02T15:04:05.000Z"); deadline != ended {
		t.Errorf("its quiet period counts from %q, want %q, the end of its request", deadline, ended)
	}
}
