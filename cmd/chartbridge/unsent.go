package main

import "slices"

// unsent says why records that map were not sent to a destination, for this
// run's results.
func (n *night) unsent(destination string) string {
	switch {
	case n.run.DryRun:
		return "this was a dry run, which sends nothing"
	case !n.does(stageLoad):
		return "this run stopped before sending (--only " + n.only + ")"
	case len(n.destinations) > 0 && !slices.Contains(n.destinations, destination):
		return "this run was for other destinations (--destinations)"
	case n.older != nil:
		return "nothing was sent: the database is older than what was sent before; `chartbridge state restored` says what to do"
	case slices.Contains(n.short, destination):
		return "its destination stopped short in this run; `chartbridge runs show " + n.run.ID + "` says why"
	case !slices.Contains(n.came, destination):
		return "the run was cut short before its turn came"
	}
	return "its turn did not come in this run; it goes with the next"
}
