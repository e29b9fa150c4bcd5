package extract

// enumerations are the members that the document says have one of a few values,
// with those values ("One of …", drchrono-v4; patient_payment_log's actions:
// drchrono-facts, section 2). Values of these are kept in a profile and shown
// where they are new; those of every other member may be a patient's, and never
// are.
var enumerations = map[string]map[string][]string{
	"appointments": {
		"status": {"", "Arrived", "Checked In", "Checked In Online", "In Room", "Cancelled", "Complete", "Confirmed", "In Session",
			"No Show", "Not Confirmed", "Rescheduled"},
		"billing_status": {"Auto Accident Claim", "Balance Due", "Bill Insurance", "Bill Secondary Insurance", "Durable Medical Equipment Claim",
			"Internal Review", "Paid In Full", "Settled", "Worker's Comp Claim"},
	},
	"patients": {
		"gender":                  {"Male", "Female", "Other", "UNK", "ASKU"},
		"patient_status":          {"A", "I", "D"},
		"ethnicity":               {"blank", "hispanic", "not_hispanic", "declined"},
		"race":                    {"blank", "indian", "asian", "black", "hawaiian", "white", "declined"},
		"patient_payment_profile": {"", "Cash", "Insurance", "Insurance Out of Network", "Auto Accident", "Worker's Comp"},
	},
	"patients_summary": {"gender": {"Male", "Female", "Other", "UNK", "ASKU"}},
	"custom_vitals":    {"data_type": {"text", "number", "single_sel"}},
	"line_items": {
		"billing_status": {"", "Incomplete Information", "In Process Emdeon", "In Process iHCFA", "In Process Gateway", "Rejected Emdeon",
			"Rejected iHCFA", "Rejected Gateway", "In Process Payer", "Payer Acknowledged", "Rejected Payer", "Paid in Full", "Partially Paid",
			"Coordination of Benefits", "ERA Received", "ERA Denied"},
		"procedure_type": {"C", "H", "U", "S"},
	},
	"procedures":                {"procedure_type": {"C", "H", "U", "S"}},
	"transactions":              {"ins_name": {"1", "2", "3"}},
	"patient_payments":          {"payment_transaction_type": {"", "REF", "COR", "COPAY", "COINSR", "OTHR"}, "payment_method": paymentMethods},
	"patient_payment_log":       {"payment_method": paymentMethods, "action": {"C", "U", "D", "F", "A"}},
	"allergies":                 {"status": {"active", "inactive"}},
	"medications":               {"status": {"active", "inactive"}, "order_status": orderStatuses},
	"problems":                  {"status": {"active", "inactive", "resolved"}, "icd_version": {"9", "10"}},
	"clinical_note_field_types": {"data_type": {"", "Checkbox", "NullCheckbox", "String", "TwoStrings", "FreeDraw", "Photo", "Header", "Subheader"}},
	"prescription_messages": {"message_direction": {"Outgoing", "Incoming"},
		"message_type": {"NewRx", "RefillRequest", "RefillResponse", "Error", "Status", "Verify"}},
	"inventory_categories": {"category_type": {"vaccine", "product", "service"}},
	"inventory_vaccines":   {"status": {"active", "inactive", "archived", "voided"}},
	"lab_orders":           {"priority": {"NORMAL", "STAT"}},
	"lab_orders_summary":   {"priority": {"N", "S"}},
	"lab_tests":            {"status": {"preliminary", "pending", "correction", "final", "canceled"}},
	"care_plans":           {"plan_type": {"1", "2", "3", "4", "5", "6"}},
	"eligibility_checks":   {"cob_level": {"Primary Insurance", "Secondary Insurance"}},
	"tasks":                {"priority": {"10", "20", "30", "40"}},
	"task_templates":       {"default_priority": {"10", "20", "30", "40"}},
	"task_statuses":        {"status_category": {"O", "P", "H", "C"}},
	"implantable_devices":  {"status": {"active", "inactive"}},
}

// fillLater are members that are empty while a record is young and fill in as
// it is billed, answered or ended. What changed last is young, so they are
// always emptier there than in a first load, and that is no drift.
var fillLater = map[string][]string{
	"appointments":            {"billing_status", "first_billed_date", "last_billed_date", "clinical_note"},
	"line_items":              {"billing_status", "insurance_status", "posted_date"},
	"transactions":            {"check_date", "claim_status", "posted_date"},
	"medications":             {"date_stopped_taking", "order_status"},
	"problems":                {"date_changed"},
	"lab_results":             {"results_released", "abnormal_status"},
	"patient_vaccine_records": {"administered_at", "administered_by", "completion_status"},
	"tasks":                   {"status"},
}

var paymentMethods = []string{"CASH", "CHCK", "DBIT", "CRDT", "AMEX", "VISA", "MSTR", "DISC", "SQR1", "SQRE", "PTPA", "ONPT", "OTHR", "DRCP"}

var orderStatuses = []string{"", "Ordered", "Administered during visit", "Electronic eRx Sent", "Phoned into Pharmacy", "Faxed to Pharmacy",
	"Paper Rx", "Prescription Printed", "Discontinued", "Prescribed by other Dr", "Over the Counter"}
