package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract"
	"github.com/chartbridge/chartbridge/extract/drchrono"
	"github.com/chartbridge/chartbridge/sql"
)

// errCancelled says that a person ended the backfill while it ran.
var errCancelled = errors.New("the backfill was cancelled; what it staged stays")

// runBackfill begins a backfill or goes on with the open one.
func runBackfill(ctx context.Context, s *shared, p *practice, f backfillFlags) (err error) {
	from, to, err := f.check(p)
	if err != nil {
		return usageError{err}
	}
	if f.load && p.mapless != nil {
		return p.mapless
	}
	p.warnOfCalls()
	if f.dryRun {
		return p.dryBackfill(ctx, s, f, from, to)
	}
	if err := p.lease(ctx, backfillLease); err != nil {
		return err
	}
	defer p.keep(ctx, backfillLease)()
	b, err := p.openBackfill(ctx, f, from, to)
	if err != nil {
		return err
	}
	p.log = p.log.WithField("backfill", b.ID)
	err = p.readBackfill(ctx, b, f.onQuota == "stop")
	p.show.done()
	if ctx.Err() != nil { // whatever the reading made of it
		p.log.Warn("stopped after the page in hand; `chartbridge backfill` goes on at the next")
		return context.Cause(ctx)
	}
	if err != nil {
		return err
	}
	if _, err := p.store.EndBackfill(ctx, b.ID, sql.BackfillDone, operator(), p.clock.Now()); err != nil {
		return err
	}
	b.State = sql.BackfillDone
	if !b.Load {
		return showBackfill(ctx, s, p, b, true)
	}
	return loadBackfill(ctx, s, p)
}

// loadBackfill maps and sends what is staged: a night without extraction.
func loadBackfill(ctx context.Context, s *shared, p *practice) error {
	n := &night{practice: p, run: p.newRun("backfill", false), skip: []string{stageExtract}}
	ctx, cancel := context.WithTimeoutCause(ctx, p.config.RunLimit, p.overdue())
	defer cancel()
	res, err := n.pass(ctx)
	if res.Run.ID != "" {
		err = errors.Join(err, printResult(s, res))
	}
	return err
}

// readBackfill reads the windows that are not read yet.
func (p *practice) readBackfill(ctx context.Context, b sql.Backfill, stop bool) error {
	client, err := p.drchrono(b.ID, spenderBackfill, drchrono.Stop) // the quota is waited for without the stream
	if err != nil {
		return err
	}
	all, err := p.store.Windows(ctx, b.ID)
	if err != nil {
		return err
	}
	bar := &progress{practice: p, all: all}
	stage := &extract.Stage{Store: gated{p.store, p}, Pager: client, Clock: p.clock, Scope: p.tokens().Scope, Hold: p.waitStream,
		OnPage: func(c etl.Cursor) { bar.page(ctx, c) }}
	if p.bulk() {
		stage.Bulk = client
	}
	job := &extract.Backfill{Stage: stage, Stop: stop, Run: etl.Run{ID: b.ID, At: p.clock.Now().UTC(), Trigger: "backfill"},
		Ended: func(ctx context.Context) error { return p.backfillEnded(ctx, b.ID) },
		Wanted: func(ctx context.Context, endpoint string) (bool, error) {
			return p.store.Wanted(ctx, streamLease(endpoint))
		},
		OnWindow: bar.window,
		OnWait: func(until time.Time) {
			p.show.done()
			p.log.Infof("its calls of this window are used up; it goes on at %s", until.In(p.config.Timezone).Format("15:04:05"))
		}}
	for _, w := range all {
		if !isRead(w) {
			job.Windows = append(job.Windows, w.Window)
		}
	}
	if len(job.Windows) < len(all) {
		p.log.Infof("going on: %d of %d windows are read", len(all)-len(job.Windows), len(all))
	}
	return job.Do(ctx)
}

func (p *practice) bulk() bool { return p.config.DrChrono.Bulk == "auto" }

// isRead reports whether nothing of a window is left to be read. One that failed
// is read again.
func isRead(w sql.WindowState) bool {
	return w.State == etl.StreamDrained || w.State == etl.StreamUnavailable
}

// backfillEnded says whether a backfill has to stop: it was cancelled, or
// another process has taken it over.
func (p *practice) backfillEnded(ctx context.Context, id string) error {
	state, err := p.store.BackfillState(ctx, id)
	if err == nil && state != sql.BackfillOpen {
		return errCancelled
	}
	if err != nil {
		return err
	}
	return p.store.Lease(ctx, backfillLease, p.clock.Now(), leaseLife)
}

// A progress tells how a backfill goes on: a line for each window in the log,
// and a bar on a terminal.
type progress struct {
	*practice
	all []sql.WindowState
}

func (b *progress) at(endpoint, lane string) *sql.WindowState {
	for i := range b.all {
		if b.all[i].Endpoint == endpoint && b.all[i].Lane == lane {
			return &b.all[i]
		}
	}
	return &sql.WindowState{}
}

func (b *progress) window(w extract.Window, c etl.Cursor) {
	b.at(w.Endpoint, w.Lane).State = c.State
	b.show.done()
	if c.State == etl.StreamUnavailable {
		b.log.Warnf("%s is unavailable: %s", w, c.Note)
		return
	}
	b.log.Infof("%s: %s on %s, %d new or changed%s", w, howMany(c.Rows, "row"), howMany(c.Page, "page"), c.Changed, suffix("; ", c.Note))
}

const barWidth = 10

// page draws the bar; where nobody looks, it asks nobody.
func (b *progress) page(ctx context.Context, c etl.Cursor) {
	w := b.at(c.Endpoint, c.Lane)
	w.State, w.Next, w.Page, w.Rows, w.Changed = c.State, c.Next, c.Page, c.Rows, c.Changed
	if !b.show.live {
		return
	}
	done := 0
	for _, w := range b.all {
		if isRead(w) {
			done++
		}
	}
	eta := "-"
	sizes, err := b.store.PageSizes(ctx)
	at, err2 := b.finish(ctx, callsLeft(b.all, b.bulk(), sizes))
	if err == nil && err2 == nil {
		eta = at.In(b.config.Timezone).Format("Jan 2 15:04")
	}
	full := done * barWidth / max(1, len(b.all))
	b.show.line("backfill [%s%s] %d/%d  ETA %s  page %d  %s  %d rows, %d changed", strings.Repeat("#", full), strings.Repeat("-", barWidth-full),
		done, len(b.all), eta, c.Page, w.Window, c.Rows, c.Changed) // a narrow screen cuts its end
}

// callsLeft is about how many calls the windows still cost, with pages of the
// sizes that were seen.
func callsLeft(all []sql.WindowState, bulk bool, sizes map[string]int) (calls int) {
	for _, w := range all {
		if !isRead(w) {
			calls += max(1, w.Calls(bulk, sizes[w.Endpoint])-w.Page)
		}
	}
	return calls
}

// finish is about when a backfill has made so many calls.
func (p *practice) finish(ctx context.Context, calls int) (time.Time, error) {
	now, d := p.clock.Now(), p.config.DrChrono
	budget, err := p.ledger("", "operator").Budget(ctx)
	if err != nil {
		return now, err
	}
	used := budget.Used
	pace := max(10*time.Minute/time.Duration(d.CallsPerTenMin), time.Second/time.Duration(d.CallsPerSecond))
	return extract.Finish(now, calls, used, d.QuotaWindow, pace, func(start time.Time) int {
		if p.due(start) {
			return d.CallsPerHour - d.NightlyReserve
		}
		return d.CallsPerHour
	})
}
