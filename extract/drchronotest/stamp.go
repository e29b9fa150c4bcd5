package drchronotest

import (
	"sync"
	"time"
)

// The vendor's stamps carry no zone (facts, section 5).
const (
	stampLayout = "2006-01-02T15:04:05"
	dateLayout  = "2006-01-02"
)

func stamp(t time.Time) string { return t.Format(stampLayout) }

func date(t time.Time) string { return t.Format(dateLayout) }

// parseStamp reads the two forms that the vendor takes; a Z or an offset is
// neither.
func parseStamp(s string) (time.Time, bool) {
	for _, layout := range []string{stampLayout, dateLayout} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

func seconds(s string) int64 {
	t, ok := parseStamp(s)
	if !ok {
		return 0
	}
	return t.Unix()
}

// newYork is the practice's zone; it is in every zone database. Loaded once,
// since each load reads the database.
var newYork = sync.OnceValue(func() *time.Location {
	l, err := time.LoadLocation(Zone)
	must(err)
	return l
})

// clockChange finds the date, nearest to now, on which the zone's clocks go
// forward (or back).
func clockChange(now time.Time, l *time.Location, forward bool) time.Time {
	day := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC)
	for i := 0; ; i++ {
		for _, d := range []time.Time{day.AddDate(0, 0, -i), day.AddDate(0, 0, i)} {
			if changes(d, l, forward) {
				return d
			}
		}
	}
}

func changes(d time.Time, l *time.Location, forward bool) bool {
	_, before := time.Date(d.Year(), d.Month(), d.Day(), 0, 0, 0, 0, l).Zone()
	_, after := time.Date(d.Year(), d.Month(), d.Day(), 12, 0, 0, 0, l).Zone()
	if forward {
		return after > before
	}
	return after < before
}
