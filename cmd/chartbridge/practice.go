package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/chartbridge/chartbridge/cmd/chartbridge/config"
	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract"
	"github.com/chartbridge/chartbridge/extract/drchrono"
	"github.com/chartbridge/chartbridge/sql"
	"github.com/sirupsen/logrus"
)

// A practice is one config with its database: what the stages are wired from.
type practice struct {
	config  *config.Config
	lookups config.Lookups
	mapless error // why nothing can be mapped: the lookups file that the config names is not there
	store   *sql.Store
	clock   etl.Clock
	log     *logrus.Entry
	show    *show
	served  bool // by a daemon of this process, which takes callbacks in
}

// openPractice reads the config and opens the database.
func openPractice(ctx context.Context, s *shared) (*practice, error) {
	p, err := readPractice(s)
	if err != nil {
		return nil, err
	}
	return p, p.openStore(ctx)
}

// readPractice reads the config and the lookups alone.
func readPractice(s *shared) (*practice, error) {
	cfg, err := readConfig(s.config)
	if err != nil {
		return nil, err
	}
	s.scrub.learn(cfg)
	log, err := newLog(s)
	if err != nil {
		return nil, err
	}
	p := &practice{config: cfg, clock: wallClock{}, log: log.WithField("practice", cfg.Practice), show: newShow(s)}
	for _, w := range cfg.Warnings {
		p.log.Warn(w)
	}
	return p, p.readLookups()
}

// warnOfCalls warns who is about to read from DrChrono.
func (p *practice) warnOfCalls() {
	for _, w := range p.config.CallWarnings {
		p.log.Warn(w)
	}
}

// sealer is of the config's key.
func sealer(c *config.Config) (*sql.Sealer, error) {
	key, ok := c.Key()
	if !ok {
		key = nil // encryption_key: off, as the config spells out
	}
	return sql.NewSealer(key)
}

// openStore opens the practice's database.
func (p *practice) openStore(ctx context.Context) error {
	if err := p.openAnyones(ctx); err != nil {
		return err
	}
	err := p.own(ctx)
	if err == nil {
		err = p.overlay(ctx)
	}
	if err == nil {
		err = p.store.SetApprovers(ctx, p.config.CentralRegistry.Approvers)
	}
	if err != nil {
		return errors.Join(err, p.store.Close())
	}
	return nil
}

// openAnyones opens the database of data_dir, whoever's it is.
func (p *practice) openAnyones(ctx context.Context) error {
	seal, err := sealer(p.config)
	if err != nil {
		return err
	}
	if p.store, err = sql.Open(ctx, p.config.DataDir, seal, holder()); err != nil {
		return err
	}
	for _, told := range p.store.FoundOpen() {
		p.log.Warn(told)
	}
	if err := p.store.KeepJournal(ctx, p.config.JournalDir, p.clock.Now()); err != nil {
		return errors.Join(err, p.store.Close())
	}
	return nil
}

// readLookups reads the lookups file. Where the config does not name one, and
// there is none, it is empty: every row that needs it then says which lookup and
// key it lacks. One that the config names and that is not there is most likely a
// slip: nothing is mapped by it, since that would make everything invalid; what
// maps nothing goes on.
func (p *practice) readLookups() (err error) {
	p.lookups, err = config.LoadLookups(p.config.Lookups)
	p.mapless = nil
	switch faults := config.Faults(nil); {
	case err == nil || errors.As(err, &faults):
		return err
	case !errors.Is(err, fs.ErrNotExist):
		return p.config.LookupsFault(err)
	}
	p.lookups = config.Lookups{}
	if p.config.LookupsAt.Key != "" && len(p.config.Destinations()) > 0 {
		p.mapless = p.config.LookupsFault(err)
		return nil
	}
	p.log.Warnf("there is no lookups file at %s: every record that needs an id from it will be invalid and say which", p.config.Lookups)
	return nil
}

func (p *practice) close() error { return p.store.Close() }

