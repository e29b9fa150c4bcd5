package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract"
	"github.com/chartbridge/chartbridge/sql"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"
)

func newTrace(s *shared) *cobra.Command {
	phi := ""
	cmd := &cobra.Command{Use: "trace ENDPOINT ID", Short: "One record's life: versions, mapping, problems, attempts, decisions, by whom",
		Example: "  chartbridge trace patients 90001",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if phi != "none" && phi != "full" {
				return usageError{fmt.Errorf("--phi %q: write none or full", phi)}
			}
			return withPractice(cmd.Context(), s, func(p *practice) error {
				return trace(cmd.Context(), s, p, args[0], args[1], phi == "full")
			})
		}}
	cmd.Flags().StringVar(&phi, "phi", "none", "`none|full`: full shows the staged record, what it maps to and what people wrote, and leaves a line in the audit log")
	return cmd
}

// A traced record is a trace as it is shown; the bodies only with phi.
type traced struct {
	sql.Trace
	Staged jsontext.Value `json:"staged,omitempty"`
	Bodies []tracedBody   `json:"bodies,omitempty"`
}

type tracedBody struct {
	Destination string         `json:"destination"`
	Object      string         `json:"object"`
	SourceID    string         `json:"source_id"`
	Body        jsontext.Value `json:"body"`
}

func trace(ctx context.Context, s *shared, p *practice, endpoint, id string, phi bool) error {
	e, ok := extract.Find(endpoint)
	if !ok {
		return usageError{fmt.Errorf("%q is no endpoint of DrChrono's; `chartbridge endpoints` lists them", endpoint)}
	}
	life, err := p.store.Trace(ctx, e.Name, id)
	if errors.Is(err, sql.ErrNotStaged) {
		return usageError{fmt.Errorf("%w; is it DrChrono's id, and was the endpoint extracted? see `chartbridge run --only extract --endpoints %s`", err, endpoint)}
	}
	if err != nil {
		return err
	}
	shown := traced{Trace: life}
	if !phi {
		hideWords(&shown.Trace)
	} else if err := p.addBodies(ctx, &shown); err != nil {
		return err
	}
	if s.output == "json" {
		return printJSON(s.stdout, shown)
	}
	return shown.print(s.stdout)
}

// addBodies opens the payloads. The audit line stands before anything is
// shown: what cannot be noted is not shown.
func (p *practice) addBodies(ctx context.Context, t *traced) error {
	raw, bodies, err := p.store.TraceBodies(ctx, t.Trace)
	if err != nil {
		return err
	}
	subject := t.Record.Endpoint + " " + t.Record.SourceID
	if err := p.store.Audit(ctx, p.clock.Now(), operator(), "trace", subject, "shown with phi full"); err != nil {
		return err
	}
	t.Staged = asJSON(raw)
	for _, b := range bodies {
		t.Bodies = append(t.Bodies, tracedBody{b.Destination, b.Object, b.SourceID, asJSON(b.Body)})
	}
	return nil
}

// asJSON keeps JSON as it is; what is none becomes a text of it.
func asJSON(raw []byte) jsontext.Value {
	if v := jsontext.Value(raw); v.IsValid() {
		return v
	}
	quoted, err := jsontext.AppendQuote(nil, strings.ToValidUTF8(string(raw), "\uFFFD"))
	if err != nil {
		return jsontext.Value(`null`)
	}
	return quoted
}

const hiddenWords = "[a person's words; --phi full shows them]"

// hideWords leaves out what people wrote freely: it may name a patient.
func hideWords(t *sql.Trace) {
	hide := func(text *string) {
		if *text != "" {
			*text = hiddenWords
		}
	}
	for i := range t.Targets {
		target := &t.Targets[i]
		for j := range target.Deliveries {
			if by := target.Deliveries[j].SettledBy; by != "answer" && by != "probe" && by != "" {
				hide(&target.Deliveries[j].Evidence)
			}
		}
		for j := range target.Decisions {
			hide(&target.Decisions[j].Comment)
		}
	}
	hideDetails(t.Audit)
}

