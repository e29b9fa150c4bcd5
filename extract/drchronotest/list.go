package drchronotest

import (
	"cmp"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// A page is one answer of a list: rendered rows and its neighbours.
type page struct {
	rows           []byte // joined by commas
	next, previous string // absolute; "" = null
}

func (s *Server) writePage(w http.ResponseWriter, pg page) {
	link := func(u string) any {
		if u == "" {
			return nil
		}
		return u
	}
	key := "results"
	if s.o.DataKey {
		key = "data"
	}
	b := append([]byte(`{"next":`), marshal(link(pg.next))...)
	b = append(append(b, `,"previous":`...), marshal(link(pg.previous))...)
	b = append(append(b, `,"`+key+`":[`...), pg.rows...)
	writeJSON(w, http.StatusOK, append(b, `]}`...))
}

// list answers one page of an endpoint.
func (s *Server) list(w http.ResponseWriter, r *http.Request, sp *spec) {
	q := r.URL.Query()
	f, field, message := newFilter(sp, q, s.o.Now(), false)
	if message != "" {
		reject(w, field, message)
		return
	}
	verbose := q.Get("verbose") == "true"
	def, limit := sp.pageSize(verbose, s.o.MaxPage)
	size := pageSize(q.Get("page_size"), def, limit)
	if sp.name == "patients_summary" {
		size = def
	}
	from, ok := s.offset(q, size)
	if !ok {
		fail(w, http.StatusNotFound, "Invalid page.")
		return
	}
	rows, total := s.p.slice(sp, f, from, size, verbose)
	if from > 0 && from >= total {
		fail(w, http.StatusNotFound, "Invalid page.")
		return
	}
	pg := page{rows: rows}
	if from+size < total {
		pg.next = s.link(r, from+size, size)
	}
	if from > 0 {
		pg.previous = s.link(r, max(0, from-size), size)
	}
	s.writePage(w, pg)
}

func pageSize(asked string, def, limit int) int {
	n, err := strconv.Atoi(asked)
	if err != nil || n < 1 {
		return def
	}
	return min(n, limit)
}

// offset is where the asked page begins. Each style ignores the other's
// parameter, so that a hand-built page=2 under cursors is page one again.
func (s *Server) offset(q url.Values, size int) (int, bool) {
	if s.o.Cursor {
		c := q.Get("cursor")
		if c == "" {
			return 0, true
		}
		b, err := base64.URLEncoding.DecodeString(c)
		n, err2 := strconv.Atoi(strings.TrimPrefix(string(b), "o="))
		return n, err == nil && err2 == nil && n >= 0
	}
	if !q.Has("page") {
		return 0, true
	}
	n, err := strconv.Atoi(q.Get("page"))
	return (n - 1) * size, err == nil && n >= 1
}

func (s *Server) link(r *http.Request, from, size int) string {
	q := r.URL.Query()
	if s.o.Cursor {
		q.Del("page")
		q.Set("cursor", base64.URLEncoding.EncodeToString([]byte("o="+strconv.Itoa(from))))
	} else {
		q.Del("cursor")
		q.Set("page", strconv.Itoa(from/size+1))
	}
	path := strings.TrimPrefix(r.URL.Path, s.o.Prefix)
	return s.base(r) + path + "?" + q.Encode()
}

// slice renders a stretch of the rows that a filter finds, and counts them all.
func (p *Practice) slice(sp *spec, f *filter, from, size int, verbose bool) ([]byte, int) {
	t, found := p.find(sp, f)
	p.mu.RLock()
	defer p.mu.RUnlock()
	if from < 0 || from >= len(found) {
		return nil, len(found)
	}
	return t.renderAll(found[from:min(from+size, len(found))], t.mask(sp, verbose)), len(found)
}

func (t *table) renderAll(rows []int32, mask []bool) []byte {
	var b []byte
	for _, i := range rows {
		if t.rows[i].gone {
			continue
		}
		if len(b) > 0 {
			b = append(b, ',')
		}
		b = t.appendJSON(b, &t.rows[i], mask)
	}
	return b
}

// maxCached bounds how many results of filters a table remembers, so that the
// pages of a stream cost what they show, not what the table holds.
const maxCached = 32

// find gives the rows of a filter in the vendor's order.
func (p *Practice) find(sp *spec, f *filter) (*table, []int32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.table(sp.table)
	if found, ok := t.cache[f.key]; ok {
		return t, found
	}
	var found []int32
	for i := range t.rows {
		if r := &t.rows[i]; !r.gone && f.match(t, r) {
			found = append(found, int32(i))
		}
	}
	t.sort(found, f.orderBy)
	if len(t.cache) >= maxCached {
		clear(t.cache)
	}
	t.cache[f.key] = found
	return t, found
}

// sort: appointments come by scheduled time, all else in the order made, which
// is the order of ids (facts, section 2). Bulk lists may ask otherwise.
func (t *table) sort(found []int32, orderBy string) {
	if orderBy == "" && t.name == "appointments" {
		orderBy = "scheduled_time"
	}
	key := func(r *row) int64 { return 0 }
	switch orderBy {
	case "scheduled_time":
		key = func(r *row) int64 { return r.when }
	case "updated_at":
		key = func(r *row) int64 { return r.updated }
	}
	slices.SortStableFunc(found, func(a, b int32) int { return cmp.Compare(key(&t.rows[a]), key(&t.rows[b])) })
}

// detail answers one record. Its verbose keys need verbose=true here too;
// deleted and inactive ones need no flag.
func (s *Server) detail(w http.ResponseWriter, r *http.Request, sp *spec, id string) {
	body := s.p.one(sp, id, r.URL.Query().Get("verbose") == "true")
	if body == nil {
		fail(w, http.StatusNotFound, "Not found.")
		return
	}
	writeJSON(w, http.StatusOK, body)
}

func (p *Practice) one(sp *spec, id string, verbose bool) []byte {
	p.mu.RLock()
	defer p.mu.RUnlock()
	t := p.tables[sp.table]
	if t == nil {
		return nil
	}
	i, ok := t.byID[id]
	if !ok {
		return nil
	}
	return t.appendJSON(nil, &t.rows[i], t.mask(sp, verbose))
}

func (p *Practice) firstID(endpoint string) string {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.tables[endpoint].rows[0].id
}
