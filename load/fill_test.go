package load_test

import (
	"testing"

	"github.com/chartbridge/chartbridge/load"
)

func TestFill(t *testing.T) {
	type ids = map[string]string
	tests := []struct {
		body string
		ids  ids
		want string // "" = an error
	}{
		{`{"a":1}`, nil, `{"a":1}`},
		{`{"a":1}`, ids{"clientId": "7"}, `{"clientId":7,"a":1}`},
		{`{}`, ids{"clientId": "7"}, `{"clientId":7}`},
		{`{"a":"{"}`, ids{"x": "A-7", "b": "007"}, `{"b":"007","x":"A-7","a":"{"}`},
		{`{}`, ids{"id": "a\x7f\"b"}, "{\"id\":\"a\x7f\\\"b\"}"},
		{`{"f":[{"n":1},{"n":2}]}`, ids{"f.1.id": "9", "id": "3"}, `{"id":3,"f":[{"n":1},{"id":9,"n":2}]}`},
		{`{"f":[{}],"g":{"h":[{}]}}`, ids{"g.h.0.id": "1", "f.0.id": "2"}, `{"f":[{"id":2}],"g":{"h":[{"id":1}]}}`},
		{`{"f":[{"n":1}]}`, ids{"f.1.id": "9"}, ""},
	}
	for _, tt := range tests {
		got, err := load.Fill([]byte(tt.body), tt.ids)
		if string(got) != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("%s with %v: got %s, %v, want %s", tt.body, tt.ids, got, err, tt.want)
		}
	}
}