// hideDetails leaves out the details of audit lines that hold what people wrote.
func hideDetails(lines []sql.AuditLine) {
	for i, l := range lines {
		if slices.Contains([]string{"resolve", "retry", "decide"}, l.Action) && l.Detail != "" {
			lines[i].Detail = hiddenWords
		}
	}
}

func (t traced) print(w io.Writer) error {
	r := t.Record
	fmt.Fprintf(w, "%s %s\n", r.Endpoint, r.SourceID)
	fmt.Fprintf(w, "  first staged by run %s, last changed by run %s, DrChrono's stamp %s\n", r.FirstRun, r.ChangedRun, orDash(r.UpdatedAt))
	fmt.Fprintf(w, "  patient %s, doctor %s, %s%s\n", orDash(r.Patient), orDash(r.Doctor), howMany(r.Parts, "part"), pick(r.Gone, ", gone from DrChrono", ""))
	if r.Deleted != "" {
		fmt.Fprintf(w, "  deleted, by word of: %s\n", r.Deleted)
	}
	if r.Fault != "" {
		fmt.Fprintf(w, "  cannot be read: %s\n", r.Fault)
	}
	var rows [][]string
	for _, v := range t.Versions {
		rows = append(rows, []string{fmt.Sprint(v.Seq), v.Run, orDash(v.RunStarted), orDash(v.UpdatedAt), shortHash(v.Hash), blankZero(v.Calls)})
	}
	if err := printSection(w, "Versions", []string{"change", "run", "started", "stamp", "hash", "calls to the endpoint"}, rows); err != nil {
		return err
	}
	if len(t.Targets) == 0 {
		fmt.Fprintln(w, "\nIt was not judged for any destination yet.")
	}
	for _, target := range t.Targets {
		if err := printTarget(w, target); err != nil {
			return err
		}
	}
	rows = nil
	for _, l := range t.Audit {
		rows = append(rows, []string{l.At, l.Actor, l.Action, l.Subject, l.Detail})
	}
	if err := printSection(w, "Audit", []string{"at", "who", "did", "to", "result"}, rows); err != nil {
		return err
	}
	return t.printBodies(w)
}

func printTarget(w io.Writer, t sql.TraceTarget) error {
	fmt.Fprintf(w, "\n== %s %s %s: %s, %s %s\n", t.Destination, t.Object, t.SourceID, outcomeOf(t),
		pick(t.Outcome == etl.Blocked || t.Outcome == etl.Held, "since", "by"), judgedBy(t))
	if t.SkippedBy != "" {
		fmt.Fprintf(w, "  %s\n", skippedBy(t.SkippedBy))
	}
	if t.Parent != "" {
		fmt.Fprintf(w, "  travels inside %s%s\n", t.Parent, pick(t.Slot != "", " as "+t.Slot, ""))
	}
	fmt.Fprintf(w, "  hash %s, acknowledged %s, refused %s\n", shortHash(t.Hash), shortHash(t.AckedHash), shortHash(t.RefusedHash))
	if t.TargetID != "" {
		fmt.Fprintf(w, "  their id %s (%s, run %s)\n", t.TargetID, t.How, t.LinkedRun)
	}
	if len(t.Problems) == 0 && t.Message != "" {
		fmt.Fprintf(w, "  %s %s: %s\n", orDash(t.Field), orDash(t.Code), t.Message)
	}
	for _, part := range targetSections(t) {
		if err := printSection(w, part.title, part.header, part.rows); err != nil {
			return err
		}
	}
	return nil
}

// outcomeOf is an outcome with its cause, where that says more.
func outcomeOf(t sql.TraceTarget) string {
	switch {
	case !t.RunKept && t.Outcome == etl.Failed && t.Cause == etl.CauseNotSent:
		return "planned: due at the next run"
	case t.Cause == "" || t.Cause == string(t.Outcome):
		return string(t.Outcome)
	}
	return fmt.Sprintf("%s (%s)", t.Outcome, t.Cause)
}

