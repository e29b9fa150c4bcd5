package drchronotest

import (
	"slices"
	"testing"
	"time"
)

var testNow = time.Date(2026, 3, 20, 6, 30, 0, 0, time.UTC)

func testPractice(t *testing.T) *Practice {
	t.Helper()
	return NewPractice(7, Size{Patients: 60, Staff: 9, Appointments: 400}, testNow)
}

// bytesOf renders all that a practice holds.
func bytesOf(p *Practice) map[string]string {
	out := map[string]string{}
	for name, t := range p.tables {
		var all []int32
		for i := range t.rows {
			all = append(all, int32(i))
		}
		mask := make([]bool, len(t.cols))
		for i := range mask {
			mask[i] = true
		}
		out[name] = string(t.renderAll(all, mask))
	}
	return out
}

func TestPracticeIsDeterministic(t *testing.T) {
	a, b := testPractice(t), testPractice(t)
	for night := 1; night <= 3; night++ {
		got, want := bytesOf(a), bytesOf(b)
		for name := range want {
			if got[name] != want[name] {
				t.Errorf("night %d: %s differs between two practices of one seed", night, name)
			}
		}
		if !slices.Equal(a.Cases(), b.Cases()) {
			t.Errorf("night %d: cases differ", night)
		}
		a.NextDay()
		b.NextDay()
	}
	other := bytesOf(NewPractice(8, Size{60, 9, 400}, testNow))
	if other["patients"] == bytesOf(testPractice(t))["patients"] {
		t.Error("another seed gave the same patients")
	}
}

func TestPracticeSizes(t *testing.T) {
	p := NewPractice(1, DefaultSize, testNow)
	for name, want := range map[string]int{
		"patients": 300, "doctors": 12, "appointments": 5000, "users": 12 - 1 + staffUsers,
		"offices": 4, "appointment_profiles": 8, "custom_demographics": 5, "insurances": 6,
	} {
		if got := p.Count(name); got != want {
			t.Errorf("Count(%s) = %d, want %d", name, got, want)
		}
	}
	for _, name := range Endpoints() {
		if specs[name].table == name && p.Count(name) < genericRows {
			t.Errorf("Count(%s) = %d, want at least %d", name, p.Count(name), genericRows)
		}
	}
}

func TestEveryKindIsPlanted(t *testing.T) {
	p := testPractice(t)
	p.NextDay()
	nights := map[string][]int{}
	for _, c := range p.Cases() {
		nights[c.Kind] = append(nights[c.Kind], c.Night)
		if _, ok := p.tables[c.Endpoint].byID[c.ID]; !ok {
			t.Errorf("case %s: no %s with id %s", c.Kind, c.Endpoint, c.ID)
		}
	}
	first := []string{
		KindUnicodeName, KindRightToLeftName, KindEmojiNickname, KindFormulaName, KindApostropheName, KindLeadingZeroZip,
		KindLeadingZeroMember, KindTwin, KindMissingFirstName, KindMissingLastName, KindMissingBirthDate, KindFutureBirthDate,
		KindLongName, KindShortZip, KindDashedZip, KindUnknownState, KindInactivePatient, KindDeceasedPatient, KindNoInsurance,
		KindUnknownPayer, KindOpioid, KindOpioidDischarged, KindBadCRID, KindDischargeBeforeAdmission, KindClockGap,
		KindRepeatedHour, KindPastMidnightUTC, KindBreak, KindDeletedVisit, KindCancelled, KindNoShow, KindRescheduled,
		KindComplete, KindBlankStatus, KindCustomStatus, KindPatientUnknown, KindVirtual, KindSuspendedDoctor, KindDoctorNoUser, KindBadNPI,
	}
	second := []string{
		KindNewPatient, KindPatientChanged, KindLastNameFilled, KindNewVisit, KindVisitStatusChanged, KindCancelled,
		KindDeletedVisit, KindRescheduled, KindJobTitle, KindMedicationAdded,
	}
	for _, k := range first {
		if !slices.Contains(nights[k], 1) {
			t.Errorf("no case %s on night 1", k)
		}
	}
	for _, k := range second {
		if !slices.Contains(nights[k], 2) {
			t.Errorf("no case %s on night 2", k)
		}
	}
}

