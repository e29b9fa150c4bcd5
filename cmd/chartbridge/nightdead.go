package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/sql"
)

// bury counts the run before this one, where that was killed or lost its power,
// and writes its files, before anything turns the page: what it sent is told by
// the run that sent it, and its balance closes too. One that had ended, and was
// killed while it wrote its files, gets them as it ended. No other run is under
// way, since this one has the lease. It is tried once, and what goes wrong with
// it keeps no night from its work.
func (n *night) bury(ctx context.Context) {
	newest, err := n.store.Runs(ctx, 1)
	if err != nil || len(newest) == 0 {
		return
	}
	if !newest[0].Finished().IsZero() { // it ended, with its files or without
		if told, err := n.store.Setting(ctx, toldSetting); err != nil || told == newest[0].ID || n.hasFiles(newest[0].ID) {
			return
		}
	}
	if err := n.buried(ctx, newest[0]); err != nil {
		n.log.WithError(err).Warnf("the run before, %s, was cut off", newest[0].ID)
	}
}

// hasFiles reports whether a run's workbooks are there, which are written last.
func (n *night) hasFiles(run string) bool {
	for _, name := range []string{"reconciliation.xlsx", "summary.xlsx"} {
		if _, err := os.Stat(filepath.Join(n.config.OutputDir, run, name)); err != nil {
			return false
		}
	}
	return true
}

func (n *night) buried(ctx context.Context, past sql.Past) error {
	over, err := n.turns.take(ctx)
	if err != nil {
		return err
	}
	defer over()
	if err := n.store.CheckWhole(ctx, n.clock.Now()); err != nil { // no file is written of what cannot be relied on
		return err
	}
	if !past.Finished().IsZero() {
		return n.tell(context.WithoutCancel(ctx), past)
	}
	dead := &night{practice: n.practice, whole: true,
		run: etl.Run{ID: past.ID, At: past.Started(), Trigger: past.Trigger, DryRun: past.Dry, Part: past.Part}}
	killed := signalError(syscall.SIGKILL)
	if err := n.store.CloseRun(ctx, dead.run, n.clock.Now(), exitCode(killed, signalIn(killed)), note(killed)); err != nil {
		return err
	}
	_, told := os.Stat(filepath.Join(n.config.OutputDir, past.ID, "summary.json"))
	if !errors.Is(told, fs.ErrNotExist) || n.store.Older(ctx) != nil { // it came to its end, and the database is from before that
		return errors.New("its files are left as they are: the database is older than they")
	}
	for _, d := range n.practice.destinations() {
		err = errors.Join(err, n.store.Orphans(ctx, dead.run, d.name, n.clock.Now()), n.store.CloseParents(ctx, dead.run, d.name))
	}
	counts, reading := n.store.Tally(ctx, dead.run.ID)
	dead.counted = slices.ContainsFunc(counts, func(c sql.Count) bool { return c.Outcome != etl.Extra }) // those are counted as they are found
	_, concluded := dead.conclude(context.WithoutCancel(ctx), killed)
	return errors.Join(err, reading, concluded)
}

// tell writes the files of a run that ended without them.
func (n *night) tell(ctx context.Context, past sql.Past) error {
	options := n.reportOptions(etl.Run{ID: past.ID, At: past.Started(), Trigger: past.Trigger, DryRun: past.Dry}, past.Finished(), past.ExitCode)
	options.Good = options.Good && !past.Dry && !past.Part
	if _, err := n.write(ctx, options); err != nil {
		return err
	}
	return n.store.SetSetting(ctx, toldSetting, past.ID)
}
