package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/chartbridge/chartbridge/reports"
	"github.com/chartbridge/chartbridge/sql"
)

// chosen is the run that a report is asked of, and whether it is the newest of
// all. Where none is named it is the newest that ended and was no dry run: its
// workbook is the one that decisions are taken in. Of a range it is the newest
// run that counted, with the range's first.
func (p *practice) chosen(ctx context.Context, f reportFlags) (r sql.Past, days reports.Range, newest bool, err error) {
	past, err := p.store.Runs(ctx, -1)
	if err != nil {
		return r, days, false, err
	}
	if f.from != "" || f.to != "" {
		r, days, err = p.inRange(ctx, past, f)
		return r, days, false, err // no range is what `latest` names
	}
	if f.run == "" && len(past) == 0 {
		return r, days, false, usageError{errNoRun}
	}
	if f.run == "" {
		f.run = p.newestOf(past).ID
	}
	if r, err = p.store.Run(ctx, f.run); err != nil {
		return r, days, false, usageError{err}
	}
	if r.Finished().IsZero() && r.ID == past[0].ID {
		return r, days, false, usageError{fmt.Errorf("run %s is under way, or was killed: the run or plan after it counts what it did and writes its files", r.ID)}
	}
	newer := slices.ContainsFunc(past, func(o sql.Past) bool { return o.ID > r.ID && !o.Dry })
	return r, days, !newer && !r.Dry, nil
}

// newestOf is the newest run that ended and was no dry run; where there is
// none, the newest that was no dry run, or that there is.
func (p *practice) newestOf(past []sql.Past) sql.Past {
	real := func(r sql.Past) bool { return !r.Dry }
	newest := max(0, slices.IndexFunc(past, real))
	ended := slices.IndexFunc(past, func(r sql.Past) bool { return real(r) && !r.Finished().IsZero() })
	if ended <= newest {
		return past[newest]
	}
	p.log.Warnf("run %s is under way, or was killed: this is the one before it; the run or plan after it counts what it did and writes its files", past[newest].ID)
	return past[ended]
}

var errNoRun = errors.New("there is no run yet; `chartbridge run` makes one")

// inRange picks of past (newest first) the runs that began in the days of the
// flags, both included, in the practice's zone. Dry runs sent nothing and are
// left out.
func (p *practice) inRange(ctx context.Context, past []sql.Past, f reportFlags) (r sql.Past, days reports.Range, err error) {
	if f.run != "" {
		return r, days, usageError{fmt.Errorf("--run %s names one run, --from and --to a range: give one or the other", f.run)}
	}
	for _, flag := range [][2]string{{"--from", f.from}, {"--to", f.to}} {
		if flag[1] == "" {
			continue
		}
		if _, err := day(flag[0], flag[1]); err != nil {
			return r, days, usageError{err}
		}
	}
	if f.from != "" && f.to != "" && f.from > f.to {
		return r, days, usageError{fmt.Errorf("--from %s is after --to %s", f.from, f.to)}
	}
	past = slices.DeleteFunc(past, func(r sql.Past) bool { return r.Dry })
	within := slices.DeleteFunc(slices.Clone(past), func(r sql.Past) bool {
		on := p.dayOf(r)
		return f.from != "" && on < f.from || f.to != "" && on > f.to
	})
	for i, r := range within {
		counts, err := p.store.Tally(ctx, r.ID)
		if err != nil {
			return r, days, err
		}
		if len(counts) > 0 {
			return r, p.rangeOf(within[i:], f), nil
		}
	}
	return r, days, usageError{p.noneIn(past, within, f)}
}

// rangeOf names the folder of a range by its days; one that is not given is
// that of the run at that end.
func (p *practice) rangeOf(runs []sql.Past, f reportFlags) reports.Range {
	first := runs[len(runs)-1]
	if f.from == "" {
		f.from = p.dayOf(first)
	}
	if f.to == "" {
		f.to = p.dayOf(runs[0])
	}
	return reports.Range{Since: first.ID, Folder: f.from + "_" + f.to}
}

// dayOf is the day on which a run began where the practice is.
func (p *practice) dayOf(r sql.Past) string {
	return r.Started().In(p.config.Timezone).Format(time.DateOnly)
}

// noneIn says why a range has nothing to report, and which run lies nearest.
func (p *practice) noneIn(past, within []sql.Past, f reportFlags) error {
	if len(past) == 0 {
		return errNoRun
	}
	if len(within) > 0 {
		return fmt.Errorf("run %s of %s ended before it counted anything, and so did the others of the range; `chartbridge runs list` lists them", within[0].ID, p.dayOf(within[0]))
	}
	nearest := past[0]
	for _, r := range past { // newest first: of a day after the range the last is the nearest
		if a, b := p.gap(r, f), p.gap(nearest, f); a < b || a == b && f.to != "" && p.dayOf(r) > f.to {
			nearest = r
		}
	}
	what := "from " + f.from + " to " + f.to
	switch {
	case f.to == "":
		what = "on or after " + f.from
	case f.from == "":
		what = "up to " + f.to
	}
	return fmt.Errorf("no run began %s; the nearest is %s of %s", what, nearest.ID, p.dayOf(nearest))
}

// gap is how far a run's day lies from a range that it is not in.
func (p *practice) gap(r sql.Past, f reportFlags) time.Duration {
	on, end := p.dayOf(r), f.from
	if f.from == "" || f.to != "" && on > f.to {
		end = f.to
	}
	a, _ := time.Parse(time.DateOnly, on) // both were read as days before
	b, _ := time.Parse(time.DateOnly, end)
	return a.Sub(b).Abs()
}
