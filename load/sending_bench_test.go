package load_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/load/rethink"
	"github.com/chartbridge/chartbridge/sql"
)

// benchSizes are how many visits are sent (CHARTBRIDGE_BENCH_ROWS=1000000, or
// any other numbers with commas between).
func benchSizes() []int {
	asked := os.Getenv("CHARTBRIDGE_BENCH_ROWS")
	if asked == "" {
		return []int{1_000, 10_000, 100_000}
	}
	var sizes []int
	for _, text := range strings.Split(asked, ",") {
		n, err := strconv.Atoi(text)
		if err != nil {
			panic("CHARTBRIDGE_BENCH_ROWS: " + err.Error())
		}
		sizes = append(sizes, n)
	}
	return sizes
}

// benchOver runs a benchmark for each time that the vendor takes for an answer,
// each number of requests in flight and each size, but for those that would
// wait for minutes.
func benchOver(b *testing.B, run func(b *testing.B, url string, inFlight, n int)) {
	for _, takes := range []time.Duration{0, 5 * time.Millisecond, 50 * time.Millisecond} {
		for _, inFlight := range []int{1, 4, 16} {
			for _, n := range benchSizes() {
				if takes*time.Duration(n/inFlight) > 2*time.Minute {
					continue
				}
				b.Run(fmt.Sprintf("%v/%d/%d", takes, inFlight, n), func(b *testing.B) {
					run(b, benchVendor(b, takes), inFlight, n)
				})
			}
		}
	}
}

// BenchmarkSending sends visits to a vendor that can be asked, as it is
// shipped: sealed, each commit on the disk, with the journal beside the
// database. The vendor is a process of its own, so that the time of processors
// is the sender's alone.
func BenchmarkSending(b *testing.B) {
	benchOver(b, func(b *testing.B, url string, inFlight, n int) {
		for b.Loop() {
			b.StopTimer()
			store := benchVisits(b, n)
			stage := benchStage(store, url, inFlight)
			m := startMeter()
			b.StartTimer()
			if err := stage.Run(context.Background(), benchRun); err != nil {
				b.Fatal(err)
			}
			m.perRow(b, n)
			b.StopTimer()
			left, err := store.Due(context.Background(), rethink.Name, "appointment", 0, 1, time.Now())
			if err != nil || len(left) > 0 {
				b.Fatalf("%d visits are left, %v; want none", len(left), err)
			}
			if err := store.Close(); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
		}
	})
}

// BenchmarkBarePosts posts the same bodies in a loop, reads each answer to its
// end, and keeps nothing.
func BenchmarkBarePosts(b *testing.B) { benchPosts(b, false) }

// BenchmarkFreshPosts is the same with a connection for each, as writes have it.
func BenchmarkFreshPosts(b *testing.B) { benchPosts(b, true) }

func benchPosts(b *testing.B, fresh bool) {
	benchOver(b, func(b *testing.B, url string, inFlight, n int) {
		bodies := make([][]byte, n)
		for i := range bodies {
			body, err := load.Fill(benchVisit(i), map[string]string{"clientId": "1004711", "staffId": "1000815"})
			if err != nil {
				b.Fatal(err)
			}
			bodies[i] = body
		}
		for b.Loop() {
			m := startMeter()
			if err := barePosts(url+"/api/appointment", bodies, inFlight, fresh); err != nil {
				b.Fatal(err)
			}
			m.perRow(b, n)
		}
	})
}

func barePosts(url string, bodies [][]byte, inFlight int, fresh bool) error {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: inFlight, DisableKeepAlives: fresh}}
	defer client.CloseIdleConnections()
	errs := make(chan error, inFlight)
	var next atomic.Int64
	for range inFlight {
		go func() {
			for i := next.Add(1) - 1; i < int64(len(bodies)); i = next.Add(1) - 1 {
				if err := barePost(client, url, bodies[i]); err != nil {
					errs <- err
					return
				}
			}
			errs <- nil
		}()
	}
	for range inFlight {
		if err := <-errs; err != nil {
			return err
		}
	}
	return nil
}

func barePost(client *http.Client, url string, body []byte) error {
	res, err := client.Post(url, "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return err
	}
	return res.Body.Close()
}

var benchRun = etl.Run{ID: "20260302T073000000Z-be0c", At: time.Date(2026, 3, 2, 7, 30, 0, 0, time.UTC), Trigger: "bench"}

func benchVisit(i int) []byte {
	return fmt.Appendf(nil, `{"appointmentTypeId":1,"date":"2026-03-%02d","scheduledStartTime":"%02d:%02d","scheduledEndTime":"20:45","payCodeId":301,`+
		`"serviceId":601,"locationId":701,"placeOfServiceId":801,"appointmentStatusId":1,"tagId":%d}`, 1+i%28, 8+i%11, i%4*15, 401+i%40)
}

