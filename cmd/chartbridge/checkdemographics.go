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
	names, known, err := c.demographicIDs(ctx)
	if err != nil || len(names) == 0 {
		return err
	}
	for _, at := range slices.Sorted(maps.Keys(ids)) {
		slices.Sort(ids[at])
		for _, id := range slices.Compact(ids[at]) {
			if known[id] {
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

// demographicIDs gives the custom demographics that are listed, and the ids of
// these and of those in which patients have values. Without a list, no names.
func (c *preflight) demographicIDs(ctx context.Context) (names map[string]transform.Thing, known map[string]bool, err error) {
	drained, err := c.store.Drained(ctx, "custom_demographics")
	if err != nil || !drained {
		return nil, nil, err
	}
	if names, err = transform.Things(ctx, c.store, "custom_demographics"); err != nil {
		return nil, nil, err
	}
	known = map[string]bool{}
	for id := range names {
		known[id] = true
	}
	_, err = c.each(ctx, "patients", func(record *transform.Case) {
		p, _ := record.AsPatient()
		for _, d := range p.Demographics {
			known[d.Type.String()] = true
		}
	})
	return names, known, err
}
