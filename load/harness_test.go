package load_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract"
	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/load/loadtest"
	"github.com/chartbridge/chartbridge/sql"
	"github.com/chartbridge/chartbridge/transform"
)

// A clock moves only when it is told to, or slept on.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 2, 7, 30, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c.Move(d)
	return nil
}

func (c *clock) Move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

const quiet = 15 * time.Minute

// rested is longer than a delivery's deadline and the quiet period.
const rested = 90 * time.Minute

// An oracle is a simulated vendor: what really happened there.
type oracle interface {
	Journal() []loadtest.Entry
	Duplicates() []string
	Inject(loadtest.Fault)
	Heal()
}

// An account is a destination under test with the practice's account there.
type account struct {
	oracle
	server *httptest.Server
	name   string
	shapes []transform.Shape
	ids    lookups
	calls  bool // it answers by callbacks
	// open makes the client anew, as each night does. down names an address
	// where nobody listens; "" is the server.
	open func(down string) load.Destination
}

type lookups map[string]map[string]string

func (l lookups) Find(_, lookup, key string) (string, bool) {
	id, ok := l[lookup][key]
	return id, ok
}

func (l lookups) Has(_, lookup string) bool { return l[lookup] != nil }

// A world is one practice with its database, and a vendor.
type world struct {
	*testing.T
	account
	ctx   context.Context
	clock *clock
	dir   string
	seal  *sql.Sealer
	store *sql.Store
	down  string
	twins []string // that were there twice before we came
	runs  int
}

func newWorld(t *testing.T, start func(*testing.T, *clock) account) *world {
	t.Helper()
	w := &world{T: t, ctx: t.Context(), clock: newClock(), dir: t.TempDir(), seal: newSeal()}
	w.account = start(t, w.clock)
	empty, err := migrated()
	w.must(err)
	w.must(os.WriteFile(filepath.Join(w.dir, sql.FileName), empty, 0o600))
	w.restart()
	if w.calls {
		vendorOf(w).SetAsync(true, w.receive()+"/the-secret")
	}
	t.Cleanup(func() {
		if err := w.store.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

func newSeal() *sql.Sealer {
	seal, err := sql.NewSealer([]byte(strings.Repeat("k", 32)))
	if err != nil {
		panic(err) // the key is of the right length
	}
	return seal
}

// migrated is an empty database: to make each anew would take much of a test's
// time.
var migrated = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "migrated")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }() // what stays is empty
	store, err := sql.Open(context.Background(), dir, newSeal(), "nobody")
	if err != nil {
		return nil, err
	}
	if err := store.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(dir, sql.FileName))
})

// restart is another process on the same database.
func (w *world) restart() {
	w.Helper()
	if w.store != nil {
		if err := w.store.Close(); err != nil {
			w.Fatal(err)
		}
	}
	var err error
	if w.store, err = sql.Open(context.Background(), w.dir, w.seal, fmt.Sprintf("process %d", w.runs)); err != nil {
		w.Fatal(err)
	}
}

// put stages source rows, each a JSON object, as a drained read would.
func (w *world) put(endpoint string, rows ...string) {
	w.Helper()
	e, ok := extract.Find(endpoint)
	if !ok {
		w.Fatalf("no endpoint %s", endpoint)
	}
	list := make([]etl.Row, len(rows))
	for n, raw := range rows {
		list[n] = extract.ReadRow(e, []byte(raw), "")
	}
	cursor := etl.Cursor{Endpoint: endpoint, Lane: extract.Nightly, State: etl.StreamDrained}
	if _, err := w.store.StagePage(w.ctx, w.run(), cursor, list, false); err != nil {
		w.Fatal(err)
	}
}

func (w *world) run() etl.Run {
	return etl.Run{ID: fmt.Sprintf("run-%03d", w.runs), At: w.clock.Now(), Trigger: "test"}
}

// night is one pass: judge, send, conclude. A mod changes the stage.
func (w *world) night(mods ...func(*load.Stage)) error {
	w.Helper()
	w.runs++
	run := w.run()
	w.must(w.store.OpenRun(context.Background(), run, "test", ""))
	w.judge(run)
	err := w.stage(mods...).Run(w.ctx, run)
	w.must(w.store.Conclude(context.Background(), run))
	w.balance(run)
	w.clean()
	return err
}

