package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/chartbridge/chartbridge/sql"
)

// What is measured of a practice: its last run that ended.
type measured struct {
	practice string
	ran      bool // a run has ended
	good     time.Time
	run      sql.Past
	counts   []sql.Count
	calls    int
	daemon   bool // what follows is known
	up       bool // it is served, and its database answers
	running  bool
}

// measure reads the last run. It holds counts and no names.
func (p *practice) measure(ctx context.Context) (m measured, err error) {
	m.practice = p.config.Practice
	if m.good, err = p.store.LastGood(ctx); err != nil {
		return m, err
	}
	m.run, m.counts, m.calls, m.ran, err = p.store.LastRun(ctx)
	return m, err
}

func (d *daemon) measure(ctx context.Context) (measured, error) {
	if d.unserved != nil {
		return measured{practice: d.config.Practice, daemon: true}, nil // told at the start
	}
	m, err := d.practice.measure(ctx)
	d.mu.Lock()
	defer d.mu.Unlock()
	m.daemon, m.up, m.running = true, err == nil && d.stopped == nil, d.running
	return m, err
}

type sample struct {
	labels []string // name, value, name, value
	value  float64
}

// A family is one metric with its samples.
type family struct {
	name, help string
	of         func(measured) []sample
}

// one is the single sample of a metric, where there is one.
func one(there bool, value float64) []sample {
	if !there {
		return nil
	}
	return []sample{{value: value}}
}

var families = []family{
	{"chartbridge_last_good_run_timestamp_seconds", "When the last good run ended (exit code 0 or 4), Unix time.",
		func(m measured) []sample { return one(!m.good.IsZero(), float64(m.good.UnixMilli())/1000) }},
	{"chartbridge_last_run_timestamp_seconds", "When the last run ended, Unix time.",
		func(m measured) []sample { return one(m.ran, float64(m.run.Finished().UnixMilli())/1000) }},
	{"chartbridge_last_run_exit_code", "Exit code of the last run.",
		func(m measured) []sample { return one(m.ran, float64(m.run.ExitCode)) }},
	{"chartbridge_run_duration_seconds", "How long the last run took.",
		func(m measured) []sample { return one(m.ran, m.run.Finished().Sub(m.run.Started()).Seconds()) }},
	{"chartbridge_run_calls", "Calls to DrChrono of the last run.",
		func(m measured) []sample { return one(m.ran, float64(m.calls)) }},
	{"chartbridge_records", "Source records by outcome at the end of the last run.",
		func(m measured) (list []sample) {
			for _, c := range m.counts {
				list = append(list, sample{[]string{"destination", c.Destination, "object", c.Object, "outcome", string(c.Outcome)}, float64(c.N)})
			}
			return list
		}},
	{"chartbridge_running", "1 while a scheduled run is under way.",
		func(m measured) []sample { return one(m.daemon, map[bool]float64{true: 1}[m.running]) }},
	{"chartbridge_up", "1 while the practice is served and its database answers.",
		func(m measured) []sample { return one(m.daemon, map[bool]float64{true: 1}[m.up]) }},
}

// exposition is Prometheus' text format, version 0.0.4. Everything is a gauge:
// it tells of the last run.
func exposition(all []measured) string {
	var b strings.Builder
	for _, f := range families {
		fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s gauge\n", f.name, f.help, f.name)
		for _, m := range all {
			for _, s := range f.of(m) {
				fmt.Fprintf(&b, "%s{%s} %s\n", f.name, labels(append([]string{"practice", m.practice}, s.labels...)),
					strconv.FormatFloat(s.value, 'f', -1, 64))
			}
		}
	}
	return b.String()
}

var labelEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

func labels(pairs []string) string {
	var list []string
	for i := 0; i+1 < len(pairs); i += 2 {
		list = append(list, pairs[i]+`="`+labelEscapes.Replace(pairs[i+1])+`"`)
	}
	return strings.Join(list, ",")
}

// writeMetrics writes the metrics of a one-shot run for node_exporter's
// textfile collector: whole or not at all, and readable by its user.
func (p *practice) writeMetrics(ctx context.Context, path string) (err error) {
	m, err := p.measure(ctx)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".chartbridge-*")
	if err != nil {
		return fmt.Errorf("write the metrics: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("write the metrics: %w", err), os.Remove(f.Name()))
		}
	}()
	_, writing := f.WriteString(exposition([]measured{m}))
	if err := errors.Join(writing, f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
