package main

import (
	"errors"

	"github.com/spf13/cobra"
)

// newRestored is a person's word that an older database is the one that counts.
func newRestored(s *shared) *cobra.Command {
	as := ""
	cmd := &cobra.Command{Use: "restored [--as NAME]", Short: "Say that a restored backup is to be used: sends are off until then", Args: cobra.NoArgs,
		Long: "A database that is older than what was sent would send it again, so every run stops before it sends and says so.\n" +
			"Put the newest database back if you have it. If not, this takes the older one on: the next run asks each\n" +
			"destination what it holds before it sends anything. What cannot be asked for is not created until it is found\n" +
			"(`crosswalk import`) or released (`push --plan`), and discharges that went are taken from the journal, as\n" +
			"uncertain: settle each with `uncertain resolve`.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withPractice(cmd.Context(), s, func(p *practice) (err error) {
				if err := p.lease(cmd.Context(), runLease); err != nil {
					return err
				}
				defer func() { err = errors.Join(err, p.store.Release(cmd.Context(), runLease)) }()
				if err := p.store.TakeOn(cmd.Context(), as, p.clock.Now()); err != nil {
					return refusedIsUsage(err)
				}
				return receipt(s, map[string]string{"taken_on_by": as}, "This database counts now. The next run asks each destination what it holds before it sends anything.")
			})
		}}
	asNameOrUser(cmd, &as)
	return cmd
}