// holder names this process in leases and deliveries: host, pid, and in which
// space of pids that counts, so that none of another container is taken for gone.
func holder() string {
	host, err := os.Hostname()
	if err != nil {
		host = "host"
	}
	return fmt.Sprintf("%s/%d/%s-%s", host, os.Getpid(), pidSpace(), randomHex(4))
}

// pidSpace is the number of this process's pid namespace; "" if it is not known.
func pidSpace() string {
	link, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return ""
	}
	return strings.Trim(strings.TrimPrefix(link, "pid:"), "[]")
}

func randomHex(n int) string {
	b := make([]byte, n)
	if _, err := rand.Read(b); err != nil {
		panic(err) // the system has no randomness: nothing may go on
	}
	return hex.EncodeToString(b)
}

// newRun names a run by its start.
func (p *practice) newRun(trigger string, dry bool) etl.Run {
	now := p.clock.Now().UTC()
	return etl.Run{ID: strings.Replace(now.Format("20060102T150405.000Z"), ".", "", 1) + "-" + randomHex(2), At: now, Trigger: trigger, DryRun: dry}
}

// drchrono makes the client for a run.
func (p *practice) drchrono(run, spender string, onQuota drchrono.QuotaPolicy) (*drchrono.Client, error) {
	d := p.config.DrChrono
	return drchrono.New(drchrono.Options{
		BaseURL: d.BaseURL, ClientID: d.ClientID, ClientSecret: d.ClientSecret.Reveal(), Clock: p.clock,
		Ledger: p.ledger(run, spender), Tokens: p.tokens(), OnQuota: onQuota, OnWait: p.waiting, UserAgent: "chartbridge/" + version,
		Recall: extract.Recall(p.store),
	})
}

// waiting tells of a wait: on a person's screen, or in the log where nobody looks.
func (p *practice) waiting(reason string, until time.Time) {
	if p.show.live {
		p.show.waiting(reason, until)
		return
	}
	p.log.Infof("waiting until %s: %s", until.In(p.config.Timezone).Format(time.RFC3339), reason)
}

func (p *practice) ledger(run, spender string) *sql.Ledger {
	d := p.config.DrChrono
	l := &sql.Ledger{Store: p.store, Clock: p.clock, Run: run, Spender: spender, Limits: sql.Limits{
		PerWindow: d.CallsPerHour, Window: d.QuotaWindow, Per10Min: d.CallsPerTenMin, PerSecond: d.CallsPerSecond}}
	if spender == spenderBackfill {
		l.Spare = p.spare
	}
	return l
}

func (p *practice) tokens() *sql.Tokens {
	return &sql.Tokens{Store: p.store, Clock: p.clock, Gone: goneFromHere, Seed: p.config.DrChrono.RefreshToken.Reveal()}
}

// endpoints are those that the config names, or what the enabled destinations
// need.
func (p *practice) endpoints() []string {
	if len(p.config.DrChrono.Endpoints) > 0 {
		return p.config.DrChrono.Endpoints
	}
	return p.needed()
}

// needed are the endpoints that the enabled destinations need, in the
// catalogue's order.
func (p *practice) needed() []string {
	needed := []string{"offices", "custom_demographics"}
	for _, d := range p.destinations() {
		if len(d.env.Route.Flags) > 0 {
			needed = append(needed, "patient_flag_types")
		}
		for _, shape := range d.shapes {
			needed = append(needed, shape.Endpoint)
			for _, use := range shape.Uses {
				needed = append(needed, use.Endpoint)
			}
		}
	}
	var list []string
	for _, e := range extract.Catalogue {
		if slices.Contains(needed, e.Name) {
			list = append(list, e.Name)
		}
	}
	return list
}

// rules is a hash of everything beside the records that a verdict hangs on: if
// it changes, everything is judged again.
func (p *practice) rules(d destination) (string, error) {
	var tables []any
	for _, s := range d.shapes {
		tables = append(tables, s.Object, s.Columns)
	}
	text, err := json.Marshal([]any{version, p.config.GoLive, p.config.Timezone.String(), p.lookups[config.Normal(d.name)], d.env.Route,
		d.env.Constants, d.settings, tables})
	if err != nil {
		return "", fmt.Errorf("hash the rules: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8]), nil
}
