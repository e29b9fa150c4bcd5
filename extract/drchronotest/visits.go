package drchronotest

import (
	"fmt"
	"strconv"
	"time"
)

// Visits lie between 7:00 and 20:45 on weekdays, from seven months before now
// to two months after.
const (
	monthsBefore, monthsAfter = 7, 2
	slotMinutes               = 15
	slotsPerDay               = 56
	firstSlot                 = 7 * time.Hour
)

var (
	pastStatuses = []string{
		"Complete", "Complete", "Complete", "Complete", "Complete", "Complete", "Complete",
		"Complete", "Complete", "Complete", "Complete", "No Show", "Cancelled", "", "Rescheduled", "Complete",
	}
	futureStatuses = []string{"", "", "Confirmed", "Not Confirmed"}
)

// A grid hands out slots so that no doctor has two visits at once until the
// grid is full; then visits overlap, five minutes apart.
type grid struct {
	days []time.Time // weekdays, as naive midnights
	step int
}

// local is the practice's wall clock at now, as a naive stamp.
func (p *Practice) local() time.Time {
	l := p.now.In(newYork())
	return time.Date(l.Year(), l.Month(), l.Day(), l.Hour(), l.Minute(), l.Second(), 0, time.UTC)
}

func (p *Practice) newGrid() grid {
	today := p.local().Truncate(24 * time.Hour)
	var g grid
	for d := today.AddDate(0, -monthsBefore, 0); !d.After(today.AddDate(0, monthsAfter, 0)); d = d.AddDate(0, 0, 1) {
		if w := d.Weekday(); w != time.Saturday && w != time.Sunday {
			g.days = append(g.days, d)
		}
	}
	n := len(g.days) * slotsPerDay
	for g.step = n * 5 / 8; gcd(g.step, n) != 1; {
		g.step++
	}
	return g
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

func (g grid) slot(doctor, nth int) time.Time {
	n := len(g.days) * slotsPerDay
	i := (nth*g.step + doctor*977) % n
	extra := time.Duration(nth / n * 5 % slotMinutes)
	return g.days[i/slotsPerDay].Add(firstSlot + (time.Duration(i%slotsPerDay)*slotMinutes+extra)*time.Minute)
}

func (p *Practice) makeVisits() {
	g, planted := p.newGrid(), p.plannedVisits()
	order := p.patientOrder()
	p.visits = p.size.Appointments - len(planted)
	for k := range p.visits {
		patient := p.rnd.IntN(len(order))
		if k < len(order) {
			patient = order[k]
		}
		doctor := k % p.size.Staff
		p.add("appointments", p.visit(patient, doctor, g.slot(doctor, k/p.size.Staff)))
	}
	for _, v := range planted {
		m := p.visit(v.patient, v.doctor, v.when)
		for k, x := range v.with {
			m[k] = x
		}
		p.plant("appointments", p.add("appointments", m), v.kind)
	}
}

// patientOrder puts the nasty patients first, so that each of them has a visit
// even in a practice with fewer visits than patients.
func (p *Practice) patientOrder() []int {
	var nasties, others []int
	for i, who := range p.people {
		if who.nasty {
			nasties = append(nasties, i)
		} else {
			others = append(others, i)
		}
	}
	return append(nasties, others...)
}

// visit makes an appointment at a wall clock. Its id is a string, what it
// refers to are numbers (facts, section 4).
func (p *Practice) visit(patient, doctor int, when time.Time) fields {
	id := strconv.Itoa(p.id("appointments", firstAppointment))
	f := p.rnd.IntN(len(profiles))
	m := fields{
		"id": id, "patient": firstPatient + patient, "doctor": firstDoctor + doctor,
		"office": firstOffice + doctor%len(officeNames), "exam_room": 1 + p.rnd.IntN(2), "profile": firstProfile + f,
		"duration": profiles[f].minutes, "reason": profiles[f].name, "scheduled_time": stamp(when),
	}
	who := p.people[patient]
	if who.payer >= 0 {
		y := payers[who.payer]
		m["primary_insurer_name"], m["primary_insurer_payer_id"], m["primary_insurance_id_number"] = y.Name, y.ID, who.member
	}
	p.progress(m, id, when)
	return m
}

// progress sets status and stamps: a past visit was last touched within two
// days of its time, a coming one when it was made.
func (p *Practice) progress(m fields, id string, when time.Time) {
	made := when.AddDate(0, 0, -3-p.rnd.IntN(38))
	changed, status := made, pick(p, futureStatuses)
	if when.Before(p.local()) {
		status = pick(p, pastStatuses)
		changed = when.Add(time.Duration(1+p.rnd.IntN(48)) * time.Hour)
	}
	made, changed = p.notAfterNow(made), p.notAfterNow(changed)
	if changed.Before(made) {
		changed = made
	}
	m["created_at"], m["updated_at"], m["extended_updated_at"] = stamp(made), stamp(changed), stamp(changed)
	setStatus(m, id, status, changed)
	if status == "Complete" && profiles[m["profile"].(int)-firstProfile].billable {
		m["billing_status"], m["icd10_codes"] = "Bill Insurance", []string{"F84.0"}
	}
}

// setStatus sets a status and the transition that led to it.
func setStatus(m fields, id, status string, at time.Time) {
	m["status"] = status
	delete(m, "status_transitions")
	if status != "" {
		m["status_transitions"] = []fields{{"appointment": id, "from_status": "", "to_status": status, "datetime": stamp(at)}}
	}
}

func (p *Practice) notAfterNow(t time.Time) time.Time {
	if latest := p.now.Add(-time.Duration(1+p.rnd.IntN(3600)) * time.Second); t.After(latest) {
		return latest
	}
	return t
}

// A planned visit is one of the planted cases.
type planned struct {
	kind            string
	patient, doctor int
	when            time.Time
	with            fields
}

// Planted visits beyond one of each kind: one in so many.
const (
	breaksPer  = 100
	deletedPer = 500
)

func (p *Practice) plannedVisits() []planned {
	today := p.local().Truncate(24 * time.Hour)
	now := p.now.In(newYork())
	gap, again := clockChange(now, newYork(), true), clockChange(now, newYork(), false)
	past, coming := today.AddDate(0, 0, -9).Add(10*time.Hour), today.AddDate(0, 0, 6).Add(9*time.Hour)
	out := []planned{
		{KindClockGap, 0, 0, gap.Add(2*time.Hour + 30*time.Minute), nil},
		{KindRepeatedHour, 1, 0, again.Add(time.Hour + 30*time.Minute), nil},
		{KindPastMidnightUTC, 2, 1, past.Add(10*time.Hour + 30*time.Minute), status("Complete")},
		{KindPatientUnknown, 0, 1, past.Add(5 * time.Minute), fields{"patient": UnknownPatient}},
		{KindVirtual, 1, 1, coming, virtual(coming)},
	}
	for i, k := range []struct{ kind, status string }{
		{KindCancelled, "Cancelled"}, {KindNoShow, "No Show"}, {KindRescheduled, "Rescheduled"},
		{KindComplete, "Complete"}, {KindBlankStatus, ""}, {KindCustomStatus, "Ready for Pickup"},
	} {
		out = append(out, planned{k.kind, i, 0, past.Add(time.Duration(i*60+5) * time.Minute), status(k.status)})
	}
	for i := range 2 + p.size.Appointments/breaksPer {
		at := today.AddDate(0, 0, -i%60).Add(12 * time.Hour)
		out = append(out, planned{KindBreak, 0, i % p.size.Staff, at, fields{"patient": nil, "appt_is_break": true, "reason": "Lunch", "profile": nil}})
	}
	for i := range 1 + p.size.Appointments/deletedPer {
		at := today.AddDate(0, 0, -1-i%90).Add(8*time.Hour + 5*time.Minute)
		out = append(out, planned{KindDeletedVisit, i % 3, i % p.size.Staff, at, fields{"deleted_flag": true}})
	}
	return out
}

func status(s string) fields { return fields{"status": s, "status_transitions": []fields{}} }

// virtual is what makes an occurrence virtual: it belongs to a series and has
// no row of its own yet, so its id is not a number (facts, section 4).
func virtual(at time.Time) fields {
	key := fmt.Sprintf("%d_%s", firstAppointment+9, at.Format("20060102"))
	return fields{"id": key, "recurring_appointment": true, "base_recurring_appointment": firstAppointment + 9, "recurrence_instance_key": key}
}
