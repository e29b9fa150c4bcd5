package main

import (
	"strconv"
	"strings"

	"github.com/chartbridge/chartbridge/transform"
)

// What each staged record adds to the values that lookups are keyed by. A
// record that cannot be read adds nothing: it is failed, whatever the lookups.

func (v stagedValues) patient(c *transform.Case) {
	p, fault := c.AsPatient()
	if fault != "" {
		return
	}
	if !transform.Blank(p.Gender) {
		v.genders[p.Gender.String()]++
	}
	if s := strings.ToUpper(p.State.String()); s != "" {
		v.states[s]++
	}
	v.statuses[p.Status.String()]++
	if len(p.Offices) > 0 {
		v.homeOffices[p.Offices[0].String()]++
	}
	for _, ins := range p.Insurances() {
		key := ins.Payer()
		v.payers[key]++
		v.payerNames[key] = ins.Company.String() // whichever comes last: it only helps a person
		v.caseDoctors[p.Doctor.String()]++
	}
}

// visit counts a visit that may be sent: it has a patient, is not of the time
// before go_live, and is no occurrence that DrChrono has not made real.
func (v stagedValues) visit(c *transform.Case, goLive string) {
	a, fault := c.AsAppointment()
	if fault != "" || a.Break.True() || a.Patient.String() == "" {
		return
	}
	if _, err := strconv.ParseUint(a.ID.String(), 10, 64); err != nil || a.ScheduledTime.String() < goLive {
		return
	}
	v.profiles[a.Profile.String()]++
	v.offices[a.Office.String()]++
	status := a.Status.String()
	if a.Deleted.True() {
		status = "Cancelled"
	}
	v.visits[status]++
	if a.Off() {
		v.calledOff[status]++
	}
}

func (v stagedValues) doctor(c *transform.Case) {
	if d, fault := c.AsDoctor(); fault == "" {
		v.suspended[strconv.FormatBool(d.Suspended.True())]++
	}
}

// nameInto keeps the names of things by their id.
func nameInto(names map[string]string) func(*transform.Case) {
	return func(c *transform.Case) {
		thing, fault := transform.As[struct {
			Name transform.Scalar `json:"name"`
		}](c)
		if fault == "" {
			names[c.Source.ID] = thing.Name.String()
		}
	}
}
