package drchronotest

import (
	"strconv"
	"time"
)

// What a day changes: one in so many, or a fixed number.
const (
	ChangedPatientsPer = 100
	ChangedVisitsPer   = 100
	NewVisitsPer       = 333
	NewPatientsPer     = 100
	CancelledVisits    = 2
	DeletedVisits      = 1
	RescheduledVisits  = 1
)

// A day hands out the instants of its changes, all after the practice's now
// and before the next.
type day struct {
	p    *Practice
	at   time.Time
	step time.Duration
}

func (d *day) next() time.Time {
	d.at = d.at.Add(d.step)
	return d.at
}

// NextDay applies one day's changes and moves the practice one day on. What it
// did stands in Cases with that night's number.
func (p *Practice) NextDay() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.night++
	p.reseed()
	changes := 20 + p.size.Patients/ChangedPatientsPer + p.size.Appointments/ChangedVisitsPer + p.size.Appointments/NewVisitsPer + p.size.Patients/NewPatientsPer
	d := &day{p, p.now.Add(6 * time.Hour), 16 * time.Hour / time.Duration(changes)}
	before := len(p.people)
	p.now = p.now.AddDate(0, 0, 1)
	p.ticks = 0
	d.changePatients(before)
	d.changeVisits()
	d.newPatients()
	d.newVisits()
	d.rest()
}

func (d *day) changePatients(among int) {
	seen := map[int]bool{}
	for k := 0; k < max(1, d.p.size.Patients/ChangedPatientsPer); {
		i := d.p.rnd.IntN(among)
		if seen[i] || d.p.people[i].nasty {
			continue
		}
		seen[i] = true
		d.changePatient(i, k)
		k++
	}
}

func (d *day) changePatient(i, k int) {
	p, m := d.p, fields{}
	switch k % 3 {
	case 0:
		p.address(m)
	case 1:
		who := &p.people[i]
		who.payer, who.member = (who.payer+1)%len(payers), "M"+p.digits(8)
		m["primary_insurance"] = insurance(payers[who.payer], who.member)
	case 2:
		m["patient_status"] = "I"
	}
	d.touch("patients", strconv.Itoa(firstPatient+i), m, KindPatientChanged)
}

func (d *day) touch(endpoint, id string, m fields, kind string) {
	d.p.patch(endpoint, id, m, d.next())
	d.p.plant(endpoint, id, kind)
}

// changeVisits works on distinct ordinary visits: some get another status,
// some are cancelled, deleted, moved.
func (d *day) changeVisits() {
	p, seen := d.p, map[int]bool{}
	visit := func() string {
		for {
			if k := p.rnd.IntN(p.visits); !seen[k] && d.alive(k) {
				seen[k] = true
				return strconv.Itoa(firstAppointment + k)
			}
		}
	}
	for range max(1, p.size.Appointments/ChangedVisitsPer) {
		d.setVisitStatus(visit(), pick(p, []string{"Complete", "No Show", "Confirmed", "Arrived"}), KindVisitStatusChanged)
	}
	for range CancelledVisits {
		d.setVisitStatus(visit(), "Cancelled", KindCancelled)
	}
	for range DeletedVisits {
		d.touch("appointments", visit(), fields{"deleted_flag": true}, KindDeletedVisit)
	}
	for range RescheduledVisits {
		when := p.local().Truncate(24*time.Hour).AddDate(0, 0, 10).Add(11*time.Hour + 5*time.Minute)
		d.touch("appointments", visit(), fields{"status": "Rescheduled", "scheduled_time": stamp(when)}, KindRescheduled)
	}
}

// alive reports whether the k-th ordinary visit is there and not deleted, and
// still to be changed: neither cancelled nor moved before.
func (d *day) alive(k int) bool {
	t := d.p.table("appointments")
	i, ok := t.byID[strconv.Itoa(firstAppointment+k)]
	if !ok {
		return false
	}
	r := &t.rows[i]
	return !r.hidden && r.status != "Cancelled" && r.status != "Rescheduled"
}

func (d *day) setVisitStatus(id, to, kind string) {
	t := d.p.table("appointments")
	if from := t.rows[t.byID[id]].status; from == to {
		to = "Confirmed"
		if from == to {
			to = "Complete"
		}
	}
	m := fields{}
	setStatus(m, id, to, d.at)
	d.touch("appointments", id, m, kind)
}

func (d *day) newPatients() {
	for range max(1, d.p.size.Patients/NewPatientsPer) {
		m, at := d.p.patient(), stamp(d.next())
		m["created_at"], m["updated_at"] = at, at
		d.p.plant("patients", d.p.add("patients", m), KindNewPatient)
	}
}

func (d *day) newVisits() {
	p := d.p
	today := p.local().Truncate(24 * time.Hour)
	for k := range max(1, p.size.Appointments/NewVisitsPer) {
		patient := len(p.people) - 1 - k // the new patients first
		if k >= max(1, p.size.Patients/NewPatientsPer) {
			patient = p.rnd.IntN(len(p.people))
		}
		when := today.AddDate(0, 0, 1+k%40).Add(9*time.Hour + 10*time.Minute)
		m, at := p.visit(patient, k%p.size.Staff, when), stamp(d.next())
		m["created_at"], m["updated_at"], m["extended_updated_at"] = at, at, at
		p.plant("appointments", p.add("appointments", m), KindNewVisit)
	}
}

// rest fills in a last name, changes a job title and adds a medication.
func (d *day) rest() {
	p := d.p
	if id := strconv.Itoa(firstPatient + p.casePatient(KindMissingLastName)); p.night == 2 {
		d.touch("patients", id, fields{"last_name": p.word(3)}, KindLastNameFilled)
	}
	d.touch("doctors", strconv.Itoa(firstDoctor+p.rnd.IntN(noUserDoctor)), fields{"job_title": "Lead " + pick(p, jobTitles)}, KindJobTitle)
	p.plant("medications", p.medication(p.rnd.IntN(len(p.people))), KindMedicationAdded)
}
