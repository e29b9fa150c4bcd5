package drchronotest

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// A job is one page of a bulk list, found when it was posted (facts, section 3).
type job struct {
	sp         *spec
	rows       []int32
	verbose    bool
	count      int
	size, page int
	made       time.Time
	asked      int
}

const (
	jobLife      = time.Hour
	bulkPageSize = 1000
)

func (s *Server) offersBulk(name string) bool {
	return s.o.Bulk && slices.Contains(bulkLists, name)
}

func (s *Server) bulk(w http.ResponseWriter, r *http.Request, sp *spec) {
	switch {
	case !s.granted(sp):
		fail(w, http.StatusForbidden, "You do not have permission to perform this action.")
	case r.Method == http.MethodPost:
		s.startJob(w, r, sp)
	case r.Method == http.MethodGet:
		s.pollJob(w, r.URL.Query().Get("uuid"), sp)
	default:
		fail(w, http.StatusMethodNotAllowed, `Method "`+r.Method+`" not allowed.`)
	}
}

// startJob reads the filters from the query string; the body is empty.
func (s *Server) startJob(w http.ResponseWriter, r *http.Request, sp *spec) {
	q := r.URL.Query()
	f, field, message := newFilter(sp, q, s.o.Now(), true)
	if message != "" {
		reject(w, field, message)
		return
	}
	j := &job{sp: sp, verbose: q.Get("verbose") == "true", made: s.o.Now(), page: max(1, int(number(q.Get("page"))))}
	most := bulkPageSize
	if sp.name == "clinical_note_field_values" {
		most = 20000
	}
	if limit := s.o.MaxPage[sp.name+"_list"]; limit > 0 {
		most = limit
	}
	j.size = pageSize(q.Get("page_size"), bulkPageSize, most)
	_, found := s.p.find(sp, f)
	j.count = len(found)
	if from := (j.page - 1) * j.size; from < j.count {
		j.rows = found[from:min(from+j.size, j.count)]
	}
	id := s.keep(j)
	link := s.base(r) + "/api/" + sp.name + "_list?uuid=" + id
	writeJSON(w, http.StatusCreated, marshal(fields{"status": "In progress", "uuid": id, "description": "Call " + link + " to get the list"}))
}

func (s *Server) keep(j *job) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := fmt.Sprintf("00000000-0000-4000-8000-%012d", len(s.jobs)+1)
	s.jobs[id] = j
	return id
}

// pollJob says "In progress" once, then gives the page.
func (s *Server) pollJob(w http.ResponseWriter, id string, sp *spec) {
	s.mu.Lock()
	j := s.jobs[id]
	if j == nil || j.sp != sp || s.o.Now().Sub(j.made) >= jobLife {
		s.mu.Unlock()
		fail(w, http.StatusNotFound, "Invalid uuid specified")
		return
	}
	j.asked++
	first := j.asked == 1
	s.mu.Unlock()
	state, rows := "Complete", []byte(nil)
	if first {
		state = "In progress"
	} else {
		rows = s.p.renderJob(j)
	}
	b := fmt.Appendf(nil, `{"status":%s,"pagination":{"count":%d,"pages":%d,"page_size":%d,"page":%d},"uuid":%s,"results":[`,
		strconv.Quote(state), j.count, (j.count+j.size-1)/j.size, j.size, j.page, strconv.Quote(id))
	writeJSON(w, http.StatusOK, append(append(b, rows...), `]}`...))
}

func (p *Practice) renderJob(j *job) []byte {
	p.mu.RLock()
	defer p.mu.RUnlock()
	t := p.tables[j.sp.table]
	return t.renderAll(j.rows, t.mask(j.sp, j.verbose))
}
