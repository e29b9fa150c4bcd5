package transform

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
)

// strict reads a record the slow way.
func strict[T any](raw []byte) (v T, err error) {
	err = json.UnmarshalRead(bytes.NewReader(raw), &v, blanks)
	return v, err
}

// FuzzMembers: what one pass reads, the strict decoder reads to the same end.
func FuzzMembers(f *testing.F) {
	for _, seed := range []string{`{"id":"1","offices":["1",2,null],"primary_insurance":{"insurance_company":"","x":[]}}`, `{"id":1,"id":2}`, `{"id":1,"i\u0064":2}`,
		`{"custom_demographics":[{"field_type":1,"value":"x"}],"patient_flags_attached":""}`, "{\"first_name\":\"\xff\"}", "{\"a\":\"\xff\"}", `{"a":"\ud800"}`,
		`{"first_name":"\ud83d\ude42"}`, `{"id":01}`, `{"id":-0.1e+5}`, `{"a":{"b":1,"b":2}}`, `{"a":[1,]}`, ` { "id" : null , "doctor" : true } `, `{"id":1}{}`,
		`{"id":1,}`, `{,"id":1}`, `{"id":[1]}`, `{"a":]}`, `{"id":tru}`, "{\"id\":\"\x01\"}", `{"last_name":"\\"}`, `{"":1,"":2}`, `{"a":[}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		sameEnd[Patient](t, raw)
		sameEnd[Appointment](t, raw)
	})
}

func sameEnd[T any](t *testing.T, raw []byte) {
	t.Helper()
	var got T
	if !members(raw, reflect.ValueOf(&got).Elem()) {
		return
	}
	want, err := strict[T](raw)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Fatalf("one pass reads it; the decoder: %v (-want +got)\n%s", err, diff)
	}
}

// What is common is read in one pass; what is not, or is not sound, is not.
func TestMembersKnowWhenToGiveUp(t *testing.T) {
	many := ""
	for i := range 128 {
		many += `"m` + strings.Repeat("m", i) + `":"",`
	}
	for _, c := range []struct {
		record string
		want   bool
	}{
		{`{}`, true},
		{`{"id":"306500001","patient":90001,"duration":45.0,"status":"","deleted_flag":false,"profile":null,"vitals":{"x":[1]},"reason":"é \"q\""}`, true},
		{"\n{ \"id\" : 1 ,\t\"status\" : \"Complete\" }\n", true},
		{`{"id":1,"id":1}`, false}, {`{"x":1,"x":1}`, false}, {`{"x":{"y":1,"y":1}}`, false}, {`{"i\u0064":1}`, false},
		{`{"id":[1]}`, false}, {`{"id":{}}`, false}, {`{"id":1`, false}, {`{"id":1}x`, false}, {`{"id":1 "x":2}`, false}, {`[]`, false}, {`null`, false}, {``, false},
		{"{\"x\":\"\xff\"}", false}, {"{\"x\":\"\n\"}", false}, {`{"x":"\x"}`, false}, {`{"x":00}`, false}, {`{"x":nul}`, false}, {`{` + many + `"id":1}`, false},
	} {
		var a Appointment
		if got := members([]byte(c.record), reflect.ValueOf(&a).Elem()); got != c.want {
			t.Errorf("%s: read in one pass %v, want %v", c.record, got, c.want)
		}
		sameEnd[Appointment](t, []byte(c.record))
	}
}
