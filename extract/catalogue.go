package extract

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"github.com/chartbridge/chartbridge/etl"
)

// A Move says how an endpoint lets us find what changed.
type Move int

// Moves (drchrono-facts, section 2, extraction matrix).
const (
	// Since: a filter on the update stamp, and the stamp is in the row.
	Since Move = iota
	// SinceBlind: the same filter, but rows carry no update stamp: the
	// watermark is the server's Date when the drain began.
	SinceBlind
	// SinceCreated: the filter speaks of creation, so a later change would be
	// missed: a trailing window is read again.
	SinceCreated
	// Full: no filter; read in full and compared by hash. What a complete
	// read does not show is gone.
	Full
	// OnRequest: one document a patient, asked for by a person.
	OnRequest
)

func (m Move) String() string {
	return [...]string{"since", "since, no stamp in the row", "since creation, trailing window", "full read", "on request"}[m]
}

// An Endpoint is one list of DrChrono's (drchrono-v4, Main API).
type Endpoint struct {
	Name     string   // below /api/
	Scopes   string   // as the document words them
	Move     Move     // how it moves
	Filter   string   // the filter's name; "" = since
	Query    string   // sent always, such as show_inactive=true
	Required bool     // the list is refused without its filter
	Key      string   // the row's id; "" = id; rows without it are keyed by their content
	Variants []string // a required filter's values, each read in turn: name=value
	Verbose  []string // keys that only verbose=true brings
	Need     bool     // a mapping reads those keys, so verbose is asked for
	Page     int      // largest page; 0 = 250
	Bulk     bool     // has a bulk list, /api/NAME_list (drchrono-facts, section 3)
	Parts    []string // members that are objects of their own when they are filled in
	Volatile []string // members, at any depth, whose URLs change with each read
	Extra    bool     // the document lacks it, and not every account has it (drchrono-facts, section 6)
	Range    string   // the filter that takes FROM/TO of the visits' days, and rows need no change to come (drchrono-v4); "" = none

	window *Window     // what a backfill reads of it; nil = what changed
	kept   *etl.Cursor // where its drain stood before larger pages failed; nil = they did not
}

// dateRange is the filter of visits and of what hangs on them. line_items and
// procedures take a single day alone, which a window would ask for 180 times:
// they are drained since the first day, or read in full.
const dateRange = "date_range"

