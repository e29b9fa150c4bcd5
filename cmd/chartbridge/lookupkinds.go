package main

import (
	"context"
	"slices"
	"strings"

	"github.com/chartbridge/chartbridge/cmd/chartbridge/config"
	"github.com/chartbridge/chartbridge/transform"
)

// A tally counts records by one of DrChrono's values.
type tally map[string]int

// stagedValues are the values in the staged data that lookups are keyed by,
// with the names of things, never of people.
type stagedValues struct {
	records                              int
	genders, states, statuses            tally // of patients
	payers, homeOffices, caseDoctors     tally // likewise
	profiles, offices, visits, calledOff tally // of visits
	suspended                            tally // of doctors
	payerNames, officeNames              map[string]string
	profileNames, demographicNames       map[string]string
}

// A lookupKind is how a lookup is keyed (CONTRACT, Config, the table of lookups).
type lookupKind struct {
	name, keyedBy string
	keys          func(stagedValues, destination) tally
	named         func(stagedValues) map[string]string
	spellings     func(key string) []string // further ones that the rules accept
}

func noKeys(stagedValues, destination) tally      { return nil }
func noNames(stagedValues) map[string]string      { return nil }
func oneSpelling(string) []string                 { return nil }
func payerNames(v stagedValues) map[string]string { return v.payerNames }

func officeNames(v stagedValues) map[string]string  { return v.officeNames }
func profileNames(v stagedValues) map[string]string { return v.profileNames }

// lookupKinds are the lookups that any destination takes, in the order in
// which a template prints them.
var lookupKinds = []lookupKind{
	{"clientStatus", "patient_status", func(v stagedValues, _ destination) tally { return v.statuses }, noNames, oneSpelling},
	{"staffStatus", "is_account_suspended", func(v stagedValues, _ destination) tally { return v.suspended }, noNames, oneSpelling},
	{"gender", "the value itself", func(v stagedValues, _ destination) tally { return v.genders }, noNames, oneSpelling},
	{"state", "the value itself", func(v stagedValues, _ destination) tally { return v.states }, noNames, oneSpelling},
	{"funder", "insurance payer id, else company name", func(v stagedValues, _ destination) tally { return v.payers }, payerNames, oneSpelling},
	{"insurancePlan", "insurance payer id, else company name", func(v stagedValues, _ destination) tally { return v.payers }, payerNames, oneSpelling},
	{"appointmentType", "appointment profile id", func(v stagedValues, _ destination) tally { return v.profiles }, profileNames, oneSpelling},
	{"service", "appointment profile id", func(v stagedValues, _ destination) tally { return v.profiles }, profileNames, oneSpelling},
	{"payCode", "appointment profile id", func(v stagedValues, _ destination) tally { return v.profiles }, profileNames, oneSpelling},
	{"tag", "appointment profile id, where its type is non-billable; or default", taggedProfiles, profileNames, oneSpelling},
	{"location", "office id", locations, officeNames, oneSpelling},
	{"placeOfService", "office id", func(v stagedValues, _ destination) tally { return v.offices }, officeNames, oneSpelling},
	{"appointmentStatus", "appointment status", func(v stagedValues, _ destination) tally { return v.visits }, noNames, blankSpelling},
	{"cancellationType", "appointment status", func(v stagedValues, _ destination) tally { return v.calledOff }, noNames, oneSpelling},
	{"cancelReason", "appointment status", func(v stagedValues, _ destination) tally { return v.calledOff }, noNames, oneSpelling},
	{"caseManager", "doctor id, or default", func(v stagedValues, _ destination) tally { return v.caseDoctors }, noNames, oneSpelling},
	{"serviceLine", "nothing: default alone", func(v stagedValues, _ destination) tally { return tally{"default": len(v.payers)} }, noNames, oneSpelling},
	{"contactForm", "object, or default", forms, noNames, oneSpelling},
	{"customDemographics", "meaning; the id is that of DrChrono's custom demographic", meanings, demographicHint, meaningSpellings},
	{"medication", "medication name, where the name leaves the registry's code open", noKeys, noNames, oneSpelling},
}

// optional lookups turn their field off while they hold no id at all.
var optional = map[string]bool{
	"rethink clientStatus": true, "rethink location": true, "rethink placeOfService": true, "rethink service": true,
	"rethink appointmentStatus": true, "rethink cancellationType": true, "rethink caseManager": true, "centralreach gender": true,
	"central_registry medication": true,
}

// kindOf gives the kind of that name; one that is not known has no keys of its
// own.
func kindOf(name string) lookupKind {
	for _, k := range lookupKinds {
		if config.Normal(k.name) == config.Normal(name) {
			return k
		}
	}
	return lookupKind{name, "DrChrono's value", noKeys, noNames, oneSpelling}
}

