package schedule

import "time"

// wallOf is what a clock on the wall shows, written as if in UTC.
func wallOf(t time.Time) time.Time {
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	return time.Date(year, month, day, hour, minute, second, 0, time.UTC)
}

// instant is when the wall clock of a zone first shows a time; where it never
// does, the instant of the jump over it. Later walls never give earlier
// instants. time.Date alone would choose as it pleases in both cases.
func instant(wall time.Time, zone *time.Location) (at time.Time, risk string) {
	t := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), 0, zone)
	start, end := t.ZoneBounds()
	shown := wallOf(t)
	switch {
	case shown.Before(wall) && !end.IsZero():
		return end, RiskSkipped
	case shown.After(wall) && !start.IsZero():
		return start, RiskSkipped
	}
	if !start.IsZero() {
		if earlier := read(wall, start.Add(-time.Second)); earlier.Before(start) {
			return earlier, RiskRepeated
		}
	}
	if !end.IsZero() {
		if later := read(wall, end); !later.Before(end) {
			return t, RiskRepeated
		}
	}
	return t, ""
}

// read reads a wall clock with the offset that is in force at an instant.
func read(wall, at time.Time) time.Time {
	_, offset := at.Zone()
	return wall.Add(-time.Duration(offset) * time.Second).In(at.Location())
}
