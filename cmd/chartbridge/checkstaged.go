package main

import (
	"context"

	"github.com/chartbridge/chartbridge/load/centralregistry"
	"github.com/chartbridge/chartbridge/transform"
)

// A survey is what one look at everything that is staged showed to the checks
// of lookups, demographics and routes.
type survey struct {
	values   stagedValues
	patients int                        // that can be read
	treated  int                        // of them, with a CRID
	letIn    map[string]int             // of them, by the destination whose filter lets them in
	named    map[string]map[string]bool // ids and names that they and the visits hold, by the part of a route that may name them
}

// survey reads everything that is staged once.
func (c *preflight) survey(ctx context.Context) error {
	enabled := c.destinations()
	if len(enabled) == 0 {
		return nil
	}
	c.seen = survey{letIn: map[string]int{}, named: map[string]map[string]bool{}}
	for _, part := range []string{"offices", "doctors", "profiles", "patient_flags", "demographics"} {
		c.seen.named[part] = map[string]bool{}
	}
	admits := map[string]func(transform.Patient) bool{}
	for _, d := range enabled {
		if d.name == centralregistry.Name || d.env.Route.Empty() {
			continue
		}
		admit, err := (&transform.Stage{Store: c.store, Env: d.env}).Admits(ctx)
		if err != nil {
			return err
		}
		admits[d.name] = admit
	}
	crid, known := c.cridField()
	values, err := c.stagedValues(ctx, reader{"appointments", c.seen.visit}, reader{"patients", func(record *transform.Case) {
		p, fault := record.AsPatient()
		c.seen.holds(p)
		if fault != "" {
			return
		}
		c.seen.patients++
		if known && !transform.Blank(transform.Scalar(p.Demographic(crid))) {
			c.seen.treated++
		}
		for name, admit := range admits {
			if admit(p) {
				c.seen.letIn[name]++
			}
		}
	}})
	c.seen.values = values
	return err
}

func (s survey) add(part string, word transform.Scalar) { s.named[part][word.String()] = true }

// holds notes what a patient names.
func (s survey) holds(p transform.Patient) {
	s.add("doctors", p.Doctor)
	for _, office := range p.Offices {
		s.add("offices", office)
	}
	for _, d := range p.Demographics {
		s.add("demographics", d.Type)
	}
	for _, f := range p.Flags {
		s.add("patient_flags", f.Type)
	}
	for id, name := range p.FlagNames() {
		s.add("patient_flags", transform.Scalar(id))
		s.add("patient_flags", transform.Scalar(name))
	}
}

// visit notes what a visit names.
func (s survey) visit(record *transform.Case) {
	a, _ := record.AsAppointment()
	s.add("doctors", a.Doctor)
	s.add("offices", a.Office)
	s.add("profiles", a.Profile)
}
