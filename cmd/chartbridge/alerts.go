package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Events that an alert tells of.
const (
	eventFailed    = "failed"
	eventRecovered = "recovered"
	eventStale     = "stale"
)

// An alert is what a person is told. It holds nothing of a patient's: no
// message of a vendor's, no record, no count of them.
type alert struct {
	Event    string `json:"event"` // failed, recovered, stale
	Practice string `json:"practice"`
	Cause    string `json:"cause"` // our own sentence
	ExitCode int    `json:"exit_code"`
	Run      string `json:"run"`       // "" if it failed before it had one
	LastGood string `json:"last_good"` // RFC 3339, UTC; "" if there is none
	At       string `json:"at"`
	Version  string `json:"version"`
}

// A condition is how a practice's nights stand, as far as alerts go. Alerts
// are told when it changes from what was told last; that is in the database,
// so a restart repeats none and an alert that did not arrive is tried again.
type condition struct {
	Exit  int  `json:"exit"` // of the last run if it failed; 0 if it was good
	Stale bool `json:"stale"`
}

const (
	watchEvery = time.Minute
	alertLimit = 20 * time.Second // one delivery
	alertRetry = 5 * time.Minute  // after one that failed
)

// causes are told by exit code: equal ones are one trouble.
var causes = map[int]string{
	exitFailed:      "the run failed or was stopped by the brake; see its log",
	exitUsage:       "the config or the lookups have a fault; `chartbridge check` names it",
	exitEnvironment: "a vendor could not be reached or did not let us in, or the database is damaged; `chartbridge check` tells which",
	exitQuota:       "the calls were used up; the next run goes on",
	exitHeld:        "another run held the lease",
	exitBalance:     "the balance does not close; keep the database and report this",
}

// A channel is one way to tell people.
type channel struct {
	name string
	send func(context.Context, alert) error
	rest time.Time // not tried before
}

func (c *channel) tell(ctx context.Context, a alert) error {
	ctx, cancel := context.WithTimeout(ctx, alertLimit)
	defer cancel()
	return c.send(ctx, a)
}

func (d *daemon) channels() (list []*channel) {
	if url := d.config.Alerts.Webhook; url != "" {
		list = append(list, &channel{name: "webhook", send: func(ctx context.Context, a alert) error { return post(ctx, url, a) }})
	}
	if command := d.alertCommand(); len(command) > 0 {
		list = append(list, &channel{name: "command", send: func(ctx context.Context, a alert) error { return execute(ctx, command, a) }})
	}
	return list
}

// tellOnce tells what a run that no daemon made changed: a scheduler of the
// system may be all that looks after the nights. Where a daemon serves, it
// tells, and telling twice would be noise.
func (p *practice) tellOnce(ctx context.Context, res result) {
	if served, err := p.active(ctx, serveLease); err == nil && served {
		return
	}
	d := &daemon{practice: p, first: p.clock.Now()}
	for _, c := range d.channels() {
		if err := d.tellEnd(ctx, c, res.Exit, res.Run.ID); err != nil {
			p.log.WithError(err).Warnf("the alert by %s did not arrive; the next run tries again", c.name)
		}
	}
}

// tellUnserved tells that a practice could not be opened. What was told is kept
// in its database, so each start tells it anew.
func (d *daemon) tellUnserved(ctx context.Context) {
	d.log.WithError(d.unserved).Error("this practice is not served, the others are; put it right and start again")
	a := alert{Event: eventFailed, Practice: d.config.Practice, Cause: "its database could not be opened, so no night runs; see the log, put it right and start the daemon again",
		ExitCode: exitCode(d.unserved, 0), At: d.clock.Now().UTC().Format(time.RFC3339), Version: version}
	for _, c := range d.channels() {
		if err := c.tell(ctx, a); err != nil {
			d.log.WithError(err).Warnf("the alert by %s did not arrive", c.name)
		}
	}
}

