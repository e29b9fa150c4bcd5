package main

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/chartbridge/chartbridge/load/centralregistry"
	"github.com/chartbridge/chartbridge/transform"
)

// checkRoutes tells whom each route lets in, and what it names that is not there.
// With the registry on, it warns where patients in opioid treatment would go to
// another destination because its route lets everybody through (42 CFR Part 2).
func (c *preflight) checkRoutes(ctx context.Context) error {
	var open []string
	var routed []destination
	for _, d := range c.destinations() {
		switch {
		case d.name == centralregistry.Name:
		case d.env.Route.Empty():
			open = append(open, d.name)
		default:
			routed = append(routed, d)
		}
	}
	if err := c.checkFilters(ctx, routed); err != nil {
		return err
	}
	if len(open) == 0 || !c.config.CentralRegistry.Enabled {
		return nil
	}
	c.checkOpenRoutes(open)
	return nil
}

const doExtract = "`chartbridge run --only extract`, then check again"

// checkOpenRoutes counts the patients with a CRID, whom routes without a filter
// would let through.
func (c *preflight) checkOpenRoutes(open []string) {
	if _, known := c.cridField(); !known {
		c.warn("routes", "name it in the lookups, then check again", "%s would get everybody; how many of them have a CRID cannot be told: the lookup customDemographics does not name crid",
			strings.Join(open, ", "))
		return
	}
	if c.seen.patients == 0 {
		c.warn("routes", doExtract, "%s would get everybody; how many of them have a CRID cannot be told: nothing is staged yet", strings.Join(open, ", "))
		return
	}
	for _, name := range open {
		c.warn("routes", "give "+name+".route a filter, unless these patients consented (42 CFR Part 2)",
			"%s has no filter: %s with a CRID would be sent there", name, howMany(c.seen.treated, "staged patient"))
	}
}

// cridField is the id of the custom demographic that holds the CRID.
func (c *preflight) cridField() (string, bool) {
	for _, lookup := range []string{"customDemographics", "customDemographic"} {
		for _, key := range meaningSpellings("crid") {
			if id, ok := c.lookups.Find(centralregistry.Name, lookup, key); ok {
				return id, true
			}
		}
	}
	return "", false
}

// checkFilters tells how many staged patients each route lets in.
func (c *preflight) checkFilters(ctx context.Context, routed []destination) error {
	if len(routed) == 0 {
		return nil
	}
	known, err := c.routable(ctx)
	if err != nil {
		return err
	}
	for _, d := range routed {
		in, of := c.seen.letIn[d.name], c.seen.patients
		switch {
		case of == 0:
			c.warn("routes", doExtract, "whom the route of %s lets in cannot be told: nothing is staged yet", d.name)
			continue
		case in == 0:
			c.warn("routes", "correct "+d.name+".route; until then every patient is excluded there", "the route of %s lets in none of the %s", d.name, howMany(of, "staged patient"))
		default:
			c.ok("routes", "the route of %s lets in %d of %s", d.name, in, howMany(of, "staged patient"))
		}
		c.checkWords(d.name, d.env.Route, known)
	}
	return nil
}

// checkWords names what a route names and nobody knows. Where the list of such
// things was read, that is a fault of the config.
func (c *preflight) checkWords(destination string, r transform.Route, known map[string]routeKind) {
	for _, part := range []struct {
		key   string
		words []string
	}{{"offices", r.Offices}, {"doctors", r.Doctors}, {"profiles", r.Profiles}, {"patient_flags", r.Flags},
		{"demographics", slices.Sorted(maps.Keys(r.Demographics))}} {
		kind := known[part.key]
		for _, word := range part.words {
			switch at := destination + ".route." + part.key; {
			case kind.has(word):
			case kind.listed:
				c.fail("routes", errConfig, "correct it; if it is new in DrChrono, "+doExtract, "%s names %q: DrChrono has no such %s", at, word, kind.thing)
			default:
				c.warn("routes", "`chartbridge run --only extract --endpoints "+kind.list+"`, then check again",
					"%s names %q: no staged record has it, and %s, which would tell, was not read", at, word, kind.list)
			}
		}
	}
}

// A routeKind is what one part of a route may name.
type routeKind struct {
	thing, list string          // as a person calls it; the endpoint that lists them
	listed      bool            // that endpoint was read to its end, and holds some
	words       map[string]bool // their ids and names
}

func (k routeKind) has(word string) bool {
	for known := range k.words {
		if transform.SameName(word, known) {
			return true
		}
	}
	return false
}

// routable gives what staged data know of each kind, also what is gone: a name
// of the past is no slip.
func (c *preflight) routable(ctx context.Context) (map[string]routeKind, error) {
	kinds := map[string]routeKind{}
	for key, k := range map[string]routeKind{
		"offices": {thing: "office", list: "offices"}, "doctors": {thing: "doctor", list: "doctors"},
		"profiles":      {thing: "appointment profile", list: "appointment_profiles"},
		"patient_flags": {thing: "patient flag", list: "patient_flag_types"}, "demographics": {thing: "custom demographic", list: "custom_demographics"},
	} {
		things, err := transform.Things(ctx, c.store, k.list)
		if err != nil {
			return nil, err
		}
		drained, err := c.store.Drained(ctx, k.list)
		if err != nil {
			return nil, err
		}
		k.listed, k.words = drained && len(things) > 0, c.seen.named[key] // a list may come back empty for want of a scope
		for id, thing := range things {
			k.words[id] = true
			if key == "patient_flags" || key == "demographics" {
				k.words[thing.Name.String()] = true
			}
		}
		kinds[key] = k
	}
	return kinds, nil
}
