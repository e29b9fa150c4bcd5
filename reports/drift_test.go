package reports

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What has changed in DrChrono's rows stands in both workbooks and, of this run,
// in summary.json, with the mapped fields that it touches: those that come from
// the member itself, from what it stands in, or from what stands in it.
func TestDrift(t *testing.T) {
	f := newFixture(t, 2)
	for _, d := range [][4]string{
		{earlierRun, "patients", "pronouns", "new field"},
		{fixtureRun.ID, "patients", "pronouns.code", "new field"},
		{fixtureRun.ID, "patients", "secondary_insurance", "vanished field"},
		{fixtureRun.ID, "patients", "gender", "new value"},
	} {
		f.exec(`INSERT INTO drift (run, endpoint, field, kind, before, after, rows) VALUES (?, ?, ?, ?, '', 'text', 3)`, d[0], d[1], d[2], d[3])
	}
	o := f.options(t.TempDir(), LevelNone)
	o.Objects = []Object{{Destination: "rethink", Object: "client", Endpoint: "patients", Fields: []Field{{Name: "genderId", Reads: []string{"patients.gender"}}}},
		{Destination: "rethink", Object: "funder", Endpoint: "patients", Parts: true, Fields: []Field{{Name: "funderId", Reads: []string{"patients.*_insurance.insurance_payer_id"}}}}}
	files := f.write(o)

	text, err := os.ReadFile(files.JSON)
	if err != nil {
		t.Fatal(err)
	}
	var got struct{ Drift []driftSummary }
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	want := []driftSummary{
		{"patients", "secondary_insurance", "vanished field", "", "text", 3, []touched{{"rethink", "funder", "funderId"}}},
		{"patients", "gender", "new value", "", "text", 3, []touched{{"rethink", "client", "genderId"}}},
		{"patients", "pronouns.code", "new field", "", "text", 3, []touched{}},
	}
	if diff := cmp.Diff(want, got.Drift); diff != "" {
		t.Errorf("summary.json (-want +got):\n%s", diff)
	}
	for _, path := range []string{files.Reconciliation, files.Summary} {
		rows, err := open(t, path).GetRows("Schema drift")
		if err != nil {
			t.Fatal(err)
		}
		var fields []string
		for _, row := range rows[headRow:] {
			fields = append(fields, row[2])
		}
		if diff := cmp.Diff([]string{"secondary_insurance", "gender", "pronouns.code", "pronouns"}, fields); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
}
