package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract"
	"github.com/spf13/cobra"
)

// Verbs for where each endpoint's stream stands.

func newState(s *shared) *cobra.Command {
	state := &cobra.Command{Use: "state", Short: "Where each endpoint's stream stands: list, show, rewind; restored, after a backup; renamed"}
	list := &cobra.Command{Use: "list", Short: "All streams", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withPractice(cmd.Context(), s, func(p *practice) error { return listStreams(cmd.Context(), s, p) })
		}}
	show := &cobra.Command{Use: "show ENDPOINT", Short: "One stream", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withPractice(cmd.Context(), s, func(p *practice) error { return showStream(cmd.Context(), s, p, args[0]) })
		}}
	var to, as string
	rewind := &cobra.Command{Use: "rewind ENDPOINT --to STAMP [--as NAME]", Short: "Read a stream again from an earlier stamp", Args: cobra.ExactArgs(1),
		Long: "Moves a stream's watermark back, so that the next run reads again what changed since then. Nothing staged is\n" +
			"lost or sent twice: a row that did not change is left alone. STAMP is DrChrono's own, without a zone. A first load\n" +
			"or a full read that is under way is begun anew instead, from its beginning, whatever STAMP says.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return withPractice(cmd.Context(), s, func(p *practice) error { return rewindStream(cmd.Context(), s, p, args[0], to, as) })
		}}
	rewind.Flags().StringVar(&to, "to", "", "the new watermark: `STAMP` is 2026-03-01 or 2026-03-01T07:30:00")
	asNameOrUser(rewind, &as)
	state.AddCommand(list, show, rewind, newRestored(s), newRenamed(s))
	return state
}

// A streamView is what is shown of a stream.
type streamView struct {
	Endpoint  string `json:"endpoint"`
	Lane      string `json:"lane"`
	MovesBy   string `json:"moves_by"`
	State     string `json:"state"`
	Watermark string `json:"watermark"`
	Open      bool   `json:"open"` // a drain is open, and the next run goes on at the very page
	Since     string `json:"since"`
	Began     string `json:"began"`
	OurClock  bool   `json:"our_clock,omitempty"` // began is by ours: the server told none
	Newest    string `json:"newest"`
	Page      int    `json:"page"`
	Rows      int    `json:"rows"`
	Changed   int    `json:"changed"`
	Caught    int    `json:"caught"` // changed rows that only the overlap brought
	Note      string `json:"note"`
}

func viewOf(c etl.Cursor) streamView {
	began, ours := strings.CutPrefix(c.Began, etl.OurClock)
	v := streamView{Endpoint: c.Endpoint, Lane: c.Lane, State: c.State, Watermark: c.Watermark, Open: c.Next != "", Since: c.Since, Began: began, OurClock: ours,
		Newest: c.Newest, Page: c.Page, Rows: c.Rows, Changed: c.Changed, Caught: c.Caught, Note: c.Note}
	if e, ok := extract.Find(c.Endpoint); ok {
		v.MovesBy = e.Move.String()
	}
	return v
}

func listStreams(ctx context.Context, s *shared, p *practice) error {
	cursors, err := p.store.Cursors(ctx, extract.Nightly)
	if err != nil {
		return err
	}
	views := make([]streamView, 0, len(cursors))
	var rows [][]string
	for _, c := range cursors {
		v := viewOf(c)
		views = append(views, v)
		rows = append(rows, []string{v.Endpoint, v.State, orDash(v.Watermark), blankZero(v.Page), blankZero(v.Rows), pick(v.Open, "yes", "no"), orDash(v.Note)})
	}
	if s.output == "json" {
		return printJSON(s.stdout, views)
	}
	return printTable(s.stdout, []string{"endpoint", "state", "watermark (DrChrono's clock)", "page", "rows", "next", "note"}, rows)
}

// streamOf reads a stream that there is: one never read is the operator's
// mistake, or a spelling.
func streamOf(ctx context.Context, p *practice, endpoint string) (etl.Cursor, error) {
	e, ok := extract.Find(endpoint)
	if !ok {
		return etl.Cursor{}, usageError{fmt.Errorf("there is no endpoint %q; `chartbridge endpoints` lists them", endpoint)}
	}
	c, err := p.store.Cursor(ctx, e.Name, extract.Nightly)
	if err == nil && c.State == etl.StreamNew {
		return c, usageError{fmt.Errorf("%s was never read; `chartbridge state list` lists what was", endpoint)}
	}
	return c, err
}

