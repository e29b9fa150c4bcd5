package extract

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract/drchrono"
)

// leastPage is the smallest page that is asked for.
const leastPage = 10

// tooLarge reports whether a list that fails after all retries may be read in
// smaller pages (drchrono-facts, section 9, 5xx). Where the smallest ones fail
// too, and no page came since, the size is not to blame: other lists then cost
// no further calls.
func (s *Stage) tooLarge(e Endpoint, err error) bool {
	var page *drchrono.PageError
	var status *drchrono.StatusError
	failed := errors.As(err, &page) || errors.As(err, &status) && status.Kind == drchrono.KindServer
	if !failed || s.down {
		return false
	}
	s.down = e.Size()/2 < leastPage
	return !s.down
}

// halved begins a list anew in pages of half the size. A next is followed
// verbatim, and page=3 of another size is another page, so it begins at the
// start; what comes twice is known by its id. The place at which c stands is
// given up when the first page has come.
func (s *Stage) halved(ctx context.Context, run etl.Run, e Endpoint, c etl.Cursor) error {
	e.Page = e.Size() / 2
	if e.kept == nil {
		kept := c
		e.kept = &kept
	}
	c.Next = ""
	return s.drainFrom(ctx, run, e, c)
}

// resumed is the endpoint with the size that a saved next bears, where that is
// smaller: what fails there fails in pages of that size, and half of the whole
// size would be the same again.
func (e Endpoint) resumed(next string) Endpoint {
	_, query, _ := strings.Cut(next, "?")
	q, _ := url.ParseQuery(query) // what cannot be read bears no size
	if n, err := strconv.Atoi(q.Get("page_size")); err == nil && n > 0 && n < e.Size() {
		e.Page = n
	}
	return e
}

// keeps is the cursor that stays when a drain fails.
func (e Endpoint) keeps(c etl.Cursor) etl.Cursor {
	if e.kept != nil && c.Page == 0 {
		return *e.kept
	}
	return c
}

// sized notes on a new drain that its pages are smaller ones.
func (e Endpoint) sized(c etl.Cursor) etl.Cursor {
	if e.kept != nil && c.Page == 0 {
		c.Note = fmt.Sprintf("it is read in pages of %d: larger ones failed", e.Size())
	}
	return c
}
