package reports

import (
	"bytes"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A scalar is a JSON scalar as text, whatever type the vendor sent; anything
// else is "".
type scalar string

// UnmarshalJSONFrom refuses no value: what cannot be shown is left blank, and
// the record's own outcome says what is wrong with it.
func (s *scalar) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	*s = ""
	value, err := dec.ReadValue()
	switch {
	case err != nil:
		return err
	case value.Kind() == '"':
		text, _ := jsontext.AppendUnquote(nil, value) // an error says only that it is not all UTF-8
		*s = scalar(bytes.TrimSpace(text))
	case value.Kind() == '0', value.Kind() == 't', value.Kind() == 'f':
		*s = scalar(value)
	}
	return nil
}

// A document is what the workbook shows of a source record, or of what it maps
// to.
type document struct {
	FirstName scalar `json:"first_name"`
	LastName  scalar `json:"last_name"`
	Born      scalar `json:"date_of_birth"`
	Chart     scalar `json:"chart_id"`
	Status    scalar `json:"patient_status"`
	JobTitle  scalar `json:"job_title"`
	Suspended scalar `json:"is_account_suspended"`

	Scheduled   scalar `json:"scheduled_time"`
	Duration    scalar `json:"duration"`
	VisitStatus scalar `json:"status"`
	Patient     scalar `json:"patient"`
	Doctor      scalar `json:"doctor"`
	Office      scalar `json:"office"`
	Profile     scalar `json:"profile"`

	AuthNumber scalar `json:"auth_number"`
	AuthStart  scalar `json:"start_date"`
	AuthEnd    scalar `json:"end_date"`

	Primary   insurance `json:"primary_insurance"`
	Secondary insurance `json:"secondary_insurance"`
	Tertiary  insurance `json:"tertiary_insurance"`

	CRID            scalar `json:"crid"`
	DischargeDate   scalar `json:"discharge_date"`
	DischargeReason scalar `json:"discharge_reason"`
	DischargedBy    scalar `json:"discharge_user_name"`
	Site            scalar `json:"unique_site_id"`
	Identification  scalar `json:"identification_hash"`
	DoseThrough     scalar `json:"dose_through_date"`
	Medication      scalar `json:"medication"`
	Dosage          scalar `json:"dosage"`
	Modality        scalar `json:"modality"`
	DosageStep      scalar `json:"dosage_step"`
	Employment      scalar `json:"employment"`
	Housing         scalar `json:"housing"`
	Arrests         scalar `json:"arrests"`
	HasFollowUp     scalar `json:"has_appointment_scheduled"`
	FollowUp        scalar `json:"appointment_scheduled_date"`
}

type insurance struct {
	Company scalar `json:"insurance_company"`
	Member  scalar `json:"insurance_id_number"`
}

// UnmarshalJSONFrom takes what is no insurance, such as a blank text, for none.
func (i *insurance) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	if dec.PeekKind() != '{' {
		return dec.SkipValue()
	}
	type members insurance
	return json.UnmarshalDecode(dec, (*members)(i))
}

// read takes what it can from a document; what is unreadable stays blank.
func read(text []byte) *document {
	if len(text) == 0 {
		return blank
	}
	d := &document{}
	_ = json.Unmarshal(text, d, lenient)
	return d
}

var blank = &document{}

// lenient takes each document as far as it can be read.
var lenient = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

func (d *document) name() string {
	return strings.TrimSpace(string(d.FirstName) + " " + string(d.LastName))
}

// A shown is a column about the person or thing behind a record.
type shown struct {
	column
	get  func(subject) scalar
	mask func(string) string // for the masked level; nil: it names nobody
}

var (
	showName = shown{column{"Name", kindText, "Of the person. Masked: initials."},
		func(s subject) scalar { return scalar(s.person.name()) }, initials}
	showBorn = shown{column{"Born", kindDate, "Date of birth. Masked: the year."},
		func(s subject) scalar { return s.person.Born }, year}
)

var patientColumns = []shown{showName, showBorn,
	{column{"Chart id", kindID, "The chart's id in DrChrono. Masked: its last 4 characters."}, func(s subject) scalar { return s.record.Chart }, tail(4)},
	{column{"Status", kindText, "patient_status in DrChrono."}, func(s subject) scalar { return s.record.Status }, nil}}

var insuranceColumns = []shown{showName, showBorn,
	{column{"Which", kindText, "Primary, secondary or tertiary insurance."}, func(s subject) scalar { return scalar(s.slot()) }, nil},
	{column{"Insurer", kindText, "The insurance company."}, func(s subject) scalar { return s.insurance().Company }, nil},
	{column{"Member id", kindID, "The member's id. Masked: its last 4 characters."}, func(s subject) scalar { return s.insurance().Member }, tail(4)}}

var (
	showStart   = shown{column{"Start", kindTime, "Start of the visit, in the practice's zone."}, func(s subject) scalar { return s.record.Scheduled }, nil}
	showMinutes = shown{column{"Minutes", kindCount, "Length of the visit."}, func(s subject) scalar { return s.record.Duration }, nil}
)

var visitColumns = []shown{showName, showBorn, showStart, showMinutes,
	{column{"Visit status", kindText, "Status of the visit in DrChrono."}, func(s subject) scalar { return s.record.VisitStatus }, nil},
	{column{"Doctor", kindID, "DrChrono's id of the doctor."}, func(s subject) scalar { return s.record.Doctor }, nil},
	{column{"Profile", kindID, "DrChrono's id of the appointment profile."}, func(s subject) scalar { return s.record.Profile }, nil}}

