package centralregistry

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/etl"
)

// The text after rule in each test is the document's own.

func TestRule_discharge_user_name_required(t *testing.T) {
	const rule = "discharge_user_name required: The full name of the user in the clinic software platform that is performing the discharge."
	c := discharged()
	c.options.UserName = " Cy  Dunn "
	c.obeys(t, rule, "discharge_user_name", `"Cy Dunn"`)
	c.options.UserName = " "
	c.breaks(t, rule, "discharge_user_name", etl.CodeRequired, "authorised person")
}

func TestRule_unique_site_id_form(t *testing.T) {
	const rule = "unique_site_id: the 2-character short name for the state, and 6-digits that follow the first segment."
	c := discharged()
	for _, bad := range []string{"", "DE43405", "DE4340555", "de434055", "D1434055", "DE43405X"} {
		c.options.SiteID = bad
		c.breaks(t, rule, "unique_site_id", etl.CodeFormat, "6 digits")
	}
}

func TestRule_crid_length(t *testing.T) {
	const rule = "crid: Must be exactly 9 characters long."
	discharged().with("crid", "A1-456789").obeys(t, rule, "crid", `"A1-456789"`)
	for _, bad := range []string{"00045678", "0004567890", "0004 5678", "00045678é"} {
		discharged().with("crid", bad).breaks(t, rule, "crid", etl.CodeFormat, "exactly 9 characters")
	}
}

func TestRule_crid_leading_zeros(t *testing.T) {
	const rule = "crid: string = 9 characters"
	discharged().obeys(t, rule, "crid", `"000456789"`)
}

func TestRule_identification_hash_hmac(t *testing.T) {
	const rule = "identification_hash: hash_hmac() of the date of birth (YYYY-MM-DD), in hex format, with the secret key"
	want := map[string]string{ // made with another program
		"":           testHash,
		"sha256":     testHash,
		"sha384":     "7b8d4d53b225ddcbeca73b1ddbdd7d7131175c1301aa0ade426dd18e57f3bd367df0085e3a2112711a9337a843587dbb",
		"sha512":     "a2260799f196710ccc633eabfdf5931426c85b61e1c03a24534fdcf20115ae8be5475cbf0ab89f234928f72ca7a5b3d0fc527bc5b4b042b503c7eeda02a1e2fe",
		"sha1":       "240e81759dc70ea8c28dd65d4ed4554ecffb4d38",
		"md5":        "47a1b3cfd6bb659562a0ac4439b6754e",
		"sha512/256": "230f9b0483a9f6baa36e8becd7c108aa0c98e4f1ba9dd825714b2faae9f91dae",
		"sha3-256":   "887edfe1be1007bf41447e9c55cbf3806f26f15cb7d698c406f0235f37915fb3",
	}
	if len(want) != len(algorithms) {
		t.Errorf("%d algorithms, %d tested", len(algorithms), len(want))
	}
	for algorithm, hash := range want {
		c := discharged()
		c.options.HashAlgorithm = algorithm
		c.obeys(t, rule+" "+algorithm, "identification_hash", `"`+hash+`"`)
	}
	c := discharged()
	c.options.HashAlgorithm = "crc32"
	c.breaks(t, rule, "identification_hash", etl.CodeRange, "hash_algorithm")
}

func TestRule_identification_hash_key(t *testing.T) {
	const rule = "identification_hash: the secret key must be used to create the hash for compatibility"
	c := discharged()
	c.options.HashKey = ""
	c.breaks(t, rule, "identification_hash", etl.CodeRequired, "hash_key")
}

func TestRule_identification_hash_birth_date(t *testing.T) {
	const rule = "identification_hash: The origin of the hash should be the patient's date of birth in ISO8601 format (YYYY-MM-DD)"
	for _, tt := range []struct {
		birth      any
		code, says string
	}{
		{nil, etl.CodeRequired, "has none"}, {"", etl.CodeRequired, "has none"},
		{"02/03/1980", etl.CodeFormat, "YYYY-MM-DD"}, {"1980-02-30", etl.CodeFormat, "YYYY-MM-DD"},
		{"2026-03-02", etl.CodeRange, "future"}, {"0980-02-03", etl.CodeRange, "living person"},
	} {
		c := discharged()
		c.patient["date_of_birth"] = tt.birth
		c.breaks(t, rule, "identification_hash", tt.code, tt.says)
	}
}

func TestRule_discharge_date_not_blank(t *testing.T) {
	const rule = "discharge_date: Must not be null or blank."
	discharged().with("dischargeDate", "").breaks(t, rule, "discharge_date", etl.CodeRequired, "the discharge date is required")
}

func TestRule_discharge_date_iso(t *testing.T) {
	const rule = "discharge_date: Actual date of discharge in ISO8601 format (YYYY-MM-DD)."
	for _, bad := range []string{"02/28/2026", "2026-02-30", "2026-2-28", "2026-02-28T00:00:00"} {
		discharged().with("dischargeDate", bad).breaks(t, rule, "discharge_date", etl.CodeFormat, "the discharge date must be a date")
	}
}

