package drchronotest

import (
	"fmt"
	"strconv"
	"strings"
)

// Which doctors (by index) have something to them. Doctor 0 owns the practice.
const (
	chicagoFrom, chicagoTo = 2, 3 // their zone is America/Chicago
	noUserDoctor           = 4
	suspendedDoctor        = 5
	badNPIDoctor           = 6
	staffUsers             = 3
)

// Zone is the practice's own zone, which a config names; two doctors are in
// another one.
const (
	Zone      = "America/New_York"
	otherZone = "America/Chicago"
)

var jobTitles = []string{"BCBA", "RBT", "Clinical Director", "Nurse Practitioner"}

func zoneOf(doctor int) string {
	if doctor >= chicagoFrom && doctor <= chicagoTo {
		return otherZone
	}
	return Zone
}

func (p *Practice) makeDoctors() {
	for i := range p.size.Staff {
		first, last := p.word(2), p.word(2)
		name := strings.ToLower(fmt.Sprintf("%s.%s%d", first, last, i))
		m := fields{
			"id": firstDoctor + i, "first_name": first, "last_name": last, "suffix": "", "email": name + "@example.test",
			"specialty": "Behavioral Health", "job_title": jobTitles[i%len(jobTitles)], "timezone": zoneOf(i),
			"npi_number": p.npi(), "office_phone": p.phone(), "cell_phone": p.phone(), "is_account_suspended": i == suspendedDoctor,
		}
		if i == badNPIDoctor {
			m["npi_number"] = badNPI(m["npi_number"].(string))
		}
		p.add("doctors", m)
		p.plantDoctor(i)
		if i != noUserDoctor {
			p.user(name, i, true)
		}
	}
	for i := range staffUsers {
		p.user(fmt.Sprintf("front.desk%d", i+1), i, false)
	}
}

func (p *Practice) plantDoctor(i int) {
	kinds := map[int]string{noUserDoctor: KindDoctorNoUser, suspendedDoctor: KindSuspendedDoctor, badNPIDoctor: KindBadNPI}
	if kind := kinds[i]; kind != "" {
		p.plant("doctors", strconv.Itoa(firstDoctor+i), kind)
	}
}

// user adds a login. A staff user's doctor is the primary physician that they
// work for, not themselves.
func (p *Practice) user(name string, doctor int, isDoctor bool) {
	p.add("users", fields{
		"id": p.id("users", firstUser), "username": name, "doctor": firstDoctor + doctor,
		"is_doctor": isDoctor, "is_staff": !isDoctor,
	})
}
