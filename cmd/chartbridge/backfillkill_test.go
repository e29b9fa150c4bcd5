package main

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract"
	"github.com/chartbridge/chartbridge/extract/drchronotest"
)

// visitPage matches the n-th page of appointments from now on.
func visitPage(n int32) func(*http.Request) bool {
	var seen atomic.Int32
	return func(r *http.Request) bool {
		return strings.HasSuffix(r.URL.Path, "/api/appointments") && seen.Add(1) == n
	}
}

// TestBackfillKilled kills the program in the midst of a page, with no time to
// say goodbye, or asks it to stop, which lets the page in hand be staged.
func TestBackfillKilled(t *testing.T) {
	t.Parallel()
	for _, how := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM} {
		for _, n := range []int32{1, 2, 4} {
			t.Run(fmt.Sprintf("%s at %d", how, n), func(t *testing.T) {
				t.Parallel()
				s := newPastSite(t, 700)
				whole := 700/250 + 3 // windows begin pages of their own
				before := s.apiCalls()
				asked, stopped := make(chan struct{}), make(chan struct{})
				s.v.DrChrono.Inject(drchronotest.Fault{Match: visitPage(n), Do: func(w http.ResponseWriter, r *http.Request, next http.Handler) {
					close(asked)
					<-stopped
					next.ServeHTTP(w, r)
				}})
				cmd := exec.Command(os.Args[0], "backfill", "--from", ago(365), "--endpoints", "appointments", "--config", s.config)
				cmd.Env = append(os.Environ(), "CHARTBRIDGE_TEST_MAIN=1")
				var stderr bytes.Buffer
				cmd.Stderr = &stderr
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				ended := make(chan error, 1)
				go func() { ended <- cmd.Wait() }()
				select {
				case <-asked:
				case err := <-ended:
					t.Fatalf("it ended before page %d: %v", n, err)
				}
				if err := cmd.Process.Signal(how); err != nil {
					t.Fatal(err)
				}
				if how == syscall.SIGTERM {
					close(stopped)
				}
				<-ended // with an error: it was stopped
				repeated := 0
				if how == syscall.SIGKILL {
					close(stopped)
					repeated = 1
				} else if got := cmd.ProcessState.ExitCode(); got != 143 {
					t.Errorf("exit code %d, want 143", got)
				} else if !strings.Contains(stderr.String(), "interrupted by") {
					t.Errorf("stderr does not say that it was interrupted: %s", &stderr)
				}
				s.mustRun(exitDone, "backfill")
				if got := s.past(); got != 700 {
					t.Errorf("%d of 700 visits are staged", got)
				}
				if got := s.apiCalls() - before; got > whole+repeated {
					t.Errorf("%d calls, want at most %d and %d repeated", got, whole, repeated)
				}
			})
		}
	}
}

// TestBackfillBesideANightly lets a nightly come while a backfill reads the
// visits: the nightly gets the stream after the page in hand and is done
// before the backfill goes on by itself, and its balance closes although the
// backfill stages more than the nightly judged.
func TestBackfillBesideANightly(t *testing.T) {
	t.Parallel()
	s := newPastSite(t, 700)
	watched := s.open().store
	var once sync.Once
	var nightly sync.WaitGroup
	var done atomic.Bool
	code := -1
	s.v.DrChrono.Inject(drchronotest.Fault{Times: -1, Match: drchronotest.On("appointments"), Do: func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if r.URL.Query().Has("date_range") {
			once.Do(func() {
				nightly.Go(func() {
					code, _, _ = s.run("run")
					done.Store(true)
				})
				for wanted := false; !wanted && !done.Load(); {
					wanted, _ = watched.Wanted(t.Context(), "stream/appointments") // until the nightly has come that far
				}
			})
		}
		next.ServeHTTP(w, r)
	}})
	s.mustRun(exitDone, "backfill", "--from", ago(365), "--endpoints", "appointments")
	nightly.Wait()
	if code != exitAttention {
		t.Errorf("the nightly's exit code is %d, want %d", code, exitAttention)
	}
	if got := s.past(); got != 700 {
		t.Errorf("%d of 700 visits are staged", got)
	}
	var order []string
	for _, c := range s.v.DrChrono.Calls() {
		if c.Endpoint == "appointments" {
			order = append(order, pick(strings.Contains(c.Query, "date_range"), "b", "n"))
		}
	}
	got := strings.TrimLeft(strings.Join(order, ""), "n") // the first night
	if !strings.HasPrefix(got, "bn") || strings.Contains(strings.TrimLeft(got[1:], "n"), "n") {
		t.Errorf("pages went %q, want the nightly's right after the backfill's first", got)
	}
	if c, err := watched.Cursor(t.Context(), "appointments", extract.Nightly); err != nil || c.State != etl.StreamDrained {
		t.Errorf("the nightly's stream is %s (%v)", c.State, err)
	}
}

// A backfill that is cancelled while it runs stops after the page in hand.
func TestBackfillCancelledWhileItRuns(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.v.DrChrono.Inject(drchronotest.Fault{Match: drchronotest.On("appointments"), Do: func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if code, _, stderr := s.run("backfill", "cancel", "--as", "Bo Lin"); code != exitDone {
			t.Errorf("cancel: exit code %d\n%s", code, stderr)
		}
		next.ServeHTTP(w, r)
	}})
	_, stderr := s.mustRun(exitFailed, "backfill", "--from", ago(3650), "--endpoints", "appointments")
	if v := s.status(); v.State != "cancelled" || v.Pages != 1 || !strings.Contains(stderr, "was cancelled") {
		t.Errorf("status %+v, want it to end after its first page\n%s", v, stderr)
	}
}

func TestTwoBackfills(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.open()
	if err := p.lease(t.Context(), backfillLease); err != nil {
		t.Fatal(err)
	}
	_, stderr := s.mustRun(exitHeld, "backfill", "--from", ago(30))
	if !strings.Contains(stderr, "backfill is held by") || !strings.Contains(stderr, fmt.Sprint(os.Getpid())) {
		t.Errorf("it does not name the holder:\n%s", stderr)
	}
	s.mustRun(exitDone, "backfill", "--from", ago(30), "--dry-run")
}
