package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLookups(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lookups.yaml")
	text := `central_reach:
  client status: {A: 007, I: "12", D: "?", X: TODO ask, Y: , Z: "", W: "null"}
  staff_status: {True: 1, false: 0}
  ServiceLine: [3, 4]
  contact-form: 55
  tag: {12: t, Default: 2}
  demographics: {crid: 12}
Rethink:
  service_line: [1, "?"]
  contactForm: {default: 9}
  gender: {Male: Todos}
`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := LoadLookups(path)
	if err != nil {
		t.Fatal(err)
	}
	want := Lookups{
		"centralreach": {
			"clientstatus": {"A": "007", "I": "12"}, "staffstatus": {"true": "1", "false": "0"},
			"serviceline": {"default": "3,4"}, "contactform": {"default": "55"}, "tag": {"12": "t", "default": "2"}, "customdemographics": {"crid": "12"},
		},
		"rethink": {"serviceline": {}, "contactform": {"default": "9"}, "gender": {"Male": "Todos"}},
	}
	if diff := cmp.Diff(want, l); diff != "" {
		t.Errorf("lookups (-want +got):\n%s", diff)
	}
	for _, tt := range []struct{ destination, lookup, key, want string }{
		{"centralReach", "clientStatus", "A", "007"}, {"centralreach", "client_status", "D", ""},
		{"CentralReach", "tag", "12", "t"}, {"centralreach", "Tag", "13", "2"}, {"centralreach", "customDemographic", "crid", "12"},
		{"centralreach", "serviceLine", "", "3,4"}, {"rethink", "service_line", "", ""},
		{"rethink", "gender", "default", ""}, {"none", "gender", "Male", ""},
	} {
		if got, ok := l.Find(tt.destination, tt.lookup, tt.key); got != tt.want || ok != (tt.want != "") {
			t.Errorf("Find(%s, %s, %s): got %q, %t, want %q", tt.destination, tt.lookup, tt.key, got, ok, tt.want)
		}
	}
	if !l.Has("central_reach", "contactForm") || l.Has("rethink", "serviceLine") || l.Has("rethink", "tag") {
		t.Error("Has is wrong")
	}
	if _, err := LoadLookups(path + "x"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: got %v", err)
	}
}

func TestLookupFaults(t *testing.T) {
	text := `rethink:
  clientStatus: {A: 1}
  client_status: {B: 1}
  gender: {A: 1, A: 2, B: {c: 1}, default: 3}
  state: 4
  tag: {default: 1, DEFAULT: 2, a: [1]}
  staffStatus: {true: 1, True: 0}
  "?": {}
Re-think: {}
central_registry:
  clientStat: {A: 1}
  serviceLine: {default: [[1]], a: ["1,2"]}
  contactForm: [1, 2]
  demographics: {}
  customDemographics: {}
  canary of a key: {}
centralreech: {gender: {Male: 1}}
elsewhere: {gender: {Male: 1}}
`
	_, err := ParseLookups("l.yaml", []byte(text))
	if err == nil {
		t.Fatal("got no fault")
	}
	want := `l.yaml:3: rethink.client_status: names the same as line 2; keep one spelling
l.yaml:4: rethink.gender.A: stands twice, first on line 4; remove one
l.yaml:4: rethink.gender.B: must be an id or a list of ids
l.yaml:4: rethink.gender.default: this lookup has no default; write each key, since a guess would be sent
l.yaml:5: rethink.state: must be a block of keys; write each key: value on a line of its own
l.yaml:6: rethink.tag.a: takes one id, not a list; write key: id; only serviceLine takes several
l.yaml:6: rethink.tag.default: names the same as line 6; keep one spelling
l.yaml:7: rethink.staffStatus.true: names the same as line 7; keep one spelling
l.yaml:8: rethink.(unprintable key): is no name; use letters and digits
l.yaml:9: Re-think: names the same as line 1; keep one spelling
l.yaml:11: central_registry.clientStat: no lookup has this name; did you mean "clientStatus"?
l.yaml:12: central_registry.serviceLine.a: an id in a list must not hold a comma; write each as an item of its own
l.yaml:12: central_registry.serviceLine.default: must be a list of plain ids
l.yaml:13: central_registry.contactForm: takes one id, not a list; write key: id; only serviceLine takes several
l.yaml:15: central_registry.customDemographics: names the same as line 14; keep one spelling
l.yaml:16: central_registry.(unprintable key): no lookup has this name; ` + "`chartbridge lookups template`" + ` prints those that there are
l.yaml:17: centralreech: no destination has this name; did you mean "centralreach"?
l.yaml:18: elsewhere: no destination has this name; write rethink, centralreach or central_registry`
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
	if l, err := ParseLookups("l.yaml", nil); err != nil || l.Has("rethink", "tag") {
		t.Errorf("empty file: got %v, %v", l, err)
	}
}

func FuzzParseLookups(f *testing.F) {
	f.Add("rethink: {tag: {default: 1}, serviceLine: [1, 2]}")
	f.Fuzz(func(t *testing.T, text string) {
		l, err := ParseLookups("l.yaml", []byte(text))
		if (l == nil) != (err != nil) {
			t.Fatalf("got lookups %t with error %v", l != nil, err)
		}
	})
}
