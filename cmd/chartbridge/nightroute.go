package main

import (
	"context"
	"slices"

	"github.com/chartbridge/chartbridge/transform"
)

// tellRoute warns where a destination's route lets nobody in, which is most
// likely a slip: all are excluded, by rule, and nothing else would tell.
func (n *night) tellRoute(ctx context.Context, d destination) error {
	if d.env.Route.Empty() {
		return nil
	}
	i := slices.IndexFunc(d.shapes, func(s transform.Shape) bool { return s.Endpoint == "patients" && !s.Parts })
	if i < 0 { // it takes no clients
		i = slices.IndexFunc(d.shapes, func(s transform.Shape) bool { return s.Endpoint == "appointments" })
	}
	if i < 0 {
		return nil
	}
	out, err := n.store.RoutedOut(ctx, d.name, d.shapes[i].Object)
	if err == nil && out > 0 {
		n.log.Warnf("the route of %s lets nobody in: %s excluded; `chartbridge check` says what it names that is not there", d.name, howMany(out, d.shapes[i].Object))
	}
	return err
}
