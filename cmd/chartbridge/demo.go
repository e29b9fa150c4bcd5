package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/chartbridge/chartbridge/extract/drchronotest"
	"github.com/spf13/cobra"
)

// demoSeed makes the demo's practice; the same seed makes the same practice.
const demoSeed = 7

type demoFlags struct {
	dir              string
	patients, visits int
	staff            int
	seed             uint64
}

func newDemo(s *shared) *cobra.Command {
	var f demoFlags
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "The whole job, two nights, against simulated vendors: no account, no config",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return demo(cmd.Context(), s, f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.dir, "dir", "./demo-out", "keep config, key, database and files in `DIR`, which is emptied first")
	flags.IntVar(&f.patients, "patients", drchronotest.DefaultSize.Patients, "patients of the practice")
	flags.IntVar(&f.staff, "staff", drchronotest.DefaultSize.Staff, "staff of the practice")
	flags.IntVar(&f.visits, "appointments", drchronotest.DefaultSize.Appointments, "appointments of the practice")
	flags.Uint64Var(&f.seed, "seed", demoSeed, "makes another practice")
	return cmd
}

// demo runs a first load and then a changed day, and holds both against what
// the practice's seed predicts.
func demo(ctx context.Context, s *shared, f demoFlags) (err error) {
	size := drchronotest.Size{Patients: f.patients, Staff: f.staff, Appointments: f.visits}
	if err := checkSize(size); err != nil {
		return err
	}
	if err := emptyDemoDir(f.dir); err != nil {
		return err
	}
	clock := wallClock{}
	tellRaised(s, size)
	practice := drchronotest.NewPractice(f.seed, size, clock.Now().Add(-24*time.Hour))
	v, err := startVendors("127.0.0.1:0", practice, clock.Now)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, v.Close()) }()
	goLive := clock.Now().AddDate(0, -4, 0).Format(time.DateOnly)
	s.config, err = v.writeFiles(f.dir, goLive)
	if err != nil {
		return err
	}
	say := func(format string, args ...any) { fmt.Fprintf(s.stdout, format+"\n", args...) }
	if s.output == "json" {
		say = func(string, ...any) {}
	}
	say("A practice of %d patients, %d staff and %d appointments, all invented, at %s.\n",
		practice.Count("patients"), practice.Count("doctors"), practice.Count("appointments"), v.URL)
	var nights []demoNight
	for i, title := range []string{"Night 1, the first load", "Night 2, after a day's changes"} {
		if i > 0 {
			v.schedule()
			practice.NextDay()
			v.admit()
		}
		n, err := demoPass(ctx, s, v, goLive, title)
		if err != nil {
			return err
		}
		nights = append(nights, n)
		if s.output != "json" {
			if err := n.print(s.stdout, title); err != nil {
				return err
			}
		}
	}
	return endDemo(s, v, f, nights)
}

// A demoNight is a night with what was wrong with it.
type demoNight struct {
	result
	Took   time.Duration
	Faults []string
}

func demoPass(ctx context.Context, s *shared, v *vendors, goLive, title string) (n demoNight, err error) {
	clock := wallClock{}
	began := clock.Now()
	p, err := openPractice(ctx, s)
	if err != nil {
		return n, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	p.log.Logger.SetLevel(quieter(p.log.Logger.GetLevel()))
	pass, err := p.night(runFlags{}, "demo")
	if err != nil {
		return n, err
	}
	n.result, err = pass.pass(ctx)
	n.Took = clock.Now().Sub(began)
	if err != nil && !errors.Is(err, errAttention) {
		return n, fmt.Errorf("%s: %w", title, err)
	}
	n.Faults = predict(v.Practice, goLive, p.config.Timezone).faults(n.Counts)
	for _, twice := range append(v.Rethink.Duplicates(), v.CentralReach.Duplicates()...) {
		n.Faults = append(n.Faults, "created twice: "+twice)
	}
	return n, nil
}

func (n demoNight) print(w io.Writer, title string) error {
	if err := printNight(w, fmt.Sprintf("%s (%.1f s)", title, n.Took.Seconds()), n.result); err != nil {
		return err
	}
	for _, fault := range n.Faults {
		fmt.Fprintln(w, "  NOT AS PREDICTED: "+fault)
	}
	return nil
}

func endDemo(s *shared, v *vendors, f demoFlags, nights []demoNight) error {
	if s.output == "json" {
		views := make([]map[string]any, len(nights))
		for i, n := range nights {
			views[i] = n.view()
			views[i]["seconds"] = n.Took.Seconds()
			views[i]["not_as_predicted"] = append([]string{}, n.Faults...)
		}
		if err := printJSON(s.stdout, views); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(s.stdout, "Everything is in %s. Open the workbook first:\n  %s\nThen ask: %s --config %s runs list (or rejects list, trace, plan)\n"+
			"The simulated vendors are gone: `chartbridge simulate` serves new ones, for check and run.\n",
			f.dir, nights[len(nights)-1].Files.Reconciliation, calledAs(os.Args[0]), filepath.Join(f.dir, "config.yaml"))
	}
	for _, n := range nights {
		if len(n.Faults) > 0 {
			return fmt.Errorf("the nights did not end as the seed predicts: %d differences, first: %s", len(n.Faults), n.Faults[0])
		}
	}
	if second := nights[1]; sentIn(second.Counts) == 0 {
		return errors.New("the second night sent nothing, though the day changed records")
	}
	return nil
}

// calledAs is how a program with this first argument is called again; go run
// builds one under a name that nobody types.
func calledAs(arg string) string {
	if strings.Contains(arg, string(filepath.Separator)+"go-build") {
		return "go run ./cmd/chartbridge"
	}
	return arg
}

// emptyDemoDir makes room for a new demo. It removes only what a demo wrote:
// a folder with anything else in it, or of another practice, is refused.
func emptyDemoDir(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look into --dir: %w", err)
	}
	mine := map[string]bool{"config.yaml": true, "lookups.yaml": true, "key": true, "secret": true, "refresh-token": true,
		"api-key": true, "hash-key": true, "callback-secret": true, "data": true, "data.journal": true, "out": true}
	for _, e := range entries {
		if !mine[e.Name()] {
			return usageError{fmt.Errorf("--dir %s holds %s, which no demo wrote; name an empty folder", dir, e.Name())}
		}
	}
	config, err := os.ReadFile(filepath.Join(dir, "config.yaml"))
	if len(entries) > 0 && (err != nil || !strings.Contains("\n"+string(config), "\npractice: demo-practice\n")) {
		return usageError{fmt.Errorf("--dir %s holds a practice that no demo made; name an empty folder", dir)}
	}
	for _, e := range entries {
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return fmt.Errorf("empty --dir: %w", err)
		}
	}
	return nil
}