func showStream(ctx context.Context, s *shared, p *practice, endpoint string) error {
	c, err := streamOf(ctx, p, endpoint)
	if err != nil {
		return err
	}
	v := viewOf(c)
	if s.output == "json" {
		return printJSON(s.stdout, v)
	}
	return printTable(s.stdout, []string{v.Endpoint, v.State}, [][]string{
		{"moves by", v.MovesBy}, {"watermark", orDash(v.Watermark)}, {"open drain", pick(v.Open, "yes, the next run goes on at the very page", "no")},
		{"last asked since", orDash(v.Since)}, {pick(v.OurClock, "our clock then, since the server told none", "server's clock then"), orDash(v.Began)}, {"newest stamp", orDash(v.Newest)},
		{"pages", fmt.Sprint(v.Page)}, {"rows", fmt.Sprint(v.Rows)}, {"changed", fmt.Sprint(v.Changed)},
		{"caught by the overlap", fmt.Sprint(v.Caught)}, {"note", orDash(v.Note)},
	})
}

// rewindStream moves a watermark back. It holds the run's lease meanwhile: a
// run that drains the stream would write its own watermark over it.
func rewindStream(ctx context.Context, s *shared, p *practice, endpoint, to, as string) (err error) {
	stamp, err := rewindStamp(to, p.clock.Now())
	if err != nil {
		return usageError{err}
	}
	if err := p.lease(ctx, runLease); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.store.Release(context.WithoutCancel(ctx), runLease)) }()
	c, err := streamOf(ctx, p, endpoint)
	if err != nil {
		return err
	}
	if err := rewindable(c, stamp); err != nil {
		return usageError{err}
	}
	done := fmt.Sprintf("watermark from %s to %s", c.Watermark, stamp)
	next := "the next run reads what changed since then, less the overlap"
	after := etl.Cursor{Endpoint: c.Endpoint, Lane: c.Lane, Watermark: stamp, State: etl.StreamDrained, Note: "rewound from " + c.Watermark + " by " + as}
	if beginsAnew(c) {
		done, next = "gave up the open drain after "+howMany(c.Page, "page"), "the next run reads everything"
		after.Watermark, after.State, after.Note = c.Watermark, etl.StreamFailed, "given up after "+howMany(c.Page, "page")+" by "+as
	}
	if err := p.store.Audit(ctx, p.clock.Now(), as, "state rewind", endpoint, done); err != nil {
		return err
	}
	if err := p.store.PutCursor(ctx, etl.Run{}, after); err != nil {
		return err
	}
	if s.output == "json" {
		return printJSON(s.stdout, viewOf(after))
	}
	_, err = fmt.Fprintf(s.stdout, "%s: %s; %s\n", endpoint, done, next)
	return err
}

const naiveStamp = "2006-01-02T15:04:05"

// rewindStamp reads the stamp to rewind to. DrChrono's stamps bear no zone;
// one that lies after the present in UTC is a mistake.
func rewindStamp(to string, now time.Time) (string, error) {
	t, err := time.Parse(naiveStamp, to)
	if err != nil {
		t, err = time.Parse(time.DateOnly, to)
	}
	if err != nil {
		return "", fmt.Errorf("--to %q: write a stamp without a zone, such as 2026-03-01 or 2026-03-01T07:30:00", to)
	}
	if t.After(now.UTC()) {
		return "", fmt.Errorf("--to %s lies in the future", to)
	}
	return t.Format(naiveStamp), nil
}

// beginsAnew reports whether a stream reads everything and is in the midst of
// it: there is no watermark to move back, only a place in the list to give up.
func beginsAnew(c etl.Cursor) bool {
	e, _ := extract.Find(c.Endpoint)
	return c.Next != "" && (c.Watermark == "" || e.Move == extract.Full)
}

func rewindable(c etl.Cursor, to string) error {
	e, _ := extract.Find(c.Endpoint)
	switch {
	case e.Move != extract.OnRequest && beginsAnew(c):
		return nil
	case e.Move == extract.Full || e.Move == extract.OnRequest:
		return fmt.Errorf("%s has no filter: every run reads it in full, and there is nothing to rewind", c.Endpoint)
	case c.Watermark == "":
		return fmt.Errorf("%s has no watermark yet: the next run reads everything", c.Endpoint)
	case to >= c.Watermark:
		return fmt.Errorf("--to %s is not before the watermark %s: a watermark is only moved back, what lies between would be lost", to, c.Watermark)
	}
	return nil
}
