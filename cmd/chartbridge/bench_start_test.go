package main

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/extract/drchronotest"
)

// triedStarts is how often a verb is started for its median.
const triedStarts = 21

// BenchmarkStart is how long verbs take to their first useful line, after the
// first night of the demo's practice.
func BenchmarkStart(b *testing.B) {
	s := newBench(b, drchronotest.DefaultSize.Appointments)
	s.process()
	s.starts(b, drchronotest.DefaultSize.Appointments)
}

// starts measures verbs over a practice of so many appointments, which nobody
// else has open.
func (s *bench) starts(b *testing.B, n int) {
	b.Helper()
	p := s.open()
	runs, err := p.store.Runs(b.Context(), 1)
	if err != nil || len(runs) == 0 {
		b.Fatalf("the newest of %d runs: %v", len(runs), err)
	}
	if err := p.close(); err != nil {
		b.Fatal(err)
	}
	for name, args := range map[string][]string{"help": {"--help"}, "runs-list": {"runs", "list"}, "runs-show": {"runs", "show", runs[0].ID},
		"state-list": {"state", "list"}, "budget": {"budget"}} {
		b.Run("start-"+name+"/"+strconv.Itoa(n), func(b *testing.B) {
			for range b.N {
				var took []time.Duration
				for range triedStarts {
					took = append(took, s.firstLine(b, args))
				}
				slices.Sort(took)
				b.ReportMetric(float64(took[triedStarts/2].Microseconds())/1000, "first-line-ms")
			}
		})
	}
}

// firstLine starts the program and gives how long its first line took.
func (s *bench) firstLine(b *testing.B, args []string) time.Duration {
	b.Helper()
	cmd := exec.Command(os.Args[0], append(slices.Clone(args), "--config", s.config, "--log-level", "error")...)
	cmd.Env, cmd.Stderr = append(os.Environ(), "CHARTBRIDGE_TEST_MAIN=1"), os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	lines := bufio.NewReader(out)
	if _, err := lines.ReadString('\n'); err != nil {
		b.Fatalf("the first line of %v: %v", args, err)
	}
	took := time.Since(began)
	if _, err := io.Copy(io.Discard, lines); err != nil {
		b.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		b.Fatal(err)
	}
	return took
}
