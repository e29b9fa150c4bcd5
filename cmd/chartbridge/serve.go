package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/chartbridge/chartbridge/cmd/chartbridge/config"
	"github.com/chartbridge/chartbridge/sql"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
)

func newServe(s *shared) *cobra.Command {
	var paths []string
	var atOnce int
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "The daemon: run every practice on its schedules, until stopped",
		Long: "Runs the same pass as `run` whenever a schedule falls due. What was missed while the machine slept or the\n" +
			"daemon was down is caught up by one run. Health is at /healthz (503 when the last good night is too old),\n" +
			"liveness at /livez, metrics are at /metrics, on serve.listen, where Rethink's callbacks are received too.\n" +
			"SIGTERM, SIGINT and SIGHUP finish the record in hand and end it within 10 seconds (under nohup SIGHUP does\n" +
			"nothing); the next start goes on. Lookups are read anew for each run, the config at the start alone: for a\n" +
			"changed one start it again.\n\n" +
			"Several practices: give --config more than once, or a folder that holds PRACTICE.yaml or PRACTICE/config.yaml.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if atOnce < 1 {
				return usageError{fmt.Errorf("--at-once %d: at least one practice has to have its turn", atOnce)}
			}
			return serve(cmd.Context(), s, paths, atOnce)
		},
	}
	cmd.Flags().StringArrayVar(&paths, "config", []string{s.config}, "config `FILE` or folder; may be repeated")
	cmd.Flags().IntVar(&atOnce, "at-once", 4, "`N` practices may map, send and report at the same time; reading DrChrono is not counted")
	return cmd
}

// farewell is how long a stop waits for the record in hand. What has no answer
// by then is uncertain, and the next run asks after it.
const farewell = 9 * time.Second

// A fleet is the practices of one process. They share nothing else.
type fleet []*daemon

func serve(ctx context.Context, s *shared, paths []string, atOnce int) error {
	files, err := configFiles(paths)
	if err != nil {
		return err
	}
	if err := refuseClashes(files); err != nil {
		return err
	}
	f, err := openFleet(ctx, s, files, make(turns, atOnce))
	if err != nil {
		return errors.Join(err, f.close())
	}
	if err := f.takeLeases(ctx); err != nil {
		return errors.Join(err, f.close())
	}
	stop, err := f.listen(ctx)
	if err != nil {
		return errors.Join(err, f.close())
	}
	defer stop()
	return f.serve(ctx, farewell)
}

// openFleet opens each practice. A fault in a config refuses all of them, since
// a person is at hand then; what else keeps one from being served, such as a
// database that is damaged, keeps no other one.
func openFleet(ctx context.Context, s *shared, files []string, turns turns) (f fleet, err error) {
	var lost error
	for _, path := range files {
		one := *s
		one.config = path
		d, err := openDaemon(ctx, &one)
		if err != nil && (d == nil || exitCode(err, 0) == exitUsage || ctx.Err() != nil) {
			return f, fmt.Errorf("%s: %w", path, err)
		}
		if d.unserved = err; err != nil {
			lost = errors.Join(lost, fmt.Errorf("%s: %w", path, err))
		}
		d.turns = turns
		f = append(f, d)
	}
	if len(f.served()) == 0 {
		return f, lost
	}
	return f, nil
}

// openDaemon opens one practice; with an error it may give one that cannot be
// served, and whose database is closed.
func openDaemon(ctx context.Context, s *shared) (*daemon, error) {
	p, err := openPractice(ctx, s)
	if p == nil || err != nil {
		return unserved(p), err
	}
	if p.mapless != nil {
		return nil, errors.Join(p.mapless, p.close())
	}
	p.warnOfCalls()
	p.served = true
	p.show = &show{out: s.stderr} // a line that is rewritten has no place in a log
	d, err := newDaemon(ctx, p)
	if err != nil {
		err = errors.Join(err, p.close())
	}
	return d, err
}

func unserved(p *practice) *daemon {
	if p == nil {
		return nil
	}
	return &daemon{practice: p}
}

// served are the practices that could be opened.
func (f fleet) served() fleet {
	return slices.DeleteFunc(slices.Clone(f), func(d *daemon) bool { return d.unserved != nil })
}

func (f fleet) close() error {
	var all error
	for _, d := range f.served() {
		all = errors.Join(all, d.store.Release(context.Background(), serveLease), d.close())
	}
	return all
}

