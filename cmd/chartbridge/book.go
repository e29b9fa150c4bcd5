package main

import (
	"context"
	"strings"
	"time"

	"github.com/chartbridge/chartbridge/cmd/chartbridge/schedule"
	"github.com/chartbridge/chartbridge/sql"
)

// A book keeps occurrences in the staging database, as schedule.Book wants it.
type book struct{ store *sql.Store }

func rowOf(o schedule.Occurrence) sql.Occurrence {
	return sql.NewOccurrence(o.Schedule, o.Due, o.Local)
}

// Since remembers when a schedule first had its spec, so that a new or changed
// one has missed nothing yet.
func (b book) Since(ctx context.Context, e schedule.Entry, now time.Time) (time.Time, error) {
	name, spec := "schedule/"+e.Name, e.Spec+" "+e.Zone.String()
	text, err := b.store.Setting(ctx, name)
	if err != nil {
		return now, err
	}
	first, had, _ := strings.Cut(text, " ")
	since, unread := time.Parse(time.RFC3339, first)
	if unread != nil || since.After(now) || had != spec {
		return now, b.store.SetSetting(ctx, name, now.UTC().Format(time.RFC3339)+" "+spec)
	}
	last, err := b.store.LastOccurrence(ctx, e.Name, now)
	if last.After(since) {
		since = last
	}
	return since, err
}

func (b book) Begun(ctx context.Context) (list []schedule.Begun, err error) {
	rows, err := b.store.BegunOccurrences(ctx)
	for _, r := range rows {
		list = append(list, schedule.Begun{Occurrence: schedule.Occurrence{Schedule: r.Schedule, Due: r.Due(), Local: r.Local}, Attempts: r.Attempts})
	}
	return list, err
}

func (b book) Fresh(ctx context.Context, list []schedule.Occurrence) (fresh []schedule.Occurrence, err error) {
	for _, o := range list {
		known, err := b.store.HasOccurrence(ctx, rowOf(o))
		if err != nil {
			return nil, err
		}
		if !known {
			fresh = append(fresh, o)
		}
	}
	return fresh, nil
}

func (b book) Begin(ctx context.Context, o schedule.Occurrence, at time.Time, others []schedule.Occurrence, why string) error {
	var rows []sql.Occurrence
	for _, other := range others {
		rows = append(rows, rowOf(other))
	}
	return b.store.BeginOccurrence(ctx, rowOf(o), at, rows, why)
}

func (b book) End(ctx context.Context, o schedule.Occurrence, at time.Time, e schedule.Ending) error {
	row := rowOf(o)
	row.State, row.ExitCode, row.Run, row.Note = string(e.State), e.Exit, e.Run, e.Note
	return b.store.EndOccurrence(ctx, row, at)
}

func (b book) Stop(ctx context.Context, o schedule.Occurrence) error {
	return b.store.StopOccurrence(ctx, rowOf(o))
}

func (b book) Forget(ctx context.Context, after time.Time) error {
	return b.store.ForgetOccurrences(ctx, after)
}
