package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract/drchrono"
	"github.com/chartbridge/chartbridge/reports"
	"github.com/chartbridge/chartbridge/sql"
)

// A night is one pass of the job: the unit of work that `run`, `demo` and the
// tests share.
type night struct {
	*practice
	run          etl.Run
	only         string   // one stage; "" = all
	skip         []string // stages that were done already
	endpoints    []string // to extract
	destinations []string // names; empty = all enabled
	onQuota      drchrono.QuotaPolicy
	released     bool                        // a person released the brake
	named        bool                        // a person named the endpoints
	first        func(context.Context) error // done under the lease before the run begins; an error keeps it from beginning
	older        error                       // the database is older than what was sent: nothing is sent
	came, short  []string                    // destinations whose turn came, and that stopped short
	still        func()                      // lets a backfill stage again; nil: it still may
	turns        turns                       // of the practices of one process; nil: there is no other
	whole        bool                        // the whole database is read before anything is mapped
	sound        func() error                // waits until it is read, and says what is wrong with it; nil: it is not read
	counted      bool                        // it did before it was killed
	over         func()                      // gives the turn back; nil: it has none
}

// Stages, in their order.
const (
	stageExtract   = "extract"
	stageTransform = "transform"
	stageLoad      = "load"
	stageReport    = "report"
)

// A result is how a night ended.
type result struct {
	Run    etl.Run
	Exit   int
	Loaded bool   // it was to send what was due
	Sent   bool   // it sent something, whatever came of it
	Only   string // the one stage that it did; "" = all
	Counts []sql.Count
	Calls  int
	Files  reports.Files
}

// pass runs the night under the run lease. The run's row is opened before
// anything else and closed whatever happens; what was committed stays.
func (n *night) pass(ctx context.Context) (res result, err error) {
	n.practice.log = n.log.WithField("run", n.run.ID)
	n.run.Part = n.only != "" || n.named || len(n.destinations) > 0 || len(n.skip) > 0
	err = n.underLease(ctx, func(ctx context.Context) error {
		defer n.receive(ctx)()
		n.bury(ctx)
		if n.first != nil {
			if err := n.first(ctx); err != nil {
				return err
			}
		}
		res, err = n.held(ctx)
		return err
	})
	return res, err
}

// held is the night under its lease.
func (n *night) held(ctx context.Context) (result, error) {
	defer func() {
		for _, release := range []func(){n.still, n.over} {
			if release != nil {
				release()
			}
		}
	}()
	whole, err := n.store.CheckDue(ctx, n.run.At)
	if err != nil {
		return result{}, err
	}
	n.whole = whole
	if err := os.MkdirAll(n.config.OutputDir, 0o700); err != nil { // before anything is sent that no report could tell
		return result{}, fmt.Errorf("make output_dir: %w; correct it in the config, or give this user the right to write there", err)
	}
	if err := n.store.OpenRun(ctx, n.run, version, ""); err != nil {
		return result{}, err
	}
	ctx, stop := context.WithCancelCause(ctx)
	if n.whole {
		n.sound = n.check(ctx, stop)
	}
	defer func() {
		stop(nil)
		_ = n.checked() // nothing reads the database any more, also after a panic
	}()
	err = n.stages(ctx)
	if ctx.Err() != nil { // whatever the stages made of it: it was cut short, and this is why
		err = context.Cause(ctx)
	}
	ctx = context.WithoutCancel(ctx)
	if unsound := n.checked(); errors.Is(unsound, sql.ErrDamaged) { // no file is written of what cannot be relied on
		return result{}, errors.Join(unsound, n.store.CloseRun(ctx, n.run, n.clock.Now(), exitCode(unsound, 0), note(unsound)))
	}
	return n.conclude(ctx, err)
}

// stages runs extract, transform and load. What stops extraction does not stop
// the rest: what is staged is mapped and sent.
func (n *night) stages(ctx context.Context) error {
	var failed error
	if n.does(stageExtract) {
		if err := n.extract(ctx); err != nil {
			if ctx.Err() != nil {
				return err
			}
			n.log.WithError(err).Error("extraction stopped short")
			failed = errors.Join(failed, err)
		}
	}
	if unsound := n.checked(); unsound != nil {
		return unsound
	}
	if n.only == stageExtract {
		return failed
	}
	if n.turns != nil { // its turn may be long in coming
		if err := n.store.Shrink(ctx); err != nil {
			return errors.Join(failed, err)
		}
	}
	over, err := n.turns.take(ctx)
	if err != nil {
		return errors.Join(failed, err)
	}
	n.over = over
	if n.still == nil {
		still, err := n.hold(ctx, stagingLease, true)
		if err != nil {
			return errors.Join(failed, err)
		}
		n.still = still
	}
	return errors.Join(failed, n.deliverAll(ctx))
}

// conclude counts, checks the law, closes the run's row and writes the files.
func (n *night) conclude(ctx context.Context, cause error) (result, error) {
	res := result{Run: n.run, Loaded: n.does(stageLoad) && !n.run.DryRun, Only: n.only}
	err := errors.Join(cause, n.account(ctx, &res))
	if err == nil && n.only != stageExtract && slices.ContainsFunc(res.Counts, func(c sql.Count) bool { return c.N > 0 && c.Outcome.NeedsAttention() }) {
		err = errAttention
	}
	res.Exit = exitCode(err, signalIn(cause))
	finished := n.clock.Now()
	if closing := n.store.CloseRun(ctx, n.run, finished, res.Exit, note(err)); closing != nil {
		return res, errors.Join(err, closing)
	}
	if ending := n.leave(ctx, &res, finished); ending != nil {
		res.Exit = exitFailed // the row must not say that all went well
		return res, errors.Join(ending, n.store.CloseRun(ctx, n.run, finished, res.Exit, note(ending)))
	}
	if tidying := n.store.Checkpoint(ctx); tidying != nil {
		return res, errors.Join(err, tidying)
	}
	return res, err
}

// leave writes a run's files, whatever stages it did, and prunes old ones.
func (n *night) leave(ctx context.Context, res *result, finished time.Time) (err error) {
	options := n.reportOptions(n.run, finished, res.Exit)
	options.Good = options.Good && !n.run.DryRun && n.only == ""
	if res.Files, err = n.write(ctx, options); err != nil {
		return fmt.Errorf("write the reports: %w", err)
	}
	if err := n.store.SetSetting(ctx, toldSetting, n.run.ID); err != nil {
		return err
	}
	return n.prune(ctx)
}

// toldSetting names the newest run that has its files.
const toldSetting = "told"

// note is what a run's row keeps of an error.
func note(err error) string {
	if err == nil || errors.Is(err, errAttention) {
		return ""
	}
	return strings.ReplaceAll(err.Error(), "\n", "; ")
}
