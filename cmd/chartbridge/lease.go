package main

import (
	"context"
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/chartbridge/chartbridge/sql"
)

const (
	runLease     = "run"
	leaseLife    = 2 * time.Minute
	leaseRenewal = 20 * time.Second
)

// lease takes a lease, or takes it over where its holder was a process of this
// host that is gone: nobody has to wait for what a kill left behind.
func (p *practice) lease(ctx context.Context, name string) error {
	err := p.store.Lease(ctx, name, p.clock.Now(), leaseLife)
	var held *sql.HeldError
	if !errors.As(err, &held) || !goneFromHere(held.Holder) {
		return err
	}
	p.log.Warnf("taking over the lease %s: the process that held it is gone", name)
	if err := p.store.BreakLease(ctx, name, held.Holder); err != nil {
		return err
	}
	return p.store.Lease(ctx, name, p.clock.Now(), leaseLife)
}

// goneFromHere reports whether a holder, host/pid/random, was a process of this
// host that no longer runs.
func goneFromHere(holder string) bool {
	parts := strings.Split(holder, "/")
	host, err := os.Hostname()
	if err != nil || len(parts) != 3 || parts[0] != host {
		return false
	}
	pid, err := strconv.Atoi(parts[1])
	return err == nil && pid > 0 && errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
}
