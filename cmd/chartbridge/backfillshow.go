package main

import (
	"context"
	"fmt"
	"math"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract"
	"github.com/chartbridge/chartbridge/sql"
)

// A windowView is a window as it is shown.
type windowView struct {
	Endpoint string      `json:"endpoint"`
	How      extract.Way `json:"how"` // dates, since, full
	From     string      `json:"from"`
	To       string      `json:"to"`
	Expected int         `json:"rows_expected"` // from what is staged; 0 = nothing is known
	Calls    int         `json:"calls_expected"`
	State    string      `json:"state"`
	Page     int         `json:"page"`
	Rows     int         `json:"rows"`
	Changed  int         `json:"changed"`
	Note     string      `json:"note"`
}

// A backfillView is a backfill as it is shown, or as it is forecast.
type backfillView struct {
	sql.Backfill
	Running bool         `json:"running"` // a process is at it now
	Done    int          `json:"windows_done"`
	All     int          `json:"windows_all"`
	Pages   int          `json:"pages"`
	Rows    int          `json:"rows"`
	Changed int          `json:"changed"`
	Calls   int          `json:"calls"`      // made so far
	Left    int          `json:"calls_left"` // about
	Hours   float64      `json:"hours_left"` // about
	ETA     string       `json:"eta"`        // RFC 3339; "" when nothing is left, or it cannot end
	Reserve int          `json:"nightly_reserve"`
	Limit   int          `json:"calls_per_window"`
	Windows []windowView `json:"windows"`
}

// view counts a backfill together.
func (p *practice) view(ctx context.Context, b sql.Backfill, windows []sql.WindowState) (v backfillView, err error) {
	v = backfillView{Backfill: b, All: len(windows), Reserve: p.config.DrChrono.NightlyReserve, Limit: p.config.DrChrono.CallsPerHour}
	sizes, err := p.store.PageSizes(ctx)
	if err != nil {
		return v, err
	}
	for _, w := range windows {
		v.Pages, v.Rows, v.Changed = v.Pages+w.Page, v.Rows+w.Rows, v.Changed+w.Changed
		if isRead(w) {
			v.Done++
		}
		v.Windows = append(v.Windows, windowView{Endpoint: w.Endpoint, How: w.Way, From: w.From, To: w.To, Expected: w.Guess,
			Calls: w.Calls(p.bulk(), sizes[w.Endpoint]), State: w.State, Page: w.Page, Rows: w.Rows, Changed: w.Changed, Note: w.Note})
	}
	if v.Calls, err = p.store.CallsOfBackfill(ctx, b.ID); err != nil || b.State != sql.BackfillOpen {
		return v, err
	}
	if v.Running, err = p.active(ctx, backfillLease); err != nil {
		return v, err
	}
	v.Left = callsLeft(windows, p.bulk(), sizes)
	if at, err := p.finish(ctx, v.Left); err == nil {
		v.ETA, v.Hours = at.UTC().Format(time.RFC3339), at.Sub(p.clock.Now()).Hours()
	}
	return v, nil
}

