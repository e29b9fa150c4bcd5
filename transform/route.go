package transform

import (
	"slices"
	"strings"
)

// A Route says who goes to a destination: every list that is not empty must
// hold a value of the record's. All empty means everybody. Flags and
// demographics go by their name or id; case and outer space do not count.
type Route struct {
	Offices      []string
	Doctors      []string
	Profiles     []string
	Flags        []string            // types of patient flags
	Demographics map[string][]string // custom demographic -> values
}

// Empty reports whether everybody goes.
func (r Route) Empty() bool {
	return len(r.Offices)+len(r.Doctors)+len(r.Profiles)+len(r.Flags)+len(r.Demographics) == 0
}

// Named is what DrChrono's settings say of the names in a route.
type Named struct {
	Demographics map[string][]string // the route's word -> ids of the custom demographics of that name
	Flags        map[string]string   // a flag type's id -> its name
}

// RoutesPatient reports whether a patient goes to the destination. An empty list
// lets everyone by; a profile speaks of the patient's visits.
func (e *Env) RoutesPatient(p Patient) bool {
	r := e.Route
	if r.Empty() {
		return true
	}
	return anyIn(r.Offices, texts(p.Offices)...) &&
		anyIn(r.Doctors, p.Doctor.String()) &&
		(len(r.Profiles) == 0 || e.ByProfile[p.ID.String()]) &&
		e.routesFlags(p) && e.routesDemographics(p)
}

// RoutesVisit reports whether a visit goes there: its patient does, and its
// own office, doctor and profile are routed.
func (e *Env) RoutesVisit(a Appointment, p Patient) bool {
	r := e.Route
	return anyIn(r.Offices, a.Office.String()) && anyIn(r.Doctors, a.Doctor.String()) &&
		anyIn(r.Profiles, a.Profile.String()) && e.RoutesPatient(p)
}

// RoutesDoctor reports whether a member of staff goes there.
func (e *Env) RoutesDoctor(id string) bool { return anyIn(e.Route.Doctors, id) }

// routesFlags looks at the types of a patient's flags. What people write beside
// a flag says nothing of its type.
func (e *Env) routesFlags(p Patient) bool {
	if len(e.Route.Flags) == 0 {
		return true
	}
	return slices.ContainsFunc(p.Flags, func(f AttachedFlag) bool {
		if f.Archived.True() {
			return false
		}
		id := f.Type.String()
		name := e.FlagName(p, id)
		return slices.ContainsFunc(e.Route.Flags, func(word string) bool { return SameName(word, id) || SameName(word, name) })
	})
}

// FlagName is a flag type's name; "" if it is not known. The list of types comes before the patient's
// record, which does not change when a type gets another name.
func (e *Env) FlagName(p Patient, id string) string {
	if name, ok := e.Named.Flags[id]; ok {
		return name
	}
	return p.FlagNames()[id]
}

func (e *Env) routesDemographics(p Patient) bool {
	for word, values := range e.Route.Demographics {
		has := func(id string) bool { return anyIn(values, p.Demographic(id)) }
		if !has(strings.TrimSpace(word)) && !slices.ContainsFunc(e.Named.Demographics[word], has) {
			return false
		}
	}
	return true
}

// SameName reports whether a word of a route is that name or id.
func SameName(word, name string) bool {
	name = strings.TrimSpace(name)
	return name != "" && strings.EqualFold(strings.TrimSpace(word), name)
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
