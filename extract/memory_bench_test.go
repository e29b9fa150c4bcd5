package extract_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
)

// BenchmarkPeakMemory stages a list in a process of its own, whose peak
// (VmHWM) holds nothing of the server's.
func BenchmarkPeakMemory(b *testing.B) {
	for _, n := range benchSizes() {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			_, url := newBenchVendor(b, n)
			for b.Loop() {
				dir := b.TempDir()
				child := exec.Command(os.Args[0], "-test.run=^$", "-test.bench=^BenchmarkStageInChild$", "-test.benchtime=1x")
				child.Env = append(os.Environ(), "CHARTBRIDGE_BENCH_URL="+url, "CHARTBRIDGE_BENCH_DIR="+dir)
				if out, err := child.CombinedOutput(); err != nil {
					b.Fatalf("%v\n%s", err, out)
				}
				text, err := os.ReadFile(filepath.Join(dir, "peak"))
				must(b, err)
				kib, err := strconv.Atoi(string(text))
				must(b, err)
				b.ReportMetric(float64(kib)/1000*1.024, "peak-MB")
			}
		})
	}
}

// BenchmarkStageInChild is the process that BenchmarkPeakMemory starts.
func BenchmarkStageInChild(b *testing.B) {
	url, dir := os.Getenv("CHARTBRIDGE_BENCH_URL"), os.Getenv("CHARTBRIDGE_BENCH_DIR")
	if url == "" {
		return
	}
	st, s := benchStage(b, dir, url)
	benchDrain(b, st, "aa01")
	must(b, s.Close())
	status, err := os.ReadFile("/proc/self/status")
	must(b, err)
	peak := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)
	if peak == nil {
		b.Fatal("/proc/self/status does not tell VmHWM")
	}
	must(b, os.WriteFile(filepath.Join(dir, "peak"), peak[1], 0o600))
}
