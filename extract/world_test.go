package extract_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract"
	"github.com/chartbridge/chartbridge/extract/drchrono"
	"github.com/chartbridge/chartbridge/extract/drchronotest"
	"github.com/chartbridge/chartbridge/sql"
)

// firstDay is the practice's now; the clock begins a minute later.
var firstDay = time.Date(2026, 3, 2, 7, 0, 0, 0, time.UTC)

const naiveLayout = "2006-01-02T15:04:05"

// clock passes the time that is slept and what a test adds.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.pass(d)
	return ctx.Err()
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// world is a simulated vendor on loopback and a staging database in a file.
type world struct {
	t        *testing.T
	practice *drchronotest.Practice
	vendor   *drchronotest.Server
	web      *httptest.Server
	clock    *clock
	dir      string
	store    *sql.Store
	stage    *extract.Stage
	run      etl.Run
	runs     int

	mu     sync.Mutex
	asked  int                              // calls to lists so far
	before func(n int, r *http.Request)     // told before the n-th call to a list is answered
	refuse func(path string) int            // the status to answer with instead; 0 = the vendor's
	wrap   func(s *sql.Store) extract.Store // what the stage sees of the store
}

func newPractice() *drchronotest.Practice {
	return drchronotest.NewPractice(7, drchronotest.MinSize, firstDay)
}

func newWorld(t *testing.T, p *drchronotest.Practice, change ...func(*drchronotest.Options)) *world {
	t.Helper()
	w := &world{t: t, practice: p, clock: &clock{now: firstDay.Add(time.Minute)}, dir: t.TempDir()}
	o := drchronotest.Options{Now: w.clock.Now, ClientID: "client-1", ClientSecret: "secret-1", RefreshToken: "refresh-1",
		CallsPerHour: -1, CallsPer10Min: -1, CallsPerSecond: -1}
	for _, f := range change {
		f(&o)
	}
	w.vendor = drchronotest.New(p, o)
	w.web = httptest.NewServer(http.HandlerFunc(w.serve))
	t.Cleanup(w.web.Close)
	w.open()
	t.Cleanup(func() {
		if err := w.store.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

func (w *world) serve(rw http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/api/") {
		w.mu.Lock()
		w.asked++
		n, before, refuse := w.asked, w.before, w.refuse
		w.mu.Unlock()
		if refuse != nil && refuse(r.URL.Path) != 0 {
			rw.WriteHeader(refuse(r.URL.Path))
			return
		}
		if before != nil {
			before(n, r)
		}
	}
	w.vendor.ServeHTTP(rw, r)
}

// open opens the database and makes a client and a stage, as a new process
// does.
func (w *world) open() {
	w.t.Helper()
	seal, err := sql.NewSealer(make([]byte, 32))
	if err != nil {
		w.t.Fatal(err)
	}
	w.runs++
	holder := "process " + string(rune('0'+w.runs%10))
	if w.store, err = sql.Open(context.Background(), w.dir, seal, holder); err != nil {
		w.t.Fatal(err)
	}
	tokens := &sql.Tokens{Store: w.store, Clock: w.clock, Seed: "refresh-1"}
	ledger := &sql.Ledger{Store: w.store, Clock: w.clock, Spender: "nightly", Limits: sql.Limits{PerWindow: 1 << 20, Window: time.Hour}}
	client, err := drchrono.New(drchrono.Options{BaseURL: w.web.URL, ClientID: "client-1", ClientSecret: "secret-1", Clock: w.clock,
		Ledger: ledger, Tokens: tokens, MaxBody: 32 << 20, Recall: extract.Recall(w.store)})
	if err != nil {
		w.t.Fatal(err)
	}
	var store extract.Store = w.store
	if w.wrap != nil {
		store = w.wrap(w.store)
	}
	w.stage = &extract.Stage{Store: store, Pager: client, Clock: w.clock, Overlap: 25 * time.Hour, Scope: tokens.Scope}
}

// reopen is what a new process finds after the old one died.
func (w *world) reopen() {
	w.t.Helper()
	if err := w.store.Close(); err != nil {
		w.t.Fatal(err)
	}
	w.open()
}

// night runs the stage in a run of its own.
func (w *world) night(endpoints ...string) error {
	w.t.Helper()
	return w.nightIn(context.Background(), endpoints...)
}

func (w *world) nightIn(ctx context.Context, endpoints ...string) error {
	now := w.clock.Now()
	w.run = etl.Run{ID: now.Format("20060102T150405Z") + "-" + string(rune('a'+w.runs%26)), At: now, Trigger: "operator"}
	w.runs++
	return w.stage.Run(ctx, w.run, endpoints)
}

// good runs a night that must end well.
func (w *world) good(endpoints ...string) {
	w.t.Helper()
	if err := w.night(endpoints...); err != nil {
		w.t.Fatal(err)
	}
}

// change patches a record as somebody does at this moment.
func (w *world) change(endpoint, id string, m map[string]any) {
	w.t.Helper()
	w.clock.pass(time.Second)
	if _, ok := m["updated_at"]; !ok {
		m["updated_at"] = w.clock.Now().UTC().Format(naiveLayout)
	}
	w.practice.Patch(endpoint, id, m)
}

// calls are the paths and queries asked of an endpoint since a mark.
func (w *world) calls(endpoint string) (list []drchronotest.Call) {
	for _, c := range w.vendor.Calls() {
		if c.Endpoint != "" && (endpoint == "" || c.Endpoint == endpoint) {
			list = append(list, c)
		}
	}
	return list
}

func (w *world) cursor(endpoint string) etl.Cursor {
	w.t.Helper()
	c, err := w.store.Cursor(context.Background(), endpoint, extract.Nightly)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// staged is an endpoint's records by id.
func (w *world) staged(endpoint string) map[string]etl.Source {
	w.t.Helper()
	list, err := w.store.All(context.Background(), endpoint)
	if err != nil {
		w.t.Fatal(err)
	}
	all := map[string]etl.Source{}
	for _, s := range list {
		all[s.ID] = s
	}
	return all
}

// ids are the staged ids that are not gone.
func (w *world) ids(endpoint string) []string {
	w.t.Helper()
	var ids []string
	for id, s := range w.staged(endpoint) {
		if !s.Gone {
			ids = append(ids, id)
		}
	}
	sort.Strings(ids)
	return ids
}

// held are the ids that the vendor holds.
func (w *world) held(endpoint, key string) []string {
	var ids []string
	for _, row := range w.practice.Rows(endpoint) {
		id := text(row[key])
		if !slices.Contains(ids, id) && strings.Trim(id, "0123456789") == "" { // a virtual occurrence is not asked for
			ids = append(ids, id)
		}
	}
	sort.Strings(ids)
	return ids
}

// maxSeq is the largest change number: it moves with each record written.
func (w *world) maxSeq(endpoints ...string) (n int64) {
	for _, e := range endpoints {
		for _, s := range w.staged(e) {
			n = max(n, s.Seq)
		}
	}
	return n
}
