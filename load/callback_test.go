package load_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/load/loadtest"
	"github.com/chartbridge/chartbridge/load/rethink"
	"github.com/chartbridge/chartbridge/sql"
)

// callbackWait is how long an accepted record waits for its answer.
const callbackWait = 30 * time.Minute

// receive takes callbacks in as `serve` does, in another process.
func (w *world) receive() (url string) {
	w.Helper()
	store, err := sql.Open(context.Background(), w.dir, w.seal, "daemon")
	w.must(err)
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.URL.Path != "/the-secret" {
			rw.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.takeIn(store, r.Header.Get(rethink.CallbackType), r.Header.Get(rethink.CallbackTransaction), body)
	}))
	w.Cleanup(func() {
		server.Close()
		if err := store.Close(); err != nil {
			w.Error(err)
		}
	})
	return server.URL
}

func (w *world) takeIn(store *sql.Store, object, ticket string, body []byte) {
	if err := store.TakeCallback(context.Background(), rethink.Name, object, ticket, body, w.clock.Now()); err != nil {
		w.Error(err)
	}
	if _, err := load.Collect(context.Background(), store, w.open(""), etl.Run{ID: sql.CallbackRun}); err != nil {
		w.Error(err)
	}
}

// A postingClock lets the vendor post its results whenever the run waits.
type postingClock struct {
	etl.Clock
	vendor *loadtest.Rethink
}

func (c postingClock) Sleep(ctx context.Context, d time.Duration) error {
	if err := c.vendor.Deliver(); err != nil {
		return err
	}
	return c.Clock.Sleep(ctx, d)
}

// TestCallbackContract: what was accepted for later is settled by its callback,
// once, whatever becomes of the callback; without it, it is asked after.
func TestCallbackContract(t *testing.T) {
	for _, tt := range []struct {
		name        string
		fault       loadtest.CallbackFault
		first, last string
	}{
		{"none", func(*loadtest.Callback) {}, "created", "unchanged"},
		{"twice", loadtest.RepeatCallback(), "created", "unchanged"},
		{"before our own commit", loadtest.EarlyCallback(), "created", "unchanged"},
		{"lost", loadtest.LoseCallback(), "uncertain accepted", "created"},
		{"another secret", loadtest.StrangerCallback(), "uncertain accepted", "created"},
		{"another transaction", loadtest.StrayCallback(), "uncertain accepted", "created"},
		{"refused", loadtest.RefusingCallback("zipCode: Dashes are not supported"), "rejected format", "rejected format"},
		{"an id beside an error", func(c *loadtest.Callback) {
			id := c.Body
			loadtest.RefusingCallback("zipCode: Dashes are not supported")(c)
			c.Body = append(bytes.TrimSuffix(c.Body, []byte("}")), ',')
			c.Body = append(c.Body, regexp.MustCompile(`"clientId":\d+`).Find(id)...)
			c.Body = append(bytes.Replace(c.Body, []byte(`"clientId":null,`), nil, 1), '}')
		}, "uncertain no_answer", "created"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, rethinkAnswering(true, callbackWait))
			w.put("patients", patient(1, "Troy"))
			vendorOf(w).InjectCallback(tt.fault)
			w.must(w.night())
			w.expect("the first night", "client", "1", tt.first)
			w.clock.Move(callbackWait + rested)
			w.must(w.night())
			w.expect("after its time", "client", "1", tt.last)
			from := len(w.Journal())
			w.must(w.night())
			if sent := w.writes(from); len(sent) > 0 {
				t.Errorf("%d needless writes", len(sent))
			}
		})
	}
}

