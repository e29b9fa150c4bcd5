package drchronotest

import "fmt"

// A Payer is an insurer of the practice's payer directory.
type Payer struct{ ID, Name string }

// An Office is a place of the practice.
type Office struct {
	ID   int
	Name string
}

// A Profile is a type of visit. Whether it is billable the vendor does not
// say; a lookups file does.
type Profile struct {
	ID       int
	Name     string
	Billable bool
}

var payers = []Payer{
	{"00101", "Example Health"}, {"00202", "Sample Mutual"}, {"EXM03", "Placeholder Shield"},
	{"40404", "Invented Medicaid"}, {"50505", "Mockingbird Behavioral"}, {"60606", "Fictional Family Plan"},
}

var officeNames = []string{"Main", "North", "Lakeside", "Telehealth"}

var profiles = []struct {
	name     string
	billable bool
	minutes  int
	color    string
}{
	{"Direct Therapy", true, 60, "#1F77B4"}, {"Assessment", true, 90, "#FF7F0E"},
	{"Supervision", true, 60, "#2CA02C"}, {"Parent Training", true, 45, "#D62728"},
	{"Medication Visit", true, 15, "#9467BD"}, {"Team Meeting", false, 30, "#8C564B"},
	{"Travel", false, 30, "#E377C2"}, {"Documentation", false, 15, "#7F7F7F"},
}

// Meanings of custom demographics, as DemographicIDs names them.
var demographics = []struct{ key, name, kind string }{
	{"crid", "Central Registry ID", "nine characters"},
	{"admission", "OTP Admission Date", "date"},
	{"discharge_reason", "OTP Discharge Reason", "code of the registry, 1 to 25"},
	{"discharge_date", "OTP Discharge Date", "date"},
	{"dose_through", "OTP Dose Through Date", "date"},
}

// Payers lists the payer directory.
func (p *Practice) Payers() []Payer { return append([]Payer(nil), payers...) }

// Offices lists the places.
func (p *Practice) Offices() []Office {
	var out []Office
	for i, n := range officeNames {
		out = append(out, Office{firstOffice + i, n})
	}
	return out
}

// Profiles lists the types of visit.
func (p *Practice) Profiles() []Profile {
	var out []Profile
	for i, f := range profiles {
		out = append(out, Profile{firstProfile + i, f.name, f.billable})
	}
	return out
}

// DemographicIDs gives the ids of the custom demographics by meaning: crid,
// admission, discharge_reason, discharge_date, dose_through.
func (p *Practice) DemographicIDs() map[string]int {
	out := map[string]int{}
	for i, d := range demographics {
		out[d.key] = firstDemographic + i
	}
	return out
}

func (p *Practice) makeSettings() {
	for i, n := range officeNames {
		m := fields{"id": firstOffice + i, "doctor": firstDoctor, "name": n, "phone_number": p.phone()}
		p.address(m)
		p.add("offices", m)
	}
	for i, f := range profiles {
		p.add("appointment_profiles", fields{
			"id": firstProfile + i, "name": f.name, "duration": f.minutes, "color": f.color, "reason": f.name,
			"sort_order": i + 1, "online_scheduling": false, "archived": false, "doctor": firstDoctor,
		})
	}
	for i, d := range demographics {
		p.add("custom_demographics", fields{
			"id": firstDemographic + i, "archived": false, "doctor": firstDoctor, "name": d.name,
			"template_name": fmt.Sprintf("otp_%s", d.key), "allowed_values": []string{}, "description": d.kind,
		})
	}
	for _, y := range payers {
		p.add("insurances", fields{"_id": y.ID, "payer_name": y.Name, "payer_id": y.ID, "state": "NY"})
	}
}
