package drchrono

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// bulkList ends the name of a bulk list: it is the same endpoint, read in another
// way, and its calls count as that one's.
const bulkList = "_list"

const (
	pollFirst   = 3 * time.Second // doubled each time: by its third look no later than the vendor's script, which asks every 10 s
	pollMost    = time.Minute
	pollFor     = 10 * time.Minute // then the plain list is read
	bulkReorder = 2                // orders made anew after a failed one
)

// errReorder: the order is gone or failed; a new one may succeed.
var errReorder = errors.New("the order failed")

// Bulk reads a list by the asynchronous protocol of /api/<endpoint>_list
// (vendors/drchrono-facts §3): an order by POST for each page, asked after
// until it is complete. query holds the filters, page_size and order_by
// ("since=2026-01-01&page_size=1000&order_by=id"), and page=N to go on from a
// saved Next, which is the query of the page to come. Pages are separate
// snapshots, so the list's total may move: Count is the largest that a page has
// told, and First what the first page told. What was deleted after it was read
// moves up what stands behind it, and only the earlier total tells of the row
// that slipped through.
//
// ordered is told of each order before it is asked after: the query to go on
// with that very order, and DrChrono's clock when it took it, zero if it did
// not tell. Its error ends the list; it may be nil.
//
// The first order is made at once. The error beside the sequence is the one
// it met: 403, 404 or 405 wraps ErrUnavailable, read the plain list instead.
// Errors within the sequence, which is read once, are those of Pages.
func (c *Client) Bulk(ctx context.Context, endpoint, query string, ordered func(query string, at time.Time) error) (iter.Seq2[Page, error], error) {
	d := c.newDrain(strings.TrimSuffix(endpoint, bulkList) + bulkList)
	d.n, d.ordered = 1, ordered
	first, err := d.order(ctx, query)
	if err != nil {
		return nil, err
	}
	return func(yield func(Page, error) bool) {
		for o := first; ; {
			page, err := d.complete(ctx, o)
			if !yield(page, err) || err != nil || page.Next == "" {
				return
			}
			d.n++
			if o, err = d.order(ctx, page.Next); err != nil {
				yield(Page{}, err)
				return
			}
		}
	}, nil
}

// order is one page asked for.
type order struct {
	q      request // the POST
	uuid   string
	rest   string // the query without page=
	number int    // the page
	most   int    // the largest total of the pages before it
	first  int    // the total of the first page
}

// order asks for one page, unless the query names an order that was made.
func (d *drain) order(ctx context.Context, query string) (order, error) {
	o := cutPage(query)
	q, err := d.bulkRequest(http.MethodPost, withPage(o.rest, o.number))
	if err != nil {
		return order{}, err
	}
	if o.q = q; o.uuid != "" {
		return o, nil
	}
	e, r, err := d.ask(ctx, q)
	switch {
	case err != nil:
		return order{}, err
	case !plainID(e.uuid):
		return order{}, pageError(q, "the order has no uuid")
	}
	if o.uuid = e.uuid; d.ordered != nil {
		if err := d.ordered(o.again()+"&"+byUUID+o.uuid, r.date()); err != nil {
			return order{}, err
		}
	}
	return o, nil
}

const (
	byUUID = "uuid="
	told   = "count=" // ours: it is cut off before the query is sent
	opened = "first=" // likewise
)

// again is the query to order the page with, and what is known by then.
func (o order) again() string {
	return withPage(o.rest, o.number) + "&" + told + strconv.Itoa(o.most) + "&" + opened + strconv.Itoa(o.first)
}

// complete waits for one page, and orders it again if it failed.
func (d *drain) complete(ctx context.Context, o order) (Page, error) {
	for again := 0; ; again++ {
		e, r, err := d.poll(ctx, o)
		switch {
		case err == nil:
			return d.bulkPage(o, e, r)
		case !errors.Is(err, errReorder):
			return Page{}, err
		case again >= bulkReorder:
			return Page{}, pageError(o.q, "the bulk order failed again and again")
		}
		if o, err = d.order(ctx, o.again()); err != nil {
			return Page{}, err
		}
	}
}