func TestNastyPatientsHaveVisits(t *testing.T) {
	p := NewPractice(3, MinSize, testNow)
	seen := map[string]bool{}
	for _, m := range p.Rows("appointments") {
		if n, ok := m["patient"].(interface{ String() string }); ok {
			seen[n.String()] = true
		}
	}
	for _, c := range p.Cases() {
		if c.Endpoint == "patients" && !seen[c.ID] {
			t.Errorf("patient %s (%s) has no visit", c.ID, c.Kind)
		}
	}
}

func TestClockCasesStandOnTheDaysOfChange(t *testing.T) {
	p := testPractice(t)
	for kind, want := range map[string]string{KindClockGap: "2026-03-08T02:30:00", KindRepeatedHour: "2025-11-02T01:30:00"} {
		tab := p.tables["appointments"]
		r := &tab.rows[tab.byID[p.CasesOf(kind)[0].ID]]
		if got := text(tab.value(r, "scheduled_time")); got != want {
			t.Errorf("%s is at %s, want %s", kind, got, want)
		}
	}
}

func TestProviderNumbers(t *testing.T) {
	p := testPractice(t)
	bad := p.CasesOf(KindBadNPI)[0].ID
	for _, m := range p.Rows("doctors") {
		id := text(marshal(m["id"]))
		if got, want := luhn("80840"+m["npi_number"].(string)), id != bad; got != want {
			t.Errorf("doctor %s: check digit good = %v, want %v", id, got, want)
		}
	}
}

// luhn is the plain rule, written another way than npi's.
func luhn(s string) bool {
	sum := 0
	for i := range len(s) {
		d := int(s[len(s)-1-i] - '0')
		if i%2 == 1 {
			d = d*2/10 + d*2%10
		}
		sum += d
	}
	return sum%10 == 0
}

// Stamps never run ahead of the practice's now, and a day's changes all come
// after it was last read.
func TestStampsAndTheNextDay(t *testing.T) {
	p := testPractice(t)
	night := func(name string) (before, after int) {
		for i := range p.tables[name].rows {
			switch r := &p.tables[name].rows[i]; {
			case r.updated > p.now.Unix():
				t.Errorf("%s %s was changed after now", name, r.id)
			case r.updated > testNow.Unix():
				after++
			default:
				before++
			}
		}
		return before, after
	}
	for _, name := range []string{"patients", "appointments"} {
		if _, after := night(name); after != 0 {
			t.Errorf("%s: %d rows of the first night were changed after its now", name, after)
		}
	}
	p.NextDay()
	for name, want := range map[string]int{"patients": 1 + 1 + 1, "appointments": 4 + 2 + 1 + 1 + 1} {
		if _, after := night(name); after != want {
			t.Errorf("%s: %d rows changed on night 2, want %d", name, after, want)
		}
	}
}

func TestPatchAddDelete(t *testing.T) {
	p := testPractice(t)
	n := p.Count("patients")
	p.Add("patients", map[string]any{"id": 5, "first_name": "Ada"})
	p.Patch("patients", "5", map[string]any{"first_name": "Bo"})
	rows := p.Rows("patients")
	last := rows[len(rows)-1]
	if last["first_name"] != "Bo" || last["created_at"] == last["updated_at"] {
		t.Errorf("patched row = first name %v, created %v, updated %v", last["first_name"], last["created_at"], last["updated_at"])
	}
	p.Delete("patients", "5")
	if got := p.Count("patients"); got != n {
		t.Errorf("Count after Delete = %d, want %d", got, n)
	}
}

func TestDeletedLineItemLeavesATrace(t *testing.T) {
	p := NewPractice(7, DefaultSize, testNow)
	item, n := p.Rows("line_items")[0], p.Count("line_item_deletions")
	p.Delete("line_items", item["id"].(interface{ String() string }).String())
	rows := p.Rows("line_item_deletions")
	if len(rows) != n+1 || rows[n]["billing_line_item_id"] != item["id"] || rows[n]["appointment_id"] != item["appointment"] {
		t.Errorf("%d deletions, want %d, the last of line item %v", len(rows), n+1, item["id"])
	}
}

func BenchmarkNewPractice(b *testing.B) {
	for b.Loop() {
		NewPractice(1, DefaultSize, testNow)
	}
}