// takenLookups names the lookups of a destination's field tables.
func takenLookups(d destination) []string {
	taken := map[string]bool{}
	for _, shape := range d.shapes {
		for _, c := range shape.Columns {
			taken[c.Lookup] = c.Lookup != ""
		}
	}
	var list []string
	for _, k := range lookupKinds {
		if taken[k.name] {
			list = append(list, k.name)
			delete(taken, k.name)
		}
	}
	rest := len(list)
	for name, yes := range taken {
		if yes {
			list = append(list, name)
		}
	}
	slices.Sort(list[rest:])
	return list
}

// taggedProfiles are those that the lookups do not call billable (1) or
// anything else than non-billable (2).
func taggedProfiles(v stagedValues, d destination) tally {
	tagged := tally{}
	for key, n := range v.profiles {
		if id, ok := d.env.Lookups.Find(d.name, "appointmentType", key); !ok || id == "2" {
			tagged[key] = n
		}
	}
	return tagged
}

// locations are the offices of visits and of patients.
func locations(v stagedValues, _ destination) tally {
	both := tally{}
	for _, t := range []tally{v.offices, v.homeOffices} {
		for key, n := range t {
			both[key] += n
		}
	}
	return both
}

func forms(_ stagedValues, d destination) tally {
	objects := tally{}
	for _, shape := range d.shapes {
		if slices.ContainsFunc(shape.Columns, func(c transform.Column) bool { return c.Lookup == "contactForm" }) {
			objects[shape.Object] = 0
		}
	}
	return objects
}

func blankSpelling(key string) []string {
	if key == "" {
		return []string{"blank"}
	}
	return nil
}

// demographicMeanings are the meanings, each with the spellings that the
// registry's rules accept; problems name the first.
var demographicMeanings = [][]string{
	{"crid", "CRID", "Crid", "central_registry_id"},
	{"admission", "admissionDate", "admission_date", "admission date", "Admission", "admit_date", "admitDate", "admit date"},
	{"dischargeReason", "discharge_reason", "discharge reason", "Discharge reason", "reason"},
	{"dischargeDate", "discharge_date", "discharge date", "Discharge date"},
	{"doseThroughDate", "dose_through_date", "doseThrough", "dose_through", "dose through date", "dose-through date", "Dose-through date", "dose-through"},
}

func meanings(stagedValues, destination) tally {
	keys := tally{}
	for _, m := range demographicMeanings {
		keys[m[0]] = 0
	}
	return keys
}

func meaningSpellings(key string) []string {
	for _, m := range demographicMeanings {
		if slices.Contains(m, key) {
			return m
		}
	}
	return nil
}

// demographicHint names the practice's custom demographics with their ids, to
// choose from.
func demographicHint(v stagedValues) map[string]string {
	var choices []string
	for id, name := range v.demographicNames {
		choices = append(choices, id+" "+commentText(name, 40))
	}
	slices.Sort(choices)
	hint := map[string]string{}
	if len(choices) > 0 {
		hint[demographicMeanings[0][0]] = "choose from: " + strings.Join(choices, "; ")
	}
	return hint
}

// stagedValues reads what is staged, a chunk of records at a time.
func (p *practice) stagedValues(ctx context.Context) (stagedValues, error) {
	v := stagedValues{genders: tally{}, states: tally{}, statuses: tally{}, payers: tally{}, homeOffices: tally{}, caseDoctors: tally{},
		profiles: tally{}, offices: tally{}, visits: tally{}, calledOff: tally{}, suspended: tally{}, payerNames: map[string]string{},
		officeNames: map[string]string{}, profileNames: map[string]string{}, demographicNames: map[string]string{}}
	for _, from := range []struct {
		endpoint string
		read     func(*transform.Case)
	}{
		{"patients", v.patient}, {"appointments", func(c *transform.Case) { v.visit(c, p.config.GoLive) }}, {"doctors", v.doctor},
		{"offices", nameInto(v.officeNames)}, {"appointment_profiles", nameInto(v.profileNames)}, {"custom_demographics", nameInto(v.demographicNames)},
	} {
		n, err := p.each(ctx, from.endpoint, from.read)
		if err != nil {
			return v, err
		}
		v.records += n
	}
	return v, nil
}

// each hands over every staged record of an endpoint that can be read and is
// not gone, and counts them.
func (p *practice) each(ctx context.Context, endpoint string, f func(*transform.Case)) (n int, err error) {
	rows, err := p.store.Changed(ctx, endpoint, 0)
	if err != nil {
		return 0, err
	}
	const chunk = 500
	for part := range slices.Chunk(rows, chunk) {
		sources, err := p.store.Records(ctx, part)
		if err != nil {
			return n, err
		}
		for _, src := range sources {
			if src.Fault == "" && !src.Gone {
				n++
				f(&transform.Case{Source: src})
			}
		}
	}
	return n, nil
}
