package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/chartbridge/chartbridge/extract"
	"github.com/chartbridge/chartbridge/sql"
	"github.com/spf13/cobra"
)

// spenderBackfill is a backfill in the call ledger: it leaves the nightly's
// reserve alone.
const spenderBackfill = "backfill"

// longestBackfill needs no --yes: a longer one is more likely a slip of the year.
const longestBackfill = 30 // years

type backfillFlags struct {
	from, to, order, onQuota string
	endpoints                []string
	load, dryRun, yes        bool
}

func newBackfill(s *shared) *cobra.Command {
	var f backfillFlags
	cmd := &cobra.Command{
		Use:   "backfill --from DAY [--to DAY]",
		Short: "Stage the past: visits of some days, and what they hang on; status, cancel",
		Long: "Reads the past into staging, beside the nightly runs; the next `run` maps and sends it, --load does so at once.\n" +
			"Days are those of visits or services where DrChrono takes a date range, read in windows of at most 180 days; other\n" +
			"endpoints are drained once from --from, or read once in full where they have no filter. It goes on at the very page\n" +
			"after a kill: run it again, with the same arguments or none. The nightly keeps drchrono.nightly_reserve calls of\n" +
			"each window in which a schedule falls due or a run is active, and its own watermark.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withPractice(cmd.Context(), s, func(p *practice) error { return runBackfill(cmd.Context(), s, p, f) })
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.from, "from", "", "first `DAY`, 2026-01-31")
	flags.StringVar(&f.to, "to", "", "last `DAY`; default today")
	flags.StringSliceVar(&f.endpoints, "endpoints", nil, "these `ENDPOINTS`; default what a run reads")
	flags.StringVar(&f.order, "order", "", "windows of days `newest|oldest` first; default newest")
	flags.BoolVar(&f.load, "load", false, "map and send at the end")
	flags.BoolVar(&f.dryRun, "dry-run", false, "only say what it would read, with calls, hours and finish time; makes no call")
	flags.StringVar(&f.onQuota, "on-quota", "wait", "when its calls are used up: `wait|stop`")
	flags.BoolVar(&f.yes, "yes", false, "more than 30 years are meant")
	cmd.AddCommand(newBackfillStatus(s), newBackfillCancel(s))
	return cmd
}

func newBackfillStatus(s *shared) *cobra.Command {
	return &cobra.Command{Use: "status", Short: "How far the open or last backfill is", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withPractice(cmd.Context(), s, func(p *practice) error {
				b, ok, err := p.store.NewestBackfill(cmd.Context(), false)
				if err != nil {
					return err
				}
				return showBackfill(cmd.Context(), s, p, b, ok)
			})
		}}
}

func newBackfillCancel(s *shared) *cobra.Command {
	var as string
	cmd := &cobra.Command{Use: "cancel [--as NAME]", Short: "End the open backfill; what it staged stays", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withPractice(cmd.Context(), s, func(p *practice) error {
				b, ok, err := p.store.NewestBackfill(cmd.Context(), true)
				if err != nil {
					return err
				}
				if ok {
					ok, err = p.store.EndBackfill(cmd.Context(), b.ID, sql.BackfillCancelled, as, p.clock.Now())
				}
				if err == nil && !ok {
					err = usageError{errors.New("no backfill is open")}
				}
				if err != nil {
					return err
				}
				return receipt(s, map[string]string{"id": b.ID, "state": sql.BackfillCancelled, "ended_by": as},
					"Backfill %s is cancelled by %s; what it staged stays, and the next run maps it.", b.ID, as)
			})
		}}
	asNameOrUser(cmd, &as)
	return cmd
}

