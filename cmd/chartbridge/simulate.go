package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/chartbridge/chartbridge/extract/drchronotest"
	"github.com/spf13/cobra"
)

type simulateFlags struct {
	address, dir string
	callback     string
	seed         uint64
	size         drchronotest.Size
	faults       []string
}

func newSimulate(s *shared) *cobra.Command {
	f := simulateFlags{size: drchronotest.DefaultSize}
	cmd := &cobra.Command{
		Use:   "simulate",
		Short: "Serve the simulated vendors until interrupted, with a config that points at them",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return simulate(cmd.Context(), s, f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.address, "listen", "", "loopback `ADDRESS` to serve on; where DIR holds a config the one in it, else any free port")
	flags.StringVar(&f.dir, "dir", "./simulate-out", "write config, lookups and secrets into `DIR`; what is there is kept")
	flags.Uint64Var(&f.seed, "seed", demoSeed, "makes another practice")
	flags.StringArrayVar(&f.faults, "fault", nil, "misbehave: `VENDOR:NAME[:TIMES]`, such as rethink:reset-after:3 or drchrono:broken-json")
	flags.StringVar(&f.callback, "callback", "", "Rethink answers later, by callbacks to `ADDRESS`, which the config gives to serve.listen")
	flags.IntVar(&f.size.Patients, "patients", f.size.Patients, "patients of the practice")
	flags.IntVar(&f.size.Staff, "staff", f.size.Staff, "staff of the practice")
	flags.IntVar(&f.size.Appointments, "appointments", f.size.Appointments, "appointments of the practice")
	return cmd
}

func simulate(ctx context.Context, s *shared, f simulateFlags) (err error) {
	if err := checkSize(f.size); err != nil {
		return err
	}
	address, err := f.listen()
	if err != nil {
		return err
	}
	clock := wallClock{}
	tellRaised(s, f.size)
	practice := drchronotest.NewPractice(f.seed, f.size, clock.Now())
	v, err := startVendors(address, practice, clock.Now)
	if err != nil {
		return fmt.Errorf("%w; if another simulation serves there, stop it or name another --dir", err)
	}
	defer func() { err = errors.Join(err, v.Close()) }()
	v.callback = f.callback
	for _, spec := range f.faults {
		if err := v.inject(spec); err != nil {
			return err
		}
	}
	config, err := v.writeFiles(f.dir, clock.Now().AddDate(0, -4, 0).Format(time.DateOnly))
	if err != nil {
		return err
	}
	text, err := os.ReadFile(config)
	if err != nil {
		return fmt.Errorf("read the config: %w", err)
	}
	if f.callback != "" && !strings.Contains(string(text), v.callbackBase()) {
		return usageError{fmt.Errorf("%s was written without --callback %s; name another --dir", config, f.callback)}
	}
	f.warnOfData(s)
	v.answerLater(ctx)
	fmt.Fprintf(s.stdout, "Simulated vendors at %s. In another terminal:\n  chartbridge run --config %s\nThe config:\n\n%s\n", v.URL, config, text)
	<-ctx.Done()
	return nil
}

// warnOfData says what a database from before makes of vendors that begin anew:
// it holds ids that they never gave.
func (f simulateFlags) warnOfData(s *shared) {
	data := filepath.Join(f.dir, "data")
	if _, err := os.Stat(filepath.Join(data, "chartbridge.db")); err != nil {
		return
	}
	fmt.Fprintf(s.stderr, "%s holds a database from before, but the simulated vendors begin anew and hold nothing of what it sent: they\n"+
		"refuse its updates, and a run may stop. For a database that begins anew too, stop this, remove %s and %s.journal, and start again.\n", data, data, data)
}

// checkSize refuses a practice of less than nothing.
func checkSize(size drchronotest.Size) error {
	for _, of := range []struct {
		flag string
		n    int
	}{{"patients", size.Patients}, {"staff", size.Staff}, {"appointments", size.Appointments}} {
		if of.n < 0 {
			return usageError{fmt.Errorf("--%s %d: write how many, such as 100", of.flag, of.n)}
		}
	}
	return nil
}

// tellRaised says so where a practice becomes larger than was asked for.
func tellRaised(s *shared, asked drchronotest.Size) {
	if got := asked.Raised(); got != asked {
		fmt.Fprintf(s.stderr, "A smaller practice would not hold each kind of record: this one has %d patients, %d staff and %d appointments.\n",
			got.Patients, got.Staff, got.Appointments)
	}
}

// simulatedAt finds where a config that simulate wrote has DrChrono.
var simulatedAt = regexp.MustCompile(`(?m)^ +base_url: http://([^/\s]+)/drchrono\s*$`)

// listen is the loopback address to serve on. The config of an earlier start
// is kept, so its URLs have to fit.
func (f simulateFlags) listen() (string, error) {
	if f.address != "" && !loopback(f.address) {
		return "", usageError{fmt.Errorf("--listen %q is no loopback address and port; the simulated vendors let anybody in: write for example 127.0.0.1:8081", f.address)}
	}
	if f.callback != "" && !loopback(f.callback) {
		return "", usageError{fmt.Errorf("--callback %q is no loopback address and port; write for example 127.0.0.1:8082", f.callback)}
	}
	path := filepath.Join(f.dir, "config.yaml")
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return pick(f.address == "", "127.0.0.1:0", f.address), nil
	}
	if err != nil {
		return "", fmt.Errorf("read the config that is there: %w", err)
	}
	stands := simulatedAt.FindSubmatch(text)
	switch {
	case stands == nil || !loopback(string(stands[1])):
		return "", usageError{fmt.Errorf("%s is there and its drchrono.base_url is no simulated vendor's; name another --dir", path)}
	case f.address != "" && f.address != string(stands[1]):
		return "", usageError{fmt.Errorf("%s points at %s; leave --listen out, or name another --dir", path, stands[1])}
	}
	return string(stands[1]), nil
}

// loopback reports whether host:port is reached from this machine alone.
func loopback(address string) bool {
	host, port, err := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return err == nil && port != "" && (host == "localhost" || ip != nil && ip.IsLoopback())
}
