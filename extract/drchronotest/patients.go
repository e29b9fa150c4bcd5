package drchronotest

import (
	"fmt"
	"strconv"
	"strings"
)

func (p *Practice) makePatients() {
	kinds := p.patientKinds()
	for i := range p.size.Patients {
		m := p.patient()
		if k, ok := kinds[i]; ok {
			p.people[i].nasty = true
			k.apply(p, m, i)
			p.plant("patients", strconv.Itoa(firstPatient+i), k.kind)
		}
		p.add("patients", m)
	}
}

// patientKinds spreads the nasty patients over the list, so that they do not
// all stand on its first page. Twins stand side by side in time, not in place.
func (p *Practice) patientKinds() map[int]nasty {
	out := map[int]nasty{}
	stride := max(1, (p.size.Patients-3)/len(nastyPatients))
	for j, n := range nastyPatients {
		out[3+j*stride] = n
	}
	return out
}

// patient makes an ordinary patient: complete and valid everywhere.
func (p *Practice) patient() fields {
	i := p.id("patients", 0)
	first, last := p.word(2), p.word(3)
	made := p.ago(30, 700)
	doctor := p.rnd.IntN(p.size.Staff)
	m := fields{
		"id": firstPatient + i, "chart_id": fmt.Sprintf("%.4s%06d", strings.ToUpper(last+"XXXX"), i+1),
		"doctor": firstDoctor + doctor, "first_name": first, "last_name": last,
		"date_of_birth": date(p.now.AddDate(-3-p.rnd.IntN(60), 0, -p.rnd.IntN(365))),
		"gender":        pick(p, []string{"Male", "Female"}),
		"cell_phone":    p.phone(), "email": strings.ToLower(fmt.Sprintf("%s.%s%d@example.test", first, last, i)),
		"offices":    []int{firstOffice + p.rnd.IntN(len(officeNames))},
		"created_at": stamp(made), "updated_at": stamp(made.AddDate(0, 0, p.rnd.IntN(20))),
	}
	p.address(m)
	who := person{doctor: doctor, payer: p.rnd.IntN(len(payers)), member: "M" + p.digits(8)}
	p.insure(m, who)
	p.people = append(p.people, who)
	return m
}

// insure sets the first insurance; each tenth patient has a second one.
func (p *Practice) insure(m fields, who person) {
	ins := insurance(payers[who.payer], who.member)
	if p.chance(5) {
		ins["is_subscriber_the_patient"] = false
		ins["patient_relationship_to_subscriber"] = "19"
		ins["subscriber_first_name"], ins["subscriber_last_name"] = p.word(2), m["last_name"]
		ins["subscriber_date_of_birth"] = date(p.now.AddDate(-30-p.rnd.IntN(30), 0, -p.rnd.IntN(365)))
		ins["subscriber_gender"] = pick(p, []string{"Male", "Female"})
		for _, k := range []string{"address", "city", "state", "zip_code"} {
			ins["subscriber_"+k] = m[k]
		}
	}
	m["primary_insurance"] = ins
	if p.chance(10) {
		m["secondary_insurance"] = insurance(payers[(who.payer+1)%len(payers)], "S"+p.digits(8))
	}
}

// insurance is an insurance object with all its keys (facts, section 6).
func insurance(y Payer, member string) fields {
	m := fields{
		"insurance_company": y.Name, "insurance_id_number": member, "insurance_payer_id": y.ID,
		"insurance_group_number": "", "insurance_plan_name": "", "is_subscriber_the_patient": true,
		"subscriber_date_of_birth": nil, "photo_front": nil, "photo_back": nil,
	}
	for _, k := range []string{
		"insurance_group_name", "insurance_claim_office_number", "insurance_plan_type", "patient_relationship_to_subscriber",
		"subscriber_first_name", "subscriber_middle_name", "subscriber_last_name", "subscriber_suffix", "subscriber_social_security",
		"subscriber_gender", "subscriber_address", "subscriber_city", "subscriber_state", "subscriber_zip_code", "subscriber_country",
	} {
		m[k] = ""
	}
	if y.ID != "" {
		m["insurance_plan_name"], m["insurance_group_number"] = "PPO", "G"+y.ID
	}
	return m
}