// Catalogue is every endpoint that answers GET, plus line_item_deletions and
// patient_authorizations, which the document lacks (drchrono-facts, section 6).
var Catalogue = []Endpoint{
	{Name: "doctors", Scopes: "user", Move: Full, Volatile: []string{"profile_picture"}},
	{Name: "offices", Scopes: "user", Move: Full, Verbose: []string{"online_timeslots"}, Query: "show_archived=true"},
	{Name: "users", Move: Full},
	{Name: "user_groups", Move: Full},
	{Name: "custom_demographics", Scopes: "patients, settings", Move: Full, Query: "show_archived=true"},
	{Name: "patients", Scopes: "patients", Move: Since, Bulk: true, Query: "show_inactive=true",
		Verbose: []string{"auto_accident_insurance", "primary_insurance", "secondary_insurance", "tertiary_insurance", "custom_demographics",
			"patient_flags", "patient_flags_attached", "referring_doctor", "workers_comp_insurance"}, Need: true,
		Parts:    []string{"primary_insurance", "secondary_insurance", "tertiary_insurance"},
		Volatile: []string{"patient_photo", "photo_front", "photo_back"}},
	{Name: "patient_authorizations", Scopes: "patients", Move: Full, Extra: true},
	{Name: "appointments", Scopes: "calendar, clinical", Move: Since, Bulk: true, Query: "show_archived=true&ignore_virtual=true", Required: true,
		Range: dateRange, Verbose: []string{"clinical_note", "custom_vitals", "extended_updated_at", "reminders", "status_transitions", "vitals", "custom_fields"}, Volatile: []string{"pdf"}},
	{Name: "medications", Scopes: "clinical", Move: Full},
	{Name: "appointment_profiles", Scopes: "calendar, settings", Move: Full, Query: "show_archived=true"},
	{Name: "appointment_templates", Scopes: "calendar, settings", Move: Full, Query: "show_archived=true", Verbose: []string{"open_slots"}},
	{Name: "custom_vitals", Scopes: "clinical, settings", Move: Full, Query: "show_archived=true"},
	{Name: "custom_appointment_fields", Scopes: "clinical, settings", Move: Full, Query: "show_archived=true"},
	{Name: "custom_insurance_plan_names", Scopes: "settings", Move: Since, Query: "show_archived=true"},
	{Name: "insurances", Scopes: "user", Move: Full, Key: "payer_id", Required: true,
		Variants: []string{"payer_type=emdeon", "payer_type=gateway", "payer_type=ihcfa"}},
	{Name: "billing_profiles", Scopes: "billing", Move: Full},
	{Name: "consent_forms", Scopes: "patients", Move: Full, Volatile: []string{"uri"}},
	{Name: "documents", Scopes: "patients", Move: Since, Volatile: []string{"document"}},
	{Name: "patient_flag_types", Scopes: "patients, settings", Move: Full},
	{Name: "patient_messages", Scopes: "patients, messages", Move: Since, Volatile: []string{"attachment"}},
	{Name: "patients_summary", Scopes: "patients:summary", Move: Since, Query: "show_inactive=true", Page: 50},
	{Name: "patient_payments", Scopes: "billing:patient-payment", Move: Since},
	{Name: "patient_payment_log", Scopes: "billing", Move: Since},
	{Name: "reminder_profiles", Scopes: "calendar", Move: Full},
	{Name: "line_items", Scopes: "billing", Move: Since, Bulk: true},
	{Name: "line_item_deletions", Scopes: "billing", Move: SinceBlind, Key: "billing_line_item_id", Extra: true},
	{Name: "transactions", Scopes: "billing", Move: Since, Bulk: true, Volatile: []string{"scanned_eob"}},
	{Name: "allergies", Scopes: "clinical", Move: Full, Verbose: []string{"description"}},
	{Name: "problems", Scopes: "clinical", Move: Full},
	{Name: "procedures", Scopes: "billing", Move: Full},
	{Name: "amendments", Scopes: "clinical", Move: Full},
	{Name: "clinical_note_templates", Scopes: "clinical", Move: Full, Query: "show_archived=true", Verbose: []string{"clinical_note_fields"}},
	// A note's values come with verbose alone, and its pages hold 20 with or without.
	{Name: "clinical_notes", Scopes: "clinical", Move: SinceBlind, Bulk: true, Query: "show_archived=true", Key: "appointment", Required: true,
		Range: dateRange, Verbose: []string{"values"}, Need: true, Page: 20},
	{Name: "clinical_note_field_types", Scopes: "clinical", Move: Full, Query: "show_archived=true"},
	{Name: "clinical_note_field_values", Scopes: "clinical", Move: Since, Bulk: true, Query: "show_archived=true"},
	{Name: "messages", Scopes: "messages", Move: Since, Filter: "updated_since", Query: "show_archived=true",
		Volatile: []string{"attachment"}},
	{Name: "prescription_messages", Scopes: "clinical", Move: SinceBlind, Bulk: true},
	{Name: "fee_schedules", Scopes: "billing", Move: Since},
	{Name: "comm_logs", Scopes: "calendar", Move: Since},
	{Name: "inventory_categories", Scopes: "clinical", Move: Since},
	{Name: "inventory_vaccines", Scopes: "clinical", Move: Since},
	{Name: "patient_vaccine_records", Scopes: "clinical", Move: Since},
	{Name: "sublabs", Scopes: "labs", Move: Full},
	{Name: "lab_orders", Scopes: "labs", Move: SinceCreated},
	{Name: "lab_orders_summary", Scopes: "clinical", Move: Since},
	{Name: "lab_documents", Scopes: "labs", Move: SinceCreated, Volatile: []string{"document"}},
	{Name: "lab_tests", Scopes: "labs", Move: Full},
	{Name: "lab_results", Scopes: "labs", Move: Full},
	{Name: "care_plans", Scopes: "clinical", Move: Full},
	{Name: "eligibility_checks", Scopes: "calendar, patients", Move: Full, Bulk: true, Verbose: []string{"coverage_details"}, Range: "appointment_date_range"},
	{Name: "tasks", Scopes: "tasks", Move: Since, Query: "show_archived=true"},
	{Name: "task_categories", Scopes: "tasks", Move: Since, Query: "show_archived=true"},
	{Name: "task_notes", Scopes: "tasks", Move: Since},
	{Name: "task_statuses", Scopes: "tasks", Move: Since, Query: "show_archived=true"},
	{Name: "task_templates", Scopes: "tasks", Move: Since, Query: "show_archived=true"},
	{Name: "patient_interventions", Scopes: "clinical, patients", Move: Full},
	{Name: "patient_physical_exams", Scopes: "clinical, patients", Move: Full},
	{Name: "patient_risk_assessments", Scopes: "clinical, patients", Move: Full},
	{Name: "patient_communications", Scopes: "clinical, patients", Move: Full},
	{Name: "implantable_devices", Scopes: "clinical", Move: Full},
	{Name: "mu_2015_report", Scopes: "clinical", Move: Full, Key: "start_date"},
	{Name: "patients/:id/ccda", Scopes: "patients", Move: OnRequest},
	{Name: "patients/:id/qrda1", Scopes: "patients", Move: OnRequest},
	{Name: "patients/:id/onpatient_access", Scopes: "patients", Move: OnRequest},
}

