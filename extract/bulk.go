package extract

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract/drchrono"
)

// A Bulker reads bulk lists: each page is ordered and asked after until it is
// made (drchrono-facts, section 3). Obligations: a page's Next is the query to
// go on with; before an order is asked after, ordered is told the query to go
// on with it, and when the vendor took it by its own clock.
type Bulker interface {
	Bulk(ctx context.Context, endpoint, query string, ordered func(query string, at time.Time) error) (iter.Seq2[drchrono.Page, error], error)
}

const (
	bulkPage  = 1000    // rows of a bulk page, the vendor's largest
	bulkCalls = 3       // calls for a bulk page: the order, and two looks at it
	bulkMark  = "bulk:" // before a start or a next that is a bulk list's query
)

// bulkPays reports whether a drain costs fewer calls as a bulk list. What the
// last drain brought is what this one is expected to bring; a first load is
// expected to be large.
func (s *Stage) bulkPays(e Endpoint, before etl.Cursor) bool {
	switch {
	case s.Bulk == nil || !e.Bulk || s.plain[e.Name] || e.kept != nil:
		return false
	case e.window != nil:
		return e.window.bulk(e)
	case before.Watermark == "":
		return true
	case before.Since == "" && e.Move != Full: // it was the first load; tonight's changes are few
		return false
	}
	return pagesOf(before.Rows, e.Size()) > bulkCalls*pagesOf(before.Rows, bulkPage)
}

func pagesOf(rows, size int) int { return max(1, (rows+size-1)/size) }

// bulkStart is where a bulk drain begins. patients_list takes a date alone for
// since, which asks for a little more; its other filters are the plain list's.
func (e Endpoint) bulkStart(since string) string {
	if since == "" && e.Required {
		since = beginning
	}
	if len(since) > len("2006-01-02") {
		since = since[:len("2006-01-02")]
	}
	if e.Move == Full {
		since = ""
	}
	list := e.params(since, "")
	list[len(list)-1] = "page_size=" + itoa(bulkPage)
	return bulkMark + strings.Join(list, "&")
}

// errNoBulk says that an open drain of a bulk list cannot go on as one.
var errNoBulk = errors.New("bulk lists are switched off")

// pages reads on from a start or a saved next, of either kind of list. An order
// is saved in the cursor before it is asked after, so that a kill repeats the
// call in flight and no more.
func (s *Stage) pages(ctx context.Context, run etl.Run, e Endpoint, c *etl.Cursor, start string) iter.Seq2[drchrono.Page, error] {
	query, bulk := strings.CutPrefix(start, bulkMark)
	if !bulk {
		return s.Pager.Pages(ctx, e.Name, start)
	}
	return func(yield func(drchrono.Page, error) bool) {
		if s.Bulk == nil {
			yield(drchrono.Page{}, errNoBulk)
			return
		}
		pages, err := s.Bulk.Bulk(ctx, e.Name, query, func(next string, at time.Time) error {
			c.Next = bulkMark + next
			if c.Page == 0 {
				c.Began = serverClock(at)
			}
			return s.Store.PutCursor(ctx, run, *c)
		})
		if err != nil {
			yield(drchrono.Page{}, err)
			return
		}
		for page, err := range pages {
			if page.Next != "" {
				page.Next = bulkMark + page.Next
			}
			if !yield(page, err) {
				return
			}
		}
	}
}

// refusedBulk reports whether a bulk list is not to be had, or fails at the
// vendor, and remembers it: the drain is then read as a plain list. What keeps
// any list from being read, such as a dead token or a used-up quota, is no such
// failure.
func (s *Stage) refusedBulk(e Endpoint, start string, err error) bool {
	if err == nil || !strings.HasPrefix(start, bulkMark) || stopsAll(err) && !errors.Is(err, errNoBulk) {
		return false
	}
	if s.plain == nil {
		s.plain = map[string]bool{}
	}
	s.plain[e.Name] = true
	return true
}

// short keeps the watermark where it is when a bulk list brought fewer rows than
// it counts, or fewer that were there when it began than it counted then:
// something slipped through between its pages, and the next run reads the same
// window again.
func short(e Endpoint, c etl.Cursor, rows []etl.Row, page drchrono.Page) etl.Cursor {
	came := c.Rows + len(rows)
	switch later := e.later(c, rows); {
	case c.State != etl.StreamDrained:
		return c
	case page.Count > came:
		c.Note = also(c.Note, fmt.Sprintf("the list counts %d records and brought %d: the next run reads the same window again", page.Count, came))
	case c.Page > 0 && later > 0 && page.First > came-later:
		c.Note = also(c.Note, fmt.Sprintf("the list counted %d records when it began, and brought %d, beside %d made later: the next run reads the same window again", page.First, came-later, later))
	default:
		return c
	}
	c.Began, c.Newest = "", ""
	return c
}

// later is how many rows at the end of a list's last page were made after the
// drain began, going by their stamps. Lists by id have new ones at their end; a
// row before them that is stamped as late was changed. Visits go by their time
// (drchrono-facts, section 3), and of them nothing is said.
func (e Endpoint) later(c etl.Cursor, rows []etl.Row) (n int) {
	if c.Began == "" || e.Range == dateRange {
		return 0
	}
	for _, r := range slices.Backward(rows) {
		if r.Stamp <= c.Began { // a Began of our clock is later than any stamp
			break
		}
		n++
	}
	return n
}
