package extract

import (
	"time"

	"github.com/chartbridge/chartbridge/etl"
)

// naiveLayout is the only form that since takes: a zone suffix is refused
// (drchrono-facts, section 2).
const naiveLayout = "2006-01-02T15:04:05"

func naive(t time.Time) string { return t.Format(naiveLayout) }

// stampLayouts are the forms of a stamp, the usual ones first. Each takes
// fractions of a second too.
var stampLayouts = []string{naiveLayout, "2006-01-02 15:04:05", time.RFC3339, time.DateOnly, "2006-01-02T15:04:05Z0700",
	"2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05Z0700", "2006-01-02T15:04", "2006-01-02 15:04"}

// parseNaive reads the vendor's stamps: naive, with odd forms seen (a space
// for the T, fractions, a date alone). The zone is not known, so the result is
// only good for comparing and reaching back.
func parseNaive(s string) (time.Time, bool) {
	for _, layout := range stampLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// Stamp is a stamp of the vendor's as naive text that sorts; "" where it is no
// date.
func Stamp(text string) string {
	t, ok := parseNaive(text)
	if !ok {
		return ""
	}
	return naive(t)
}

// createdWindow is how far back a stream is read again whose filter speaks of
// creation: a lab order changes for weeks after it was made.
const createdWindow = 60 * 24 * time.Hour

// blindMargin is added to the overlap where the watermark is the server's
// clock instead of the rows' stamps, whose zone nobody documents.
const blindMargin = 24 * time.Hour

// NewestStamp is the largest stamp of a page, floored to the second.
func NewestStamp(rows []etl.Row) (newest string) {
	for _, r := range rows {
		newest = max(newest, r.Stamp)
	}
	return newest
}

// newestUntil is the largest stamp of a page that is not later than last.
func newestUntil(rows []etl.Row, last string) (newest string) {
	for _, r := range rows {
		if r.Stamp <= last {
			newest = max(newest, r.Stamp)
		}
	}
	return newest
}

// lowerBound is where a drain reaches back to: the watermark less the overlap;
// "" asks for everything.
func lowerBound(e Endpoint, watermark string, overlap time.Duration) string {
	t, ok := parseNaive(watermark)
	if !ok || e.Move == Full {
		return ""
	}
	switch e.Move {
	case SinceBlind:
		overlap += blindMargin
	case SinceCreated:
		overlap += createdWindow
	}
	return naive(t.Add(-overlap))
}
