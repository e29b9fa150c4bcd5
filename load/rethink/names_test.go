package rethink

import (
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
)

// TestAnAccountsOwnNames: fields go under the account's names, records are found
// by our id there, and refusals are read in them.
func TestAnAccountsOwnNames(t *testing.T) {
	names := Names{"client": {"clientExternalId": "clientExternalIdentifier", "clientStatusId": "statusOfClientId"},
		"staff": {"companyStaffId": "staffNumber"}, "appointment": {"appointmentStatusId": "visitStatusId"}}
	for _, s := range Shapes(names) {
		var fields []string
		for _, c := range s.Columns {
			fields = append(fields, c.Name)
		}
		for ours, theirs := range names[s.Object] {
			if all := " " + strings.Join(fields, " ") + " "; strings.Contains(all, " "+ours+" ") || !strings.Contains(all, " "+theirs+" ") {
				t.Errorf("%s has the fields %s, want %s instead of %s", s.Object, all, theirs, ours)
			}
		}
	}

	d := answering(t, 200, "application/json", `[{"clientId":7,"ClientExternalIdentifier":"1","clientExternalId":"9"}]`)
	d.o.Names = names
	del := client(`{"firstName":"Ada","lastName":"Roma","clientExternalIdentifier":"1"}`)
	if found, err := d.Find(t.Context(), "client", []etl.Delivery{del}); err != nil || found[0].TargetID != "7" || found[0].How != load.ByExternalID {
		t.Errorf("found %+v, %v; want 7 by our id", found, err)
	}
	a := d.classify(load.Reply{Status: 400, Body: []byte(`{"ErrorMessage":"Invalid Status Of Client ID"}`)}, del)
	if a.Problem.Field != "statusOfClientId" {
		t.Errorf("the refusal speaks of %q, want the account's name of the field", a.Problem.Field)
	}
	if a := d.Called(del, []byte(`{"clientId":7,"clientExternalIdentifier":"2"}`)); a.Kind != load.Unknown {
		t.Errorf("a callback of another record is %s, want unknown", a.Kind)
	}
}
