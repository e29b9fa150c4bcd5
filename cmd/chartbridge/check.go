package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/chartbridge/chartbridge/cmd/chartbridge/config"
	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract/drchrono"
	"github.com/chartbridge/chartbridge/sql"
	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"
)

func newCheck(s *shared) *cobra.Command {
	return &cobra.Command{Use: "check", Short: "Preflight: config, files, clock, token, quota, vendors, lookups, routes; writes to no vendor",
		Long: "Checks everything that can be checked without writing to a vendor. It makes one call to DrChrono, fetches each\n" +
			"destination's token, and renews DrChrono's own where it is due.\n\n" +
			"Exit code 0: all is well, or there are only warnings. 2: the config or the lookups file. 3: a vendor cannot be\nreached or does not let us in. 1: anything else that would make a run fail.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return check(cmd.Context(), s) }}
}

// A finding is what one check came to.
type finding struct {
	Check  string `json:"check"`
	Status string `json:"status"` // ok, warn or fail
	Text   string `json:"message"`
	Do     string `json:"do,omitempty"`
	cause  error  // of a failure: it makes the exit code
}

// preflight collects the findings.
type preflight struct {
	*practice
	findings []finding
	seen     survey
}

func (c *preflight) ok(check, format string, args ...any) {
	c.findings = append(c.findings, finding{Check: check, Status: "ok", Text: fmt.Sprintf(format, args...)})
}

func (c *preflight) warn(check, do, format string, args ...any) {
	c.findings = append(c.findings, finding{Check: check, Status: "warn", Text: fmt.Sprintf(format, args...), Do: do})
}

func (c *preflight) fail(check string, cause error, do, format string, args ...any) {
	c.findings = append(c.findings, finding{Check: check, Status: "fail", Text: fmt.Sprintf(format, args...), Do: do, cause: sql.Damaged(cause)})
}

// faulty tells the faults of a file, each with what to write instead.
func (c *preflight) faulty(check string, faults config.Faults) {
	for _, f := range faults {
		do := f.Hint
		if do == "" {
			do = "correct it in " + f.File
		}
		f.Hint = ""
		c.fail(check, faults, do, "%s", f.Error())
	}
}

// Causes of failures that have none of their own.
var (
	errConfig      = usageError{errors.New("config")}
	errEnvironment = drchrono.ErrUnreachable
	errBroken      = errors.New("broken")
)

// A checkError ends a preflight that found failures. What they are stands in
// the table; the gravest one makes the exit code.
type checkError struct {
	failed int
	cause  error
}

func (e *checkError) Error() string {
	if e.failed == 1 {
		return "1 check failed; what to do stands below it"
	}
	return fmt.Sprintf("%d checks failed; what to do stands below each", e.failed)
}

// Unwrap gives the cause, for the exit code.
func (e *checkError) Unwrap() error { return e.cause }

func check(ctx context.Context, s *shared) (err error) {
	log, err := newLog(s)
	if err != nil {
		return err
	}
	c := &preflight{practice: &practice{clock: briskClock{wallClock{}}, log: logrus.NewEntry(log), show: newShow(s)}}
	if c.checkConfig(s.config) {
		s.scrub.learn(c.config)
		defer func() {
			if c.store != nil {
				err = errors.Join(err, c.close())
			}
		}()
		if err := c.checkAll(ctx, s.config); err != nil {
			return err
		}
	}
	if err := c.print(s); err != nil {
		return err
	}
	return c.verdict()
}

// checkAll runs the checks that a readable config allows. An error is one of
// reading the database, or of the context.
func (c *preflight) checkAll(ctx context.Context, path string) error {
	c.checkLookupsFile()
	stored := c.checkDatabase(ctx)
	c.checkFiles(path)
	c.checkZone()
	c.checkOverlap()
	c.checkSchedules()
	c.checkEndpoints()
	c.checkConstants()
	c.checkAlerts()
	c.checkIdle()
	if stored {
		for _, step := range []func(context.Context) error{c.checkSource, c.checkQuota, c.survey, c.checkLookups, c.checkDemographics, c.checkRoutes, c.checkDoctorZones} {
			if err := step(ctx); err != nil {
				return err
			}
		}
	}
	c.checkDestinations(ctx)
	c.checkAssumptions()
	return ctx.Err()
}

// verdict is nil where nothing failed. Config comes before environment, and
// this before the rest: one can hardly judge the second without the first.
func (c *preflight) verdict() error {
	failed, rank := 0, map[int]int{exitUsage: 3, exitEnvironment: 2}
	var gravest error
	for _, f := range c.findings {
		if f.Status != "fail" {
			continue
		}
		failed++
		if gravest == nil || rank[exitCode(f.cause, 0)] > rank[exitCode(gravest, 0)] {
			gravest = f.cause
		}
	}
	if failed == 0 {
		return nil
	}
	return &checkError{failed, gravest}
}

func (c *preflight) print(s *shared) error {
	if s.output == "json" {
		return printJSON(s.stdout, map[string]any{"exit_code": exitCode(c.verdict(), 0), "checks": c.findings})
	}
	counts := map[string]int{}
	for _, f := range c.findings {
		counts[f.Status]++
		f.Text, f.Do = s.typed(f.Text), s.typed(f.Do)
		if err := f.print(s.stdout); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(s.stdout, "\n%d ok, %s, %d failed\n", counts["ok"], howMany(counts["warn"], "warning"), counts["fail"])
	return err
}

func (f finding) print(w io.Writer) error {
	text := strings.ReplaceAll(f.Text, "\n", "\n                        ")
	if _, err := fmt.Fprintf(w, "%-4s  %-16s  %s\n", f.Status, f.Check, text); err != nil || f.Do == "" {
		return err
	}
	_, err := fmt.Fprintf(w, "%-4s  %-16s  -> %s\n", "", "", f.Do)
	return err
}

// checkConfig reads the config; without one, nothing else can be checked.
func (c *preflight) checkConfig(path string) bool {
	cfg, err := config.Load(path, os.LookupEnv)
	var faults config.Faults
	switch {
	case errors.As(err, &faults):
		c.faulty("config", faults)
		return false
	case err != nil:
		c.fail("config", errConfig, "name one with --config, or write one with "+config.Init, "%v", err)
		return false
	}
	c.config = cfg
	c.ok("config", "%s: practice %s, destinations %s", path, cfg.Practice, orDash(strings.Join(cfg.Destinations(), ", ")))
	for _, w := range append(slices.Clone(cfg.Warnings), cfg.CallWarnings...) {
		c.warn("config", "", "%s", w)
	}
	if len(cfg.Destinations()) == 0 {
		c.warn("config", "enable one, or go on staging alone", "no destination is enabled: nothing is sent anywhere")
	}
	if _, sealed := cfg.Key(); !sealed {
		c.warn("config", "write ${file:/path} with a key of `openssl rand -base64 32`, into a new data_dir", "encryption_key is off: patients are stored in the clear")
	}
	return true
}

func (c *preflight) checkLookupsFile() {
	lookups, err := config.LoadLookups(c.config.Lookups)
	var faults config.Faults
	switch {
	case errors.As(err, &faults):
		c.faulty("lookups", faults)
	case errors.Is(err, os.ErrNotExist) && (c.config.LookupsAt.Key == "" || len(c.config.Destinations()) == 0):
		c.warn("lookups", "write one from `chartbridge lookups template`", "there is no lookups file at %s", c.config.Lookups)
	case err != nil:
		c.faulty("lookups", c.config.LookupsFault(err))
	default:
		c.ok("lookups", "%s: %d destinations", c.config.Lookups, len(lookups))
		for _, f := range config.SharedFields(c.config.Lookups) {
			do := f.Hint
			f.Hint = ""
			c.warn("lookups", do, "%s", f.Error())
		}
	}
	c.practice.lookups = lookups
}

const doDatabase = "correct data_dir or encryption_key if they are not this database's, or restore a backup into an empty data_dir"

// checkDatabase opens the database; false where it cannot be opened.
func (c *preflight) checkDatabase(ctx context.Context) bool {
	if err := c.openStore(ctx); err != nil {
		kind, do := errBroken, doDatabase
		if errors.As(err, new(usageError)) { // another practice's
			kind, do = errConfig, "correct data_dir or practice"
		}
		if errors.Is(err, sql.ErrOtherKey) {
			kind, err, do = errConfig, sql.ErrOtherKey, sql.DoOtherKey
		}
		c.fail("database", kind, do, "%v", err)
		if c.store != nil {
			_ = c.close() // it is not used any further, and the failure above says why
			c.practice.store = nil
		}
		return false
	}
	past, running, err := c.newest(ctx)
	switch {
	case err != nil:
		c.fail("database", errBroken, doDatabase, "%v", err)
	case len(past) == 0:
		c.ok("database", "%s, opened with its key; no run yet", c.store.Path())
	default:
		c.ok("database", "%s, opened with its key; the newest run is %s, exit code %s", c.store.Path(), past[0].ID, exitWord(past[0].ExitCode, running))
	}
	if err == nil {
		c.checkAge(ctx)
	}
	return err == nil
}

// newest is the newest run, if there is one, and whether it is under way. The
// whole file is looked at first.
func (c *preflight) newest(ctx context.Context) (past []sql.Past, running bool, err error) {
	if err := c.store.Check(ctx); err != nil {
		return nil, false, err
	}
	if past, err = c.store.Runs(ctx, 1); err != nil {
		return nil, false, err
	}
	running, err = c.active(ctx, runLease)
	return past, running, err
}

// briskClock does not let a look at a vendor wait for long between its tries.
type briskClock struct{ etl.Clock }

const briskPause = 300 * time.Millisecond

func (b briskClock) Sleep(ctx context.Context, d time.Duration) error {
	return b.Clock.Sleep(ctx, min(d, briskPause))
}
