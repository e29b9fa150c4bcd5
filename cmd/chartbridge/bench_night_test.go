package main

import (
	"context"
	"errors"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// BenchmarkHistory is a night over a long history: one appointment in a
// thousand changed, against judging and comparing all of it. What it reports
// of each step is processor time in milliseconds, so that the simulated vendor
// in the same process counts too where records are sent. What the night takes
// beside the calls is its time by the clock less the time in which the vendor
// had a call in hand.
func BenchmarkHistory(b *testing.B) {
	for _, n := range benchRows() {
		h := newHistory(b, n)
		h.steps(b) // what the making left behind
		b.Run("all/"+strconv.Itoa(n), func(b *testing.B) {
			for b.Loop() {
				h.rule++
				h.steps(b)
			}
		})
		turn := 0
		b.Run("changed/"+strconv.Itoa(n), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				turn++
				h.change(max(1, n/1000), turn)
				b.StartTimer()
				h.steps(b)
			}
		})
		b.Run("proof/"+strconv.Itoa(n), h.proof)
		if err := h.p.close(); err != nil {
			b.Fatal(err)
		}
		h.starts(b, n)
		h.p = h.open()
	}
}

// proof is what a night over a database of more than 256 MB does once a week:
// its file is read whole, and what is counted as it changes is counted anew.
func (h *history) proof(b *testing.B) {
	for b.Loop() {
		if err := errors.Join(h.p.store.Check(b.Context()), h.p.store.Recount(b.Context())); err != nil {
			b.Fatal(err)
		}
	}
}

// steps is a night without its reading, step by step.
func (h *history) steps(b *testing.B) {
	b.Helper()
	n := h.night(runFlags{})
	d := h.p.destinations()[0]
	d.settings = append(d.settings, h.rule)
	var res result
	var spent, took time.Duration
	h.asked.forget()
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"check", func(ctx context.Context) error {
			due, err := n.store.CheckDue(ctx, n.run.At)
			if due && err == nil {
				err = n.store.CheckWhole(ctx, n.run.At)
			}
			return err
		}},
		{"open", func(ctx context.Context) error { return n.store.OpenRun(ctx, n.run, version, "") }},
		{"judge", func(ctx context.Context) error { return n.transform(ctx, d) }},
		{"send", func(ctx context.Context) error {
			n.skip = []string{stageTransform}
			return n.deliver(ctx, d, nil)
		}},
		{"count", func(ctx context.Context) error { return n.account(ctx, &res) }},
		{"report", func(ctx context.Context) error {
			n.skip = nil
			return n.leave(ctx, &res, n.clock.Now())
		}},
		{"close", func(ctx context.Context) error {
			if err := n.store.CloseRun(ctx, n.run, n.clock.Now(), 0, ""); err != nil {
				return err
			}
			return n.store.Checkpoint(ctx)
		}},
	} {
		before, began := processorTime(), time.Now()
		if err := step.do(b.Context()); err != nil {
			b.Fatalf("%s: %v", step.name, err)
		}
		cpu, wall := processorTime()-before, time.Since(began)
		b.ReportMetric(float64(cpu.Milliseconds()), step.name+"-cpu-ms")
		b.ReportMetric(float64(wall.Milliseconds()), step.name+"-ms")
		spent, took = spent+cpu, took+wall
	}
	b.ReportMetric(float64(spent.Milliseconds()), "night-cpu-ms")
	b.ReportMetric(float64(took.Milliseconds()), "night-ms")
	b.ReportMetric(float64((took - h.asked.time()).Milliseconds()), "beside-ms")
}

// processorTime is what the process used so far, user and system.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
