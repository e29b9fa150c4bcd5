package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"github.com/chartbridge/chartbridge/load/rethink"
)

// BenchmarkJudgeStage judges appointments, and a patient for each twenty of
// them, as a run does: from sealed rows to sealed targets. new: for the first
// time; again: another rule, and all of them as they were.
func BenchmarkJudgeStage(b *testing.B) {
	for _, n := range benchRows() {
		h := newStaged(b, n)
		b.Run("new/"+strconv.Itoa(n), func(b *testing.B) {
			cpu := processorTime()
			for b.Loop() {
				b.StopTimer()
				before := processorTime()
				h.forget()
				cpu += processorTime() - before
				b.StartTimer()
				h.judgeAll(h.p.newRun("operator", false))
			}
			reportRows(b, n, cpu)
		})
		b.Run("again/"+strconv.Itoa(n), func(b *testing.B) {
			h.judgeAll(h.p.newRun("operator", false))
			cpu := processorTime()
			for b.Loop() {
				h.rule++
				h.judgeAll(h.p.newRun("operator", false))
			}
			reportRows(b, n, cpu)
		})
	}
}

// forget takes away what was judged.
func (h *history) forget() {
	h.Helper()
	db := h.database()
	defer func() { _ = db.Close() }()
	for _, text := range []string{"DELETE FROM delivery", "DELETE FROM crosswalk", "DELETE FROM target", "DELETE FROM shape"} {
		if _, err := db.Exec(text); err != nil {
			h.Fatal(err)
		}
	}
}

// BenchmarkStagePeaks maps, and then sends, in processes of their own, whose
// peaks (VmHWM) hold nothing of the vendors'.
func BenchmarkStagePeaks(b *testing.B) {
	for _, n := range benchRows() {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			for b.Loop() {
				h := newStaged(b, n)
				if err := h.p.close(); err != nil {
					b.Fatal(err)
				}
				for _, stage := range []string{stageTransform, stageLoad} {
					b.ReportMetric(h.peakOf(stage), stage+"-peak-MB")
				}
				h.p = h.open()
			}
		})
	}
}

// peakOf runs one stage in a child, and gives its peak in MB.
func (h *history) peakOf(stage string) float64 {
	h.Helper()
	file := filepath.Join(h.TempDir(), "peak")
	child := exec.Command(os.Args[0], "-test.run=^$", "-test.bench=^BenchmarkStageInChild$", "-test.benchtime=1x", "-test.timeout=2h")
	child.Env = append(os.Environ(), "CHARTBRIDGE_BENCH_CONFIG="+h.config, "CHARTBRIDGE_BENCH_STAGE="+stage, "CHARTBRIDGE_BENCH_PEAK="+file)
	if out, err := child.CombinedOutput(); err != nil {
		h.Fatalf("%v\n%s", err, out)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		h.Fatal(err)
	}
	kib, err := strconv.Atoi(string(text))
	if err != nil {
		h.Fatal(err)
	}
	return float64(kib) / 1000 * 1.024
}

// BenchmarkStageInChild is the process that BenchmarkStagePeaks starts.
func BenchmarkStageInChild(b *testing.B) {
	config, stage := os.Getenv("CHARTBRIDGE_BENCH_CONFIG"), os.Getenv("CHARTBRIDGE_BENCH_STAGE")
	if config == "" {
		return
	}
	h := &history{bench: &bench{TB: b, config: config}}
	h.p = h.open()
	n := h.night(runFlags{})
	for b.Loop() {
		if err := n.store.OpenRun(b.Context(), n.run, version, ""); err != nil {
			b.Fatal(err)
		}
		n.only = stage
		d := destinationNamed(b, h.p, rethink.Name)
		if err := errors.Join(n.judge(b.Context(), d), n.deliver(b.Context(), d, nil)); err != nil {
			b.Fatal(err)
		}
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Fatal(err)
	}
	peak := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)
	if peak == nil {
		b.Fatal("/proc/self/status does not tell VmHWM")
	}
	if err := os.WriteFile(os.Getenv("CHARTBRIDGE_BENCH_PEAK"), peak[1], 0o600); err != nil {
		b.Fatal(err)
	}
}
