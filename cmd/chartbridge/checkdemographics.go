package main

import (
	"context"
	"maps"
	"slices"

	"github.com/chartbridge/chartbridge/cmd/chartbridge/config"
	"github.com/chartbridge/chartbridge/load/centralreach"
	"github.com/chartbridge/chartbridge/load/centralregistry"
	"github.com/chartbridge/chartbridge/transform"
)

// checkDemographics names the ids of custom demographics in the lookups that
// DrChrono does not have: no patient has a value there, and nothing else would
// tell.
func (c *preflight) checkDemographics(ctx context.Context) error {
	ids := map[string][]string{} // where it stands -> ids
	if c.config.CentralRegistry.Enabled {
		for _, lookup := range []string{"customDemographics", "customDemographic"} {
			for _, id := range c.lookups[config.Normal(centralregistry.Name)][config.Normal(lookup)] {
				ids["central_registry "+lookup] = append(ids["central_registry "+lookup], id)
			}
		}
	}
	if c.config.CentralReach.Enabled && c.config.CentralReach.Write.Metadata {
		ids["centralreach metadata"] = slices.Collect(maps.Keys(c.lookups[config.Normal(centralreach.Name)]["metadata"]))
	}
	drained, err := c.store.Drained(ctx, "custom_demographics")
	if err != nil || !drained {
		return err
	}
	names, err := transform.Things(ctx, c.store, "custom_demographics")
	if err != nil || len(names) == 0 {
		return err
	}
	for _, at := range slices.Sorted(maps.Keys(ids)) {
		slices.Sort(ids[at])
		for _, id := range slices.Compact(ids[at]) {
			if _, listed := names[id]; listed || c.seen.named["demographics"][id] {
				continue
			}
			do := "`chartbridge lookups template` shows them; if it is new in DrChrono, " + doExtract
			for is, thing := range names {
				if transform.SameName(id, thing.Name.String()) {
					do = "write its id, " + is
				}
			}
			c.fail("lookups", errConfig, do, "%s has %q, which is the id of no custom demographic", at, id)
		}
	}
	return nil
}
