package extract

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"
)

// A Way says how a backfill reads an endpoint.
type Way string

// Ways.
const (
	ByDates Way = "dates" // days of visits or services, in windows
	BySince Way = "since" // drained once, from the first day on
	InFull  Way = "full"  // read once: it has no filter
)

// WindowDays is the longest window. date_range takes 190 days, and what is
// wider is refused or comes empty (drchrono-v4, appointments; drchrono-facts,
// section 2).
const WindowDays = 180

// A Window is one read of a backfill. Days are 2026-03-31, inclusive.
type Window struct {
	Endpoint string
	Lane     string // of its cursor: never the nightly's
	Way      Way
	From     string // first day; "" where it is read in full
	To       string // last day; "" but for ByDates
	Guess    int    // rows that it is expected to bring; 0 = nothing is known
}

// String names the window for logs.
func (w Window) String() string {
	switch w.Way {
	case ByDates:
		return w.Endpoint + " " + w.From + " to " + w.To
	case BySince:
		return w.Endpoint + " since " + w.From
	}
	return w.Endpoint + " in full"
}

// Calls is about how many calls the window costs; bulk says that bulk lists
// may be used, and seen how many rows the endpoint's pages had when it was last
// read: DrChrono may send fewer than it is asked for. 0 = not known.
func (w Window) Calls(bulk bool, seen int) int {
	e, ok := Find(w.Endpoint)
	if !ok {
		return 0
	}
	if bulk && e.Bulk && w.bulk(e) {
		return bulkCalls * pagesOf(w.Guess, bulkPage)
	}
	size := e.Size()
	if seen > 0 {
		size = min(size, seen)
	}
	return pagesOf(w.Guess, size) + max(0, len(e.Variants)-1)
}

// bulk reports whether the window costs fewer calls as a bulk list. What
// nothing is known of is expected to be large, but for a few days of it.
func (w Window) bulk(e Endpoint) bool {
	if w.Guess == 0 {
		return w.Way != ByDates
	}
	return pagesOf(w.Guess, e.Size()) > bulkCalls*pagesOf(w.Guess, bulkPage)
}

// A Span is what is staged of an endpoint.
type Span struct {
	Rows        int
	Since       int    // rows that changed since the backfill's first day, or bear no stamp
	First, Last string // days of the first and last stamp; "" = no row bears one
}

// between is how many rows such a span has in so many days.
func (s Span) between(days int) int {
	first, err := time.Parse(time.DateOnly, s.First)
	last, err2 := time.Parse(time.DateOnly, s.Last)
	if err != nil || err2 != nil {
		return s.Rows
	}
	return s.Rows * days / max(days, dayCount(first, last))
}

func dayCount(first, last time.Time) int { return int(last.Sub(first)/(24*time.Hour)) + 1 }

// Way is how a backfill reads the endpoint; "" = not at all.
func (e Endpoint) Way() Way {
	switch {
	case e.Move == OnRequest:
		return ""
	case e.Range != "":
		return ByDates
	case e.Move == Full:
		return InFull
	}
	return BySince
}

// Windows plans a backfill: first what visits hang on, drained or read in
// full, then the windows of days, newest or oldest first. The days are UTC
// midnights. What is staged of an endpoint says what to expect.
func Windows(id string, from, to time.Time, endpoints []string, newest bool, staged map[string]Span) []Window {
	var list, ranged []Window
	for _, e := range Catalogue {
		if !slices.Contains(endpoints, e.Name) {
			continue
		}
		span, lane := staged[e.Name], "backfill/"+id+"/"
		switch e.Way() {
		case BySince:
			list = append(list, Window{Endpoint: e.Name, Lane: lane + "since", Way: BySince, From: from.Format(time.DateOnly), Guess: span.Since})
		case InFull:
			list = append(list, Window{Endpoint: e.Name, Lane: lane + "full", Way: InFull, Guess: span.Rows})
		case ByDates:
			if span.First == "" { // a note bears no stamp: it came with its visit
				span.First, span.Last = staged["appointments"].First, staged["appointments"].Last
			}
			for _, days := range split(from, to, newest) {
				first := days[0].Format(time.DateOnly)
				ranged = append(ranged, Window{Endpoint: e.Name, Lane: lane + first, Way: ByDates, From: first,
					To: days[1].Format(time.DateOnly), Guess: span.between(dayCount(days[0], days[1]))})
			}
		}
	}
	slices.SortStableFunc(ranged, func(a, b Window) int {
		if newest {
			return strings.Compare(b.From, a.From)
		}
		return strings.Compare(a.From, b.From)
	})
	return append(list, ranged...)
}

// split cuts days into stretches of at most WindowDays, whole ones first.
func split(from, to time.Time, newest bool) (list [][2]time.Time) {
	for !from.After(to) {
		first, last := from, from.AddDate(0, 0, WindowDays-1)
		if newest {
			first, last = to.AddDate(0, 0, 1-WindowDays), to
		}
		if first.Before(from) {
			first = from
		}
		if last.After(to) {
			last = to
		}
		list = append(list, [2]time.Time{first, last})
		if newest {
			to = first.AddDate(0, 0, -1)
		} else {
			from = last.AddDate(0, 0, 1)
		}
	}
	return list
}

// lane is where the endpoint's cursor is kept.
func (e Endpoint) lane() string {
	if e.window != nil {
		return e.window.Lane
	}
	return Nightly
}

// days is the filter of a window of days; "" where there is none.
func (e Endpoint) days() string {
	if e.window == nil || e.window.Way != ByDates {
		return ""
	}
	return e.Range + "=" + url.QueryEscape(e.window.From+"/"+e.window.To)
}

// lowerBound is the stamp from which a drain asks: the watermark less the
// overlap, or the first day of what a backfill drains.
func (e Endpoint) lowerBound(watermark string, overlap time.Duration) string {
	switch {
	case e.window == nil:
		return lowerBound(e, watermark, overlap)
	case e.window.Way == BySince:
		return e.window.From + "T00:00:00"
	}
	return ""
}

// Share is how many calls a backfill may make in the quota window that begins
// at an instant.
type Share func(start time.Time) int

// ErrNever says that no window leaves a backfill any calls.
var ErrNever = errors.New("no quota window of the next 30 days leaves a backfill any calls: lower drchrono.nightly_reserve")

// Finish is about when so many calls are made, if the first window has seen
// used of them, each call takes pace, and nobody else spends what is left.
func Finish(now time.Time, calls, used int, window, pace time.Duration, share Share) (time.Time, error) {
	at, last := now, now.Add(30*24*time.Hour)
	for calls > 0 {
		start := at.Truncate(window)
		end := start.Add(window)
		n := min(calls, max(0, share(start)-used), max(1, int(end.Sub(at)/pace)))
		calls, used = calls-n, 0
		if n > 0 {
			last = end.Add(30 * 24 * time.Hour)
		}
		if calls == 0 {
			return at.Add(time.Duration(n) * pace), nil
		}
		if at = end; at.After(last) {
			return at, ErrNever
		}
	}
	return at, nil
}
