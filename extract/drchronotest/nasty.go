package drchronotest

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A nasty patient is an ordinary one with something done to it.
type nasty struct {
	kind  string
	apply func(p *Practice, m fields, i int)
}

// set makes a nasty patient by setting keys: key, value, key, value.
func set(kind string, kv ...any) nasty {
	return nasty{kind, func(_ *Practice, m fields, _ int) {
		for i := 0; i < len(kv); i += 2 {
			m[kv[i].(string)] = kv[i+1]
		}
	}}
}

var twinTraits = []any{
	"last_name", "Tovlorix", "date_of_birth", "2015-04-17", "address", "22 Example Way",
	"city", "Springfield", "state", "NY", "zip_code", "12501", "gender", "Female",
}

var nastyPatients = []nasty{
	set(KindUnicodeName, "first_name", "Zoëlix", "last_name", "Łurøňová-Çelmir"),
	set(KindUnicodeName, "first_name", "凱羅", "last_name", "ヴァクソ"),
	set(KindRightToLeftName, "first_name", "זלומיר", "last_name", "قلوفكس"),
	set(KindEmojiNickname, "nick_name", "Starry 🌟👩‍🚀"),
	set(KindFormulaName, "last_name", "=SUM(A1)"),
	set(KindFormulaName, "first_name", "+cmd"),
	set(KindFormulaName, "first_name", "@x", "last_name", "-Tarvo"),
	set(KindApostropheName, "first_name", "D’Vexa", "last_name", "O'Zimlo"),
	set(KindLeadingZeroZip, "zip_code", "00601", "state", "PR", "city", "Sampleton"),
	set(KindLeadingZeroZip, "zip_code", "01234", "state", "MA", "city", "Mockbury"),
	{KindLeadingZeroMember, func(p *Practice, m fields, i int) {
		p.people[i].member = "000123456"
		m["primary_insurance"] = insurance(payers[p.people[i].payer], "000123456")
	}},
	set(KindTwin, append(twinTraits, "first_name", "Jovilux")...),
	set(KindTwin, append(twinTraits, "first_name", "Jovirux")...),
	set(KindMissingFirstName, "first_name", ""),
	set(KindMissingLastName, "last_name", ""),
	set(KindMissingLastName, "last_name", ""), // this one is filled in by NextDay
	set(KindMissingBirthDate, "date_of_birth", nil),
	{KindFutureBirthDate, func(p *Practice, m fields, _ int) { m["date_of_birth"] = date(p.now.AddDate(1, 2, 0)) }},
	set(KindLongName, "last_name", "Vak"+strings.Repeat("olimir", 18)),
	set(KindShortZip, "zip_code", "9021"),
	set(KindDashedZip, "zip_code", "90210-1234", "state", "CA"),
	set(KindUnknownState, "state", "ZZ"),
	set(KindInactivePatient, "patient_status", "I"),
	{KindDeceasedPatient, func(p *Practice, m fields, _ int) {
		m["patient_status"], m["date_of_death"] = "D", date(p.now.AddDate(0, -1, -3))
	}},
	{KindNoInsurance, func(p *Practice, m fields, i int) {
		p.people[i].payer = -1
		delete(m, "primary_insurance")
		delete(m, "secondary_insurance")
	}},
	{KindUnknownPayer, func(p *Practice, m fields, i int) {
		p.people[i].payer = -1
		m["primary_insurance"] = insurance(Payer{"", "Nowhere Indemnity"}, "NW"+p.digits(6))
		delete(m, "secondary_insurance")
	}},
	{KindOpioid, opioid(9, "", 0)},
	{KindOpioid, opioid(9, "", 0)},
	{KindOpioidDischarged, opioid(9, "2", 12)},
	{KindOpioidDischarged, opioid(9, "3", 5)},
	{KindOpioidDischarged, opioid(9, "6", 20)},
	{KindOpioidDischarged, opioid(9, "10", 3)},
	{KindBadCRID, opioid(8, "7", 8)},
	{KindDischargeBeforeAdmission, opioid(9, "5", 400)},
}

// opioid makes a patient of the opioid-treatment side: a CRID, an admission
// about 200 days ago, and with a reason a discharge so many days ago.
func opioid(cridLength int, reason string, daysAgo int) func(*Practice, fields, int) {
	return func(p *Practice, m fields, i int) {
		ids, at := p.DemographicIDs(), m["updated_at"]
		values := map[string]string{
			"crid":      fmt.Sprintf("0%0*d", cridLength-1, 1234567+i*7919),
			"admission": date(p.now.AddDate(0, 0, -200-p.rnd.IntN(40))),
		}
		if reason != "" {
			out := p.now.AddDate(0, 0, -daysAgo)
			values["discharge_reason"], values["discharge_date"] = reason, date(out)
			values["dose_through"] = date(out.Add(48 * time.Hour))
		}
		var list []fields
		for _, d := range demographics {
			if v := values[d.key]; v != "" {
				list = append(list, fields{"field_type": ids[d.key], "value": v, "updated_at": at})
			}
		}
		m["custom_demographics"] = list
		m["date_of_birth"] = date(p.now.AddDate(-25-p.rnd.IntN(30), 0, -p.rnd.IntN(365)))
		p.treat(firstPatient+i, p.people[i].doctor)
	}
}

var opioidDrugs = []struct{ name, dose, unit string }{
	{"Methadone 10 mg/mL oral concentrate", "80", "mg"},
	{"Buprenorphine-naloxone 8 mg-2 mg sublingual film", "16", "mg"},
}

// treat adds the medication of an opioid-treatment patient.
func (p *Practice) treat(patient, doctor int) string {
	id := p.id("medications", firstMedication)
	drug := opioidDrugs[id%len(opioidDrugs)]
	from := date(p.ago(150, 190))
	return p.add("medications", fields{
		"id": id, "patient": patient, "doctor": firstDoctor + doctor, "name": drug.name, "dosage_quantity": drug.dose,
		"dosage_units": drug.unit, "indication": "Opioid use disorder", "date_prescribed": from, "date_started_taking": from,
	})
}

// casePatient is the patient, by index, of the last case of a kind.
func (p *Practice) casePatient(kind string) int {
	for i := len(p.cases) - 1; i >= 0; i-- {
		if c := p.cases[i]; c.Kind == kind && c.Endpoint == "patients" {
			n, err := strconv.Atoi(c.ID)
			must(err)
			return n - firstPatient
		}
	}
	return 0
}
