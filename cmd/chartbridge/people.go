package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/sql"
	"github.com/spf13/cobra"
)

// Verbs for what waits for a person, and that person's word.

// asName is the flag that names who decides, where nobody may without a name.
func asName(cmd *cobra.Command, name *string) {
	cmd.Flags().StringVar(name, "as", "", "your `NAME`, for the audit log")
}

// asNameOrUser is the flag where the system's user is name enough.
func asNameOrUser(cmd *cobra.Command, name *string) {
	cmd.Flags().StringVar(name, "as", "", "your `NAME`, for the audit log; default the system's user")
	cmd.PreRunE = func(*cobra.Command, []string) error {
		if cmd.Flags().Changed("as") {
			return named(*name)
		}
		*name = operator()
		return nil
	}
}

func named(name string) error {
	if strings.TrimSpace(name) == "" {
		return usageError{errors.New("--as is missing: a decision needs the name of the person who takes it")}
	}
	if !utf8.ValidString(name) {
		return usageError{errors.New("--as is not UTF-8; set the terminal to UTF-8 and give the name again")}
	}
	return nil
}

// refusedIsUsage makes a word that cannot be taken the operator's mistake.
func refusedIsUsage(err error) error {
	if errors.Is(err, sql.ErrRefused) {
		return usageError{err}
	}
	return err
}

func newDischarges(s *shared) *cobra.Command {
	parent := &cobra.Command{Use: "discharges", Short: "Discharges that wait: list, approve"}
	list := &cobra.Command{Use: "list", Short: "Discharges that have not gone, and who approved them", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withPractice(cmd.Context(), s, func(p *practice) error { return listDischarges(cmd.Context(), s, p) })
		}}
	var hash, by string
	approve := &cobra.Command{Use: "approve ID --hash H --as NAME", Short: "Approve one payload of one discharge, for 72 hours; the next run sends it, once",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := named(by); err != nil {
				return err
			}
			if hash == "" {
				return usageError{errors.New("--hash is missing: `chartbridge discharges list` shows the hash of each payload")}
			}
			return withPractice(cmd.Context(), s, func(p *practice) error { return approveDischarge(cmd.Context(), s, p, args[0], hash, by) })
		}}
	approve.Flags().StringVar(&hash, "hash", "", "the payload's `HASH`, as the list shows it, or at least its first 12 digits")
	asName(approve, &by)
	parent.AddCommand(list, approve)
	return parent
}

func approveDischarge(ctx context.Context, s *shared, p *practice, id, hash, by string) error {
	unjudged, err := p.unjudgedDischarges(ctx)
	switch {
	case err != nil:
		return err
	case unjudged[id]:
		return usageError{errors.New(s.typed("discharge " + id + " changed since it was judged, or what it is judged by did, so the next payload may be another: " +
			"`chartbridge plan` judges it and sends nothing; then look at its hash again"))}
	}
	now := p.clock.Now()
	a, err := p.store.ApproveDischarge(ctx, id, hash, by, now)
	if err != nil {
		return refusedIsUsage(err)
	}
	until, needed := now.Add(sql.ApprovalLife).UTC().Format(time.RFC3339), p.config.CentralRegistry.Approvers
	return receipt(s, map[string]any{"id": id, "hash": a.Hash, "approved_by": by, "until": until, "approvals": a.People, "approvers": needed},
		"Discharge %s is approved by %s for 72 hours: %s%s.", id, by, ofNeeded(a.People, needed),
		pick(a.People < needed, ", another one has to approve this very payload", ", the next run sends it if nothing else holds it"))
}

// ofNeeded says how many people approved, and how many have to.
func ofNeeded(have, need int) string {
	if have > need {
		return fmt.Sprintf("%d people (%s needed)", have, pick(need == 1, "1 is", fmt.Sprintf("%d are", need)))
	}
	return fmt.Sprintf("%d of %d people", have, need)
}

func listDischarges(ctx context.Context, s *shared, p *practice) error {
	list, err := p.store.WaitingDischarges(ctx, p.clock.Now())
	if err != nil {
		return err
	}
	unjudged, err := p.unjudgedDischarges(ctx)
	if err != nil {
		return err
	}
	for i := range list {
		d := &list[i]
		switch {
		case d.SkippedBy != "":
			d.Message = skippedBy(d.SkippedBy)
		case unjudged[d.ID] && load.WaitsUnjudged(d.Outcome, d.Cause):
			d.Outcome, d.Cause, d.Message = etl.Failed, etl.CauseNotJudged, load.NotJudged
		case d.Cause == etl.CauseApproval && d.Approvals > 0:
			d.Message = ofNeeded(d.Approvals, p.config.CentralRegistry.Approvers) + " have approved this very payload; the next run looks again"
		case d.Cause == etl.CauseApproval:
			d.Message = "it is final, and nobody has approved this very payload; `chartbridge discharges approve` does"
		}
	}
	if s.output == "json" {
		return printJSON(s.stdout, list)
	}
	all := len(list)
	list = slices.DeleteFunc(list, func(d sql.WaitingDischarge) bool { return d.Cause == etl.CauseNotJudged && d.Hash == "" })
	unknown := all - len(list)
	var rows [][]string
	for _, d := range list {
		by := "-"
		if d.ApprovedBy != nil {
			by = *d.ApprovedBy
		}
		rows = append(rows, []string{d.ID, orDash(d.Hash), string(d.Outcome), d.Cause, by, s.typed(orDash(d.Message))})
	}
	if len(rows) > 0 {
		if err := printTable(s.stdout, []string{"id", "hash", "outcome", "cause", "approved by", "what"}, rows); err != nil {
			return err
		}
	}
	switch {
	case unknown > 0:
		_, err = fmt.Fprintf(s.stdout, "Staged and not judged yet: %s. The next run tells which of them have a discharge.\n", howMany(unknown, "patient"))
	case len(rows) == 0:
		_, err = fmt.Fprintln(s.stdout, "No discharge waits.")
	}
	return err
}