// benchVisits is a database that holds visits of twenty for each client, judged
// and due, and the ids of their people there.
func benchVisits(b *testing.B, n int) *sql.Store {
	b.Helper()
	store, err := sql.Open(context.Background(), b.TempDir(), newSeal(), "bench")
	if err != nil {
		b.Fatal(err)
	}
	if err := store.KeepJournal(context.Background(), b.TempDir(), benchRun.At); err != nil {
		b.Fatal(err)
	}
	links := []sql.Link{{Destination: rethink.Name, Object: "staff", SourceID: "5", TargetID: "1000815"}}
	for i := range n/20 + 1 {
		links = append(links, sql.Link{Destination: rethink.Name, Object: "client", SourceID: strconv.Itoa(i), TargetID: strconv.Itoa(2_000_000 + i)})
	}
	if faults, err := store.Import(context.Background(), links, false, "bench", benchRun.At); err != nil || len(faults) > 0 {
		b.Fatal(faults, err)
	}
	var put []etl.Target
	for i := range n {
		body := benchVisit(i)
		hash := sha256.Sum256(fmt.Appendf(body, "%d", i))
		put = append(put, etl.Target{Destination: rethink.Name, Object: "appointment", Payload: body, Hash: hash[:], Twin: hash[:16],
			Source: etl.Ref{Endpoint: "appointments", ID: strconv.Itoa(80_000_000 + i)}, Outcome: etl.Failed, Cause: etl.CauseNotSent,
			Needs: []etl.Need{{Object: "appointment", ID: strconv.Itoa(80_000_000 + i), Path: "appointmentId", Optional: true},
				{Object: "staff", ID: "5", Path: "staffId"}, {Object: "client", ID: strconv.Itoa(i / 20), Path: "clientId"}}})
		if len(put) == 1000 || i == n-1 {
			if err := store.PutTargets(context.Background(), benchRun, put, nil); err != nil {
				b.Fatal(err)
			}
			put = nil
		}
	}
	return store
}

func benchStage(store *sql.Store, url string, inFlight int) *load.Stage {
	there := rethink.New(rethink.Options{BaseURL: url, TokenURL: url + "/connect/token", ClientID: "id", ClientSecret: "secret", Readback: true,
		InFlight: inFlight, Clock: realClock{}, Paths: map[string]string{"client": "/api/client", "staff": "/api/staff", "appointment": "/api/appointment"}})
	return &load.Stage{Store: store, Destination: there, Clock: realClock{}, InFlight: inFlight, Quiet: quiet,
		Brake: load.Brake{Changed: 30, Rejected: 20, After: 50}, Timeout: load.RequestTimeout}
}

type realClock struct{}

func (realClock) Now() time.Time { return time.Now() }

func (realClock) Sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// benchVendor starts a vendor in a process of its own, which answers after a
// while.
func benchVendor(b *testing.B, takes time.Duration) (url string) {
	b.Helper()
	child := exec.Command(os.Args[0], "-test.run=^$", "-test.bench=^BenchmarkVendorInChild$", "-test.benchtime=1x")
	child.Env = append(os.Environ(), "CHARTBRIDGE_BENCH_TAKES="+takes.String())
	child.Stderr = os.Stderr
	stdin, err := child.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := child.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := child.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = stdin.Close() // it ends then
		_, _ = io.Copy(io.Discard, stdout)
		_ = child.Wait()
	})
	for {
		var word string
		if _, err := fmt.Fscan(stdout, &word); err != nil {
			b.Fatalf("the vendor tells no address: %v", err)
		}
		if strings.HasPrefix(word, "http://") {
			return word
		}
	}
}

// BenchmarkVendorInChild is the process that benchVendor starts.
func BenchmarkVendorInChild(b *testing.B) {
	takes, err := time.ParseDuration(os.Getenv("CHARTBRIDGE_BENCH_TAKES"))
	if err != nil {
		return
	}
	for range b.N {
		server := httptest.NewServer(answering(takes))
		fmt.Println(" " + server.URL)
		_, _ = io.Copy(io.Discard, os.Stdin) // until its parent has done
		server.Close()
	}
}

// answering is a Rethink that takes whatever comes, and answers a record with
// the record and its id (rethink.txt, New Record Process).
func answering(takes time.Duration) http.Handler {
	var last atomic.Int64
	pool := sync.Pool{New: func() any { return new(bytes.Buffer) }}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /connect/token", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"access_token":"word","token_type":"Bearer","expires_in":3600}`)
	})
	mux.HandleFunc("GET /api/{object}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `[{"%sId":1}]`, r.PathValue("object"))
	})
	mux.HandleFunc("POST /api/appointment", func(w http.ResponseWriter, r *http.Request) {
		body := pool.Get().(*bytes.Buffer)
		defer pool.Put(body)
		body.Reset()
		_, _ = body.ReadFrom(r.Body)
		if takes > 0 {
			time.Sleep(takes)
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"appointmentId":%d,%s`, 1000+last.Add(1), bytes.TrimPrefix(body.Bytes(), []byte("{")))
	})
	return mux
}

// A meter measures this process alone.
type meter struct {
	at  time.Time
	cpu time.Duration
}

func startMeter() meter { return meter{time.Now(), ownTime()} }

func (m meter) perRow(b *testing.B, n int) {
	b.ReportMetric(float64(time.Since(m.at).Microseconds())/float64(n), "us/row")
	b.ReportMetric(float64((ownTime()-m.cpu).Microseconds())/float64(n), "cpu-us/row")
}

func ownTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
