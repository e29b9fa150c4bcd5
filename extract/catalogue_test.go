package extract_test

import (
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract"
)

// documented is one endpoint of the vendor's document, as the simulated vendor
// has it: name|scopes|verbose keys|filters|keys.
type documented struct {
	name                           string
	scopes, verbose, filters, keys []string
	beyond                         bool // an endpoint that the document lacks
}

func readDocument(t *testing.T) (all []documented) {
	t.Helper()
	text, err := os.ReadFile("drchronotest/endpoints.txt")
	if err != nil {
		t.Fatal(err)
	}
	beyond := false
	for line := range strings.Lines(string(text)) {
		f := strings.Split(strings.TrimSpace(line), "|")
		if strings.HasPrefix(line, "#") || len(f) != 5 {
			beyond = beyond || strings.Contains(line, "beyond the document")
			continue
		}
		d := documented{name: f[0], verbose: fields(f[2]), filters: fields(f[3]), beyond: beyond}
		if f[1] != "-" {
			d.scopes = fields(f[1])
		}
		for _, k := range fields(f[4]) {
			name, _, _ := strings.Cut(k, ":")
			d.keys = append(d.keys, name)
		}
		all = append(all, d)
	}
	return all
}

func fields(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })
}

// extras are beyond the document, and in the catalogue all the same.
var extras = []string{"line_item_deletions", "patient_authorizations"}

func TestCatalogueHoldsTheDocument(t *testing.T) {
	lists := 0
	for _, d := range readDocument(t) {
		if d.beyond && !slices.Contains(extras, d.name) {
			continue
		}
		if !d.beyond {
			lists++
		}
		e, ok := extract.Find(d.name)
		if !ok {
			t.Errorf("%s is not in the catalogue", d.name)
			continue
		}
		lintEndpoint(t, e, d)
	}
	if lists != 59 {
		t.Errorf("the document has %d lists, want 59", lists)
	}
	if got := len(extract.Catalogue); got != 59+len(extras)+3 {
		t.Errorf("the catalogue has %d entries, want 59 lists, %d beyond the document and 3 documents of a patient", got, len(extras))
	}
}

// bulkLists are the endpoints with a bulk twin (drchrono-facts, section 3).
var bulkLists = []string{
	"appointments", "patients", "line_items", "transactions", "clinical_notes",
	"clinical_note_field_values", "eligibility_checks", "prescription_messages",
}

func lintEndpoint(t *testing.T, e extract.Endpoint, d documented) {
	t.Helper()
	if got := fields(e.Scopes); !slices.Equal(got, d.scopes) {
		t.Errorf("%s: scopes %q, want %q", e.Name, got, d.scopes)
	}
	// clinical_notes hides values inside a key: the document says so in words.
	verbose := d.verbose
	if e.Name == "clinical_notes" {
		verbose = []string{"values"}
	}
	if !slices.Equal(e.Verbose, verbose) {
		t.Errorf("%s: verbose keys %q, want %q", e.Name, e.Verbose, verbose)
	}
	if e.Need && len(e.Verbose) == 0 {
		t.Errorf("%s asks for verbose and has no verbose keys", e.Name)
	}
	lintMove(t, e, d)
	if e.Bulk != slices.Contains(bulkLists, e.Name) {
		t.Errorf("%s: bulk list %v, want %v", e.Name, e.Bulk, !e.Bulk)
	}
	for _, name := range []string{"show_archived", "show_inactive"} {
		documented := slices.Contains(d.filters, name)
		if has := strings.Contains(e.Query, name+"=true"); documented && !has {
			t.Errorf("%s: %s is not asked for, so hidden rows stay out", e.Name, name)
		}
	}
	if !slices.Contains(d.keys, e.IDField()) && e.Key != "" {
		t.Errorf("%s: the id is read from %q, which the document lacks", e.Name, e.IDField())
	}
	for _, member := range e.Parts {
		if !slices.Contains(d.keys, member) {
			t.Errorf("%s: part %q is no key of the document", e.Name, member)
		}
	}
}