// skippedBy says what a decision makes of a record that still stands as it was.
func skippedBy(name string) string {
	return "SKIP was decided by " + name + "; the next run leaves it out"
}

func newUncertain(s *shared) *cobra.Command {
	parent := &cobra.Command{Use: "uncertain", Short: "Deliveries without an answer: list, resolve"}
	list := &cobra.Command{Use: "list", Short: "What was sent and not answered", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withPractice(cmd.Context(), s, func(p *practice) error { return listUncertain(cmd.Context(), s, p) })
		}}
	var present, evidence, by string
	var absent, noLook bool
	resolve := &cobra.Command{Use: "resolve ID (--present TARGET_ID | --absent) --evidence TEXT --as NAME",
		Short: "Say whether it is there: present takes their id over, absent lets it go again, once", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := strconv.ParseInt(args[0], 10, 64)
			switch {
			case err != nil:
				return usageError{fmt.Errorf("%q is no delivery's id; `chartbridge uncertain list` shows them", args[0])}
			case (present == "") == !absent:
				return usageError{errors.New("give either --present with their id, or --absent")}
			case strings.HasPrefix(present, "-"): // the next flag, taken for the id that is missing
				return usageError{fmt.Errorf("--present %s is no id: give either --present with their id, or --absent", present)}
			case evidence == "":
				return usageError{errors.New("--evidence is missing: say how you know, without a patient's name")}
			case named(by) != nil:
				return named(by)
			}
			return withPractice(cmd.Context(), s, func(p *practice) error {
				if present != "" {
					if err := p.checkResolved(cmd.Context(), id, present, !noLook); err != nil {
						return err
					}
				}
				if err := p.store.Resolve(cmd.Context(), p.newRun("decision", false), id, present, evidence, by, p.clock.Now()); err != nil {
					return refusedIsUsage(err)
				}
				return receipt(s, map[string]any{"id": id, "present": present, "absent": absent, "resolved_by": by},
					"Delivery %d is settled: %s.", id, pick(absent, "it is not there, and goes again with the next run, once", "it is there"))
			})
		}}
	resolve.Flags().StringVar(&present, "present", "", "it is there under `TARGET_ID`; the registry gives no id for a discharge, so that of one recorded is kept, whatever is written")
	resolve.Flags().BoolVar(&noLook, "no-look", false, "believe --present without a look at that record, where the destination could show it")
	resolve.Flags().BoolVar(&absent, "absent", false, "it is not there")
	resolve.Flags().StringVar(&evidence, "evidence", "", "`TEXT` that says how you know")
	asName(resolve, &by)
	parent.AddCommand(list, resolve)
	return parent
}

func listUncertain(ctx context.Context, s *shared, p *practice) error {
	list, err := p.store.UncertainDeliveries(ctx)
	if err != nil {
		return err
	}
	if s.output == "json" {
		return printJSON(s.stdout, list)
	}
	underWay, err := p.store.UnderWay(ctx)
	if err != nil {
		return err
	}
	if underWay > 0 {
		fmt.Fprintf(s.stderr, "%s under way now, or when a run was killed; the next run asks after what stays without an answer.\n", howMany(underWay, "request"))
	}
	if len(list) == 0 && underWay == 0 {
		_, err := fmt.Fprintln(s.stdout, "Every delivery has its answer.")
		return err
	}
	var rows [][]string
	for _, d := range list {
		rows = append(rows, []string{fmt.Sprint(d.ID), d.Destination + " " + d.Object, d.SourceID, d.Op, d.IntentAt, orDash(d.Phase), blankZero(d.HTTPStatus), p.askedAfter(d)})
	}
	return printTable(s.stdout, []string{"id", "object", "source id", "asked for", "sent", "got to", "http", "asked after by"}, rows)
}

// askedAfter is the first run that asks after a delivery; what cannot be asked
// after waits for a person.
func (p *practice) askedAfter(d sql.UncertainDelivery) string {
	if d.Awaited {
		return "their callback, due by " + d.Deadline
	}
	for _, to := range p.destinations() {
		if to.name != d.Destination {
			continue
		}
		for _, o := range to.sender().Objects() {
			rested, err := time.Parse(time.RFC3339, d.Deadline)
			if o.Name != d.Object || o.Final || err != nil {
				continue
			}
			run := "a run from " + rested.Add(p.config.QuietPeriod).UTC().Format(time.RFC3339) + " on"
			switch {
			case o.Askable:
				return run
			case d.Op == string(etl.Update):
				return run + ", where it can be repeated"
			}
		}
	}
	return "nobody: resolve it"
}
