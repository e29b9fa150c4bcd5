package drchronotest

import (
	_ "embed"
	"slices"
	"strings"
)

//go:embed endpoints.txt
var endpointText string

// A spec is one list endpoint: what it needs, which filters it knows, which
// keys it shows only with verbose=true.
type spec struct {
	name    string
	table   string   // the table that holds its rows; mostly its own name
	only    []string // keys shown of a borrowed table; nil = all
	scopes  []string // all of them are needed, each with ":read"
	verbose []string
	filters []string
	keys    []specKey
}

// A specKey is a key of an endpoint's object with its documented type.
type specKey struct{ name, kind string }

// bulkLists are the endpoints that offer a `_list` twin (facts, section 3).
var bulkLists = []string{
	"appointments", "patients", "line_items", "transactions", "clinical_notes",
	"clinical_note_field_values", "eligibility_checks", "prescription_messages",
}

var specs = parseSpecs(endpointText)

// Endpoints names every list endpoint that is served, in the document's order.
func Endpoints() []string {
	var names []string
	for line := range strings.Lines(endpointText) {
		if name, _, ok := strings.Cut(line, "|"); ok && !strings.HasPrefix(line, "#") {
			names = append(names, name)
		}
	}
	return names
}

func parseSpecs(text string) map[string]*spec {
	out := map[string]*spec{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if f := strings.Split(line, "|"); !strings.HasPrefix(line, "#") && len(f) == 5 {
			out[f[0]] = parseSpec(f)
		}
	}
	summary := out["patients_summary"]
	summary.table = "patients"
	for _, k := range summary.keys {
		summary.only = append(summary.only, k.name)
	}
	summary.only = append(summary.only, "created_at", "updated_at")
	return out
}

func parseSpec(f []string) *spec {
	s := &spec{name: f[0], table: f[0], verbose: list(f[2]), filters: list(f[3])}
	if f[1] != "-" {
		s.scopes = list(f[1])
	}
	for _, kv := range list(f[4]) {
		name, kind, _ := strings.Cut(kv, ":")
		s.keys = append(s.keys, specKey{name, kind})
	}
	return s
}

func list(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}

// shows reports whether the key is rendered.
func (s *spec) shows(key string, verbose bool) bool {
	if strings.HasPrefix(key, "_") || s.only != nil && !slices.Contains(s.only, key) {
		return false
	}
	return verbose || !slices.Contains(s.verbose, key)
}

// pageSize gives the default and the greatest page size (facts, section 2).
func (s *spec) pageSize(verbose bool, override map[string]int) (def, limit int) {
	if n := override[s.name]; n > 0 {
		return n, n
	}
	switch {
	case s.name == "clinical_notes":
		return 5, 20
	case s.name == "patients_summary":
		return 50, 50
	case s.name == "appointments" && verbose:
		return 25, 25
	case verbose:
		return 50, 50
	}
	return 250, 250
}
