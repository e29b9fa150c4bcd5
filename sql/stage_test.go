package sql

import (
	"context"
	"crypto/sha256"
	"strings"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/etl"
)

var run1 = etl.Run{ID: "r1", At: noon}

// rowOf is a row of those bytes.
func rowOf(id, raw string, verbose bool) etl.Row {
	sum := sha256.Sum256([]byte(raw))
	return etl.Row{ID: id, Raw: []byte(raw), Hash: sum[:16], Verbose: verbose}
}

// stageOne stages a page with one row as a whole drain, and gives its cursor.
func stageOne(t *testing.T, s *Store, r etl.Row) etl.Cursor {
	t.Helper()
	c, err := s.StagePage(context.Background(), run1, etl.Cursor{Endpoint: "patients", Lane: "nightly", State: etl.StreamDrained}, []etl.Row{r}, false)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func stagedRaw(t *testing.T, s *Store, id string) etl.Source {
	t.Helper()
	list, err := s.ByID(context.Background(), "patients", []string{id})
	if err != nil || len(list) != 1 {
		t.Fatalf("%d records of %s (%v), want 1", len(list), id, err)
	}
	return list[0]
}

// A row read without verbose knows nothing of the verbose keys: what is staged
// of them stays.
func TestPlainRowKeepsVerboseKeys(t *testing.T) {
	const verbose = `{"id":1,"city":"Old","primary_insurance":{"insurance_company":"Example Health"},"patient_flags":[]}`
	tests := []struct {
		name, plain, want string
		changed           int
	}{
		{"a change", `{"id":1,"city":"New"}`, `{"id":1,"city":"New","primary_insurance":{"insurance_company":"Example Health"},"patient_flags":[]}`, 1},
		{"no change", `{"id":1,"city":"Old"}`, verbose, 0},
		{"a key that is sent counts", `{"id":1,"city":"Old","patient_flags":null}`, `{"id":1,"city":"Old","patient_flags":null,"primary_insurance":{"insurance_company":"Example Health"}}`, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := openAt(t, t.TempDir(), "a")
			first := rowOf("1", verbose, true)
			first.Parts = []string{"primary"}
			stageOne(t, s, first)
			if c := stageOne(t, s, rowOf("1", tt.plain, false)); c.Changed != tt.changed {
				t.Errorf("%d rows changed, want %d", c.Changed, tt.changed)
			}
			if got := string(stagedRaw(t, s, "1").Raw); got != tt.want {
				t.Errorf("staged %s, want %s", got, tt.want)
			}
			if n, err := s.SourceCount(context.Background(), "patients", true); err != nil || n != 1 {
				t.Errorf("%d parts (%v), want the insurance still counted", n, err)
			}
			if got := stagedRaw(t, s, "1").Parts; len(got) != 1 || got[0] != "primary" {
				t.Errorf("the parts are %v, want the one of the verbose row", got)
			}
			stageOne(t, s, rowOf("1", `{"id":1,"city":"Newer"}`, false))
			stageOne(t, s, rowOf("1", `{"id":1,"city":"Newest","patient_flags":null}`, true))
			if got, want := string(stagedRaw(t, s, "1").Raw), `{"id":1,"city":"Newest","patient_flags":null}`; got != want {
				t.Errorf("a verbose row stages %s, want %s alone", got, want)
			}
		})
	}
}

func TestUnreadablePlainRowKeepsTheBytes(t *testing.T) {
	s := openAt(t, t.TempDir(), "a")
	stageOne(t, s, rowOf("1", `{"id":1,"primary_insurance":{}}`, true))
	bad := rowOf("1", `{"id":1,"city":"A","city":"B"}`, false)
	bad.Fault = "it has a name twice"
	stageOne(t, s, bad)
	got := stagedRaw(t, s, "1")
	if string(got.Raw) != `{"id":1,"primary_insurance":{}}` || got.Fault == "" {
		t.Errorf("staged %s, fault %q; want the bytes from before, marked", got.Raw, got.Fault)
	}
	stageOne(t, s, rowOf("1", `{"id":1,"city":"A"}`, false))
	if got := stagedRaw(t, s, "1"); got.Fault != "" || string(got.Raw) != `{"id":1,"city":"A","primary_insurance":{}}` {
		t.Errorf("once it can be read: %s, fault %q", got.Raw, got.Fault)
	}
}

// A page that cannot be saved leaves neither rows nor cursor behind.
func TestPageIsAllOrNothing(t *testing.T) {
	s, ctx := openAt(t, t.TempDir(), "a"), context.Background()
	if _, err := s.db.Exec("CREATE TRIGGER refuse BEFORE INSERT ON stream BEGIN SELECT RAISE(ABORT, 'full'); END"); err != nil {
		t.Fatal(err)
	}
	before := etl.Cursor{Endpoint: "patients", Lane: "nightly", State: etl.StreamDrained, Newest: "2026-01-01T00:00:00"}
	after, err := s.StagePage(ctx, run1, before, []etl.Row{rowOf("1", `{"id":1}`, true)}, false)
	if err == nil || after != before {
		t.Errorf("a page that is not saved gives cursor %+v (%v), want the one before", after, err)
	}
	if list, err := s.All(ctx, "patients"); err != nil || len(list) != 0 {
		t.Errorf("%d records are left of it (%v), want none", len(list), err)
	}
}