// bulkPage judges a completed order.
func (d *drain) bulkPage(o order, e envelope, r reply) (Page, error) {
	if !e.hasRows || e.page.Count == nil || e.page.Pages == nil {
		return Page{}, pageError(o.q, "it is complete but has no results or no pagination")
	}
	if err := d.progress(e.rows); err != nil {
		return Page{}, err
	}
	most, first := max(o.most, int(*e.page.Count)), o.first
	if o.number == 1 {
		first = int(*e.page.Count)
	}
	page := Page{Rows: e.rows, Date: r.date(), URL: o.q.url.RequestURI(), Count: most, First: first}
	if o.number < int(*e.page.Pages) {
		if d.n >= d.c.pageCap {
			return Page{}, &LoopError{Endpoint: d.endpoint, Page: d.n, Reason: "is the last that is read: the list has too many pages"}
		}
		page.Next = order{rest: o.rest, number: o.number + 1, most: most, first: first}.again()
	}
	return page, nil
}

// poll asks after an order until it is complete.
func (d *drain) poll(ctx context.Context, o order) (envelope, reply, error) {
	q, err := d.bulkRequest(http.MethodGet, byUUID+o.uuid)
	if err != nil {
		return envelope{}, reply{}, err
	}
	deadline := d.c.o.Clock.Now().Add(pollFor)
	for wait := pollFirst; d.c.o.Clock.Now().Before(deadline); wait = min(wait*2, pollMost) {
		if err := d.c.pause(ctx, "DrChrono prepares a bulk list", wait); err != nil {
			return envelope{}, reply{}, err
		}
		e, r, err := d.ask(ctx, q)
		if err != nil {
			return e, r, orderFailed(err)
		}
		switch strings.ToLower(e.status) {
		case "complete":
			return e, r, nil
		case "in progress":
		case "failed", "canceled", "cancelled", "error":
			return e, r, errReorder
		default:
			return e, r, pageError(q, "its status is none of the known ones")
		}
	}
	return envelope{}, reply{}, pageError(q, "the bulk order was not complete after 10 minutes")
}

// ask fetches a reply and takes it apart.
func (d *drain) ask(ctx context.Context, q request) (e envelope, r reply, err error) {
	q.read = func(r reply) (err error) {
		if e, err = split(r.body); err != nil {
			return pageError(q, err.Error())
		}
		return nil
	}
	r, err = d.c.fetch(ctx, q)
	return e, r, err
}

// orderFailed: 404 is an order that expired, 5xx one that failed.
func orderFailed(err error) error {
	var status *StatusError
	if errors.As(err, &status) && (status.Status == http.StatusNotFound || status.Kind == KindServer) {
		return errReorder
	}
	return err
}

// bulkRequest: an order is a read, so it may be sent again; a poll's 5xx
// tells that the order failed, so it is not retried for long.
func (d *drain) bulkRequest(method, query string) (request, error) {
	u, err := d.c.place("/api/"+d.endpoint+"?"+query, false)
	if err != nil {
		return request{}, &ForeignURLError{Endpoint: d.endpoint, Page: d.n, Reason: err.Error()}
	}
	q := request{endpoint: d.endpoint, purpose: "bulk", method: method, accept: acceptJSON, url: u,
		page: d.n, list: true, retries: retries, timeout: 2 * d.c.o.Timeout}
	if method == http.MethodGet {
		q.retries = 1
	}
	return q, nil
}

// cutPage takes page=N, the order's uuid and what is ours out of a query.
func cutPage(query string) order {
	o := order{number: 1}
	var kept []string
	for part := range strings.SplitSeq(query, "&") {
		if v, ok := strings.CutPrefix(part, "page="); ok {
			if n, err := strconv.Atoi(v); err == nil && n > 0 {
				o.number = n
			}
		} else if v, ok := strings.CutPrefix(part, byUUID); ok && plainID(v) {
			o.uuid = v
		} else if v, ok := strings.CutPrefix(part, told); ok {
			o.most, _ = strconv.Atoi(v)
		} else if v, ok := strings.CutPrefix(part, opened); ok {
			o.first, _ = strconv.Atoi(v)
		} else if part != "" {
			kept = append(kept, part)
		}
	}
	o.rest = strings.Join(kept, "&")
	return o
}

func withPage(rest string, number int) string {
	if rest != "" {
		rest += "&"
	}
	return rest + "page=" + strconv.Itoa(number)
}

func plainID(s string) bool {
	for _, ch := range s {
		if !(ch == '-' || ch >= '0' && ch <= '9' || ch >= 'a' && ch <= 'z' || ch >= 'A' && ch <= 'Z') {
			return false
		}
	}
	return s != "" && len(s) <= 64
}
