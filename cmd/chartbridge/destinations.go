package main

import (
	"crypto/sha256"
	"encoding/hex"
	"sort"
	"strings"

	"github.com/chartbridge/chartbridge/cmd/chartbridge/config"
	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/load/centralreach"
	"github.com/chartbridge/chartbridge/load/centralregistry"
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
	idle        []string // what its settings leave undone, which nobody may have meant
	settings    []any    // settings that its shapes hang on, beside the env
	sender      func() load.Destination
}

// destinations are the enabled ones.
type destinations []destination

// shapeOf is the shape of a destination's object.
func (list destinations) shapeOf(destination, object string) (transform.Shape, bool) {
	for _, d := range list {
		for _, shape := range d.shapes {
			if d.name == destination && shape.Object == object {
				return shape, true
			}
		}
	}
	return transform.Shape{}, false
}

// destinations makes the list anew: adding one is adding its entry here.
func (p *practice) destinations() destinations {
	var list destinations
	if c := p.config.Rethink; c.Enabled {
		list = append(list, destination{name: rethink.Name, shapes: rethink.Shapes(rethink.Names(c.Names)), inFlight: c.InFlight,
			env: p.env(rethink.Name, c.Route, c.Constants), vendorFirst: c.InitialLoad == "vendor",
			sender: func() load.Destination { return p.rethink() }})
	}
	if c := p.config.CentralReach; c.Enabled {
		o := centralreach.Options{BaseURL: c.BaseURL, TokenURL: c.TokenURL, ClientID: c.ClientID, ClientSecret: c.ClientSecret.Reveal(),
			APIKey: c.APIKey.Reveal(), OrgID: c.OrgID, ExternalIDPrefix: c.ExternalIDPrefix, CreateEmployees: c.CreateEmployees,
			InFlight: c.InFlight, Clock: p.clock, Zone: p.config.Timezone, GoLive: p.config.GoLive, Write: centralreach.Write{Clients: c.Write.Clients, Employees: c.Write.Employees, Payors: c.Write.Payors, Cancel: c.Write.Cancel, Tasks: c.Write.Tasks,
				Metadata: c.Write.Metadata, Labels: c.Write.Labels, ClaimSettings: c.Write.ClaimSettings},
			Metadata: p.lookups[config.Normal(centralreach.Name)]["metadata"]}
		list = append(list, destination{name: centralreach.Name, shapes: centralreach.Shapes(o), inFlight: c.InFlight,
			env: p.env(centralreach.Name, c.Route, nil), vendorFirst: c.InitialLoad == "vendor",
			idle: o.Write.Idle(), settings: []any{c.ExternalIDPrefix, c.CreateEmployees, c.Write},
			sender: func() load.Destination { return centralreach.New(o) }})
	}
	if c := p.config.CentralRegistry; c.Enabled {
		name := strings.TrimSpace(c.FirstName + " " + c.LastName)
		shapes := centralregistry.Shapes(centralregistry.ShapeOptions{UserName: name, SiteID: c.UniqueSiteID,
			HashKey: c.HashKey.Reveal(), HashAlgorithm: c.HashAlgorithm})
		list = append(list, destination{name: centralregistry.Name, shapes: shapes, inFlight: 1, env: p.env(centralregistry.Name, config.Route{}, nil),
			settings: []any{name, c.UniqueSiteID, c.HashAlgorithm, digest(c.HashKey.Reveal())},
			sender: func() load.Destination {
				return centralregistry.New(centralregistry.Options{BaseURL: c.BaseURL, LoginPath: c.Paths.Login, DischargePath: c.Paths.Discharge,
					Username: c.Username, Password: c.Password.Reveal(), FirstName: c.FirstName, LastName: c.LastName, SiteID: c.UniqueSiteID,
					InFlight: 1, Clock: p.clock})
			}})
	}
	return list
}

func (p *practice) rethink() *rethink.Destination {
	c := p.config.Rethink
	o := rethink.Options{BaseURL: c.BaseURL, TokenURL: c.TokenURL, ClientID: c.ClientID,
		ClientSecret: c.ClientSecret.Reveal(), Names: rethink.Names(c.Names), Readback: c.Readback, InFlight: c.InFlight, Clock: p.clock,
		Paths: map[string]string{"client": c.Paths.Client, "staff": c.Paths.Staff, "appointment": c.Paths.Appointment}}
	if c.Callback.Enabled {
		o.CallbackWait = c.Callback.Wait
	}
	return rethink.New(o)
}

// digest tells whether a secret changed, without giving it away.
func digest(secret string) string {
	sum := sha256.Sum256([]byte("chartbridge digest " + secret))
	return hex.EncodeToString(sum[:8])
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
