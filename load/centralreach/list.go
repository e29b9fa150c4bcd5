package centralreach

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/go-json-experiment/json"
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
	items, err := d.items(ctx, listPath(object), nil, "contactId")
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
// whole is an error: what it hides would be created again.
func (d *Destination) items(ctx context.Context, path string, query url.Values, idField string) ([]contact, error) {
	all, total, err := d.page(ctx, path, query)
	if err != nil {
		return nil, err
	}
	all, seen := fresh(nil, all, idField, map[string]bool{})
	for size, n := len(all), 2; len(all) < total && size > 0; n++ {
		next := url.Values{"page": {strconv.Itoa(n)}, "pageSize": {strconv.Itoa(size)}}
		for name, v := range query {
			next[name] = v
		}
		page, count, err := d.page(ctx, path, next)
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

// fresh appends the rows that were not seen yet; rows without an id are not
// counted as any.
func fresh(all, page []contact, idField string, seen map[string]bool) ([]contact, map[string]bool) {
	for _, c := range page {
		if id := c.text(idField); id != "" && !seen[id] {
			seen[id] = true
			all = append(all, c)
		}
	}
	return all, seen
}

func (d *Destination) page(ctx context.Context, path string, query url.Values) (items []contact, total int, err error) {
	reply, err := d.get(ctx, path, query, reads)
	if err != nil {
		return nil, 0, err
	}
	if reply.Status != http.StatusOK || !reply.IsJSON() || statusIn(reply).Code != "" {
		return nil, 0, unexpected(path, reply)
	}
	if items, total, err = parseItems(reply); err != nil {
		return nil, 0, unexpected(path, reply)
	}
	return items, total, nil
}

// parseItems reads {"items": [...], "totalCount": n}, a bare array, or an
// object with one array of objects (assumptions, CentralReach).
func parseItems(reply load.Reply) (items []contact, total int, err error) {
	if json.Unmarshal(reply.Body, &items) == nil && items != nil {
		return items, len(items), nil
	}
	whole, err := parseContact(reply.Body)
	if err != nil {
		return nil, 0, err
	}
	if items, err = arrayIn(whole); err != nil {
		return nil, 0, err
	}
	total = len(items)
	if text := whole.text("totalCount"); text != "" {
		if total, err = strconv.Atoi(text); err != nil {
			return nil, 0, errNoContact
		}
	}
	return items, total, nil
}

func arrayIn(whole contact) (found []contact, err error) {
	if _, v, ok := whole.member("items"); ok {
		return found, json.Unmarshal(v, &found)
	}
	arrays := 0
	for _, v := range whole {
		var list []contact
		if v.Kind() == '[' && json.Unmarshal(v, &list) == nil {
			found, arrays = list, arrays+1
		}
	}
	if arrays != 1 {
		return nil, errNoContact
	}
	return found, nil
}
