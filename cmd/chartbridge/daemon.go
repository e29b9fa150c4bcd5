package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/chartbridge/chartbridge/cmd/chartbridge/config"
	"github.com/chartbridge/chartbridge/cmd/chartbridge/schedule"
	"github.com/chartbridge/chartbridge/sql"
	"github.com/sirupsen/logrus"
)

// A daemon runs one practice on its schedules.
type daemon struct {
	*practice
	entries []schedule.Entry
	first   time.Time // when this practice was first served
	turns   turns     // shared by the practices of this process

	unserved error // why it could not be opened; its database is closed

	mu       sync.Mutex
	looked   time.Time // when the scheduler last asked the clock
	running  bool      // a run is under way
	unleased error     // why it could not take its lease yet
	stopped  error     // why it no longer serves
}

const serveLease = "serve"

func newDaemon(ctx context.Context, p *practice) (*daemon, error) {
	now := p.clock.Now()
	d := &daemon{practice: p, looked: now}
	err := p.store.Check(ctx)
	if err != nil {
		return d, err
	}
	if d.first, err = firstServed(ctx, p, now); err != nil {
		return d, err
	}
	if d.entries, err = entriesOf(p.config); err != nil {
		return d, err
	}
	if len(d.entries) == 0 {
		p.log.Warn("schedules is empty: nothing will run by itself")
	}
	if gap := schedule.LongestGap(d.entries, now); gap > p.config.Serve.StaleAfter {
		p.log.Warnf("the schedules leave %s between two runs, and serve.stale_after is %s: /healthz will answer 503 in between; raise it", gap, p.config.Serve.StaleAfter)
	}
	for _, e := range d.entries {
		if o, ok := e.Risky(now); ok {
			p.log.Warnf("schedule %s falls at %s where %s; a time from 03:15 to 04:45 never does", e.Name, o.Local, o.Risk)
		}
	}
	return d, nil
}

// firstServed remembers the first start, so that a restart does not make up
// for nights that never were.
func firstServed(ctx context.Context, p *practice, now time.Time) (time.Time, error) {
	text, err := p.store.Setting(ctx, "served_since")
	if err != nil {
		return now, err
	}
	if at, unread := time.Parse(time.RFC3339, text); unread == nil && !at.After(now) {
		return at, nil
	}
	now = now.UTC().Truncate(time.Second) // also without a monotonic reading, which stands still while the machine sleeps
	return now, p.store.SetSetting(ctx, "served_since", now.Format(time.RFC3339))
}

// entriesOf reads a config's schedules.
func entriesOf(cfg *config.Config) (list []schedule.Entry, err error) {
	for _, s := range cfg.Schedules {
		parsed, err := config.ParseCron(s.Cron)
		if err != nil {
			return nil, usageError{fmt.Errorf("schedule %s: %w", s.Name, err)}
		}
		list = append(list, schedule.Entry{Name: s.Name, Spec: s.Cron, Cron: parsed, Zone: cfg.Timezone})
	}
	return list, nil
}

// takeLease makes this the practice's only daemon. A holder that renews its
// lease is alive and keeps it; one that was killed is taken over from when its
// lease runs out, so that a restart after a crash needs no hand.
func (d *daemon) takeLease(ctx context.Context) error {
	var until, since time.Time
	for {
		now := d.clock.Now()
		err := d.store.Lease(ctx, serveLease, now, leaseLife)
		var held *sql.HeldError
		if !errors.As(err, &held) {
			return err
		}
		if since.IsZero() {
			since, until = now, held.Until
			d.log.Warnf("%v; looking whether it still lives", held)
		}
		if !held.Until.Equal(until) || now.Sub(since) > 2*leaseLife {
			return fmt.Errorf("another daemon serves %s; stop it first: %w", d.config.Practice, held)
		}
		if err := d.clock.Sleep(ctx, leaseRenewal/2); err != nil {
			return err
		}
	}
}

// serve runs the practice until ctx is done or its lease is lost. One that could
// not be opened is only told of.
func (d *daemon) serve(ctx context.Context) error {
	if d.unserved != nil {
		d.tellUnserved(ctx)
		return nil
	}
	ctx, stop := context.WithCancelCause(ctx)
	var beside sync.WaitGroup
	beside.Go(func() { d.watch(ctx) })
	err := d.awaitLease(ctx)
	if err == nil {
		beside.Go(func() { d.keepServing(ctx, stop) })
		d.log.Info("serving")
		err = d.schedule(ctx)
	}
	stop(err)
	beside.Wait()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		if signalIn(cause) != 0 {
			d.log.WithField("why", cause.Error()).Info("stopped serving")
		} else {
			d.log.WithError(cause).Error("stopped serving")
		}
		d.mu.Lock()
		d.stopped = cause
		d.mu.Unlock()
		return cause
	}
	d.log.Info("stopped")
	return nil
}

func (d *daemon) schedule(ctx context.Context) error {
	s := schedule.Scheduler{Entries: d.entries, Book: book{d.store}, Clock: d.clock, Run: d.occur,
		OnLook: d.look, OnEnd: d.tell,
		OnError: func(err error) { d.log.WithError(err).Error("the schedule's book cannot be kept; trying again") },
		OnStep:  func(from, to time.Time) { d.log.Warnf("the clock went back by %s", from.Sub(to).Round(time.Second)) },
	}
	return s.Serve(ctx)
}

