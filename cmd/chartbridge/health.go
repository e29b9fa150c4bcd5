package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/chartbridge/chartbridge/sql"
)

const (
	probeLimit = 2 * time.Second // what a probe waits for the database
	asleep     = 3 * time.Minute // a scheduler that has not asked the clock for so long hangs
)

// listen serves health and metrics on each address that a practice names, for
// the practices that name it. stop ends it.
func (f fleet) listen(ctx context.Context) (stop func(), err error) {
	var servers []*http.Server
	stop = func() {
		for _, s := range servers {
			_ = s.Close() // its error is that of a listener that is closed
		}
	}
	byAddress := map[string]fleet{}
	for _, d := range f {
		byAddress[d.config.Serve.Listen] = append(byAddress[d.config.Serve.Listen], d)
	}
	for address, daemons := range byAddress {
		listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
		if err != nil {
			stop()
			return nil, fmt.Errorf("serve health on %s: %w; change serve.listen, or stop what uses it", address, err)
		}
		server := httpServer(daemons.handler())
		servers = append(servers, server)
		log := daemons[0].log
		log.WithField("listen", listener.Addr().String()).Info("health is at /healthz, liveness at /livez, metrics are at /metrics")
		go func() {
			if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
				log.WithError(err).Error("health is no longer served")
			}
		}()
	}
	return stop, nil
}

// httpServer bounds what a caller can make a listener do.
func httpServer(handler http.Handler) *http.Server {
	return &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 30 * time.Second, MaxHeaderBytes: 1 << 14}
}

// handler answers the probes. Nothing in an answer is a patient's.
func (f fleet) handler() http.Handler {
	mux := http.NewServeMux()
	probe := func(ask func(*daemon, context.Context) error) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			ctx, cancel := context.WithTimeout(r.Context(), probeLimit)
			defer cancel()
			var sentences []string
			for _, d := range f {
				if err := ask(d, ctx); err != nil {
					sentences = append(sentences, d.config.Practice+": "+err.Error())
				}
			}
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			if len(sentences) > 0 {
				w.WriteHeader(http.StatusServiceUnavailable)
				fmt.Fprintln(w, strings.Join(sentences, "\n"))
				return
			}
			fmt.Fprintln(w, "ok")
		}
	}
	mux.HandleFunc("GET /livez", probe((*daemon).alive))
	mux.HandleFunc("GET /healthz", probe((*daemon).healthy))
	mux.HandleFunc("GET /readyz", probe((*daemon).healthy)) // its earlier name
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		var all []measured
		for _, d := range f {
			m, err := d.measure(r.Context())
			if err != nil {
				d.log.WithError(err).Warn("metrics cannot be read")
			}
			all = append(all, m)
		}
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		fmt.Fprint(w, exposition(all))
	})
	if callbacks := f.receiving(); len(callbacks) > 0 {
		mux.Handle("POST /", callbacks)
	}
	return mux
}

// alive says whether a restart would help: the database does not answer, the
// scheduler hangs, or the practice is no longer served. Of one that could not be
// opened a person has to look, and restarts would only cut the others' nights.
func (d *daemon) alive(ctx context.Context) error {
	if d.unserved != nil {
		return nil
	}
	d.mu.Lock()
	looked, running, stopped := d.looked, d.running, d.stopped
	d.mu.Unlock()
	if stopped != nil {
		return stopped
	}
	if age := d.clock.Now().Sub(looked); !running && age > asleep {
		return fmt.Errorf("the scheduler has not looked at the clock for %s", age.Round(time.Second))
	}
	if err := d.store.Ping(ctx); errors.Is(err, sql.ErrReplaced) {
		return sql.ErrReplaced
	} else if err != nil {
		return errors.New("the database does not answer")
	}
	return nil
}

// healthy says whether the nights go well: the last good one is not too old. Where
// it is, a person has to look, and no restart helps.
func (d *daemon) healthy(ctx context.Context) error {
	if d.unserved != nil {
		return d.unserved
	}
	if err := d.alive(ctx); err != nil {
		return err
	}
	d.mu.Lock()
	unleased := d.unleased
	d.mu.Unlock()
	if unleased != nil {
		return fmt.Errorf("its lease cannot be written: %w", unleased)
	}
	old, sentence, err := d.stale(ctx)
	if err != nil {
		return errors.New("the database does not answer")
	}
	if old {
		return errors.New(sentence)
	}
	return nil
}

// stale reports whether the last good night is older than serve.stale_after,
// or whether none came within that time of the first start. Without schedules
// nothing is owed.
func (d *daemon) stale(ctx context.Context) (old bool, sentence string, err error) {
	if len(d.entries) == 0 {
		return false, "", nil
	}
	limit, now := d.config.Serve.StaleAfter, d.clock.Now()
	good, err := d.store.LastGood(ctx)
	switch {
	case err != nil:
		return false, "", err
	case good.IsZero() && now.Sub(d.first) > limit:
		return true, fmt.Sprintf("no good night since the first start at %s, and serve.stale_after is %s", d.first.UTC().Format(time.RFC3339), limit), nil
	case !good.IsZero() && now.Sub(good) > limit:
		return true, fmt.Sprintf("the last good night ended at %s, and serve.stale_after is %s", good.Format(time.RFC3339), limit), nil
	}
	return false, "", nil
}
