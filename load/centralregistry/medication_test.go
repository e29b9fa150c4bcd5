package centralregistry

import (
	"strconv"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
)

func TestRule_medication_codes(t *testing.T) {
	const rule = "medication: Must correspond to one of these codes"
	for name, code := range map[string]int{
		"Methadone": 1, "SUBOXONE": 2, "Subutex": 3, "naltrexone": 4, "Buprenorphine": 5, "Vivitrol": 6,
		"Probuphine": 8, "Sublocade": 9, "Zubsolv": 10,
		testDrug: 1, "Methadone HCl 10 mg tablet": 1, "buprenorphine HCl 8 mg SL tab": 5, "Naltrexone 50 mg tablet": 4,
		"Suboxone (buprenorphine-naloxone) 8-2 mg film": 2, "Zubsolv buprenorphine/naloxone": 10,
		"Subutex (buprenorphine)": 3, "naltrexone ER [Vivitrol] injection": 6,
		"Sublocade buprenorphine extended-release monthly": 9, "Probuphine implant": 8,
	} {
		discharged().taking(drugRow(name, "8", "2026-01-15", "")).obeys(t, rule+" "+name, "medication", strconv.Itoa(code))
	}
}

func TestRule_medication_never_guessed(t *testing.T) {
	const rule = "medication: Medication code corresponding to the final dose. Only one medication can be selected."
	for name, key := range map[string]string{
		"Buprenorphine-naloxone 8 mg-2 mg sublingual film": "buprenorphine/naloxone",
		"naloxone + buprenorphine":                         "buprenorphine/naloxone",
		"Buprenorphine extended-release injection":         "buprenorphine/extended/injection",
		"Naltrexone ER":            "naltrexone/er",
		"Suboxone or Zubsolv":      "suboxone/zubsolv",
		"Suboxone, then methadone": "suboxone/methadone",
		"Methadose 40 mg":          "methadose",
		"Brixadi weekly":           "brixadi/weekly",
		"Methadone/buprenorphine":  "buprenorphine/methadone",
	} {
		c := discharged().taking(drugRow(name, "8", "2026-01-15", ""))
		c.breaks(t, rule+" "+name, "medication", etl.CodeLookup, "lookup medication")
		if p := c.judge(t).Problems[0]; p.Lookup != medicationLookup || p.Key != key {
			t.Errorf("%s: problem names %s %q, want %q", name, p.Lookup, p.Key, key)
		}
		c.lookups[medicationLookup] = map[string]string{key: "10"}
		c.obeys(t, rule+" mapped by key", "medication", "10")
		c.lookups[medicationLookup] = map[string]string{key: "10", name: "2"}
		c.obeys(t, rule+" mapped by name", "medication", "2")
	}
}

func TestRule_medication_lookup_code(t *testing.T) {
	const rule = "medication: Must correspond to one of these codes"
	for _, bad := range []string{"0", "7", "11", "12", "13", "Suboxone"} {
		c := discharged()
		c.lookups[medicationLookup] = map[string]string{testDrug: bad}
		c.breaks(t, rule, "medication", etl.CodeRange, "correct the lookups file")
	}
	c := discharged().taking(drugRow("House mixture 3", "5", "2026-01-15", ""))
	c.lookups[medicationLookup] = map[string]string{"House mixture 3": "1"}
	c.obeys(t, rule, "medication", "1")
}

func TestRule_medication_not_blank(t *testing.T) {
	const rule = "medication: Can not be NULL or blank."
	naloxone := drugRow("Naloxone 4 mg nasal spray", "4", "2026-01-15", "")
	for _, rows := range [][]fieldMap{nil, {naloxone}, {methadone("2025-01-01", "2025-06-30")}, {drugRow("none", "0", "", "")}} {
		discharged().taking(rows...).breaks(t, rule, "medication", etl.CodeRequired, "holds none of the registry's kinds")
	}
	discharged().taking(naloxone, methadone("2026-01-15", "")).obeys(t, rule+" Naloxone beside it", "medication", "1")
}

func TestRule_medication_none_given(t *testing.T) {
	const rule = "medication: 7 → No medication given. 12 → No medication administered during treatment."
	for _, code := range []string{"7", "12"} {
		c := discharged().taking().with("doseThroughDate", "2026-01-15")
		c.lookups[medicationLookup] = map[string]string{"none": code}
		c.obeys(t, rule, "medication", code)
		c.obeys(t, rule, "dosage", "0")
		c.with("dischargeReason", "12").obeys(t, rule, "medication", code)
		c.with("dischargeReason", "2").with("doseThroughDate", "2026-01-20")
		c.breaks(t, rule, "medication", etl.CodeConflict, "dose-through date after the admission")
	}
	c := discharged().taking().with("doseThroughDate", "2026-01-15")
	c.lookups[medicationLookup] = map[string]string{"none": "1"}
	c.breaks(t, rule, "medication", etl.CodeRange, "must give 7 or 12")
}