// awaitLease goes on asking for a lease that could not be written at the start.
func (d *daemon) awaitLease(ctx context.Context) error {
	for d.unleased != nil {
		d.log.WithError(d.unleased).Error("the daemon's lease cannot be written, so nothing runs; trying again")
		if err := d.clock.Sleep(ctx, leaseRenewal); err != nil {
			return err
		}
		err := d.takeLease(ctx)
		var held *sql.HeldError
		if errors.As(err, &held) || errors.Is(err, sql.ErrReplaced) || ctx.Err() != nil {
			return err
		}
		d.mu.Lock()
		d.unleased, d.looked = err, d.clock.Now()
		d.mu.Unlock()
	}
	return nil
}

// keepServing renews the lease. Only another holder, or another file in the
// database's place, ends the daemon: one that is busy or full may come back.
func (d *daemon) keepServing(ctx context.Context, stop context.CancelCauseFunc) {
	for d.clock.Sleep(ctx, leaseRenewal) == nil {
		err := d.store.Lease(ctx, serveLease, d.clock.Now(), leaseLife)
		var held *sql.HeldError
		if errors.As(err, &held) {
			stop(fmt.Errorf("another daemon took %s over: %w", d.config.Practice, held))
		} else if errors.Is(err, sql.ErrReplaced) {
			stop(err)
		} else if err != nil && ctx.Err() == nil {
			d.log.WithError(err).Error("the daemon's lease cannot be renewed; trying again")
		}
	}
}

func (d *daemon) look(now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.looked = now
}

func (d *daemon) tell(o schedule.Occurrence, end schedule.Ending) {
	level, log := logrus.InfoLevel, d.log.WithFields(logrus.Fields{"schedule": o.Schedule, "due": o.Local})
	if end.State == schedule.Skipped || end.State == schedule.Failed {
		level = logrus.WarnLevel
	}
	if end.Run != "" {
		log = log.WithField("run", end.Run)
	}
	log.Log(level, string(end.State)+suffix(": ", end.Note))
}

func suffix(sep, text string) string {
	if text == "" {
		return ""
	}
	return sep + text
}

func (d *daemon) setRunning(on bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.running, d.looked = on, d.clock.Now()
}

// heldRetry is how often a run lease is asked for that an operator's run holds.
const heldRetry = 30 * time.Second

// occur does the work of an occurrence. An operator's run that is under way is
// waited for, as long as one may last.
func (d *daemon) occur(ctx context.Context, o schedule.Occurrence) schedule.Ending {
	d.setRunning(true)
	defer d.setRunning(false)
	since := d.clock.Now()
	for {
		end, err := d.attempt(ctx, o)
		var held *sql.HeldError
		if !errors.As(err, &held) || held.Name != runLease {
			return end
		}
		if d.clock.Now().Sub(since) >= d.config.RunLimit {
			end.State, end.Note = schedule.Skipped, fmt.Sprintf("waited %s (run_limit): %v", d.config.RunLimit, held)
			return end
		}
		d.log.WithField("schedule", o.Schedule).Infof("waiting: %v", held)
		if d.clock.Sleep(ctx, heldRetry) != nil {
			return end
		}
	}
}

// attempt runs one night. It reads the lookups anew, since analysts fill them
// in while the daemon runs.
func (d *daemon) attempt(ctx context.Context, o schedule.Occurrence) (end schedule.Ending, err error) {
	p := *d.practice // a run has a log and lookups of its own
	var n *night
	end = schedule.Guarded(func() schedule.Ending {
		if err = p.refreshLookups(ctx); err != nil {
			return ending(result{Exit: exitCode(err, 0)}, err)
		}
		if n, err = p.night(runFlags{}, "schedule"); err != nil {
			return ending(result{Exit: exitCode(err, 0)}, err)
		}
		n.turns = d.turns
		p.log = p.log.WithFields(logrus.Fields{"schedule": o.Schedule, "run": n.run.ID})
		p.log.WithField("due", o.Local).Info("the run begins")
		ctx, cancel := context.WithTimeoutCause(ctx, p.config.RunLimit, p.overdue())
		defer cancel()
		var res result
		res, err = n.pass(ctx)
		if res.Run.ID == "" { // it never began
			res.Exit = exitCode(err, 0)
		}
		if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
			err = errors.Join(context.Cause(ctx), err)
		}
		p.log.WithFields(logrus.Fields{"exit_code": res.Exit, "calls": res.Calls, "sent": sentIn(res.Counts)}).Info("the run ended")
		return ending(res, err)
	})
	if end.Panicked && n != nil {
		end.Run = n.run.ID
		closing := p.store.CloseRun(context.WithoutCancel(ctx), n.run, p.clock.Now(), exitFailed, end.Note)
		if closing != nil {
			p.log.WithError(closing).Error("the run's row stays open")
		}
	}
	return end, err
}

// ending is a night's end as an occurrence tells it. Records that wait for a
// person do not make a night a bad one.
func ending(res result, err error) schedule.Ending {
	end := schedule.Ending{State: schedule.Failed, Run: res.Run.ID, Exit: res.Exit, Note: note(err)}
	if res.Exit == exitDone || res.Exit == exitAttention {
		end.State = schedule.Ran
	}
	return end
}