// judgedBy says who gave an outcome. A plan maps what is staged as a run does,
// and is none: `runs list` does not know it, nor what is no longer kept.
func judgedBy(t sql.TraceTarget) string {
	began := sql.Begun(t.Run)
	if t.RunKept || began == "" {
		return "run " + t.Run
	}
	return "a plan" + pick(t.Outcome.Acknowledged(), " or a person's word", "") + pick(t.AfterRuns, "", " or a run that is no longer kept") + " at " + began
}

type traceSection struct {
	title  string
	header []string
	rows   [][]string
}

func targetSections(t sql.TraceTarget) []traceSection {
	problems := traceSection{title: "Problems", header: []string{"field", "code", "lookup", "key", "what to do"}}
	for _, p := range t.Problems {
		problems.rows = append(problems.rows, []string{orDash(p.Field), p.Code, orDash(p.Lookup), orDash(p.Key), p.Message})
	}
	deliveries := traceSection{title: "Deliveries", header: []string{"delivery", "op", "state", "run", "sent", "answered", "phase", "http", "their id", "hash", "settled by", "evidence"}}
	for _, d := range t.Deliveries {
		deliveries.rows = append(deliveries.rows, []string{fmt.Sprint(d.ID), string(d.Op), d.State, d.Run, d.IntentAt, orDash(d.AnsweredAt), orDash(d.Phase),
			blankZero(d.HTTPStatus), orDash(d.TargetID), shortHash(d.Hash), orDash(d.SettledBy), orDash(d.Evidence)})
	}
	results := traceSection{title: "Runs", header: []string{"run", "outcome", "cause", "code", "field", "attempts", "http"}}
	for _, r := range t.Results {
		results.rows = append(results.rows, []string{r.Run, string(r.Outcome), orDash(r.Cause), orDash(r.Code), orDash(r.Field), blankZero(r.Attempts), blankZero(r.HTTPStatus)})
	}
	decisions := traceSection{title: "Decisions", header: []string{"at", "by", "decision", "value", "comment", "undone"}}
	for _, d := range t.Decisions {
		decisions.rows = append(decisions.rows, []string{d.At, d.By, d.Verb, orDash(d.Value), orDash(d.Comment), orDash(d.UndoneAt)})
	}
	approvals := traceSection{title: "Approvals", header: []string{"at", "by", "hash", "until"}}
	for _, a := range t.Approvals {
		approvals.rows = append(approvals.rows, []string{a.At, a.By, shortHash(a.Hash), a.ExpiresAt})
	}
	return []traceSection{problems, deliveries, results, decisions, approvals}
}

func (t traced) printBodies(w io.Writer) error {
	if len(t.Staged) == 0 {
		return nil
	}
	show := func(title string, v jsontext.Value) error {
		text := v.Clone()
		if err := text.Indent(); err != nil {
			return fmt.Errorf("print a body: %w", err)
		}
		_, err := fmt.Fprintf(w, "\n%s\n%s\n", title, text)
		return err
	}
	if err := show("As staged", t.Staged); err != nil {
		return err
	}
	for _, b := range t.Bodies {
		if err := show(fmt.Sprintf("As %s %s %s", b.Destination, b.Object, b.SourceID), b.Body); err != nil {
			return err
		}
	}
	return nil
}

// printSection prints a titled table; one without rows is left out.
func printSection(w io.Writer, title string, header []string, rows [][]string) error {
	if len(rows) == 0 {
		return nil
	}
	fmt.Fprintf(w, "\n%s\n", title)
	return printTable(w, header, rows)
}

// shortHash is the beginning of a hash, as people compare it.
func shortHash(hash string) string {
	if hash == "" {
		return "-"
	}
	return hash[:min(12, len(hash))]
}