// check refuses what cannot be meant, before anything is opened. The days are
// UTC midnights; both are zero where no --from is given.
func (f backfillFlags) check(p *practice) (from, to time.Time, err error) {
	if f.onQuota != "wait" && f.onQuota != "stop" {
		return from, to, fmt.Errorf("--on-quota %q: write wait or stop", f.onQuota)
	}
	if f.order != "" && f.order != "newest" && f.order != "oldest" {
		return from, to, fmt.Errorf("--order %q: write newest or oldest", f.order)
	}
	for _, name := range f.endpoints {
		e, ok := extract.Find(name)
		if !ok {
			return from, to, fmt.Errorf("there is no endpoint %q; `chartbridge endpoints` lists them", name)
		}
		if e.Way() == "" {
			return from, to, fmt.Errorf("%s is one document a patient and costs a call for each: it is read on request only, not by a backfill", name)
		}
	}
	if f.from == "" {
		return from, to, nil
	}
	y, m, d := p.clock.Now().In(p.config.Timezone).Date()
	today := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	if from, err = day("--from", f.from); err != nil {
		return from, to, err
	}
	if to = today; f.to != "" {
		if to, err = day("--to", f.to); err != nil {
			return from, to, err
		}
	}
	switch {
	case from.After(today):
		err = fmt.Errorf("--from %s lies in the future", f.from)
	case from.After(to):
		err = fmt.Errorf("--from %s is after --to %s", f.from, to.Format(time.DateOnly))
	case from.AddDate(longestBackfill, 0, 0).Before(to) && !f.yes:
		err = fmt.Errorf("%s to %s is more than %d years; add --yes if that is meant", f.from, to.Format(time.DateOnly), longestBackfill)
	}
	return from, to, err
}

func day(flag, text string) (time.Time, error) {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return t, fmt.Errorf("%s %q: write a day such as 2026-01-31", flag, text)
	}
	return t, nil
}

// same reports whether the flags that are given speak of that backfill.
func (f backfillFlags) same(b sql.Backfill) bool {
	return (f.from == "" || f.from == b.From) && (f.to == "" || f.to == b.To) && (f.order == "" || f.order == b.Order()) &&
		(len(f.endpoints) == 0 || sorted(f.endpoints) == sorted(strings.Split(b.Endpoints, ",")))
}

func sorted(names []string) string {
	names = slices.Clone(names)
	slices.Sort(names)
	return strings.Join(slices.Compact(names), ",")
}

// planBackfill makes a backfill of the flags, with its windows; nothing is
// written.
func (p *practice) planBackfill(ctx context.Context, f backfillFlags, from, to time.Time) (sql.Backfill, []extract.Window, error) {
	run := p.newRun("backfill", false)
	b := sql.Backfill{ID: run.ID, From: from.Format(time.DateOnly), To: to.Format(time.DateOnly), Newest: f.order != "oldest", Load: f.load,
		State: sql.BackfillOpen, By: operator(), BegunAt: run.At.Format(time.RFC3339)}
	if f.from == "" {
		return b, nil, usageError{errors.New("--from is missing: the first day to read, such as --from 2026-01-01; no backfill is open to go on with")}
	}
	endpoints := f.endpoints
	if len(endpoints) == 0 {
		endpoints = p.endpoints()
	}
	b.Endpoints = sorted(endpoints)
	staged := map[string]extract.Span{}
	for _, name := range append(slices.Clone(endpoints), "appointments") {
		span, err := p.store.Span(ctx, name, b.From)
		if err != nil {
			return b, nil, err
		}
		staged[name] = span
	}
	return b, extract.Windows(b.ID, from, to, endpoints, b.Newest, staged), nil
}

// openBackfill gives the backfill to go on with, or begins the one asked for.
func (p *practice) openBackfill(ctx context.Context, f backfillFlags, from, to time.Time) (sql.Backfill, error) {
	b, ok, err := p.store.NewestBackfill(ctx, true)
	if err != nil || ok && f.same(b) {
		b.Load = b.Load || f.load
		return b, err
	}
	if ok {
		return b, usageError{fmt.Errorf("backfill %s is open (%s): `chartbridge backfill` without arguments goes on with it, `chartbridge backfill cancel` ends it",
			b.ID, b.Arguments())}
	}
	b, windows, err := p.planBackfill(ctx, f, from, to)
	if err != nil {
		return b, err
	}
	return b, p.store.OpenBackfill(ctx, b, windows, p.clock.Now())
}
