package load

import (
	"fmt"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
)

func TestKeepBack(t *testing.T) {
	const body = `{"a":1,"funders":[{"f":1,"x":[1]},{"f":2}],"z":{"b":"}"},"auths":[{"n":"7"}]}`
	needs := []etl.Need{{Path: "id", Object: "client", ID: "1", Optional: true}, {Path: "staff", Object: "staff", ID: "5"},
		{Path: "funders.0.id", Object: "funder", ID: "1/primary", Optional: true},
		{Path: "funders.1.id", Object: "funder", ID: "1/secondary", Optional: true}, {Path: "funders.1.staff", Object: "staff", ID: "5"},
		{Path: "auths.0.id", Object: "auth", ID: "9", Optional: true}}
	primary, secondary, auth := Part{"funder", "1/primary", "funders", false}, Part{"funder", "1/secondary", "funders", false}, Part{"auth", "9", "auths", true}
	there := Part{"funder", "1/tertiary", "funders", true} // it maps no more
	tests := []struct {
		name  string
		back  []Part
		body  string
		needs string
	}{
		{"none", nil, body, "id staff funders.0.id funders.1.id funders.1.staff auths.0.id"},
		{"the first", []Part{primary}, `{"a":1,"auths":[{"n":"7"}],"funders":[{"f":2}],"z":{"b":"}"}}`, "id staff auths.0.id funders.0.id funders.0.staff"},
		{"the last", []Part{secondary}, `{"a":1,"auths":[{"n":"7"}],"funders":[{"f":1,"x":[1]}],"z":{"b":"}"}}`, "id staff auths.0.id funders.0.id"},
		{"all, one by one", []Part{primary, secondary}, `{"a":1,"auths":[{"n":"7"}],"z":{"b":"}"}}`, "id staff auths.0.id"},
		{"one that is there", []Part{primary, there}, `{"a":1,"auths":[{"n":"7"}],"z":{"b":"}"}}`, "id staff auths.0.id"},
		{"of both arrays", []Part{secondary, auth}, `{"a":1,"funders":[{"f":1,"x":[1]}],"z":{"b":"}"}}`, "id staff funders.0.id"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, rest, err := KeepBack([]byte(body), needs, tt.back)
			if err != nil || string(got) != tt.body {
				t.Errorf("got  %s (%v)\nwant %s", got, err, tt.body)
			}
			paths := ""
			for _, n := range rest {
				paths += " " + n.Path
			}
			if paths != " "+tt.needs {
				t.Errorf("needs%s, want %s", paths, tt.needs)
			}
		})
	}
	if got, _, err := KeepBack([]byte(`{"\u007f":1}`), nil, []Part{primary}); err != nil || string(got) != "{\"\x7f\":1}" {
		t.Errorf("a name that Go quotes otherwise than JSON: %q, %v", got, err)
	}
	if _, _, err := KeepBack([]byte(`{"funders":[`), needs, []Part{primary}); err == nil {
		t.Error("half a body is taken")
	}
	if fmt.Sprint(needs[3].Path) != "funders.1.id" {
		t.Error("the needs that were given are changed")
	}
}