func TestRule_medication_final_dose(t *testing.T) {
	const rule = "medication: Medication code corresponding to the final dose."
	inactive := func(row fieldMap) fieldMap { row["status"] = "inactive"; return row }
	bup := func(started, stopped string) fieldMap { return drugRow("Subutex", "8", started, stopped) }
	for _, tt := range []struct {
		name string
		rows []fieldMap
		want string
	}{
		{"changed over", []fieldMap{methadone("2026-01-15", "2026-02-10"), bup("2026-02-10", "")}, "3"},
		{"changed back", []fieldMap{methadone("2026-01-15", ""), bup("2026-01-20", "2026-02-01")}, "1"},
		{"both ended", []fieldMap{bup("2026-01-20", "2026-02-20"), methadone("2026-01-15", "2026-02-10")}, "3"},
		{"begun after the discharge", []fieldMap{methadone("2026-01-15", "2026-02-28"), bup("2026-03-01", "")}, "1"},
		{"of an earlier episode", []fieldMap{bup("2025-01-01", "2026-01-14"), methadone("", "")}, "1"},
		{"one runs, one inactive", []fieldMap{methadone("2026-01-15", ""), inactive(bup("2026-02-01", ""))}, "1"},
		{"only inactive ones", []fieldMap{inactive(methadone("2026-01-15", ""))}, "1"},
		{"take-home doses", []fieldMap{methadone("2026-01-15", "2026-03-10")}, "1"},
		{"by prescription", []fieldMap{methadone("2026-01-15", "2026-02-10"),
			{"name": "Subutex", "dosage_quantity": "8", "dosage_units": "mg", "date_prescribed": "2026-02-11T10:00:00"}}, "3"},
	} {
		discharged().taking(tt.rows...).obeys(t, rule+" "+tt.name, "medication", tt.want)
	}
	for name, rows := range map[string][]fieldMap{
		"both run":                   {methadone("2026-01-15", ""), bup("2026-02-01", "")},
		"both ended together":        {methadone("2026-01-15", "2026-02-20"), bup("2026-02-01", "2026-02-20")},
		"nobody knows when it ended": {methadone("2026-01-15", "2026-02-20"), inactive(bup("2026-02-01", ""))},
	} {
		discharged().taking(rows...).breaks(t, rule+" "+name, "medication", etl.CodeConflict, "several different ones")
	}
	discharged().row("date_started_taking", "15 Jan").breaks(t, rule, "medication", etl.CodeFormat, "has a date that is not")
}

func TestRule_dosage_form(t *testing.T) {
	const rule = "dosage: Must be up to 3 digits with up to 2 decimals."
	for given, want := range map[string]string{
		"8": "8", "80": "80", "999.99": "999.99", "108.32": "108.32", "0.5": "0.5", "108.30": "108.30",
		"080": "80", "16.0000": "16.00", "16.500": "16.50", "100": "100", "0.01": "0.01",
	} {
		discharged().row("dosage_quantity", given).obeys(t, rule+" "+given, "dosage", want)
	}
	for _, bad := range []string{"1000", "1000.5", "1.234", "1.2340", "-1", "+8", ".5", "8.", "1,5", "8 mg", "1e2", "eighty", "8/2"} {
		discharged().row("dosage_quantity", bad).breaks(t, rule+" "+bad, "dosage", etl.CodeFormat, "up to 3 digits")
	}
}

func TestRule_dosage_required(t *testing.T) {
	const rule = "dosage required: Final dose provided (in milligrams)."
	discharged().row("dosage_quantity", nil).breaks(t, rule, "dosage", etl.CodeRequired, "has no dosage_quantity")
}

func TestRule_dosage_milligrams(t *testing.T) {
	const rule = "dosage: Final dose provided (in milligrams)."
	for _, unit := range []string{"mg", "MG", "mg.", "milligrams"} {
		discharged().row("dosage_units", unit).obeys(t, rule, "dosage", "80")
	}
	for _, unit := range []any{"", nil, "mL", "tablet", "mcg", "mg/mL", "g"} {
		discharged().row("dosage_units", unit).breaks(t, rule, "dosage", etl.CodeRange, "must be in mg")
	}
}

func TestRule_dosage_zero(t *testing.T) {
	const rule = "dosage: If no medication was given, this should be 0."
	discharged().with("dischargeReason", "12").with("doseThroughDate", "2026-01-15").taking().obeys(t, rule, "dosage", "0")
	for _, zero := range []string{"0", "0.00", "000"} {
		discharged().row("dosage_quantity", zero).breaks(t, rule, "dosage", etl.CodeConflict, "although a medication was given")
	}
}

func TestRule_dosage_final(t *testing.T) {
	const rule = "dosage: Final dose provided (in milligrams)."
	discharged().taking(drugRow("Methadone", "90.5", "2026-02-01", ""), methadone("2026-01-15", "2026-02-01")).obeys(t, rule, "dosage", "90.5")
	discharged().taking(drugRow("Methadone", "90.5", "2026-02-28", ""), methadone("2026-01-15", "2026-02-28")).obeys(t, rule+" changed on the last day", "dosage", "90.5")
	discharged().taking(drugRow("Methadone", "90.5", "2026-01-20", "2026-02-01"), drugRow("Methadone", "70", "2026-02-01", "2026-02-20")).
		obeys(t, rule, "dosage", "70")
}

func TestRule_dosage_split(t *testing.T) {
	const rule = "dosage: If the final dose was split, provide the total amount."
	for _, began := range []string{"2026-01-15", "", "2026-02-01"} {
		c := discharged().taking(methadone("2026-01-15", ""), drugRow("Methadone", "40", began, ""))
		c.breaks(t, rule, "dosage", etl.CodeConflict, "with the total if the dose was split")
		c.taking(methadone("2026-01-15", "2026-02-20"), drugRow("Methadone", "40", began, "2026-02-20"))
		c.breaks(t, rule+" both ended together", "dosage", etl.CodeConflict, "with the total if the dose was split")
	}
}
