package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
)

func newAudit(s *shared) *cobra.Command {
	audit := &cobra.Command{Use: "audit", Short: "The audit log, which only grows: verify, list"}
	verify := &cobra.Command{Use: "verify", Short: "Read the audit log from its beginning: was a line changed or taken away?", Args: cobra.NoArgs,
		Long: "Each line holds the hash of the one before, so a line that was changed, or taken away from within, shows. Lines\n" +
			"taken away from the end do not: keep the printed hash of the newest line elsewhere and look for it later with\n" +
			"`chartbridge audit list`.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withPractice(cmd.Context(), s, func(p *practice) error { return verifyAudit(cmd.Context(), s, p) })
		}}
	limit, phi := 0, ""
	list := &cobra.Command{Use: "list", Short: "The newest lines: who did what, to what, with which result", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 1 {
				return usageError{fmt.Errorf("--limit %d: write a number above 0", limit)}
			}
			if phi != "none" && phi != "full" {
				return usageError{fmt.Errorf("--phi %q: write none or full", phi)}
			}
			return withPractice(cmd.Context(), s, func(p *practice) error { return listAudit(cmd.Context(), s, p, limit, phi == "full") })
		}}
	list.Flags().IntVar(&limit, "limit", 50, "at most so many")
	list.Flags().StringVar(&phi, "phi", "none", "`none|full`: full shows what people wrote, which may name a patient, and leaves a line in the log")
	audit.AddCommand(verify, list)
	return audit
}

// verifyAudit says how long the log is, and where it breaks.
func verifyAudit(ctx context.Context, s *shared, p *practice) error {
	lines, broken := p.store.VerifyAudit(ctx)
	if broken != nil {
		if err := printIf(s.output == "json", s, map[string]any{"ok": false, "good_lines": lines, "fault": broken.Error()}); err != nil {
			return err
		}
		return broken
	}
	newest, err := p.store.AuditNewest(ctx, 1)
	if err != nil {
		return err
	}
	hash := ""
	if len(newest) > 0 {
		hash = newest[0].Hash
	}
	if s.output == "json" {
		return printJSON(s.stdout, map[string]any{"ok": true, "lines": lines, "newest": hash})
	}
	if lines == 0 {
		return sayUnaudited(s)
	}
	_, err = fmt.Fprintf(s.stdout, "%s, each fits the one before; the newest is %s\n", howMany(lines, "line"), orDash(hash))
	return err
}

// sayUnaudited says of an empty log what it would hold.
func sayUnaudited(s *shared) error {
	_, err := fmt.Fprintln(s.stdout, "The audit log is empty: it tells of what people do (decisions, approvals, exports, what they look at with --phi full), and nobody did any of it yet.")
	return err
}

func listAudit(ctx context.Context, s *shared, p *practice, limit int, phi bool) error {
	if phi { // what cannot be noted is not shown
		if err := p.store.Audit(ctx, p.clock.Now(), operator(), "audit list", "audit log", "shown with phi full"); err != nil {
			return err
		}
	}
	lines, err := p.store.AuditNewest(ctx, limit)
	if err != nil {
		return err
	}
	if !phi {
		hideDetails(lines)
	}
	if s.output == "json" {
		return printJSON(s.stdout, lines)
	}
	if len(lines) == 0 {
		return sayUnaudited(s)
	}
	var rows [][]string
	for _, l := range lines {
		rows = append(rows, []string{fmt.Sprint(l.Seq), l.At, l.Actor, l.Action, l.Subject, l.Detail, shortHash(l.Hash)})
	}
	return printTable(s.stdout, []string{"line", "at", "who", "did", "to", "result", "hash"}, rows)
}
