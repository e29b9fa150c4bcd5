package main

import (
	"context"
	"slices"
	"strings"

	"github.com/chartbridge/chartbridge/cmd/chartbridge/config"
	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/transform"
)

// A valueTally counts records by one of DrChrono's values.
type valueTally map[string]int

// stagedValues are the values in the staged data that lookups are keyed by,
// with the names of things, never of people.
type stagedValues struct {
	records                              int
	genders, states, statuses            valueTally // of patients
	payers, homeOffices, caseDoctors     valueTally // likewise
	profiles, offices, visits, calledOff valueTally // of visits
	suspended                            valueTally // of doctors
	payerNames, officeNames              map[string]string
	profileNames, demographicNames       map[string]string
}

// A lookupKind is how a lookup is keyed (CONTRACT, Config, the table of lookups).
type lookupKind struct {
	name, keyedBy string
	keys          func(stagedValues, destination) valueTally
	named         func(stagedValues) map[string]string
	spellings     func(key string) []string // further ones that the rules accept
}

func noKeys(stagedValues, destination) valueTally { return nil }
func noNames(stagedValues) map[string]string      { return nil }
func oneSpelling(string) []string                 { return nil }
func payerNames(v stagedValues) map[string]string { return v.payerNames }

func officeNames(v stagedValues) map[string]string  { return v.officeNames }
func profileNames(v stagedValues) map[string]string { return v.profileNames }

// lookupKinds are the lookups that any destination takes, in the order in
// which a template prints them.
var lookupKinds = []lookupKind{
	{"clientStatus", "patient_status", func(v stagedValues, _ destination) valueTally { return v.statuses }, noNames, oneSpelling},
	{"staffStatus", "is_account_suspended", func(v stagedValues, _ destination) valueTally { return v.suspended }, noNames, oneSpelling},
	{"gender", "the value itself", func(v stagedValues, _ destination) valueTally { return v.genders }, noNames, oneSpelling},
	{"state", "the value itself", func(v stagedValues, _ destination) valueTally { return v.states }, noNames, oneSpelling},
	{"funder", "insurance payer id, else company name", func(v stagedValues, _ destination) valueTally { return v.payers }, payerNames, oneSpelling},
	{"insurancePlan", "insurance payer id, else company name", func(v stagedValues, _ destination) valueTally { return v.payers }, payerNames, oneSpelling},
	{"appointmentType", "appointment profile id", func(v stagedValues, _ destination) valueTally { return v.profiles }, profileNames, oneSpelling},
	{"service", "appointment profile id", func(v stagedValues, _ destination) valueTally { return v.profiles }, profileNames, oneSpelling},
	{"payCode", "appointment profile id", func(v stagedValues, _ destination) valueTally { return v.profiles }, profileNames, oneSpelling},
	{"tag", "appointment profile id, where its type is non-billable; or default", taggedProfiles, profileNames, oneSpelling},
	{"location", "office id", officeLocations, officeNames, oneSpelling},
	{"placeOfService", "office id", func(v stagedValues, _ destination) valueTally { return v.offices }, officeNames, oneSpelling},
	{"appointmentStatus", "appointment status", func(v stagedValues, _ destination) valueTally { return v.visits }, noNames, blankSpelling},
	{"cancellationType", "appointment status", func(v stagedValues, _ destination) valueTally { return v.calledOff }, noNames, oneSpelling},
	{"cancelReason", "appointment status", func(v stagedValues, _ destination) valueTally { return v.calledOff }, noNames, oneSpelling},
	{"caseManager", "doctor id, or default", func(v stagedValues, _ destination) valueTally { return v.caseDoctors }, noNames, oneSpelling},
	{"serviceLine", "nothing: default alone", func(v stagedValues, _ destination) valueTally { return valueTally{"default": len(v.payers)} }, noNames, oneSpelling},
	{"contactForm", "object, or default", contactForms, noNames, oneSpelling},
	{"customDemographics", "meaning; the id is that of DrChrono's custom demographic; what the registry takes beside these is modality, dosageStep, employment, housing, arrests, hasAppointmentScheduled, appointmentScheduledDate", meanings, demographicHint, meaningSpellings},
	{"label", "patient flag, by the name or id of its type; a flag without an id is no label", noKeys, noNames, oneSpelling},
	{"metadata", "custom demographic id; its value is the metadata field's id", noKeys, noNames, oneSpelling},
	{"customIdentifier", "doctor id/identifier id; its value is the identifier itself", noKeys, noNames, oneSpelling},
	{"medication", "medication name, where the name leaves the registry's code open", noKeys, noNames, oneSpelling},
}