// TestAnIDBesideAnErrorSaysWhatBecomesOfIt, by an answer and by a callback.
func TestAnIDBesideAnErrorSaysWhatBecomesOfIt(t *testing.T) {
	const id, both = "7", `{"clientId":7,"ErrorMessage":"zipCode: Dashes are not supported"}`
	for _, readback := range []bool{true, false} {
		w := newWorld(t, rethinkAnswering(readback, callbackWait))
		w.put("patients", patient(1, "Troy"), patient(2, "Rome"))
		w.Inject(loadtest.Status(200, both).On("POST", "/client"))
		vendorOf(w).InjectCallback(func(c *loadtest.Callback) { c.Body = []byte(both) })
		w.must(w.night())
		want := "so it may be there as " + id + "; it rests and is then asked after"
		if !readback {
			want = "so it may be there as " + id + "; nobody can be asked after it"
		}
		for _, patient := range []string{"1", "2"} {
			if text := w.message("client", patient); !strings.Contains(text, want) {
				t.Errorf("readback %t, patient %s: %q, want %q", readback, patient, text, want)
			}
		}
	}
}

// TestCallbacksBringTheWholePractice: visits wait for the ids that callbacks
// bring, and go in the same night; so does what changes later.
func TestCallbacksBringTheWholePractice(t *testing.T) {
	w := newWorld(t, rethinkAnswering(true, callbackWait))
	w.practice()
	w.put("patients", patient(1, "Troy", insurance("primary", "P1"), insurance("secondary", "bad")))
	w.must(w.night())
	w.expect("first", "staff", "5", "created")
	w.expect("first", "client", "1", "created")
	w.expect("first", "funder", "1/primary", "created")
	w.expect("first", "funder", "1/secondary", "rejected")
	w.expect("first", "appointment", "9", "created")
	w.clock.Move(24 * time.Hour)
	w.put("patients", patient(1, "Rome", insurance("primary", "P1"), insurance("secondary", "P2")))
	w.must(w.night())
	w.expect("second", "client", "1", "updated")
	w.expect("second", "funder", "1/secondary", "created")
}

// TestCallbackAfterTheRun: one that comes when no run is under way, here after
// a restart, settles its delivery at once, and is counted in the next run.
func TestCallbackAfterTheRun(t *testing.T) {
	w := newWorld(t, rethinkAnswering(true, callbackWait))
	w.put("patients", patient(1, "Troy"))
	cut, stop := context.WithCancel(w.ctx)
	w.ctx = cut
	err := w.night(func(s *load.Stage) { s.Clock = stoppingClock{w.clock, stop} })
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want a run that was interrupted while it waited", err)
	}
	w.expect("interrupted", "client", "1", "uncertain accepted")
	w.ctx = context.Background()
	w.restart()
	w.must(vendorOf(w).Deliver())
	w.expect("called", "client", "1", "created")
	from := len(w.Journal())
	w.must(w.night())
	w.expect("counted", "client", "1", "created")
	if n := w.number("SELECT count(*) FROM result WHERE outcome = 'created' AND run = '" + w.run().ID + "'"); n != 1 {
		t.Errorf("%d results say that it was created, want 1", n)
	}
	if sent := w.writes(from); len(sent) > 0 {
		t.Errorf("%d writes after the callback", len(sent))
	}
}

// A stoppingClock interrupts the run that waits.
type stoppingClock struct {
	etl.Clock
	stop func()
}

func (c stoppingClock) Sleep(ctx context.Context, _ time.Duration) error {
	c.stop()
	return ctx.Err()
}

// TestCallbackOfAnotherRecord: a transaction's name may be given twice. What
// bears another external id, or came before the request left, settles nothing.
func TestCallbackOfAnotherRecord(t *testing.T) {
	w := newWorld(t, rethinkAnswering(true, callbackWait))
	store, err := sql.Open(context.Background(), w.dir, w.seal, "daemon")
	w.must(err)
	defer store.Close()
	w.takeIn(store, "client", "tx-000002", []byte(`{"clientId":900}`)) // the vendor's next transaction
	w.clock.Move(time.Second)
	w.put("patients", patient(1, "Troy"))
	vendorOf(w).InjectCallback(func(c *loadtest.Callback) {
		c.Body = []byte(`{"clientId":901,"clientExternalId":"2"}`)
	})
	w.must(w.night())
	w.expect("others' callbacks", "client", "1", "uncertain accepted")
	w.clock.Move(callbackWait + rested)
	w.must(w.night())
	w.expect("read back", "client", "1", "created")
}
