package centralreach

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
)

// A list is what CentralReach shows of one object, as one read showed it.
type list struct {
	byNatural map[string][]row
	byImport  map[string][]row // by what CentralReach itself takes for the same person
	external  map[string]bool  // the external ids that it shows
	size      int
}

type row struct{ id, external string }

// bears reports whether a row that the list shows has that external id.
func (l *list) bears(external string) bool { return external != "" && l.external[external] }

// list reads an object's list once a run: what we create after it is ours and
// known by the ledger.
func (d *Destination) list(ctx context.Context, object string) (*list, error) {
	d.listing.Lock()
	defer d.listing.Unlock()
	if l := d.lists[object]; l != nil {
		return l, nil
	}
	items, err := d.items(ctx, listPath(object), nil, "contactId", reads)
	if err != nil {
		return nil, err
	}
	l := &list{byNatural: map[string][]row{}, byImport: map[string][]row{}, external: map[string]bool{}, size: len(items)}
	for _, c := range items {
		r := row{c.text("contactId"), c.text("externalSystemId")}
		l.external[r.external] = true
		if key := naturalKey(object, c); key != "" {
			l.byNatural[key] = append(l.byNatural[key], r)
		}
		if key := importKey(c); key != "" {
			l.byImport[key] = append(l.byImport[key], r)
		}
	}
	d.lists[object] = l
	return l, nil
}

// forget makes the next look read the lists again, and forgets the conflicts.
func (d *Destination) forget() {
	d.listing.Lock()
	defer d.listing.Unlock()
	clear(d.lists)
	d.taskList = nil
	clear(d.conflicts)
	clear(d.providers)
	d.last = time.Time{}
}

// conflict notes a record that CentralReach says it has: what the list showed
// is not all there is, so the next look reads it again.
func (d *Destination) conflict(del etl.Delivery) {
	d.listing.Lock()
	defer d.listing.Unlock()
	delete(d.lists, del.Object)
	d.conflicts[etl.Ref{Endpoint: del.Object, ID: del.SourceID}] = true
}

func (d *Destination) hasConflict(object, source string) bool {
	d.listing.Lock()
	defer d.listing.Unlock()
	return d.conflicts[etl.Ref{Endpoint: object, ID: source}]
}

// items reads a list whole. Its paging is not documented (destinations-facts,
// B1): it is asked for by page and pageSize only where a reply shows fewer
// than its totalCount (assumptions, CentralReach). A list that does not come
// whole is an error: what it hides would be created again. Each page is read
// at most so many times.
func (d *Destination) items(ctx context.Context, path string, query url.Values, idField string, most int) ([]contact, error) {
	all, total, err := d.page(ctx, path, query, idField, most)
	if err != nil {
		return nil, err
	}
	all, seen := fresh(nil, all, idField, map[string]bool{})
	for size, n := len(all), 2; len(all) < total && size > 0; n++ {
		next := url.Values{"page": {strconv.Itoa(n)}, "pageSize": {strconv.Itoa(size)}}
		for name, v := range query {
			next[name] = v
		}
		page, count, err := d.page(ctx, path, next, idField, most)
		if isGone(err) { // the list is there: its first page was
			err = short(path, len(all), total)
		}
		if err != nil {
			return nil, err
		}
		before := len(all)
		if all, seen = fresh(all, page, idField, seen); len(all) == before {
			return nil, short(path, len(all), count)
		}
		total = count
	}
	if len(all) < total {
		return nil, short(path, len(all), total)
	}
	return all, nil
}

func short(path string, have, total int) error {
	return fmt.Errorf("GET %s shows %d of %d, and no more on asking for further pages", path, have, total)
}

// fresh appends the rows that were not seen yet; one without an id is not
// counted as any.
func fresh(all, page []contact, idField string, seen map[string]bool) ([]contact, map[string]bool) {
	for _, c := range page {
		if id := c.identify(idField); id != "" && !seen[id] {
			seen[id] = true
			all = append(all, c)
		}
	}
	return all, seen
}

// isGone reports that CentralReach does not know what a read was about, in its
// own words: any other 404 is an address that there is not.
func isGone(err error) bool {
	var read *readError
	return errors.As(err, &read) && read.reply.Status == http.StatusNotFound && statusIn(read.reply).Code != ""
}

// isHidden reports that the API user may not read it.
func isHidden(err error) bool {
	var read *readError
	return errors.As(err, &read) && read.reply.Status == http.StatusForbidden
}

// hanging reads a list that hangs on a contact. Where CentralReach says that
// there is nothing, it may mean the list or the contact: the write that follows
// is answered for that one record.
func (d *Destination) hanging(ctx context.Context, path, idField string, most int) ([]contact, error) {
	items, err := d.items(ctx, path, nil, idField, most)
	if isGone(err) {
		return nil, nil
	}
	return items, err
}

func (d *Destination) page(ctx context.Context, path string, query url.Values, idField string, most int) (items []contact, total int, err error) {
	reply, err := d.get(ctx, path, query, most)
	if err != nil {
		return nil, 0, err
	}
	switch {
	case reply.Status == http.StatusNoContent:
		return nil, 0, nil
	case reply.Status != http.StatusOK || !reply.IsJSON() || statusIn(reply).Code != "":
		return nil, 0, unexpected(path, reply)
	}
	if items, total, err = parseItems(reply, idField); err != nil {
		return nil, 0, unexpected(path, reply)
	}
	return items, total, nil
}

// parseItems reads {"items": [...], "totalCount": n}, a bare array, an object
// with one array of objects, or one object with its id, each of them in an
// envelope or not (assumptions, CentralReach). Where none of the entries has an
// id, what they are is not known, and that is an error.
func parseItems(reply load.Reply, idField string) (items []contact, total int, err error) {
	items, ok := parseContacts(reply.Body)
	if !ok {
		whole, err := parseContact(reply.Body)
		if err != nil {
			return nil, 0, err
		}
		if items, total, err = whole.listed(idField); err != nil {
			return nil, 0, err
		}
	}
	if len(items) > 0 && !slices.ContainsFunc(items, func(c contact) bool { return c.identify(idField) != "" }) {
		return nil, 0, errNoContact
	}
	return items, max(total, len(items)), nil
}

// listed is the list that an object holds, and of how many it says to be a part.
func (c contact) listed(idField string) (list []contact, total int, err error) {
	if c.text(idField) != "" {
		return []contact{c}, 1, nil
	}
	if list, err = c.array(); err != nil {
		inside := c.enveloped()
		if inside == nil {
			return nil, 0, err
		}
		return inside.listed(idField)
	}
	for _, name := range []string{"totalCount", "total", "count"} {
		if text := c.text(name); text != "" {
			if total, err = strconv.Atoi(text); err != nil {
				return nil, 0, errNoContact
			}
			break
		}
	}
	return list, total, nil
}

// array is an object's list: the one named items, or the only one, or the only
// one that is not empty. Errors are no list.
func (c contact) array() (list []contact, err error) {
	if _, v, ok := c.member("items"); ok && v.Kind() == '[' {
		if list, ok = parseContacts(v); !ok {
			err = errNoContact
		}
		return list, err
	}
	arrays, full := 0, 0
	for name, v := range c {
		one, ok := parseContacts(v)
		if !ok || strings.Contains(strings.ToLower(name), "error") {
			continue
		}
		arrays++
		if len(one) > 0 {
			list, full = one, full+1
		}
	}
	if full > 1 || full == 0 && arrays != 1 {
		return nil, errNoContact
	}
	return list, nil
}
