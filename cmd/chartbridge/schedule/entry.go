// Package schedule holds the daemon's timetable: when each schedule falls due,
// by the local calendar and wall clock, and the loop that runs what is due
// once, whatever the clock does meanwhile. It knows nothing of what it runs.
package schedule

import (
	"slices"
	"time"

	"github.com/robfig/cron/v3"
)

// An Entry is one schedule of a practice.
type Entry struct {
	Name string
	Spec string        // as the config spells it
	Cron cron.Schedule // what config.ParseCron made of it, without a zone of its own
	Zone *time.Location
}

// An Occurrence is one time that an entry falls due.
type Occurrence struct {
	Schedule string
	Due      time.Time // UTC
	Local    string    // the wall clock that the spec names, "2026-03-08 02:30"
	Risk     string    // what a change of the clocks does to it; "" if nothing
}

const wallLayout = "2006-01-02 15:04"

// What a change of the clocks does to an occurrence.
const (
	RiskSkipped  = "the clocks skip it: it runs right after the jump"
	RiskRepeated = "the clocks repeat it: it runs the first time only"
)

// Bounds of catching up: how far back a missed occurrence is looked for, and
// how many are noted one by one. A clock that starts in another year must not
// fill the database.
const (
	reach      = 400 * 24 * time.Hour
	mostMissed = 1000
)

// Next gives the first occurrence after an instant; ok is false if there is
// none within five years.
//
// The library computes on the wall clock alone, fed as if it were UTC, where
// no hour is skipped or repeated; what the wall clock means is found here. So
// each wall time runs once: robfig skips the day whose hour spring skips, and
// runs twice what autumn repeats (both measured at v3.0.1).
func (e Entry) Next(after time.Time) (o Occurrence, ok bool) {
	if every, is := e.Cron.(cron.ConstantDelaySchedule); is {
		return e.nextEvery(after, every.Delay)
	}
	wall := wallOf(after.In(e.Zone))
	for {
		if wall = e.Cron.Next(wall); wall.IsZero() {
			return Occurrence{}, false
		}
		due, risk := instant(wall, e.Zone)
		if due.After(after) {
			return Occurrence{Schedule: e.Name, Due: due.UTC(), Local: wall.Format(wallLayout), Risk: risk}, true
		}
	}
}

// nextEvery counts @every from the Unix epoch, so that a restart does not move
// the times.
func (e Entry) nextEvery(after time.Time, d time.Duration) (Occurrence, bool) {
	step := int64(max(d, time.Second) / time.Second)
	due := time.Unix((floorDiv(after.Unix(), step)+1)*step, 0)
	return Occurrence{Schedule: e.Name, Due: due.UTC(), Local: due.In(e.Zone).Format(wallLayout)}, true
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// Due lists the occurrences after last and up to now, oldest first. Of a great
// many it gives the newest.
func (e Entry) Due(last, now time.Time) (missed []Occurrence) {
	if earliest := now.Add(-reach); last.Before(earliest) {
		last = earliest
	}
	for o, ok := e.Next(last); ok && !o.Due.After(now); o, ok = e.Next(o.Due) {
		missed = append(missed, o)
		if len(missed) >= 2*mostMissed {
			missed = slices.Delete(missed, 0, mostMissed)
		}
	}
	return missed[max(0, len(missed)-mostMissed):]
}

// Risky gives the first occurrence within a year that a change of the clocks
// moves or repeats. One that runs all day long anyway loses nothing by it.
func (e Entry) Risky(after time.Time) (Occurrence, bool) {
	if LongestGap([]Entry{e}, after) < 3*time.Hour {
		return Occurrence{}, false
	}
	until := after.AddDate(1, 0, 0)
	for o, ok := e.Next(after); ok && o.Due.Before(until); o, ok = e.Next(o.Due) {
		if o.Risk != "" {
			return o, true
		}
	}
	return Occurrence{}, false
}

// LongestGap is the longest time between two of the next occurrences of any
// entry; zero if there are fewer than two.
func LongestGap(entries []Entry, after time.Time) (gap time.Duration) {
	prev, ok := first(entries, after)
	for range 60 {
		if !ok {
			return gap
		}
		var next Occurrence
		if next, ok = first(entries, prev.Due); ok {
			gap = max(gap, next.Due.Sub(prev.Due))
		}
		prev = next
	}
	return gap
}

// Upcoming lists the next n occurrences of all entries, in their order.
func Upcoming(entries []Entry, after time.Time, n int) (list []Occurrence) {
	for _, e := range entries {
		at := after
		for range n {
			o, ok := e.Next(at)
			if !ok {
				break
			}
			list, at = append(list, o), o.Due
		}
	}
	sortByDue(list)
	return list[:min(n, len(list))]
}

func first(entries []Entry, after time.Time) (least Occurrence, ok bool) {
	for _, e := range entries {
		if o, found := e.Next(after); found && (!ok || o.Due.Before(least.Due)) {
			least, ok = o, true
		}
	}
	return least, ok
}

func sortByDue(list []Occurrence) {
	slices.SortStableFunc(list, func(a, b Occurrence) int { return a.Due.Compare(b.Due) })
}
