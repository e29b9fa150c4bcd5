package main

import (
	"context"

	"github.com/chartbridge/chartbridge/sql"
	"github.com/spf13/cobra"
)

func newCrosswalkRemove(s *shared) *cobra.Command {
	var by string
	cmd := &cobra.Command{Use: "remove DESTINATION OBJECT SOURCE_ID TARGET_ID [--as NAME]", Short: "Take a wrong link back; its record is held until its right id is given",
		Long: "Takes back the link that `chartbridge crosswalk list` shows in these words, with the ids that were found for what\n" +
			"travels inside its record. Nothing is created for that: the record is held (no_id) until `chartbridge crosswalk import`\n" +
			"gives its right id, a look finds it, or RETRY sends it because it is not there. What was sent to the other record stays\n" +
			"there, and so does our id in it: take that out there first, or the next look finds it by that.\n" +
			"To correct one link, `chartbridge crosswalk import --replace` is enough; two that were exchanged are removed first.",
		Args: cobra.ExactArgs(4),
		RunE: func(cmd *cobra.Command, args []string) error {
			l := sql.Link{Destination: args[0], Object: args[1], SourceID: args[2], TargetID: args[3]}
			return withPractice(cmd.Context(), s, func(p *practice) error {
				err := p.underLease(cmd.Context(), func(ctx context.Context) error { return p.store.Unlink(ctx, l, by, p.clock.Now()) })
				if err != nil {
					return refusedIsUsage(err)
				}
				return receipt(s, map[string]any{"destination": l.Destination, "object": l.Object, "source_id": l.SourceID, "target_id": l.TargetID, "removed_by": by},
					"The link is removed. Its record is held until its right id is given; what was sent to %s stays there. "+
						"Where our id stands in it there, take that out before the next run, which finds it by that.", l.TargetID)
			})
		}}
	asNameOrUser(cmd, &by)
	return cmd
}
