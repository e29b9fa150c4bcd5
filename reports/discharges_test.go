package reports

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
)

// TestDischargesHaveNoIds: the registry gives none, so no two discharges can be
// one of theirs.
func TestDischargesHaveNoIds(t *testing.T) {
	f := newFixture(t, 4)
	for _, id := range []string{"90001", "90002"} {
		f.exec(`INSERT INTO crosswalk VALUES ('central_registry', 'discharge', ?, 'recorded', 'created', ?)`, id, fixtureRun.ID)
	}
	rows, err := open(t, f.write(f.options(t.TempDir(), LevelNone)).Reconciliation).GetRows("Checks")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if line := strings.Join(row, "|"); strings.Contains(line, "discharges|") && strings.Contains(line, "no two of ours are one of theirs") {
			t.Errorf("the checks hold %q", line)
		}
	}
}

func TestOneCheckDoesNotHold(t *testing.T) {
	for n, want := range map[int]string{1: "1 of the checks does not hold", 2: "2 of the checks do not hold"} {
		if got := checksText(n); !strings.HasPrefix(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestWhoApprovesSeesEverything that is sent, as the level allows, and nothing
// that no approval lets go.
func TestWhoApprovesSeesEverything(t *testing.T) {
	f := newFixture(t, 1)
	held := func(id, cause string) {
		f.record("patients", id, "", 0, map[string]any{"first_name": canary, "last_name": "Roma", "date_of_birth": "1984-03-09"})
		f.target("central_registry", "discharge", "patients", id, etl.Held, cause, etl.Problem{Code: cause, Message: "it waits"}, "", 0, map[string]any{
			"crid": "123456789", "discharge_date": "2026-02-27", "discharge_reason": 7, "discharge_user_name": "Cy Dunn", "unique_site_id": "DE434055",
			"identification_hash": "ebd772e71f2100f5", "dose_through_date": "2026-02-28", "medication": 1, "dosage": json.Number("60.50"), "modality": 2, "dosage_step": 0,
			"employment": 7, "housing": "rents", "arrests": 0, "has_appointment_scheduled": true, "appointment_scheduled_date": "2026-03-09"})
	}
	held("80001", etl.CauseApproval)
	held("80002", etl.CauseAfterFinal)
	for level, want := range map[Level]string{
		LevelFull:   "|123456789|2026-02-27|7|2026-02-28|1|60.50|2|0|7|rents|0|true|2026-03-09|Cy Dunn|DE434055|ebd772e71f2100f5|held|approval|",
		LevelMasked: "|…789|2026-02-27|7|2026-02-28|1|60.50|2|0|7|rents|0|true|2026-03-09|Cy Dunn|DE434055|…00f5|held|approval|",
	} {
		rows, err := open(t, f.write(f.options(t.TempDir(), level)).Reconciliation).GetRows("Discharges to approve")
		if err != nil {
			t.Fatal(err)
		}
		text := ""
		for _, row := range rows {
			text += strings.Join(row, "|") + "\n"
		}
		if !strings.Contains(text, want) || strings.Contains(text, "80002") {
			t.Errorf("%s: the sheet holds\n%s\nwant %q, and not 80002", level, text, want)
		}
	}
}