// takeLeases makes this the only daemon of its practices. Another daemon
// refuses all of them. A database that cannot be written, as on a full disk, may
// come back: its practice tries again while the others are served.
func (f fleet) takeLeases(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, d := range f.served() {
		g.Go(func() error {
			err := d.takeLease(ctx)
			var held *sql.HeldError
			if errors.As(err, &held) || ctx.Err() != nil {
				return err
			}
			d.unleased = err
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	var lost error
	for _, d := range f {
		why := cmp.Or(d.unserved, d.unleased)
		if why == nil {
			return nil
		}
		lost = errors.Join(lost, fmt.Errorf("%s: %w", d.config.Practice, why))
	}
	return lost
}

// serve runs the daemons until ctx is done, or until none is left. One that
// has to stop leaves the others alone; its practice is not ready from then on.
// After ctx is done it waits for them as long as the farewell.
func (f fleet) serve(ctx context.Context, farewell time.Duration) error {
	done := make(chan error, 1)
	go func() {
		g := new(errgroup.Group)
		for _, d := range f {
			g.Go(func() error { return d.serve(ctx) })
		}
		done <- g.Wait()
	}()
	select {
	case err := <-done:
		return errors.Join(err, f.close())
	case <-ctx.Done():
	}
	timer := time.NewTimer(farewell)
	defer timer.Stop()
	select {
	case err := <-done:
		return errors.Join(err, f.close())
	case <-timer.C:
		// What is committed stays; leases run out by themselves.
		return fmt.Errorf("a request had no answer within %s of the stop; the next run asks after it", farewell)
	}
}

// configFiles lists the files that paths name: a folder stands for each of its
// DIR/config.yaml, and for its *.yaml but the lookups.
func configFiles(paths []string) (files []string, err error) {
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil || !info.IsDir() {
			files = append(files, path) // what is missing is told by who reads it
			continue
		}
		var found []string
		for _, pattern := range []string{"*.yaml", "*.yml", "*/config.yaml"} {
			matches, err := filepath.Glob(filepath.Join(path, pattern))
			if err != nil {
				return nil, fmt.Errorf("look for configs in %s: %w", path, err)
			}
			found = append(found, matches...)
		}
		found = slices.DeleteFunc(found, func(file string) bool {
			inFolder, _ := filepath.Rel(path, file)
			return strings.HasPrefix(inFolder, ".") || strings.HasPrefix(filepath.Base(file), "lookups")
		})
		if len(found) == 0 {
			return nil, usageError{fmt.Errorf("there is no config in the folder %s: name them PRACTICE.yaml or PRACTICE/config.yaml", path)}
		}
		files = append(files, found...)
	}
	return files, nil
}

// refuseClashes refuses practices that would share what must be one's own.
func refuseClashes(files []string) error {
	var all error
	seen := map[string]string{}
	for _, file := range files {
		cfg, err := readConfig(file)
		if err != nil {
			all = errors.Join(all, err)
			continue
		}
		for _, own := range []struct{ key, value string }{
			{"practice", cfg.Practice}, {"data_dir", realPath(cfg.DataDir)}, {"output_dir", realPath(cfg.OutputDir)}, {"journal_dir", realPath(cfg.JournalDir)},
		} {
			id := own.key + " " + own.value
			if other, ok := seen[id]; ok {
				all = errors.Join(all, usageError{fmt.Errorf("%s and %s have the same %s: give each practice its own", other, file, own.key)})
			}
			seen[id] = file
		}
	}
	return all
}

// readConfig reads a config and nothing else.
func readConfig(path string) (*config.Config, error) {
	cfg, err := config.Load(path, os.LookupEnv)
	var faults config.Faults
	switch {
	case errors.Is(err, os.ErrNotExist):
		flag := (&shared{config: path, named: path != defaultConfig}).configFlag()
		return nil, usageError{fmt.Errorf("there is no config at %s; %s writes one, or name one with --config", path, strings.TrimSuffix(config.Init, "`")+flag+"`")}
	case err != nil && !errors.As(err, &faults): // a folder, or a file that this user may not read
		return nil, usageError{err}
	}
	return cfg, err
}

// realPath follows links as far as the path exists.
func realPath(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	if parent := filepath.Dir(path); parent != path {
		return filepath.Join(realPath(parent), filepath.Base(path))
	}
	return path
}
