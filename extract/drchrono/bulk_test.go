package drchrono

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// bulkServer keeps orders; each is in progress for a while.
type bulkServer struct {
	asked   []string
	orders  int
	polls   int
	pending int
	answer  func(order int) (int, string) // nil: the documented one
}

func (s *bulkServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.asked = append(s.asked, r.Method+" "+r.RequestURI)
	if r.Method == http.MethodPost {
		s.orders++
		s.polls = 0
		says(201, fmt.Sprintf(`{"status":"In progress","uuid":"u-%d","description":"Call https://evil.test/?uuid=x to get the list"}`, s.orders))(w, r)
		return
	}
	if s.polls++; s.polls <= s.pending {
		says(200, `{"status":"In progress","results":null}`)(w, r)
		return
	}
	status, body := 200, fmt.Sprintf(`{"status":"Complete","pagination":{"count":3,"pages":2,"page":%d},"results":[{"id":%d}]}`, s.orders, s.orders)
	if s.answer != nil {
		status, body = s.answer(s.orders)
	}
	says(status, body)(w, r)
}

func (w *world) bulk(query string) (pages []Page, err error) {
	seq, err := w.Bulk(context.Background(), "patients", query, nil)
	if err != nil {
		return nil, err
	}
	for p, err := range seq {
		if err != nil {
			return pages, err
		}
		pages = append(pages, p)
	}
	return pages, nil
}

func TestBulk(t *testing.T) {
	s := &bulkServer{pending: 1}
	w := newWorld(t, s.ServeHTTP)
	pages, err := w.bulk("since=2026-01-01&page_size=1000")
	if err != nil || len(pages) != 2 || pages[0].Count != 3 || string(pages[1].Rows[0].Raw) != `{"id":2}` {
		t.Fatalf("%v, %v", pages, err)
	}
	want := []string{"POST /api/patients_list?since=2026-01-01&page_size=1000&page=1", "GET /api/patients_list?uuid=u-1", "GET /api/patients_list?uuid=u-1",
		"POST /api/patients_list?since=2026-01-01&page_size=1000&page=2", "GET /api/patients_list?uuid=u-2", "GET /api/patients_list?uuid=u-2"}
	if diff := cmp.Diff(want, s.asked); diff != "" {
		t.Error(diff)
	}
	if w.ledger.calls[0] != (Call{"patients", "bulk"}) || w.clock.slept[0] != pollFirst {
		t.Errorf("call %v, slept %v", w.ledger.calls[0], w.clock.slept)
	}
	if again, err := w.bulk(pages[0].Next); err != nil || len(again) != 1 {
		t.Errorf("from a saved next: %d pages, %v", len(again), err)
	}
}

// Numbers come as text too. The largest total that any page told counts, also
// for who goes on from a saved query: of a row that was deleted behind us, and
// of the one that slipped through in its place, no later total tells.
func TestBulkKeepsTheLargestTotal(t *testing.T) {
	s := &bulkServer{answer: func(order int) (int, string) {
		return 200, fmt.Sprintf(`{"status":"Complete","pagination":{"count":"%d","pages":"2"},"data":[{"id":%d}]}`, 8-order, order)
	}}
	w := newWorld(t, s.ServeHTTP)
	pages, err := w.bulk("page_size=1000")
	if err != nil || len(pages) != 2 || pages[0].Count != 7 || pages[1].Count != 7 || pages[1].First != 7 {
		t.Fatalf("%v, %v", pages, err)
	}
	again, err := w.bulk(pages[0].Next)
	if err != nil || len(again) != 1 || again[0].Count != 7 || again[0].First != 7 {
		t.Errorf("from a saved next: %v, %v", again, err)
	}
	if diff := cmp.Diff("POST /api/patients_list?page_size=1000&page=2", s.asked[4]); diff != "" {
		t.Error(diff)
	}
}

func TestBulkOrdersAgain(t *testing.T) {
	for name, tc := range map[string]struct {
		status int
		body   string
	}{"failed": {200, `{"status":"Failed"}`}, "expired": {404, `{"detail":"Invalid uuid specified"}`}, "error": {500, `{"status":"Error","detail":"canary"}`}} {
		s := &bulkServer{}
		s.answer = func(n int) (int, string) {
			if n == 1 {
				return tc.status, tc.body
			}
			return 200, `{"status":"Complete","pagination":{"count":1,"pages":1},"results":[{"id":1}]}`
		}
		if pages, err := newWorld(t, s.ServeHTTP).bulk(""); err != nil || len(pages) != 1 || s.orders != 2 {
			t.Errorf("%s: %d pages, %d orders, %v", name, len(pages), s.orders, err)
		}
		s = &bulkServer{answer: func(int) (int, string) { return tc.status, tc.body }}
		_, err := newWorld(t, s.ServeHTTP).bulk("")
		if !as[*PageError](err) || s.orders != 3 {
			t.Errorf("%s for ever: %d orders, %v", name, s.orders, err)
		}
		clean(t, err)
	}
}

func TestBulkUnavailable(t *testing.T) {
	for _, status := range []int{403, 404, 405} {
		w := newWorld(t, says(status, `{"detail":"canary"}`))
		if _, err := w.Bulk(context.Background(), "patients", "", nil); !errors.Is(err, ErrUnavailable) {
			t.Errorf("%d: %v", status, err)
		}
	}
}

func TestBulkRefusesBadReplies(t *testing.T) {
	for name, body := range map[string]string{"no rows": `{"status":"Complete","pagination":{"count":0,"pages":0}}`, "no count": `{"status":"Complete","results":[]}`,
		"status": `{"status":"Who knows"}`, "html": "<html>", "never": `{"status":"In progress"}`} {
		s := &bulkServer{answer: func(int) (int, string) { return 200, body }}
		if _, err := newWorld(t, s.ServeHTTP).bulk(""); !as[*PageError](err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, uuid := range []string{"", "a&page=2", "a/../b", strings.Repeat("a", 65)} {
		w := newWorld(t, says(201, `{"status":"In progress","uuid":"`+uuid+`"}`))
		if _, err := w.Bulk(context.Background(), "patients", "", nil); !as[*PageError](err) {
			t.Errorf("uuid %q: %v", uuid, err)
		}
	}
}

func TestBulkRepeatsNoPage(t *testing.T) {
	s := &bulkServer{answer: func(int) (int, string) {
		return 200, `{"status":"Complete","pagination":{"count":2,"pages":2},"results":[{"id":1}]}`
	}}
	if pages, err := newWorld(t, s.ServeHTTP).bulk(""); !as[*LoopError](err) || len(pages) != 1 {
		t.Errorf("%d pages, %v", len(pages), err)
	}
}