// watch looks every minute whether there is something to tell, beside the
// runs: one that hangs must not keep its own alert back.
func (d *daemon) watch(ctx context.Context) {
	channels := d.channels()
	for ctx.Err() == nil {
		for _, c := range channels {
			if now := d.clock.Now(); now.Before(c.rest) && c.rest.Sub(now) <= alertRetry {
				continue
			}
			if err := d.tellChange(ctx, c); err != nil && ctx.Err() == nil {
				c.rest = d.clock.Now().Add(alertRetry)
				d.log.WithError(err).Warnf("the alert by %s did not arrive; trying again", c.name)
			}
		}
		_ = d.clock.Sleep(ctx, watchEvery) // its error is ctx's
	}
}

// tellChange tells one channel what changed since it was told last.
func (d *daemon) tellChange(ctx context.Context, c *channel) error {
	exit, run, _, err := d.store.LastEnding(ctx)
	if err != nil {
		return err
	}
	return d.tellEnd(ctx, c, exit, run)
}

// tellEnd is tellChange where the newest night ended so; one that failed before
// it had a row has no run.
func (d *daemon) tellEnd(ctx context.Context, c *channel, exit int, run string) error {
	setting := "alerts/" + c.name
	text, err := d.store.Setting(ctx, setting)
	if err != nil {
		return err
	}
	var told condition
	if text != "" {
		if err := json.Unmarshal([]byte(text), &told); err != nil {
			told = condition{} // told twice is better than never
		}
	}
	now, a, err := d.condition(ctx, exit, run)
	if err != nil || now == told {
		return err
	}
	a.Event = transition(told, now)
	switch a.Event {
	case eventStale:
		a.Cause = fmt.Sprintf("no good night for longer than serve.stale_after, %s", d.config.Serve.StaleAfter)
	case eventRecovered:
		a.Cause = "the nights are good again"
	}
	if a.Event != "" {
		if err := c.tell(ctx, a); err != nil {
			return err
		}
		d.log.WithField("event", a.Event).Infof("told by %s", c.name)
	}
	save, err := json.Marshal(now)
	if err != nil {
		return fmt.Errorf("write the alerts' state: %w", err)
	}
	return d.store.SetSetting(ctx, setting, string(save))
}

// transition is the event of a change; "" where there is nothing to tell.
func transition(told, now condition) string {
	switch {
	case now == condition{}:
		return eventRecovered
	case now.Exit != 0 && now.Exit != told.Exit:
		return eventFailed
	case now.Stale && !told.Stale:
		return eventStale
	}
	return ""
}

// condition reads how the nights stand, and the alert that would tell it.
func (d *daemon) condition(ctx context.Context, exit int, run string) (c condition, a alert, err error) {
	if exit != exitDone && exit != exitAttention {
		c.Exit = exit
	}
	if c.Stale, _, err = d.stale(ctx); err != nil {
		return c, a, err
	}
	good, err := d.store.LastGood(ctx)
	if err != nil {
		return c, a, err
	}
	a = alert{Practice: d.config.Practice, Cause: causes[c.Exit], ExitCode: exit, Run: run, At: d.clock.Now().UTC().Format(time.RFC3339), Version: version}
	if !good.IsZero() {
		a.LastGood = good.UTC().Format(time.RFC3339)
	}
	return c, a, nil
}

// post sends an alert to a webhook. Redirects are not followed: what is told
// goes to the address in the config and nowhere else.
func post(ctx context.Context, url string, a alert) error {
	body, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("write the alert: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return errors.New("the webhook's address cannot be used")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "chartbridge/"+version)
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		return errors.New("the webhook did not answer") // the cause would quote its address, often a secret
	}
	if err := resp.Body.Close(); err != nil {
		return fmt.Errorf("post the alert: %w", err)
	}
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("the webhook answered %d", resp.StatusCode)
	}
	return nil
}
