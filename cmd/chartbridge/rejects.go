package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/sql"
	"github.com/spf13/cobra"
)

func newRejects(s *shared) *cobra.Command {
	parent := &cobra.Command{Use: "rejects", Short: "What was refused, by us or by them: list, retry"}
	var records bool
	var phi string
	list := &cobra.Command{Use: "list", Short: "What was refused, by us or by them: the causes, each with its records", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if phi != "none" && phi != "full" {
				return usageError{fmt.Errorf("--phi %q: write none or full", phi)}
			}
			return withPractice(cmd.Context(), s, func(p *practice) error { return listRefused(cmd.Context(), s, p, records, phi == "full") })
		}}
	list.Flags().BoolVar(&records, "records", false, "each record by itself, with its attempts and dates")
	list.Flags().StringVar(&phi, "phi", "none", "`none`, or full: also what they said, in their own words, which may quote a patient")
	var cause, by string
	retry := &cobra.Command{Use: "retry [SOURCE_ID...] [--cause CAUSE] [--as NAME]", Short: "Judge and send again, once, with the next run", Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 && cause == "" {
				return usageError{errors.New("name records, or a --cause; `chartbridge rejects list` shows both")}
			}
			return withPractice(cmd.Context(), s, func(p *practice) error { return retryRefused(cmd.Context(), s, p, args, cause, by) })
		}}
	retry.Flags().StringVar(&cause, "cause", "", "all of this `CAUSE`, or the named ones; no_id takes what is held since its id there is not known, and says that it is not there")
	asNameOrUser(retry, &by)
	parent.AddCommand(list, retry)
	return parent
}

// listRefused prints the causes; JSON has the records themselves.
func listRefused(ctx context.Context, s *shared, p *practice, records, words bool) error {
	refused, err := p.store.Refused(ctx, words)
	if err != nil {
		return err
	}
	if words {
		if err := p.store.Audit(ctx, p.clock.Now(), operator(), "rejects list", "the vendors' own words", "shown with phi full"); err != nil {
			return err
		}
	}
	switch {
	case s.output == "json":
		return printJSON(s.stdout, refused)
	case len(refused) == 0:
		fmt.Fprintln(s.stdout, "Nothing is refused.")
		return tellWithoutID(ctx, s, p)
	case records || words:
		for i, r := range refused {
			if r.SkippedBy != "" {
				refused[i].Message = skippedBy(r.SkippedBy)
			}
		}
		return printTable(s.stdout, refusedHeader(words), refusedRows(refused, words))
	}
	if err := printTable(s.stdout, []string{"object", "outcome", "cause", "field", "records", "first", "last", "what", "source ids"}, refusedCauses(refused)); err != nil {
		return err
	}
	skipped := 0
	for _, r := range refused {
		if r.SkippedBy != "" {
			skipped++
		}
	}
	if skipped > 0 {
		fmt.Fprintf(s.stdout, "\nSKIP was decided for %s of these; the next run leaves %s out.\n", fmt.Sprint(skipped), pick(skipped == 1, "it", "them"))
	}
	fmt.Fprintln(s.stdout, s.typed("\n`chartbridge rejects list --records` shows each; `chartbridge rejects retry --cause CAUSE` has all of a cause judged and sent again, once."))
	return tellWithoutID(ctx, s, p)
}

// tellWithoutID counts what was refused by nobody and can be retried all the same.
func tellWithoutID(ctx context.Context, s *shared, p *practice) error {
	held, err := p.store.WithoutID(ctx)
	if err != nil || len(held) == 0 {
		return err
	}
	_, err = fmt.Fprintln(s.stdout, s.typed("\nHeld, since the id there is not known: "+howMany(len(held), "record")+
		". Where it is not there, `chartbridge rejects retry SOURCE_ID --cause no_id` sends it again."))
	return err
}

// refusedCauses groups what was refused, which comes in the order of its
// causes.
func refusedCauses(list []sql.Refused) [][]string {
	var rows [][]string
	for i := 0; i < len(list); {
		first, n, ids, from, to := list[i], 0, "", list[i].FirstAt, list[i].LastAt
		for ; i < len(list) && sameCause(first, list[i]); i, n = i+1, n+1 {
			from, to = min(from, list[i].FirstAt), max(to, list[i].LastAt)
			switch {
			case n < 3:
				ids += " " + list[i].SourceID
			case n == 3:
				ids += " ..."
			}
		}
		rows = append(rows, []string{first.Destination + " " + first.Object, string(first.Outcome), first.Cause, orDash(first.Field),
			fmt.Sprint(n), dateOf(from), dateOf(to), first.Message, strings.TrimSpace(ids)})
	}
	return rows
}

func sameCause(a, b sql.Refused) bool {
	return a.Destination == b.Destination && a.Object == b.Object && a.Outcome == b.Outcome && a.Cause == b.Cause && a.Field == b.Field && a.Message == b.Message
}

// dateOf is a stamp's date.
func dateOf(stamp string) string { return orDash(stamp[:min(len(stamp), len("2026-01-01"))]) }

func refusedHeader(words bool) []string {
	header := []string{"object", "source id", "outcome", "cause", "field", "refusals", "first", "last", "what"}
	if words {
		header = append(header, "their words")
	}
	return header
}

func refusedRows(list []sql.Refused, words bool) [][]string {
	var rows [][]string
	for _, r := range list {
		row := []string{r.Destination + " " + r.Object, r.SourceID, string(r.Outcome), r.Cause, orDash(r.Field), blankZero(r.Refusals), dateOf(r.FirstAt), dateOf(r.LastAt), r.Message}
		if words {
			row = append(row, orDash(oneLine(r.Words)))
		}
		rows = append(rows, row)
	}
	return rows
}

// oneLine keeps a vendor's words from moving the cursor or breaking the table.
func oneLine(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }), " ")
}

func retryRefused(ctx context.Context, s *shared, p *practice, ids []string, cause, by string) error {
	all, err := p.store.Refused(ctx, false)
	if cause == etl.CauseNoID {
		all, err = p.store.WithoutID(ctx)
	}
	if err != nil {
		return err
	}
	wanted := map[string]bool{}
	for _, id := range ids {
		wanted[id] = true
	}
	var chosen []sql.Refused
	for _, r := range all {
		if (len(ids) == 0 || wanted[r.SourceID]) && (cause == "" || r.Cause == cause) {
			chosen = append(chosen, r)
		}
	}
	for _, id := range ids {
		if !slices.ContainsFunc(chosen, func(r sql.Refused) bool { return r.SourceID == id }) {
			return usageError{fmt.Errorf("%s is none of what was refused%s, and nothing was changed; `chartbridge rejects list --records` shows all, and what is held is decided in the workbook, or is retried with --cause no_id where that is why", id,
				pick(cause != "", " for "+cause, ""))}
		}
	}
	if len(chosen) == 0 {
		return usageError{errors.New("none of what was refused fits; `chartbridge rejects list` shows it")}
	}
	if err := p.store.Retry(ctx, chosen, by, "", p.clock.Now()); err != nil {
		return err
	}
	if s.output == "json" {
		return printJSON(s.stdout, map[string]int{"retried": len(chosen)})
	}
	_, err = fmt.Fprintf(s.stdout, "%s with the next run.\n", pick(len(chosen) == 1, "1 record is judged and sent again", fmt.Sprintf("%d records are judged and sent again", len(chosen))))
	return err
}