func showBackfill(ctx context.Context, s *shared, p *practice, b sql.Backfill, ok bool) error {
	if !ok {
		if s.output == "json" {
			return printJSON(s.stdout, backfillView{Backfill: sql.Backfill{State: "none"}})
		}
		_, err := fmt.Fprintln(s.stdout, "There was no backfill yet.")
		return err
	}
	windows, err := p.store.Windows(ctx, b.ID)
	if err != nil {
		return err
	}
	v, err := p.view(ctx, b, windows)
	if err != nil {
		return err
	}
	if s.output == "json" {
		return printJSON(s.stdout, v)
	}
	state := v.State
	if v.State == sql.BackfillOpen {
		state = pick(v.Running, "open, a process is at it", "open; `chartbridge backfill` goes on")
	}
	rows := [][]string{{"arguments", v.Arguments()}, {"windows", fmt.Sprintf("%d of %d", v.Done, v.All)}, {"pages", fmt.Sprint(v.Pages)},
		{"rows", fmt.Sprint(v.Rows)}, {"new or changed", fmt.Sprint(v.Changed)}, {"calls so far", fmt.Sprint(v.Calls)}}
	if v.State == sql.BackfillOpen {
		rows = append(rows, []string{"calls left", fmt.Sprintf("about %d", v.Left)}, []string{"ETA", p.clockTime(v.ETA)})
	}
	for _, w := range v.Windows {
		if w.State == etl.StreamFailed || w.State == etl.StreamUnavailable {
			rows = append(rows, []string{w.Endpoint + suffix(" ", w.From), w.State + suffix(": ", w.Note)})
		}
	}
	t := tabwriter.NewWriter(s.stdout, 0, 0, gap, ' ', 0) // keys and values, whatever the width of a terminal
	for _, row := range append([][]string{{v.ID, state}}, rows...) {
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	return t.Flush()
}

func (p *practice) clockTime(stamp string) string {
	at, err := time.Parse(time.RFC3339, stamp)
	if err != nil {
		return "never: no quota window leaves a backfill any calls; lower drchrono.nightly_reserve"
	}
	return at.In(p.config.Timezone).Format("2006-01-02 15:04 MST")
}

// dryBackfill says what a backfill would read, or what is left of the open
// one, from what is staged and without any call.
func (p *practice) dryBackfill(ctx context.Context, s *shared, f backfillFlags, from, to time.Time) error {
	b, open, err := p.store.NewestBackfill(ctx, true)
	if err != nil {
		return err
	}
	var windows []sql.WindowState
	open = open && f.same(b)
	if open {
		windows, err = p.store.Windows(ctx, b.ID)
	} else {
		var planned []extract.Window
		b, planned, err = p.planBackfill(ctx, f, from, to)
		for i, w := range planned {
			windows = append(windows, sql.WindowState{Window: w, N: i + 1, State: etl.StreamNew})
		}
	}
	if err != nil {
		return err
	}
	v, err := p.view(ctx, b, windows)
	if err != nil {
		return err
	}
	if !open {
		v.State = "planned"
	}
	if s.output == "json" {
		return printJSON(s.stdout, v)
	}
	return p.printForecast(s, v)
}

// ways are the ways in words.
var ways = map[extract.Way]string{extract.ByDates: "days", extract.BySince: "drained once", extract.InFull: "in full"}

// longTime is so many hours in words; less than one in minutes.
func longTime(hours float64) string {
	if hours >= 1 {
		return fmt.Sprintf("%.1f hours", hours)
	}
	return howMany(max(1, int(math.Round(hours*60))), "minute")
}

func (p *practice) printForecast(s *shared, v backfillView) error {
	var rows [][]string
	for _, w := range v.Windows {
		rows = append(rows, []string{w.Endpoint, ways[w.How], orDash(w.From), orDash(w.To), pick(w.Expected > 0, fmt.Sprint(w.Expected), "not known"),
			fmt.Sprint(w.Calls), pick(w.State == etl.StreamNew, "-", w.State)})
	}
	if err := printTable(s.stdout, []string{"endpoint", "read", "from", "to", "rows", "calls", "state"}, rows); err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n%d of %d windows are left: about %d calls", v.All-v.Done, v.All, v.Left)
	if v.ETA == "" {
		fmt.Fprintf(&b, ", and it would end %s.\n", p.clockTime(v.ETA))
	} else {
		fmt.Fprintf(&b, " in %s; begun now, it ends about %s.\n", longTime(v.Hours), p.clockTime(v.ETA))
	}
	fmt.Fprintf(&b, "The nightly keeps %d of the %d calls of each window (%s) in which a schedule falls due or a run is active.\n",
		min(v.Reserve, v.Limit), v.Limit, p.config.DrChrono.QuotaWindow)
	b.WriteString("Rows are guessed from what is staged, in pages as large as the last ones; where nothing is, a window counts as one page.\nNo call was made.\n")
	_, err := s.stdout.WriteString(b.String())
	return err
}
