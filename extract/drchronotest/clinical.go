package drchronotest

import "strconv"

var (
	ailments  = []struct{ code, name string }{{"F84.0", "Autistic disorder"}, {"F90.2", "ADHD, combined type"}, {"F41.1", "Generalized anxiety disorder"}}
	allergens = []string{"Example pollen", "Test nut", "Sample latex"}
)

// makeClinical adds problems to all, medications, allergies and authorizations
// to some.
func (p *Practice) makeClinical() {
	for i := range p.people {
		p.problem(i)
		if p.chance(3) {
			p.medication(i)
		}
		if p.chance(6) {
			p.add("allergies", fields{
				"id": p.id("allergies", firstAllergy), "patient": firstPatient + i, "doctor": firstDoctor + p.people[i].doctor,
				"description": pick(p, allergens), "reaction": "rash",
			})
		}
		if p.people[i].payer >= 0 && p.chance(2) {
			p.authorization(i)
		}
	}
}

func (p *Practice) problem(i int) {
	a, at := pick(p, ailments), date(p.ago(20, 600))
	p.add("problems", fields{
		"id": p.id("problems", firstProblem), "patient": firstPatient + i, "doctor": firstDoctor + p.people[i].doctor,
		"name": a.name, "icd_code": a.code, "date_diagnosis": at, "date_changed": at, "info_url": "https://example.test",
	})
}

func (p *Practice) medication(i int) string {
	return p.add("medications", fields{
		"id": p.id("medications", firstMedication), "patient": firstPatient + i, "doctor": firstDoctor + p.people[i].doctor,
		"name": "Example 10 mg tablet", "dosage_units": "tablet", "date_prescribed": date(p.ago(1, 300)),
	})
}

// authorization has the keys of the newer description, where `patient` and
// `doctor` are strings beside the numbers `patient_id` and `doctor_id`.
func (p *Practice) authorization(i int) {
	from := p.ago(10, 150)
	visits, doctor := 20+p.rnd.IntN(80), firstDoctor+p.people[i].doctor
	p.add("patient_authorizations", fields{
		"id": p.id("patient_authorizations", firstAuthorization), "status": "Active",
		"patient": strconv.Itoa(firstPatient + i), "patient_id": firstPatient + i,
		"doctor": strconv.Itoa(doctor), "doctor_id": doctor, "auth_number": "A" + p.digits(7), "specialty": "Behavioral Health",
		"start_date": date(from), "end_date": date(from.AddDate(0, 6, 0)),
		"number_of_visits": visits, "visits_remaining": p.rnd.IntN(visits), "notes": "",
		"created_at": stamp(from), "updated_at": stamp(from),
	})
}
