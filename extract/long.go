package extract

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract/drchrono"
)

// longDrain is how long a list may take until a person is told what may have
// happened meanwhile: as long as a window of calls.
const longDrain = time.Hour

// longAgo is before all that DrChrono has stamped, and late enough for a rewind
// that reaches back behind it.
const longAgo = "2000-01-01"

// doubtful notes on a nightly drain by since that took long what no answer
// tells of: a record that is deleted for good moves up those behind it, and the
// first of the next page is passed over. A bulk list has its totals for that,
// and a full read is made again each night.
func (e Endpoint) doubtful(c etl.Cursor, page drchrono.Page, ours time.Time) etl.Cursor {
	if c.State != etl.StreamDrained || c.Page == 0 || e.Move == Full || e.window != nil || page.Count >= 0 {
		return c
	}
	began, isOurs := strings.CutPrefix(c.Began, etl.OurClock)
	ended := page.Date
	if isOurs {
		ended = ours
	}
	from, ok := parseNaive(began)
	if took := ended.UTC().Sub(from); ok && took > longDrain {
		c.Note = also(c.Note, fmt.Sprintf("it took %s to read: what was deleted for good meanwhile would have hidden a record behind it; "+
			"`chartbridge state rewind %s --to %s` has the next run read it all again, in about %d calls",
			strings.TrimSuffix(took.Truncate(time.Minute).String(), "0s"), e.Name, cmp.Or(c.Since, longAgo), c.Page+1))
	}
	return c
}
