package drchrono

import (
	"context"
	"crypto/sha256"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/go-json-experiment/json/jsontext"
)

const acceptJSON = "application/json"

// Page is one page of a list.
type Page struct {
	Rows  []Row     // in the order of the wire
	Next  string    // where to go on, verbatim; "" at the end. Pages and Bulk each take their own back
	Date  time.Time // DrChrono's clock (the Date header), zero if it did not tell
	URL   string    // path and query that were asked, for messages
	Count int       // rows of the whole list, by a bulk list's word; -1 where there is no total
	First int       // likewise when its first page was made; 0 = not known

	Digest string    // by which Recall may know its rows again; "" where they are not plain enough, or nobody asks
	Known  *etl.Page // what Recall knew of them: Rows is then empty
}

// Pages reads a list from start to its end: a path with query, such as
// "/api/patients?since=2026-01-01", or a Next that was saved. Only a next of
// null ends it; a short page does not (vendors/drchrono-facts §2).
//
// A page is handed over only when all of it can be relied on, its next
// included; otherwise the error comes in its stead, and is the last: a
// *PageError, *ForeignURLError, *LoopError, *StatusError, *QuotaError, or one
// that wraps ErrConsent, ErrUnreachable, the context's error or the ledger's.
// A 404 to a saved next is of KindMissing: forget it and begin the window anew.
func (c *Client) Pages(ctx context.Context, endpoint, start string) iter.Seq2[Page, error] {
	return func(yield func(Page, error) bool) {
		d := c.newDrain(endpoint)
		for link := start; ; {
			page, err := d.read(ctx, link)
			if !yield(page, err) || err != nil || page.Next == "" {
				return
			}
			link = page.Next
		}
	}
}

// drain is one walk along a list, with the guards against going in circles.
type drain struct {
	c        *Client
	endpoint string
	n        int // pages asked
	seen     map[string]bool
	previous [sha256.Size]byte // digest of the last page's ids
	ordered  func(query string, at time.Time) error
}

func (c *Client) newDrain(endpoint string) *drain {
	return &drain{c: c, endpoint: endpoint, seen: map[string]bool{}}
}

func (d *drain) read(ctx context.Context, link string) (Page, error) {
	u, err := d.c.place(link, false)
	if err != nil {
		return Page{}, &ForeignURLError{Endpoint: d.endpoint, Page: d.n, Reason: err.Error()}
	}
	d.n++
	d.seen[u.RequestURI()] = true
	q := request{endpoint: d.endpoint, purpose: "page", method: http.MethodGet, accept: acceptJSON, url: u,
		page: d.n, list: true, later: d.n > 1 || !strings.HasPrefix(link, "/"), retries: retries, timeout: d.c.o.Timeout}
	var e envelope
	q.read = func(r reply) (err error) {
		e, err = splitPage(q, r, d.recalling(ctx, u.RequestURI()))
		return err
	}
	r, err := d.c.fetch(ctx, q)
	if err != nil {
		return Page{}, err
	}
	if e.known != nil {
		d.previous = [sha256.Size]byte{} // whoever knows the page knows its ids too
	} else if err := d.progress(e.rows); err != nil {
		return Page{}, err
	}
	if err := d.follow(e.next); err != nil {
		return Page{}, err
	}
	return Page{Rows: e.rows, Next: e.next, Date: r.date(), URL: u.RequestURI(), Count: -1, Digest: e.digest, Known: e.known}, nil
}

// recalling is Options.Recall for the reply to what was asked.
func (d *drain) recalling(ctx context.Context, asked string) recallFunc {
	if d.c.o.Recall == nil {
		return nil
	}
	return func(rows []byte) (string, *etl.Page) { return d.c.o.Recall(ctx, d.endpoint, asked, rows) }
}

// follow checks a next before anybody stores it.
func (d *drain) follow(next string) error {
	if next == "" {
		return nil
	}
	u, err := d.c.place(next, false)
	switch {
	case err != nil:
		return &ForeignURLError{Endpoint: d.endpoint, Page: d.n, Reason: err.Error()}
	case d.seen[u.RequestURI()]:
		return &LoopError{Endpoint: d.endpoint, Page: d.n, Reason: "leads back to a page already read"}
	case d.n >= d.c.pageCap:
		return &LoopError{Endpoint: d.endpoint, Page: d.n, Reason: fmt.Sprintf("is the last that is read: a list may have %d pages", d.c.pageCap)}
	}
	return nil
}

// progress refuses a page with the very ids of the page before it: some
// servers ignore the page they are asked for (vendors/drchrono-facts §2).
func (d *drain) progress(rows []Row) error {
	if len(rows) == 0 {
		return nil
	}
	keys := make([]string, len(rows))
	for i, row := range rows {
		keys[i] = row.key()
	}
	slices.Sort(keys)
	sum := sha256.Sum256([]byte(strings.Join(slices.Compact(keys), "\x00")))
	if sum == d.previous {
		return &LoopError{Endpoint: d.endpoint, Page: d.n, Reason: Repeats}
	}
	d.previous = sum
	return nil
}

// splitPage takes a list's reply apart; what lacks rows is no empty page.
func splitPage(q request, r reply, recall recallFunc) (envelope, error) {
	e, err := splitUnless(r.body, recall)
	if err != nil {
		return e, pageError(q, err.Error())
	}
	if !e.hasRows {
		return e, pageError(q, "it has no array named results or data")
	}
	return e, nil
}

func pageError(q request, reason string) *PageError {
	return &PageError{Endpoint: q.endpoint, Page: q.page, Path: q.url.RequestURI(), Reason: reason}
}

// date is the server's clock.
func (r reply) date() time.Time {
	t, err := http.ParseTime(r.header.Get("Date"))
	if err != nil {
		return time.Time{}
	}
	return t
}

// Get reads one object, or one document in XML, at a path such as
// "/api/doctors/7". JSON is checked as strictly as a row; an HTML page is a
// *PageError, a 404 a *StatusError of KindMissing.
func (c *Client) Get(ctx context.Context, endpoint, path string) ([]byte, http.Header, error) {
	u, err := c.place(path, false)
	if err != nil {
		return nil, nil, &ForeignURLError{Endpoint: endpoint, Reason: err.Error()}
	}
	q := request{endpoint: endpoint, purpose: "object", method: http.MethodGet, accept: acceptJSON + ", application/xml;q=0.5",
		url: u, page: 1, retries: retries, timeout: 2 * c.o.Timeout}
	q.read = func(r reply) error {
		kind := strings.ToLower(r.header.Get("Content-Type"))
		switch v := jsontext.Value(r.body); {
		case strings.Contains(kind, "html"):
			return pageError(q, "it is HTML")
		case !strings.Contains(kind, "xml") && (tooDeep(v) || !v.IsValid()):
			return pageError(q, "it is not strict JSON")
		}
		return nil
	}
	r, err := c.fetch(ctx, q)
	if err != nil {
		return nil, nil, err
	}
	return r.body, r.header, nil
}