// optional lookups may hold no id at all; the sentence says what then happens.
var optional = map[string]string{
	"rethink clientStatus": notSent, "rethink location": notSent, "rethink placeOfService": notSent, "rethink service": notSent,
	"rethink appointmentStatus": notSent, "rethink cancellationType": notSent, "rethink caseManager": leftOut,
	"centralreach gender":         "without any id, Male and Female go as they are and others are left out",
	"central_registry medication": "only the names that a problem asks for",
}

// valued says what stands in the place of a destination's own id.
var valued = map[string]string{
	"centralreach insurancePlan":  `; its value is the plan's id, or company/plan, as payors/accepted-insurances has them`,
	"centralreach placeOfService": `; its value is the two-digit CMS code, such as "11", from which CentralReach's id follows, or that id as "id 9"`,
}

const (
	notSent = "without any id, its field is not sent; with one, every key needs its own"
	leftOut = "a key without an id is left out"
)

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
func taggedProfiles(v stagedValues, d destination) valueTally {
	tagged := valueTally{}
	for key, n := range v.profiles {
		if id, ok := d.env.Lookups.Find(d.name, "appointmentType", key); !ok || id == "2" {
			tagged[key] = n
		}
	}
	return tagged
}

// officeLocations are the offices of visits and of patients.
func officeLocations(v stagedValues, _ destination) valueTally {
	both := valueTally{}
	for _, t := range []valueTally{v.offices, v.homeOffices} {
		for key, n := range t {
			both[key] += n
		}
	}
	return both
}

func contactForms(_ stagedValues, d destination) valueTally {
	objects := valueTally{}
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

func meanings(stagedValues, destination) valueTally {
	keys := valueTally{}
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

// A reader is shown every record of an endpoint.
type reader struct {
	endpoint string
	read     func(*transform.Case)
}

// stagedValues reads what is staged, a chunk of records at a time. Others may
// read along.
func (p *practice) stagedValues(ctx context.Context, along ...reader) (stagedValues, error) {
	v := stagedValues{genders: valueTally{}, states: valueTally{}, statuses: valueTally{}, payers: valueTally{}, homeOffices: valueTally{}, caseDoctors: valueTally{},
		profiles: valueTally{}, offices: valueTally{}, visits: valueTally{}, calledOff: valueTally{}, suspended: valueTally{}, payerNames: map[string]string{},
		officeNames: map[string]string{}, profileNames: map[string]string{}, demographicNames: map[string]string{}}
	for _, from := range []reader{
		{"patients", v.patient}, {"appointments", func(c *transform.Case) { v.visit(c, p.config.GoLive) }}, {"doctors", v.doctor},
		{"offices", nameInto(v.officeNames)}, {"appointment_profiles", nameInto(v.profileNames)}, {"custom_demographics", nameInto(v.demographicNames)},
	} {
		n, err := p.each(ctx, from.endpoint, func(record *transform.Case) {
			from.read(record)
			for _, other := range along {
				if other.endpoint == from.endpoint {
					other.read(record)
				}
			}
		})
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
	err = transform.EachRecord(ctx, p.store, endpoint, func(src etl.Source) {
		if src.Fault == "" && !src.Gone {
			n++
			f(&transform.Case{Source: src})
		}
	})
	return n, err
}
