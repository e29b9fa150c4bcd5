package rethink

import (
	"strings"
	"time"
)

// clocks are the forms in which a time of day is read, beside HH:MM and
// HH:MM:SS; times are UTC (rethink.txt, Data Type Format).
var clocks = []string{"15:04", "15:04:05", "3:04 PM", "3:04PM", "3:04:05 PM", time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04"}

// clockOf is a time of day as HH:MM; "" where it cannot be told.
func clockOf(text string) string {
	if len(text) == len("15:04:05") && text[5] == ':' {
		if _, err := time.Parse(time.TimeOnly, text); err == nil {
			return text[:5]
		}
	}
	text = strings.ToUpper(strings.TrimSpace(text))
	for _, form := range clocks {
		if t, err := time.Parse(form, text); err == nil {
			return t.UTC().Format("15:04")
		}
	}
	return ""
}

// dayOf is a date, which may come with a time; "" where it is none.
func dayOf(text string) string {
	day := firstChars(text, len(time.DateOnly))
	if _, err := time.Parse(time.DateOnly, day); err != nil {
		return ""
	}
	return day
}
