package transform

import (
	"slices"
	"time"
)

// Lookups turns DrChrono's values into a destination's ids.
type Lookups interface {
	// Find gives the id for a key; ok is false where there is none.
	Find(destination, lookup, key string) (id string, ok bool)
	// Has reports whether the destination has that lookup at all.
	Has(destination, lookup string) bool
}

// A Constant is a further field that an account needs, from the config.
type Constant struct{ Name, JSON string }

// An Env is what the rules of one run look at beside the record: values only,
// which nothing changes while records are judged.
type Env struct {
	Destination string
	Object      string
	Now         time.Time // the run's instant
	Zone        *time.Location
	GoLive      string // YYYY-MM-DD; earlier visits are excluded
	Lookups     Lookups
	Route       Route
	Constants   map[string][]Constant // by object
	Related
}

// Related is what the shapes read beside their own record.
type Related struct {
	Doctors     map[string]Doctor       // by id
	Users       map[string]User         // of doctors, by the doctor's id
	Patients    map[string]Patient      // of the records at hand, by id
	Medications map[string][]Medication // of the patients at hand
	Taken       map[string]bool         // twins of the visits at hand that are off: another visit takes place there
	ByProfile   map[string]bool         // patients with a visit of a routed profile; nil = not asked
}

// A Route says who goes to a destination: every list that is not empty must
// hold a value of the record's. All empty means everybody.
type Route struct {
	Offices      []string
	Doctors      []string
	Profiles     []string
	Flags        []string
	Demographics map[string][]string // custom demographic's id -> values
}

// Empty reports whether everybody goes.
func (r Route) Empty() bool {
	return len(r.Offices)+len(r.Doctors)+len(r.Profiles)+len(r.Flags)+len(r.Demographics) == 0
}

// routesPatient reports whether a patient goes there. An empty list lets everyone
// by; a profile speaks of the patient's visits.
func (e *Env) routesPatient(p Patient) bool {
	r := e.Route
	if r.Empty() {
		return true
	}
	return anyIn(r.Offices, texts(p.Offices)...) &&
		anyIn(r.Doctors, p.Doctor.String()) &&
		(len(r.Profiles) == 0 || e.ByProfile[p.ID.String()]) &&
		anyIn(r.Flags, p.flags()...) &&
		r.demographics(p)
}

// RoutesPatient reports whether a patient goes to the destination.
func (c *Case) RoutesPatient(p Patient) bool { return c.routesPatient(p) }

// RoutesVisit reports whether a visit goes there: its patient does, and its
// own office, doctor and profile are routed.
func (c *Case) RoutesVisit(a Appointment, p Patient) bool {
	r := c.Route
	if r.Empty() {
		return true
	}
	return anyIn(r.Offices, a.Office.String()) && anyIn(r.Doctors, a.Doctor.String()) &&
		anyIn(r.Profiles, a.Profile.String()) && anyIn(r.Flags, p.flags()...) && r.demographics(p)
}

// RoutesDoctor reports whether a member of staff goes there.
func (c *Case) RoutesDoctor(id string) bool { return anyIn(c.Route.Doctors, id) }

func (r Route) demographics(p Patient) bool {
	for id, values := range r.Demographics {
		if !anyIn(values, p.Demographic(id)) {
			return false
		}
	}
	return true
}

func (p Patient) flags() []string {
	var list []string
	for _, f := range p.Flags {
		if !f.Archived.True() {
			list = append(list, f.Type.String(), f.Text.String())
		}
	}
	return list
}

func anyIn(wanted []string, have ...string) bool {
	if len(wanted) == 0 {
		return true
	}
	return slices.ContainsFunc(have, func(h string) bool { return h != "" && slices.Contains(wanted, h) })
}

func texts(list []Scalar) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = s.String()
	}
	return out
}
