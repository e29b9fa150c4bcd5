package main

import (
	"sort"

	"github.com/chartbridge/chartbridge/cmd/chartbridge/config"
	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/load/rethink"
	"github.com/chartbridge/chartbridge/transform"
)

// A destination is one enabled vendor: its shapes, what its rules look at, and
// how its records are sent.
type destination struct {
	name        string
	shapes      []transform.Shape
	env         transform.Env
	inFlight    int
	vendorFirst bool
	settings    []any // settings that its shapes hang on, beside the env
	sender      func() load.Destination
}

// destinations lists the enabled ones: adding one is adding its entry here.
func (p *practice) destinations() []destination {
	var list []destination
	if c := p.config.Rethink; c.Enabled {
		list = append(list, destination{name: rethink.Name, shapes: rethink.Shapes(), inFlight: c.InFlight,
			env: p.env(rethink.Name, c.Route, c.Constants), vendorFirst: c.InitialLoad == "vendor",
			sender: func() load.Destination {
				return rethink.New(rethink.Options{BaseURL: c.BaseURL, TokenURL: c.TokenURL, ClientID: c.ClientID,
					ClientSecret: c.ClientSecret.Reveal(), Readback: c.Readback, InFlight: c.InFlight, Clock: p.clock,
					Paths: map[string]string{"client": c.Paths.Client, "staff": c.Paths.Staff, "appointment": c.Paths.Appointment}})
			}})
	}
	return list
}

func (p *practice) env(name string, route config.Route, constants config.Constants) transform.Env {
	return transform.Env{Destination: name, Zone: p.config.Timezone, GoLive: p.config.GoLive, Lookups: p.lookups,
		Route: transform.Route{Offices: route.Offices, Doctors: route.Doctors, Profiles: route.Profiles, Flags: route.PatientFlags,
			Demographics: route.Demographics},
		Constants: sortedConstants(constants)}
}

// sortedConstants puts the constants of each object in the order of their
// names, so that equal records have equal bytes.
func sortedConstants(constants config.Constants) map[string][]transform.Constant {
	all := map[string][]transform.Constant{}
	for object, fields := range constants {
		for name, value := range fields {
			all[object] = append(all[object], transform.Constant{Name: name, JSON: string(value)})
		}
		sort.Slice(all[object], func(i, j int) bool { return all[object][i].Name < all[object][j].Name })
	}
	return all
}
