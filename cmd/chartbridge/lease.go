package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
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
	if err := p.takeLease(ctx, name); err != nil {
		return err
	}
	if err := p.store.StillKeyed(ctx); err != nil {
		return errors.Join(err, p.store.Release(context.WithoutCancel(ctx), name))
	}
	return nil
}

func (p *practice) takeLease(ctx context.Context, name string) error {
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

// active reports whether somebody who still lives holds a lease.
func (p *practice) active(ctx context.Context, name string) (bool, error) {
	holder, err := p.store.Leased(ctx, name, p.clock.Now())
	return holder != "" && !goneFromHere(holder), err
}

// goneFromHere reports whether a holder (see holder) was a process of this host
// that no longer runs. Containers may share a host's name and see no pid of each
// other.
func goneFromHere(holder string) bool {
	parts := strings.Split(holder, "/")
	host, err := os.Hostname()
	if err != nil || len(parts) != 3 || parts[0] != host || !strings.HasPrefix(parts[2], pidSpace()+"-") {
		return false
	}
	pid, err := strconv.Atoi(parts[1])
	return err == nil && pid > 0 && (errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) || isZombie(pid))
}

// isZombie reports whether a process has ended and only waits for its parent to
// take notice.
func isZombie(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, after, ok := bytes.Cut(stat[bytes.LastIndexByte(stat, ')')+1:], []byte(" ")) // its name may hold anything
	return err == nil && ok && bytes.HasPrefix(after, []byte("Z"))
}

// underLease does something under the run lease, which is renewed for as long
// as it takes. A lease that is lost ends the work: another process has taken
// over. One that cannot be renewed for a moment is tried again.
func (p *practice) underLease(ctx context.Context, do func(context.Context) error) error {
	if err := p.lease(ctx, runLease); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	var renewal sync.WaitGroup
	renewal.Go(func() {
		for p.clock.Sleep(ctx, leaseRenewal) == nil {
			var held *sql.HeldError
			if err := p.store.Lease(ctx, runLease, p.clock.Now(), leaseLife); errors.As(err, &held) || errors.Is(err, sql.ErrReplaced) {
				cancel(err)
			}
		}
	})
	err := do(ctx)
	cancel(nil)
	renewal.Wait() // a renewal after the release would take it again
	return errors.Join(err, p.store.Release(context.WithoutCancel(ctx), runLease))
}
