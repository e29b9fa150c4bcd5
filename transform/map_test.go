package transform

import (
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/google/go-cmp/cmp"
)

// field is a field that gives one value.
func field(name string, t Type, limit int, required bool, v Value) Field[int] {
	return Field[int]{Name: name, Type: t, Max: limit, Required: required, Get: func(int, *Case) Value { return v }}
}

func TestTypes(t *testing.T) {
	for _, c := range []struct {
		kind Type
		good []string
		bad  []string
	}{
		{Integer, []string{"0", "-5", "123456789012345678"}, []string{"007", "1.0", "1e3", "1234567890123456789", "x", "+1", "--1"}},
		{Number, []string{"0", "0.5", "-12.25"}, []string{"00.5", ".5", "1.", "1e3", "NaN", "1,5"}},
		{Boolean, []string{"true", "false"}, []string{"True", "1", "yes"}},
		{Date, []string{"2024-02-29"}, []string{"2023-02-29", "2024-2-9", "2024-02-29T00:00:00"}},
		{Time, []string{"00:00", "23:59"}, []string{"24:00", "9:00", "23:60", "23:59:00"}},
		{Stamp, []string{"2024-02-29T10:00:00Z"}, []string{"2024-02-29T10:00:00", "2024-02-29"}},
		{IDs, []string{"1", "1,2", "1, 20 ,3"}, []string{"1 2", "1,,2", "01", "1,x", ","}},
		{Text, []string{"ש 🙂 é"}, []string{"a\x00b", "a\x7fb", "a\u0085b", "a\xffb"}},
	} {
		for _, text := range c.good {
			if message := format(c.kind, text); message != "" {
				t.Errorf("%s %q: %s", c.kind, text, message)
			}
		}
		for _, text := range c.bad {
			if format(c.kind, text) == "" {
				t.Errorf("%s %q passes", c.kind, text)
			}
		}
	}
}

func TestMapCollectsEveryProblem(t *testing.T) {
	v := Map([]Field[int]{
		field("a", Text, 0, true, Value{}), field("b", Text, 2, false, String("ééé")), field("c", Date, 0, false, String("x")),
		field("d", Text, 2, true, String("🙂é")), field("e", Text, 0, false, Value{}),
		field("f", Text, 0, false, String("a\xffb")),
	}, 0, newCase(t))
	got := map[string]string{}
	for _, p := range v.Problems {
		got[p.Field] = p.Code
	}
	want := map[string]string{"a": "required", "b": "too_long", "c": "format", "f": "format"}
	if diff := cmp.Diff(want, got); diff != "" || v.Outcome != etl.Invalid || v.Cause != "required" || v.Body != nil {
		t.Errorf("%s %s, body %q, problems (-want +got)\n%s", v.Outcome, v.Cause, v.Body, diff)
	}
}

func TestMapLeavesOutWhatIsAbsent(t *testing.T) {
	c := newCase(t)
	c.Constants = map[string][]Constant{"thing": {{"a", `"constant"`}, {"more", "7"}, {"theirs", "1"}}, "other": {{"x", "1"}}}
	v := Map([]Field[int]{
		field("a", Text, 0, false, String("own")), field("b", Text, 0, false, Value{}),
		{Name: "theirs", Type: Theirs, Required: true, Get: func(_ int, c *Case) Value { return c.Need("other", "9") }},
		{Name: "ours", Type: Own, Get: func(_ int, c *Case) Value { return c.OwnID("thing") }},
	}, 0, c)
	if got, want := string(v.Body), `{"a":"own","more":7}`; got != want {
		t.Errorf("body %s, want %s", got, want)
	}
	want := []etl.Need{{Path: "theirs", Object: "other", ID: "9"}, {Path: "ours", Object: "thing", ID: "1", Optional: true}}
	if diff := cmp.Diff(want, v.Needs); diff != "" {
		t.Error("needs (-want +got)\n" + diff)
	}
}

func TestLookups(t *testing.T) {
	c := newCase(t)
	c.Lookups = table{"state": {"NY": "33"}}
	if got := c.Lookup("state", "NY", "state NY") + c.IfKept("state", "NY", "") + c.IfKept("location", "1", ""); got != "3333" || len(c.problems) > 0 {
		t.Errorf("got %q, problems %v", got, c.problems)
	}
	if got := c.Lookup("state", "ZZ", "state ZZ"); got != "" || len(c.problems) != 1 {
		t.Fatalf("an unknown key gives %q and %d problems", got, len(c.problems))
	}
	p := c.problems[0]
	if p.Field != "f" || p.Code != etl.CodeLookup || p.Lookup != "state" || p.Key != "ZZ" || !strings.Contains(p.Message, "state ZZ") {
		t.Errorf("the problem is %+v", p)
	}
}

func TestHashHoldsBodyAndNeedsButNoOwnID(t *testing.T) {
	base := Verdict{Body: []byte(`{}`), Needs: []etl.Need{{Path: "clientId", Object: "client", ID: "1"}}}
	own := Verdict{Body: base.Body, Needs: append([]etl.Need{{Path: "id", Object: "visit", ID: "5", Optional: true}}, base.Needs...)}
	if string(hashOf(base)) != string(hashOf(own)) {
		t.Error("a record differs from itself once it has an id of its own")
	}
	for name, other := range map[string]Verdict{
		"body":   {Body: []byte(`{"a":1}`), Needs: base.Needs},
		"client": {Body: base.Body, Needs: []etl.Need{{Path: "clientId", Object: "client", ID: "2"}}},
		"none":   {Body: base.Body},
	} {
		if string(hashOf(base)) == string(hashOf(other)) {
			t.Errorf("another %s has the same hash", name)
		}
	}
}

func TestCarryPutsChildrenIntoTheirSlots(t *testing.T) {
	own := func(id string) []etl.Need { return []etl.Need{{Path: "id", Object: "part", ID: id, Optional: true}} }
	inside := []etl.Target{{Slot: "auths", Payload: []byte(`{"n":1}`), Needs: own("a")},
		{Slot: "funders", Payload: []byte(`{"n":2}`), Needs: own("b")}, {Slot: "funders", Payload: []byte(`{"n":3}`), Needs: own("c")}}
	for body, want := range map[string]string{
		`{"x":1}`: `{"x":1,"auths":[{"n":1}],"funders":[{"n":2},{"n":3}]}`,
		`{}`:      `{"auths":[{"n":1}],"funders":[{"n":2},{"n":3}]}`,
	} {
		v := Verdict{Body: []byte(body)}
		carry(&v, inside)
		if string(v.Body) != want {
			t.Errorf("body %s, want %s", v.Body, want)
		}
		var paths []string
		for _, n := range v.Needs {
			paths = append(paths, n.Path+" "+n.ID)
		}
		if diff := cmp.Diff([]string{"auths.0.id a", "funders.0.id b", "funders.1.id c"}, paths); diff != "" {
			t.Error("paths (-want +got)\n" + diff)
		}
	}
	v := Verdict{Outcome: etl.Excluded}
	if carry(&v, inside); v.Body != nil || v.Needs != nil {
		t.Error("a record that does not go carries something")
	}
}
