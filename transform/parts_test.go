package transform

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
)

// FuzzParts: members, elements and texts are those of the strict decoder.
func FuzzParts(f *testing.F) {
	for _, seed := range []string{`{"a":1,"B":[{"c":null}],"d":"x\ny"}`, ` [ 1 , {"a":"é"} , null,"x" ] `, `{"a":1,"a":2}`, `[{"a":1,"a":2}]`, `{"i\u0064":2}`, "[\"\xff\"]", `[1,]`,
		`{"a":1}{}`, `[]`, `{}`, `null`, `1`, ``, `"\ud800"`, `[` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `]`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var object map[string]jsontext.Value
		err := json.Unmarshal(raw, &object)
		members, failed := Members(raw)
		if (err == nil) != (failed == nil) || err == nil && !cmp.Equal(object, members) {
			t.Errorf("members of %q: %q, %v; the decoder: %q, %v", raw, members, failed, object, err)
		}
		var list []jsontext.Value
		err = json.Unmarshal(raw, &list)
		elements, failed := Elements(raw)
		if (err == nil) != (failed == nil) || err == nil && !cmp.Equal(list, elements) {
			t.Errorf("elements of %q: %q, %v; the decoder: %q, %v", raw, elements, failed, list, err)
		}
		for _, v := range elements {
			var s Scalar
			if err := json.Unmarshal(v, &s); err != nil {
				s = ""
			}
			if got := TextOf(v); got != s.String() {
				t.Errorf("the text of %q is %q; the decoder: %q", v, got, s)
			}
		}
	})
}