func (w *world) judge(run etl.Run) {
	w.Helper()
	env := transform.Env{Destination: w.name, Now: run.At, Zone: time.UTC, GoLive: "2026-01-01", Lookups: w.ids}
	judge := &transform.Stage{Store: w.store, Env: env, Shapes: w.shapes, Rules: "rules"}
	w.must(judge.Run(context.Background(), run))
}

func (w *world) stage(mods ...func(*load.Stage)) *load.Stage {
	s := &load.Stage{Store: w.store, Destination: w.open(w.down), Clock: w.clock, InFlight: 4, Quiet: quiet,
		Brake: load.Brake{Changed: 30, Rejected: 20, After: 50}, Timeout: load.RequestTimeout}
	if w.calls {
		s.Clock = postingClock{w.clock, vendorOf(w)}
	}
	for _, mod := range mods {
		mod(s)
	}
	return s
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// balance holds the law: over all staged records, source = sum of outcomes.
func (w *world) balance(run etl.Run) {
	w.Helper()
	w.must(w.store.Recount(context.Background()))
	w.must(w.store.CheckWhole(context.Background(), w.clock.Now())) // holds all that is carried against what carries it
	counts, err := w.store.Tally(context.Background(), run.ID)
	w.must(err)
	for _, shape := range w.shapes {
		w.must(w.store.Uncarried(context.Background(), shape.Destination, shape.Object, shape.Endpoint, func(row int64) {
			w.Errorf("%s: the %s of row %d does not carry its parts", run.ID, shape.Object, row)
		}))
		want, err := w.store.SourceCount(context.Background(), shape.Endpoint, shape.Parts)
		w.must(err)
		sum := 0
		for _, c := range counts {
			if c.Object == shape.Object && c.Outcome != etl.Extra {
				sum += c.N
			}
		}
		if sum != want {
			w.Errorf("%s %s: %d source records, %d in the outcomes", run.ID, shape.Object, want, sum)
		}
	}
}

// clean holds what must be true after every night, by the vendor's journal:
// nothing was created twice, and each write has an intent of its own.
func (w *world) clean() {
	w.Helper()
	if twice := w.Duplicates(); !slices.Equal(twice, w.twins) {
		w.Errorf("created twice: %v", twice)
	}
	applied := 0
	for _, e := range w.writes(0) {
		if e.Applied {
			applied++
		}
	}
	if intents := w.number("SELECT count(*) FROM delivery"); applied > intents {
		w.Errorf("%d writes were applied and %d have an intent", applied, intents)
	}
}

// writes are the calls from the n-th on that asked to change something.
func (w *world) writes(n int) []loadtest.Entry {
	return slices.DeleteFunc(w.Journal()[n:], func(e loadtest.Entry) bool { return e.Method == "GET" || e.Object == "token" })
}

// target is what became of a record. A part is named as "id/part".
func (w *world) target(object, id string) etl.Target {
	w.Helper()
	i := slices.IndexFunc(w.shapes, func(s transform.Shape) bool { return s.Object == object })
	shape, record := w.shapes[i], id
	if shape.Parts {
		record, _, _ = strings.Cut(id, "/")
	}
	known, err := w.store.Known(context.Background(), w.name, object, []etl.Source{{Ref: etl.Ref{Endpoint: shape.Endpoint, ID: record}}}, shape.Parts)
	w.must(err)
	t, ok := known[id]
	if !ok {
		w.Fatalf("%s %s has no target", object, id)
	}
	return t
}

// expect holds an outcome, written as "outcome" or "outcome cause".
func (w *world) expect(when, object, id, want string) {
	w.Helper()
	t := w.target(object, id)
	got := string(t.Outcome)
	if strings.Contains(want, " ") {
		got += " " + t.Cause
	}
	if got != want {
		w.Errorf("%s: %s %s is %q (cause %q), want %q", when, object, id, got, t.Cause, want)
	}
}