// stamped are lists whose update stamp only the newer description names
// (drchrono-facts, section 2, extraction matrix).
var stamped = []string{"patients_summary"}

func lintMove(t *testing.T, e extract.Endpoint, d documented) {
	t.Helper()
	filter := ""
	for _, f := range []string{"since", "updated_since"} {
		if slices.Contains(d.filters, f) {
			filter = f
		}
	}
	asks := "since"
	if e.Filter != "" {
		asks = e.Filter
	}
	switch {
	case filter == "" && e.Move != extract.Full:
		t.Errorf("%s moves by %s, but has no such filter", e.Name, e.Move)
	case filter != "" && e.Move == extract.Full:
		t.Errorf("%s is read in full, but has the filter %s", e.Name, filter)
	case filter != "" && asks != filter:
		t.Errorf("%s asks by %q, the document's filter is %q", e.Name, asks, filter)
	}
	has := slices.Contains(d.keys, "updated_at") || slices.Contains(stamped, e.Name)
	if e.Move == extract.Since && !has {
		t.Errorf("%s moves by its rows' stamps, and they have none", e.Name)
	}
	if e.Move == extract.SinceBlind && has {
		t.Errorf("%s moves by the server's clock, and its rows have stamps", e.Name)
	}
}

// Every list can be pulled by naming it, and every document of a patient.
func TestPullEverything(t *testing.T) {
	w := newWorld(t, newPractice())
	var names []string
	for _, e := range extract.Catalogue {
		names = append(names, e.Name)
	}
	w.good(names...)
	for _, e := range extract.Catalogue {
		c := w.cursor(e.Name)
		if c.State != etl.StreamDrained || c.Rows == 0 || len(w.ids(e.Name)) == 0 {
			t.Errorf("%s is %s with %d rows, %d staged; want it drained, with rows", e.Name, c.State, c.Rows, len(w.ids(e.Name)))
		}
		for _, src := range w.staged(e.Name) {
			if src.Fault != "" && e.Move != extract.OnRequest && e.Name != "patients" {
				t.Errorf("%s %s: %s", e.Name, src.ID, src.Fault)
			}
		}
	}
}

// A pass over the patients' documents that was cut short goes on at the
// patient at which it stopped.
func TestDocumentsGoOn(t *testing.T) {
	const ccda = "ccda" // or patients/:id/ccda
	w := newWorld(t, newPractice())
	w.good("patients")
	patients := len(w.ids("patients"))
	w.asked = 0
	left := 5
	w.stage.Store = dying{w.store, &left}
	if err := w.night(ccda); err == nil {
		t.Fatal("the pass did not die")
	}
	w.reopen()
	w.good(ccda)
	if got := w.asked; got > patients+1 {
		t.Errorf("%d calls for %d patients, want at most one repeated", got, patients)
	}
	if got := len(w.ids("patients/:id/ccda")); got != patients {
		t.Errorf("%d documents are staged, want %d", got, patients)
	}
	for _, src := range w.staged("patients/:id/ccda") {
		if !strings.Contains(string(src.Raw), "<ClinicalDocument") || src.Patient != src.ID {
			t.Errorf("document of %s: patient %q, %d bytes; want the patient's own", src.ID, src.Patient, len(src.Raw))
		}
	}
}

// A document that is forbidden makes its endpoint unavailable at the first call,
// and the night goes on.
func TestForbiddenDocuments(t *testing.T) {
	w := newWorld(t, newPractice())
	w.good("patients")
	w.refuse = func(path string) int {
		if strings.HasSuffix(path, "/qrda1") {
			return http.StatusForbidden
		}
		return 0
	}
	w.asked = 0
	w.good("qrda1", "offices")
	if c := w.cursor("patients/:id/qrda1"); c.State != etl.StreamUnavailable || w.asked != 2 {
		t.Errorf("qrda1 is %s after %d calls in all, want it unavailable after one, and offices read", c.State, w.asked)
	}
}
