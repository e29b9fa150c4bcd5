package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/chartbridge/chartbridge/cmd/chartbridge/schedule"
	"github.com/spf13/cobra"
)

func newSchedule(s *shared) *cobra.Command {
	cmd := &cobra.Command{Use: "schedule", Short: "When the daemon runs, and what became of the times that fell due"}
	var next, past int
	coming := &cobra.Command{Use: "next", Short: "The next times that the schedules fall due", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return scheduleNext(s, next, wallClock{}.Now()) }}
	coming.Flags().IntVar(&next, "count", 5, "show `N`")
	went := &cobra.Command{Use: "list", Short: "The last times that fell due: ran, late, skipped or failed, and why", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return scheduleList(cmd.Context(), s, past) }}
	went.Flags().IntVar(&past, "count", 20, "show `N`")
	cmd.AddCommand(coming, went)
	return cmd
}

type upcoming struct {
	Schedule string `json:"schedule"`
	Local    string `json:"local"`
	UTC      string `json:"utc"`
	Runs     string `json:"runs_at_local"`
	Risk     string `json:"risk"`
}

func scheduleNext(s *shared, count int, now time.Time) error {
	if count < 1 {
		return usageError{fmt.Errorf("--count %d: write 1 or more", count)}
	}
	cfg, err := readConfig(s.config)
	if err != nil {
		return err
	}
	entries, err := entriesOf(cfg)
	if err != nil {
		return err
	}
	list, rows := []upcoming{}, [][]string{}
	for _, o := range schedule.Upcoming(entries, now, count) {
		u := upcoming{o.Schedule, o.Local, o.Due.Format("2006-01-02 15:04Z"), o.Due.In(cfg.Timezone).Format("2006-01-02 15:04 MST"), o.Risk}
		list, rows = append(list, u), append(rows, []string{u.Schedule, u.Local, u.Runs, u.UTC, orDash(u.Risk)})
	}
	if s.output == "json" {
		return printJSON(s.stdout, list)
	}
	if len(rows) == 0 {
		_, err := fmt.Fprintln(s.stdout, "schedules is empty: nothing will run by itself")
		return err
	}
	if err := printTable(s.stdout, []string{"schedule", "local", "runs at", "UTC", "risk"}, rows); err != nil {
		return err
	}
	return printRisks(s, entries, now)
}

// printRisks tells the next night that a change of the clocks touches, however
// far it lies within a year.
func printRisks(s *shared, entries []schedule.Entry, now time.Time) error {
	var all error
	for _, e := range entries {
		if o, ok := e.Risky(now); ok {
			_, err := fmt.Fprintf(s.stdout, "\n%s falls at %s where %s. A time from 03:15 to 04:45 never does.\n", e.Name, o.Local, o.Risk)
			all = errors.Join(all, err)
		}
	}
	return all
}

func scheduleList(ctx context.Context, s *shared, count int) (err error) {
	if count < 1 {
		return usageError{fmt.Errorf("--count %d: write 1 or more", count)}
	}
	p, err := openPractice(ctx, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	list, err := p.store.Occurrences(ctx, count)
	if err != nil {
		return err
	}
	if s.output == "json" {
		return printJSON(s.stdout, list)
	}
	if len(list) == 0 {
		_, err := fmt.Fprintln(s.stdout, "No time fell due yet: the daemon, `chartbridge serve`, keeps this list.")
		return err
	}
	var rows [][]string
	for _, o := range list {
		rows = append(rows, []string{o.Schedule, o.Local, o.DueAt, o.State, orDash(o.Run), orDash(o.Note)})
	}
	return printTable(s.stdout, []string{"schedule", "local", "due (UTC)", "state", "run", "note"}, rows)
}
