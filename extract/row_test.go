package extract_test

import (
	"bytes"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract"
	"github.com/chartbridge/chartbridge/extract/drchronotest"
)

func endpoint(t *testing.T, name string) extract.Endpoint {
	t.Helper()
	e, ok := extract.Find(name)
	if !ok {
		t.Fatalf("%s is not in the catalogue", name)
	}
	return e
}

func TestReadRow(t *testing.T) {
	tests := []struct {
		name, endpoint, raw string
		want                etl.Row
	}{
		{"a number for an id", "problems", `{"id":7,"patient":9,"doctor":"4"}`, etl.Row{ID: "7", Patient: "9", Doctor: "4"}},
		{"a text for an id", "appointments", `{"id":"7","patient":null,"doctor":""}`, etl.Row{ID: "7"}},
		{"an id beyond 2^53", "problems", `{"id":9007199254740993}`, etl.Row{ID: "9007199254740993"}},
		{"an id of another name", "clinical_notes", `{"appointment":3,"patient":9}`, etl.Row{ID: "3", Patient: "9"}},
		{"a patient is its own", "patients", `{"id":9,"doctor":4}`, etl.Row{ID: "9", Patient: "9", Doctor: "4"}},
		{"a stamp", "tasks", `{"id":1,"updated_at":"2026-01-02 03:04:05.6"}`,
			etl.Row{ID: "1", UpdatedAt: "2026-01-02 03:04:05.6", Stamp: "2026-01-02T03:04:05"}},
		{"a stamp with an offset without a colon", "tasks", `{"id":1,"updated_at":"2026-01-02T03:04:05-0500"}`,
			etl.Row{ID: "1", UpdatedAt: "2026-01-02T03:04:05-0500", Stamp: "2026-01-02T03:04:05"}},
		{"a stamp without seconds", "tasks", `{"id":1,"updated_at":"2026-01-02 03:04"}`,
			etl.Row{ID: "1", UpdatedAt: "2026-01-02 03:04", Stamp: "2026-01-02T03:04:00"}},
		{"a stamp that is no date", "tasks", `{"id":1,"updated_at":"soon"}`, etl.Row{ID: "1", UpdatedAt: "soon", Problem: "updated_at is no date"}},
		{"a stamp that is no text", "tasks", `{"id":1,"updated_at":[2]}`, etl.Row{ID: "1", UpdatedAt: "[2]", Problem: "updated_at is no date"}},
		{"two ids", "tasks", `{"id":1,"id":2}`, etl.Row{Fault: "it has two ids"}},
		{"the same id twice", "tasks", `{"id":1,"id":1}`, etl.Row{ID: "1"}},
		{"no object", "tasks", `[1]`, etl.Row{Fault: "the row is not an object"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := extract.ReadRow(endpoint(t, tt.endpoint), []byte(tt.raw), "")
			if strings.HasPrefix(got.ID, "content:") {
				got.ID = ""
			}
			if got.ID != tt.want.ID || got.UpdatedAt != tt.want.UpdatedAt || got.Stamp != tt.want.Stamp || got.Patient != tt.want.Patient ||
				got.Doctor != tt.want.Doctor || got.Fault != tt.want.Fault || got.Problem != tt.want.Problem {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
			if string(got.Raw) != tt.raw {
				t.Errorf("the raw bytes are %s, want them as they came", got.Raw)
			}
		})
	}
}

func TestHashLeavesPresignedURLsOut(t *testing.T) {
	const one = `{"id":1,"description":"A","document":"https://files.example.test/a?sig=1"}`
	tests := []struct {
		other string
		same  bool
	}{
		{`{"id":1,"description":"A","document":"https://files.example.test/a?sig=2"}`, true},
		{`{"id":1,"description":"B","document":"https://files.example.test/a?sig=1"}`, false},
		{`{"id":1,"description":"A","document":null}`, false},
		{`{"id":1,"description":"A"}`, false},
		{`{"id":1,"description":"Adocument","x":"https://files.example.test/a?sig=1"}`, false},
	}
	e := endpoint(t, "documents")
	for _, tt := range tests {
		same := bytes.Equal(extract.ReadRow(e, []byte(one), "").Hash, extract.ReadRow(e, []byte(tt.other), "").Hash)
		if same != tt.same {
			t.Errorf("%s has the same hash: %v, want %v", tt.other, same, tt.same)
		}
	}
	nested := endpoint(t, "patients")
	a, b := `{"id":1,"primary_insurance":{"photo_front":"https://x.test/1"}}`, `{"id":1,"primary_insurance":{"photo_front":"https://x.test/2"}}`
	if !bytes.Equal(extract.ReadRow(nested, []byte(a), "").Hash, extract.ReadRow(nested, []byte(b), "").Hash) {
		t.Error("a presigned URL inside an insurance changes the hash")
	}
}

func TestParts(t *testing.T) {
	e := endpoint(t, "patients")
	raw := `{"id":1,"primary_insurance":{"insurance_company":"Example Health"},"secondary_insurance":{"insurance_company":"","insurance_id_number":""},` +
		`"tertiary_insurance":{"insurance_company":"","insurance_id_number":"X1"}}`
	if got := extract.ReadRow(e, []byte(raw), "").Parts; !slices.Equal(got, []string{"primary", "tertiary"}) {
		t.Errorf("the insurances are %v, want the 2 that are filled in", got)
	}
}

// An unchanged night writes no record at all.
func TestUnchangedNightWritesNothing(t *testing.T) {
	names := []string{"patients", "appointments", "medications", "documents", "insurances"}
	w := newWorld(t, newPractice())
	w.good(names...)
	seq := w.maxSeq(names...)
	w.good(names...)
	if got := w.maxSeq(names...); got != seq {
		t.Errorf("the change number moved from %d to %d over an unchanged night", seq, got)
	}
	for _, name := range names {
		if c := w.cursor(name); c.Changed != 0 || c.Caught != 0 {
			t.Errorf("%s: %d changed, %d caught, want none", name, c.Changed, c.Caught)
		}
	}
}

// odd is a page with all that may be wrong with a row and is not wrong with
// the page.
const odd = `{"next":null,"results":[
	{"id":1,"name":"old","updated_at":"2026-01-01T00:00:00"},
	{"id":1,"name":"new","updated_at":"2026-01-02T00:00:00"},
	{"id":1,"name":"older","updated_at":"2025-01-02T00:00:00"},
	{"name":"no id"},
	{"id":3,"name":"twice","name":"twice"},
	{"id":4,"updated_at":"soon"},
	"no object",
	{"id":5,"name":"` + "\xff" + `"}]}`

func TestOddRows(t *testing.T) {
	w := newWorld(t, newPractice())
	w.vendor.Inject(answer(drchronotest.On("tasks"), 1, odd))
	w.good("tasks")
	staged := w.staged("tasks")
	if len(staged) != 6 {
		t.Fatalf("%d records, want 6: %v", len(staged), w.ids("tasks"))
	}
	if got := string(staged["1"].Raw); !strings.Contains(got, `"new"`) {
		t.Errorf("of a row that stands three times, %s is kept, want the newest", got)
	}
	content := 0
	for id, src := range staged {
		bad := id == "3" || id == "5" || string(src.Raw) == `"no object"`
		if (src.Fault != "") != bad {
			t.Errorf("%s: fault %q, want one only where the row cannot be read", id, src.Fault)
		}
		if strings.HasPrefix(id, "content:") {
			content++
		}
	}
	if content != 2 {
		t.Errorf("%d records are keyed by their content, want the 2 without an id", content)
	}
	if c := w.cursor("tasks"); !strings.Contains(c.Note, "1 records have an updated_at that is no date") {
		t.Errorf("note %q, want it to count the row whose stamp is no date", c.Note)
	}
	if got := string(staged["4"].Raw); !strings.Contains(got, `"soon"`) {
		t.Errorf("the stamp that is no date is not kept raw: %s", got)
	}
}

// What is staged is compared by this hash: it must not change with the program.
func TestStableHashStays(t *testing.T) {
	e, _ := extract.Find("appointments")
	row := extract.ReadRow(e, []byte(`{"id":"7", "a":{"p\u00e4f":[1,null,"x\n"],"pdf":"http://x/1"},"clinical_note":{"pdf":"none"}, "b":[{}, []]}`), "")
	if got, want := hex.EncodeToString(row.Hash), "c65ff8e0fdf0555b81e04d09b142ea52"; got != want {
		t.Errorf("hash %s, want %s", got, want)
	}
}