// ofPatient begins the name of a document of a patient.
const ofPatient = "patients/:id/"

// Find gives the endpoint of that name; a document of a patient goes by its
// last part too: ccda.
func Find(name string) (Endpoint, bool) {
	i := slices.IndexFunc(Catalogue, func(e Endpoint) bool { return e.Name == name || e.Name == ofPatient+name })
	if i < 0 {
		return Endpoint{}, false
	}
	return Catalogue[i], true
}

// IDField is the member that holds a row's id.
func (e Endpoint) IDField() string {
	if e.Key != "" {
		return e.Key
	}
	return "id"
}

// Lacks lists what an endpoint needs to be read and a granted scope does not
// hold, such as "labs:read". An unknown scope ("") lacks nothing.
func (e Endpoint) Lacks(scope string) []string {
	granted := strings.Fields(scope)
	var lacks []string
	for _, need := range strings.Split(e.Scopes, ",") {
		need = strings.TrimSpace(need)
		if need == "" || len(granted) == 0 || slices.Contains(granted, need) || slices.Contains(granted, need+":read") {
			continue
		}
		lacks = append(lacks, need+":read")
	}
	return lacks
}

// Size is the page size to ask for: the largest that the vendor names; it may
// send less, and only a missing next ends a list (drchrono-facts, section 2).
func (e Endpoint) Size() int {
	switch {
	case e.Page > 0:
		return e.Page
	case e.Need:
		return 50
	}
	return 250
}

// Starts are the paths that a drain begins at, one for each variant, asking
// for what changed since that naive stamp ("" = everything).
func (e Endpoint) Starts(since string) []string {
	if e.Move == Full {
		since = ""
	} else if since == "" && e.Required {
		since = beginning
	}
	variants := e.Variants
	if len(variants) == 0 {
		variants = []string{""}
	}
	paths := make([]string, 0, len(variants))
	for _, variant := range variants {
		paths = append(paths, "/api/"+e.Name+"?"+strings.Join(e.params(since, variant), "&"))
	}
	return paths
}

// Since is the filter for what changed; "" where there is none.
func (e Endpoint) Since() string {
	if e.Move == Full || e.Move == OnRequest {
		return ""
	}
	return cmp.Or(e.Filter, "since")
}

// beginning is before any practice: it asks for everything where a filter is
// required (drchrono-facts, section 2: a full pull by since works).
const beginning = "1970-01-01T00:00:00"

func (e Endpoint) params(since, variant string) []string {
	var list []string
	if days := e.days(); days != "" {
		list = append(list, days)
	} else if since != "" {
		list = append(list, e.Since()+"="+url.QueryEscape(since))
	}
	for _, p := range []string{variant, e.Query} {
		if p != "" {
			list = append(list, p)
		}
	}
	if e.Need {
		list = append(list, "verbose=true")
	}
	return append(list, "page_size="+itoa(e.Size()))
}