var staffColumns = []shown{
	{column{"Name", kindText, "Of the person. Masked: initials."}, func(s subject) scalar { return scalar(s.record.name()) }, initials},
	{column{"Job title", kindText, "job_title in DrChrono."}, func(s subject) scalar { return s.record.JobTitle }, nil},
	{column{"Suspended", kindText, "is_account_suspended in DrChrono."}, func(s subject) scalar { return s.record.Suspended }, nil}}

var authorizationColumns = []shown{showName, showBorn,
	{column{"Number", kindID, "The authorization's number. Masked: its last 4 characters."}, func(s subject) scalar { return s.record.AuthNumber }, tail(4)},
	{column{"From", kindDate, "First day of the authorization."}, func(s subject) scalar { return s.record.AuthStart }, nil},
	{column{"To", kindDate, "Last day of the authorization."}, func(s subject) scalar { return s.record.AuthEnd }, nil}}

var dischargeColumns = []shown{showName, showBorn,
	{column{"CRID", kindID, "The patient's id in the registry. Masked: its last 3 characters."}, func(s subject) scalar { return s.body.CRID }, tail(3)},
	{column{"Discharged", kindDate, "Date of the discharge."}, func(s subject) scalar { return s.body.DischargeDate }, nil},
	{column{"Reason", kindID, "The registry's code of the reason."}, func(s subject) scalar { return s.body.DischargeReason }, nil}}

// approvalColumns are everything that a discharge sends, so that who approves it
// sees what cannot be taken back (central-registry.txt, Discharge).
var approvalColumns = append(append([]shown(nil), dischargeColumns...), []shown{
	{column{"Dose through", kindDate, "Date of the last medication provided, take-homes included."}, func(s subject) scalar { return s.body.DoseThrough }, nil},
	{column{"Medication", kindID, "The registry's code of the final dose's medication."}, func(s subject) scalar { return s.body.Medication }, nil},
	{column{"Dosage", kindID, "Final dose, in milligrams."}, func(s subject) scalar { return s.body.Dosage }, nil},
	{column{"Modality", kindID, "The registry's code; blank: not sent."}, func(s subject) scalar { return s.body.Modality }, nil},
	{column{"Step", kindID, "dosage_step, the registry's code; blank: not sent."}, func(s subject) scalar { return s.body.DosageStep }, nil},
	{column{"Employment", kindID, "The registry's code; blank: not sent."}, func(s subject) scalar { return s.body.Employment }, nil},
	{column{"Housing", kindText, "The registry's word; blank: not sent."}, func(s subject) scalar { return s.body.Housing }, nil},
	{column{"Arrests", kindID, "The registry's code; blank: not sent."}, func(s subject) scalar { return s.body.Arrests }, nil},
	{column{"Follow-up", kindText, "has_appointment_scheduled; blank: not sent."}, func(s subject) scalar { return s.body.HasFollowUp }, nil},
	{column{"Follow-up date", kindDate, "appointment_scheduled_date; blank: not sent."}, func(s subject) scalar { return s.body.FollowUp }, nil},
	{column{"Discharged by", kindText, "discharge_user_name, from the config."}, func(s subject) scalar { return s.body.DischargedBy }, nil},
	{column{"Site", kindID, "unique_site_id, from the config."}, func(s subject) scalar { return s.body.Site }, nil},
	{column{"Identification hash", kindID, "Of the date of birth. Masked: its last 4 characters."}, func(s subject) scalar { return s.body.Identification }, tail(4)}}...)

// shownOf is what the workbook shows of an object's records.
func shownOf(o Object) []shown {
	switch {
	case o.Object == "discharge":
		return dischargeColumns
	case o.Parts:
		return insuranceColumns
	}
	switch o.Endpoint {
	case "patients":
		return patientColumns
	case "appointments":
		return visitColumns
	case "doctors":
		return staffColumns
	case "patient_authorizations":
		return authorizationColumns
	}
	return []shown{showName, showBorn}
}

// at gives the columns as a level shows them.
func at(list []shown, level Level) []column {
	if level == LevelNone {
		return nil
	}
	var columns []column
	for _, s := range list {
		if level == LevelMasked && s.mask != nil && s.kind == kindDate {
			s.kind = kindText
		}
		columns = append(columns, s.column)
	}
	return columns
}

// values are a record's, in the order of the columns.
func (s shown) value(from subject, level Level) any {
	text := string(s.get(from))
	if level == LevelMasked && s.mask != nil {
		return s.mask(text)
	}
	switch s.kind {
	case kindDate:
		if t, err := time.Parse(time.DateOnly, text); err == nil && t.Year() >= 1900 {
			return t
		}
	case kindTime:
		if t, err := time.Parse("2006-01-02T15:04:05", text); err == nil && t.Year() >= 1900 {
			return t
		}
	case kindCount:
		if n, ok := whole(text); ok {
			return n
		}
	}
	return text
}

// whole reads a whole number that a cell shows as it is.
func whole(text string) (n int, ok bool) {
	if text == "" || len(text) > 9 || (len(text) > 1 && text[0] == '0') {
		return 0, false
	}
	for _, r := range text {
		if r < '0' || r > '9' {
			return 0, false
		}
		n = n*10 + int(r-'0')
	}
	return n, true
}
