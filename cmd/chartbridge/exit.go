package main

import (
	"context"
	"errors"
	"strings"

	"github.com/chartbridge/chartbridge/cmd/chartbridge/config"
	"github.com/chartbridge/chartbridge/extract/drchrono"
	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/sql"
)

// Exit codes (CONTRACT, Verbs). exitCode is the one switch that makes them.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitEnvironment = 3
	exitAttention   = 4
	exitQuota       = 5
	exitHeld        = 6
	exitBalance     = 7
	exitInterrupted = 130
)

const exitTable = `Exit codes:
  0    done
  1    failed, or stopped by the brake
  2    usage or config
  3    environment: unreachable, not authorised, or the database is damaged
  4    done, but records are held, uncertain, invalid or rejected
  5    quota reached; run again to go on at the very page
  6    another run holds the lease
  7    the balance does not close
  130  interrupted (143 by SIGTERM, 129 by SIGHUP); run again to go on.
       Of a run that was killed the next one says 137, and writes its files`

// errAttention says that a run is done and that records wait for a person.
var errAttention = errors.New("records wait for a person")

// errBalance says that source records are missing from the outcomes.
var errBalance = errors.New("the balance does not close: not every source record is in exactly one outcome; keep the database and report this")

// A usageError is an operator's mistake.
type usageError struct{ error }

func exitCode(err error, signal int32) int {
	var usage usageError
	var faults config.Faults
	var held *sql.HeldError
	var quota *drchrono.QuotaError
	var grant *load.GrantError
	switch {
	case signal != 0:
		return 128 + int(signal)
	case err == nil:
		return exitDone
	case errors.Is(err, context.Canceled): // asked to stop from within, as a stopping daemon does
		return exitInterrupted
	case errors.Is(err, errBalance):
		return exitBalance
	case errors.As(err, &usage), errors.As(err, &faults), errors.Is(err, sql.ErrOtherKey): // the config has another's key
		return exitUsage
	case errors.As(err, &held):
		return exitHeld
	case errors.As(err, &quota):
		return exitQuota
	case errors.Is(err, load.ErrBrake):
		return exitFailed
	case errors.Is(err, drchrono.ErrConsent), errors.Is(err, drchrono.ErrRefreshLost), errors.Is(err, drchrono.ErrUnreachable), errors.Is(err, drchrono.ErrUnavailable),
		errors.Is(err, errLogin), errors.Is(err, load.ErrGivenUp), errors.As(err, &grant), errors.Is(err, sql.ErrDamaged):
		return exitEnvironment
	case errors.Is(err, errAttention):
		return exitAttention
	}
	return exitFailed
}

// explain is an error as a person reads it: each cause on a line of its own.
func explain(err error) string {
	return strings.ReplaceAll(err.Error(), "\n", "\n  ")
}
