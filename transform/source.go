package transform

import (
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// The members of DrChrono's records that the rules use. Everything else stays
// in the raw bytes.

// A Doctor is a row of /api/doctors.
type Doctor struct {
	ID          Scalar `json:"id"`
	FirstName   Scalar `json:"first_name"`
	LastName    Scalar `json:"last_name"`
	Email       Scalar `json:"email"`
	Timezone    Scalar `json:"timezone"`
	Suspended   Scalar `json:"is_account_suspended"`
	JobTitle    Scalar `json:"job_title"`
	CellPhone   Scalar `json:"cell_phone"`
	HomePhone   Scalar `json:"home_phone"`
	OfficePhone Scalar `json:"office_phone"`
	NPI         Scalar `json:"npi_number"`
	GroupNPI    Scalar `json:"group_npi_number"`
	Suffix      Scalar `json:"suffix"`
}

// A User is a row of /api/users.
type User struct {
	ID       Scalar `json:"id"`
	Doctor   Scalar `json:"doctor"`
	Username Scalar `json:"username"`
	Email    Scalar `json:"email"`
	IsDoctor Scalar `json:"is_doctor"`
}

// A Patient is a row of /api/patients, read with verbose=true.
type Patient struct {
	ID         Scalar `json:"id"`
	ChartID    Scalar `json:"chart_id"`
	Doctor     Scalar `json:"doctor"`
	FirstName  Scalar `json:"first_name"`
	MiddleName Scalar `json:"middle_name"`
	LastName   Scalar `json:"last_name"`
	NickName   Scalar `json:"nick_name"`
	BirthDate  Scalar `json:"date_of_birth"`
	Gender     Scalar `json:"gender"`
	Status     Scalar `json:"patient_status"`

	Address   Scalar `json:"address"`
	City      Scalar `json:"city"`
	State     Scalar `json:"state"`
	Zip       Scalar `json:"zip_code"`
	Email     Scalar `json:"email"`
	HomePhone Scalar `json:"home_phone"`
	CellPhone Scalar `json:"cell_phone"`

	ResponsibleName  Scalar `json:"responsible_party_name"`
	ResponsiblePhone Scalar `json:"responsible_party_phone"`
	ResponsibleEmail Scalar `json:"responsible_party_email"`

	Offices      []Scalar       `json:"offices"`
	Demographics []Demographic  `json:"custom_demographics"`
	Flags        []AttachedFlag `json:"patient_flags_attached"`
	FlagTypes    jsontext.Value `json:"patient_flags"` // as it is: only FlagNames reads it

	Primary   Insurance `json:"primary_insurance"`
	Secondary Insurance `json:"secondary_insurance"`
	Tertiary  Insurance `json:"tertiary_insurance"`

	// Parts names the insurances that there are, as staging found them
	// (etl.Source.Parts).
	Parts []string `json:"-"`
}

// A Demographic is one of a patient's custom_demographics.
type Demographic struct {
	Type  Scalar `json:"field_type"`
	Value Scalar `json:"value"`
}

// An AttachedFlag is one of a patient's patient_flags_attached.
type AttachedFlag struct {
	Type     Scalar `json:"flag_type"`
	Archived Scalar `json:"archived"`
}

// An Insurance is a patient's primary, secondary or tertiary insurance; it is
// there, full of "", when the patient has none.
type Insurance struct {
	Company     Scalar `json:"insurance_company"`
	IDNumber    Scalar `json:"insurance_id_number"`
	GroupName   Scalar `json:"insurance_group_name"`
	GroupNumber Scalar `json:"insurance_group_number"`
	PayerID     Scalar `json:"insurance_payer_id"`
	PlanName    Scalar `json:"insurance_plan_name"`
	Self        Scalar `json:"is_subscriber_the_patient"`
	Relation    Scalar `json:"patient_relationship_to_subscriber"`
	FirstName   Scalar `json:"subscriber_first_name"`
	MiddleName  Scalar `json:"subscriber_middle_name"`
	LastName    Scalar `json:"subscriber_last_name"`
	BirthDate   Scalar `json:"subscriber_date_of_birth"`
	Gender      Scalar `json:"subscriber_gender"`
	Address     Scalar `json:"subscriber_address"`
	City        Scalar `json:"subscriber_city"`
	State       Scalar `json:"subscriber_state"`
	Zip         Scalar `json:"subscriber_zip_code"`
}

// An Appointment is a row of /api/appointments.
type Appointment struct {
	ID            Scalar `json:"id"`
	Patient       Scalar `json:"patient"`
	Doctor        Scalar `json:"doctor"`
	Office        Scalar `json:"office"`
	Profile       Scalar `json:"profile"`
	Duration      Scalar `json:"duration"`
	ScheduledTime Scalar `json:"scheduled_time"`
	Status        Scalar `json:"status"`
	Break         Scalar `json:"appt_is_break"`
	Deleted       Scalar `json:"deleted_flag"`
}

// A Medication is a row of /api/medications.
type Medication struct {
	ID             Scalar `json:"id"`
	Patient        Scalar `json:"patient"`
	Name           Scalar `json:"name"`
	Status         Scalar `json:"status"`
	DosageQuantity Scalar `json:"dosage_quantity"`
	DosageUnits    Scalar `json:"dosage_units"`
	Prescribed     Scalar `json:"date_prescribed"`
	Started        Scalar `json:"date_started_taking"`
	Stopped        Scalar `json:"date_stopped_taking"`
}

// Payer is what the funder and plan lookups are keyed by: the payer id, else
// the company's name.
func (i Insurance) Payer() string {
	if id := i.PayerID.String(); id != "" {
		return id
	}
	return i.Company.String()
}

// Demographic is the patient's value of a custom demographic; "" if none.
func (p Patient) Demographic(fieldType string) string {
	for _, d := range p.Demographics {
		if fieldType != "" && d.Type.String() == fieldType {
			return d.Value.String()
		}
	}
	return ""
}

// FlagNames are the names of the flag types that the record shows, by their id.
// What cannot be read there names nothing, and is no fault of the patient's.
func (p Patient) FlagNames() map[string]string {
	var types []struct {
		ID   Scalar `json:"id"`
		Name Scalar `json:"name"`
	}
	_ = json.Unmarshal(p.FlagTypes, &types)
	names := map[string]string{}
	for _, t := range types {
		names[t.ID.String()] = t.Name.String()
	}
	return names
}

// Insurance is the patient's insurance of that part; ok is false where the
// record holds none.
func (p Patient) Insurance(part string) (ins NamedInsurance, ok bool) {
	switch part {
	case "primary":
		ins = NamedInsurance{part, 1, p.Primary}
	case "secondary":
		ins = NamedInsurance{part, 2, p.Secondary}
	case "tertiary":
		ins = NamedInsurance{part, 3, p.Tertiary}
	}
	return ins, ins.Company != "" || ins.IDNumber != ""
}

// Insurances are the patient's insurances that staging found, by their part.
func (p Patient) Insurances() []NamedInsurance {
	var list []NamedInsurance
	for _, part := range p.Parts {
		if ins, ok := p.Insurance(part); ok {
			list = append(list, ins)
		}
	}
	return list
}

// A NamedInsurance is an insurance with its place: primary is 1.
type NamedInsurance struct {
	Part     string
	Sequence int
	Insurance
}

// Blank reports whether a text is absent or one of the vendor's words for it.
func Blank(s Scalar) bool {
	switch strings.ToLower(s.String()) {
	case "", "blank", "none", "null":
		return true
	}
	return false
}
