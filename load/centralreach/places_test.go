package centralreach

import "testing"

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