// What a run that was cut short has drained is spared the next run, until a
// run ends whole.
func TestSpared(t *testing.T) {
	s, ctx := openAt(t, t.TempDir(), "a"), context.Background()
	night := func(n int, exit int, endpoints ...string) {
		at := noon.Add(time.Duration(n) * time.Minute)
		run := etl.Run{ID: at.Format("20060102T150405Z"), At: at, Trigger: "operator"}
		if err := s.OpenRun(ctx, run, "test", ""); err != nil {
			t.Fatal(err)
		}
		for _, e := range endpoints {
			c := etl.Cursor{Endpoint: e, Lane: "nightly", State: etl.StreamDrained}
			if _, err := s.StagePage(ctx, run, c, nil, false); err != nil {
				t.Fatal(err)
			}
		}
		if exit < 0 {
			return // killed
		}
		if err := s.CloseRun(ctx, run, at, exit, ""); err != nil {
			t.Fatal(err)
		}
	}
	spared := func(since time.Time) string {
		list, err := s.Spared(ctx, etl.Run{ID: "20260302T130000Z"}, since)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(list, " ")
	}
	night(1, -1, "doctors")
	night(2, 5, "patients")
	if got := spared(noon); got != "doctors patients" {
		t.Errorf("after two runs that were cut short %q is spared, want doctors and patients", got)
	}
	if got := spared(noon.Add(2 * time.Minute)); got != "patients" {
		t.Errorf("of the last minutes %q is spared, want patients", got)
	}
	night(3, 0, "offices")
	if got := spared(noon); got != "" {
		t.Errorf("after a whole run %q is spared, want nothing", got)
	}
	night(4, 130, "users")
	if got := spared(noon); got != "users" {
		t.Errorf("after an interrupted run %q is spared, want users", got)
	}
}

// A database of before the parts had names takes them from what they became.
// What that does not tell is read again, and counts no parts until then.
func TestPartsOfAnOlderDatabaseGetTheirNames(t *testing.T) {
	s := openAt(t, t.TempDir(), "a")
	schema, err := schemaFiles.ReadFile("schema/0006_parts.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		`ALTER TABLE record DROP COLUMN part_names`,
		`INSERT INTO stream (endpoint, lane, watermark) VALUES ('patients', 'nightly', '2026-01-01T00:00:00'), ('doctors', 'nightly', '2026-01-01T00:00:00')`,
		`INSERT INTO record (endpoint, source_id, seq, hash, parts, first_run, changed_run, payload) VALUES
			('patients', '1', 1, x'01', 2, 'r', 'r', x'00'), ('patients', '2', 1, x'01', 1, 'r', 'r', x'00'), ('patients', '3', 1, x'01', 0, 'r', 'r', x'00')`,
		`INSERT INTO target (destination, object, source_endpoint, source_id, parent_id, outcome, run) VALUES
			('rethink', 'funder', 'patients', '1/primary', '1', 'failed', 'r'), ('rethink', 'funder', 'patients', '1/tertiary', '1', 'failed', 'r'),
			('rethink', 'authorization', 'patient_authorizations', '7', '1', 'failed', 'r')`,
		string(schema),
	} {
		if _, err := s.db.Exec(text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	var got []string
	err = s.db.Select(&got, `SELECT source_id || ' ' || parts || ' ' || part_names || ' ' || hex(hash) FROM record ORDER BY source_id`)
	if want := "1 2 primary,tertiary 01|2 0  |3 0  01"; err != nil || strings.Join(got, "|") != want {
		t.Errorf("records %q (%v), want %q", strings.Join(got, "|"), err, want)
	}
	for endpoint, want := range map[string]string{"patients": "", "doctors": "2026-01-01T00:00:00"} {
		if c, err := s.Cursor(t.Context(), endpoint, "nightly"); err != nil || c.Watermark != want {
			t.Errorf("%s: watermark %q (%v), want %q", endpoint, c.Watermark, err, want)
		}
	}
}

// TestRecordsKnowWhoBroughtThem: each the run that staged it first, whoever
// else stages between its pages, and each version the run that brought it.
func TestRecordsKnowWhoBroughtThem(t *testing.T) {
	s := openAt(t, t.TempDir(), "a")
	for _, page := range []struct {
		run  string
		rows []etl.Row
	}{
		{"r1", []etl.Row{rowOf("1", `{"id":1}`, false), rowOf("2", `{"id":2}`, false)}},
		{"r1", []etl.Row{rowOf("3", `{"id":3}`, false)}},
		{"r2", []etl.Row{rowOf("1", `{"id":1,"a":1}`, false), rowOf("4", `{"id":4}`, false)}},
		{"r1", []etl.Row{rowOf("5", `{"id":5}`, false)}},
		{"r3", []etl.Row{rowOf("4", `{"id":4,"a":1}`, false)}},
	} {
		c := etl.Cursor{Endpoint: "patients", Lane: "nightly", State: etl.StreamOpen}
		if _, err := s.StagePage(t.Context(), etl.Run{ID: page.run, At: noon}, c, page.rows, false); err != nil {
			t.Fatal(err)
		}
	}
	for text, want := range map[string]string{
		"SELECT group_concat(run) FROM origin":                                    "r1,r1,r1,r2,r1",
		"SELECT group_concat(record || ' ' || run) FROM brought":                  "1 r1,4 r2,5 r1",
		"SELECT group_concat(source_id || ' ' || run) FROM version":               "1 r1,4 r2",
		"SELECT group_concat(first_run || changed_run, '|') FROM record":          "r2|||r3|",
		"SELECT count(*) FROM origin WHERE endpoint = 'patients' AND run <= 'r1'": "4",
	} {
		var got string
		if err := s.db.Get(&got, text); err != nil || got != want {
			t.Errorf("%s: %q (%v), want %q", text, got, err, want)
		}
	}
}
