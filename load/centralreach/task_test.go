package centralreach

import (
	"fmt"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load/loadtest"
)

// TestATaskIsFoundByItsID also where somebody gave it another title.
func TestATaskIsFoundByItsID(t *testing.T) {
	vendor, o := newVendor(t, loadtest.CentralReachOptions{})
	d := open(t, o)
	vendor.SeedTask(map[string]any{"title": "Entered by Bo"})
	id := fmt.Sprint(vendor.Objects(task)[0]["taskId"])
	body := `{"clientId":1,"providerId":2,"startDate":"2026-03-04T09:00:00Z","endDate":"2026-03-04T10:00:00Z",` +
		`"title":"DrChrono visit 5 is not on the schedule","description":"Enter it."}`
	for _, tt := range []struct{ known, want string }{{id, id}, {"", ""}} {
		findings, err := d.Find(t.Context(), task, []etl.Delivery{{Object: task, SourceID: "5", TargetID: tt.known, Body: []byte(body)}})
		if err != nil {
			t.Fatal(err)
		}
		if got := findings[0].TargetID; got != tt.want {
			t.Errorf("known as %q: found %q, want %q", tt.known, got, tt.want)
		}
	}
}
