package extract

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract/drchrono"
)

// begin gives the paths to read and the cursor with which to read them.
func (s *Stage) begin(e Endpoint, c etl.Cursor) ([]string, etl.Cursor) {
	if c.Next != "" {
		c.State, c.Note = etl.StreamOpen, ""
		all := e.Starts(c.Since)
		if i := slices.Index(all, c.Next); i >= 0 {
			return all[i:], c
		}
		return append([]string{c.Next}, laterVariants(e, c)...), c
	}
	bulk := s.bulkPays(e, c)
	c = etl.Cursor{Endpoint: c.Endpoint, Lane: c.Lane, Watermark: c.Watermark, State: etl.StreamOpen,
		Since: e.lowerBound(c.Watermark, s.Overlap)}
	if bulk {
		return []string{e.bulkStart(c.Since)}, c
	}
	return e.Starts(c.Since), c
}

// laterVariants are the starts that an open drain of a saved next has still
// to come to.
func laterVariants(e Endpoint, c etl.Cursor) []string {
	for i, v := range e.Variants {
		if strings.Contains(c.Next, v) {
			return e.Starts(c.Since)[i+1:]
		}
	}
	return nil
}

// advance is the cursor after a page: it points at what to read next, or is
// drained. Newest, the watermark to be, is never later than the server's clock
// when the drain began: whatever changes while the list is read, on a page
// already behind us, is stamped later than that and so comes with the next
// drain, however long this one takes and however often it is interrupted. A
// stamp in the future is cut by the same rule. Where the server tells no clock
// (no Date header), ours says which stamps are passed over, and nothing else: it
// is never a watermark itself, so one that is wrong costs rows read twice, or
// lets a stamp of the future in.
func advance(e Endpoint, c etl.Cursor, page drchrono.Page, rows []etl.Row, read etl.Page, later []string, ours time.Time) etl.Cursor {
	if c.Page == 0 && c.Began == "" {
		c.Began = serverClock(page.Date)
		if c.Began == "" {
			c.Began = etl.OurClock + naive(ours.UTC())
		}
	}
	began, isOurs := strings.CutPrefix(c.Began, etl.OurClock)
	switch {
	case began == "", isOurs && e.Move != Since:
	case e.Move != Since:
		c.Newest = began
	case !isOurs:
		c.Newest = max(c.Newest, min(read.Newest, began))
	case read.Newest <= began:
		c.Newest = max(c.Newest, read.Newest)
	default:
		c.Newest = max(c.Newest, newestUntil(rows, began))
	}
	c.Next = page.Next
	if c.Next == "" && len(later) > 0 {
		c.Next = later[0]
	}
	if c.Next == "" {
		c.State = etl.StreamDrained
		unstamped := c.Newest == "" && (c.Rows+read.Rows > 0 || e.Move != Since) // no row bears a stamp that can be used
		switch {
		case unstamped && !isOurs:
			c.Newest = began
		case unstamped && e.Since() != "":
			c.Note = also(c.Note, "DrChrono's first answer bears no Date and its records no stamp that can be used: the watermark stays, so the next run reads the same window again")
		}
	}
	return c
}

// serverClock is the vendor's word of the time as a naive stamp; "" where it
// gave none.
func serverClock(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return naive(at.UTC())
}

// readRows reads a page's rows. Of a record that stands twice on a page, the
// one with the newest stamp is kept.
func readRows(e Endpoint, page drchrono.Page) []etl.Row {
	rows := make([]etl.Row, 0, len(page.Rows))
	at := make(map[string]int, len(page.Rows))
	variant := e.variant(page.URL)
	for _, row := range readAll(e, page.Rows) {
		row.ID = variant + row.ID
		i, twice := at[row.ID]
		switch {
		case !twice:
			at[row.ID] = len(rows)
			rows = append(rows, row)
		case row.Stamp >= rows[i].Stamp:
			rows[i] = row
		}
	}
	return rows
}

// readAll reads rows on all processors, in their order.
func readAll(e Endpoint, raw []drchrono.Row) []etl.Row {
	rows := make([]etl.Row, len(raw))
	etl.OnAll(len(raw), func(i int) { rows[i] = ReadRow(e, raw[i].Raw, raw[i].Fault) })
	return rows
}

// fewNotes is how many pages with rows that cannot be read are named, and how
// many of the causes on a page.
const fewNotes = 3

// faultNote adds to a stream's note what is wrong with the rows of a page that
// cannot be read; they are staged all the same.
func faultNote(note string, rows []etl.Row, page int) string {
	const words = "cannot be read"
	n, why := 0, []string(nil)
	for _, r := range rows {
		if r.Fault != "" {
			n++
			if !slices.Contains(why, r.Fault) && len(why) < fewNotes {
				why = append(why, r.Fault)
			}
		}
	}
	if n == 0 || strings.Count(note, words) >= fewNotes {
		return note
	}
	return also(note, fmt.Sprintf("%d of the records on page %d %s (%s): kept as they came", n, page, words, strings.Join(why, ", ")))
}

// also adds a sentence to a stream's note.
func also(note, text string) string {
	if note == "" {
		return text
	}
	return note + "; " + text
}

// variant tells a list's rows from those of its other variants, which may bear
// the same ids: two payer directories know the same payer.
func (e Endpoint) variant(asked string) string {
	for _, v := range e.Variants {
		if _, value, _ := strings.Cut(v, "="); strings.Contains(asked, v) {
			return value + "/"
		}
	}
	return ""
}

// digest is of a page's ids in any order; "" for a page without rows.
func digest(rows []etl.Row) string {
	if len(rows) == 0 {
		return ""
	}
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	slices.Sort(ids)
	sum := sha256.Sum256([]byte(strings.Join(ids, "\x00")))
	return hex.EncodeToString(sum[:hashSize])
}
