package centralreach

import (
	"testing"

	"github.com/chartbridge/chartbridge/transform"
)

func TestPlacesOfService(t *testing.T) {
	if len(places) != 50 {
		t.Errorf("%d codes, the document's table has 50", len(places))
	}
	ids := map[int]string{}
	for code, id := range places {
		if other := ids[id]; id == 0 || other != "" || len(code) != 2 {
			t.Errorf("code %q has id %d, as has %q", code, id, other)
		}
		ids[id] = code
	}
	tests := []struct {
		code string
		want int
		ok   bool
	}{
		{"01", 1, true}, {"3", 2, true}, {"11", 9, true}, {"12", 10, true}, {"02", 45, true}, {"10", 50, true},
		{"19", 52, true}, {"58", 49, true}, {"99", 44, true}, {"27", 0, false}, {"66", 0, false}, {"", 0, false},
	}
	for _, tt := range tests {
		if got, ok := PlaceOfServiceID(tt.code); got != tt.want || ok != tt.ok {
			t.Errorf("code %q: id %d, %v; want %d, %v", tt.code, got, ok, tt.want, tt.ok)
		}
	}
}

// TestPlaceOfAnOffice: a visit's place is the id of the code that the lookup
// gives its office; a code that CentralReach lacks is a problem, not another.
func TestPlaceOfAnOffice(t *testing.T) {
	codes := lookups{"placeOfService": {"1": "12", "2": "27", "3": "66", "4": "id 9", "5": "ID 47", "6": "id x"}}
	for office, want := range map[string]string{"1": "10", "2": "", "3": "", "4": "9", "5": "", "6": ""} {
		c := newCase(t, "appointments", fields{"id": 5}, codes)
		got := placeOfService(transform.Visit{Appointment: transform.Appointment{Office: transform.Scalar(office)}}, c)
		if got.Text() != want {
			t.Errorf("office %s: id %q, want %q", office, got.Text(), want)
		}
	}
}
