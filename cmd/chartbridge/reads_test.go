package main

import (
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/extract"
	"github.com/chartbridge/chartbridge/load/centralreach"
	"github.com/chartbridge/chartbridge/load/centralregistry"
	"github.com/chartbridge/chartbridge/load/rethink"
)

// insuranceKeys and such are not in the document's tables (drchrono-facts,
// section 6); nor is what stands in a patient_authorizations row.
var beyondTables = []string{"users.email", "patients.*_insurance.insurance_payer_id", "patients.*_insurance.insurance_company",
	"patient_authorizations.start_date", "patient_authorizations.end_date", "patient_authorizations.auth_number", "patient_authorizations.authorization_number"}

// A field's From names DrChrono's members by the names that DrChrono gives
// them, or says that it comes from elsewhere: else drift would not find it.
func TestFromNamesMembers(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../extract/drchronotest/endpoints.txt")
	if err != nil {
		t.Fatal(err)
	}
	var members []string
	for line := range strings.Lines(string(text)) {
		if f := strings.Split(strings.TrimSpace(line), "|"); len(f) == 5 {
			for key := range strings.SplitSeq(f[4], ",") {
				name, _, _ := strings.Cut(key, ":")
				members = append(members, f[0]+"."+name)
			}
		}
	}
	elsewhere := []string{"Rethink's answer", "primary 1", "lookup ", "constant", "config"}
	shapes := slices.Concat(rethink.Shapes(nil), centralreach.Shapes(centralreach.Options{}), centralregistry.Shapes(centralregistry.ShapeOptions{}))
	for _, s := range shapes {
		for _, c := range s.Columns {
			reads := c.Reads()
			if len(reads) == 0 && !slices.ContainsFunc(elsewhere, func(word string) bool { return strings.HasPrefix(c.From, word) }) {
				t.Errorf("%s %s %s: From %q names no member of DrChrono's", s.Destination, s.Object, c.Name, c.From)
			}
			for _, r := range reads {
				endpoint, _, _ := strings.Cut(r, ".")
				known := slices.ContainsFunc(members, func(m string) bool { ok, _ := path.Match(r, m); return ok })
				if _, ok := extract.Find(endpoint); !ok || !known && !slices.Contains(beyondTables, r) {
					t.Errorf("%s %s %s: From names %q, which DrChrono does not have", s.Destination, s.Object, c.Name, r)
				}
			}
		}
	}
}