func TestRule_discharge_date_not_future(t *testing.T) {
	const rule = "discharge_date: Must not be in the future."
	c := discharged().with("dischargeDate", "2026-03-01")
	c.obeys(t, rule, "discharge_date", `"2026-03-01"`)
	c.with("dischargeDate", "2026-03-02").breaks(t, rule, "discharge_date", etl.CodeRange, "future")
	c.now = time.Date(2026, 3, 2, 4, 59, 0, 0, time.UTC) // still 1 March at the practice
	c.breaks(t, rule, "discharge_date", etl.CodeRange, "future")
	c.now = c.now.Add(time.Minute)
	c.obeys(t, rule, "discharge_date", `"2026-03-02"`)
}

func TestRule_discharge_date_not_before_admission(t *testing.T) {
	const rule = "discharge_date: Must not be before the admit date of this episode in the Central Registry."
	c := discharged().with("dischargeDate", "2026-01-15").with("doseThroughDate", "2026-01-15")
	c.obeys(t, rule, "discharge_date", `"2026-01-15"`)
	c.with("dischargeDate", "2026-01-14").breaks(t, rule, "discharge_date", etl.CodeConflict, "before the admission date")
}

func TestRule_discharge_date_needs_admission(t *testing.T) {
	const rule = "discharge_date: Must not be before the admit date of this episode in the Central Registry."
	discharged().with("admission", "").breaks(t, rule, "discharge_date", etl.CodeRequired, "the admission date is required")
	discharged().with("admission", "Jan 15").breaks(t, rule, "discharge_date", etl.CodeFormat, "the admission date must be a date")
}

func TestRule_discharge_reason_codes(t *testing.T) {
	const rule = "discharge_reason: Must be one of the provided codes"
	for code := 1; code <= 25; code++ {
		text := strconv.Itoa(code)
		c := discharged().with("dischargeReason", text)
		if code == notAdmitted {
			c.taking().with("doseThroughDate", "2026-01-15")
		}
		c.obeys(t, rule, "discharge_reason", text)
	}
	for _, bad := range []string{"0", "26", "-1", "02", "2.0", "+2", "2 - completed", "left"} {
		discharged().with("dischargeReason", bad).breaks(t, rule, "discharge_reason", etl.CodeRange, "from 1 to 25")
	}
}

func TestRule_discharge_reason_words(t *testing.T) {
	const rule = "discharge_reason: 6 → Patient left against medical advice."
	for _, text := range []string{"Patient left against medical advice.", "patient LEFT against  medical advice"} {
		discharged().with("dischargeReason", text).obeys(t, rule, "discharge_reason", "6")
	}
	for i, words := range reasons {
		if got := reasonCode(strings.ToUpper(words) + "."); got != i+1 {
			t.Errorf("%q: got %d, want %d", words, got, i+1)
		}
	}
	if got := reasonCode("Patient did not complete the admission process"); got != notAdmitted {
		t.Errorf("the prose's words for 12: got %d", got)
	}
}

func TestRule_discharge_reason_12_no_dose(t *testing.T) {
	const rule = "discharge_reason 12 may ONLY be selected if the patient has not yet received any doses of medication in this episode."
	c := discharged().with("dischargeReason", "12").with("doseThroughDate", "2026-01-15").taking()
	c.obeys(t, rule, "discharge_reason", "12")
	c.obeys(t, rule, "medication", "7")
	c.taking(methadone("2025-01-01", "2025-06-30")).obeys(t, rule+" An earlier episode", "medication", "7")
	c.taking(methadone("2026-01-15", "")).breaks(t, rule, "discharge_reason", etl.CodeConflict, "holds one for this episode")
	c.taking().with("doseThroughDate", "2026-01-16").breaks(t, rule, "discharge_reason", etl.CodeConflict, "dose-through date after the admission")
}

func TestRule_dose_through_date_not_blank(t *testing.T) {
	const rule = "dose_through_date: Can not be NULL or blank."
	discharged().with("doseThroughDate", "").breaks(t, rule, "dose_through_date", etl.CodeRequired, "the dose-through date is required")
	discharged().with("doseThroughDate", "3/2/26").breaks(t, rule, "dose_through_date", etl.CodeFormat, "YYYY-MM-DD")
}

func TestRule_dose_through_date_not_before_admission(t *testing.T) {
	const rule = "dose_through_date: Must not be before the admit date."
	discharged().with("doseThroughDate", "2026-01-15").obeys(t, rule, "dose_through_date", `"2026-01-15"`)
	discharged().with("doseThroughDate", "2026-01-14").breaks(t, rule, "dose_through_date", etl.CodeConflict, "before the admission date")
}

func TestRule_dose_through_date_after_discharge(t *testing.T) {
	const rule = "dose_through_date: Can be after discharge date for take-home doses."
	discharged().with("doseThroughDate", "2026-04-01").obeys(t, rule, "dose_through_date", `"2026-04-01"`)
}

func TestRule_optional_left_out(t *testing.T) {
	const rule = "Optional field, if the field is provided in the payload, it cannot be set to NULL."
	body := discharged().body(t, rule)
	if len(body) != 9 {
		t.Errorf("%s: %d fields, want the 9 required ones", rule, len(body))
	}
	for name, value := range body {
		if string(value) == "null" {
			t.Errorf("%s: %s is null", rule, name)
		}
	}
}

func TestRule_dosage_number(t *testing.T) {
	const rule = "dosage: number <float>"
	var exact json.Number
	if err := json.Unmarshal(discharged().row("dosage_quantity", json.Number("108.30")).body(t, rule)["dosage"], &exact); err != nil || exact != "108.30" {
		t.Errorf("%s: got %s, want the digits as they are in DrChrono", rule, exact)
	}
}
