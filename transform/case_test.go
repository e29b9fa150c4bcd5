package transform

import (
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/etl"
)

// table holds lookups without any default.
type table map[string]map[string]string

func (l table) Find(_, lookup, key string) (string, bool) {
	id, ok := l[lookup][key]
	return id, ok
}

func (l table) Has(_, lookup string) bool { return len(l[lookup]) > 0 }

// newCase is a case of 2026-03-01 07:30 UTC, in New York.
func newCase(t testing.TB) *Case {
	t.Helper()
	return &Case{Env: &Env{Destination: "vendor", Object: "thing", Now: time.Date(2026, 3, 1, 7, 30, 0, 0, time.UTC),
		Zone: zone(t, "America/New_York"), Lookups: table{}}, Source: etl.Source{Ref: etl.Ref{Endpoint: "things", ID: "1"}}, field: "f"}
}

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// A ruleCase is a value and what a rule makes of it: the value, "" if it is
// left out, or "!" and the code of the problem.
type ruleCase struct{ name, value, want string }

func checkRule(t *testing.T, rule func(*Case, Scalar) Value, cases []ruleCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			cs := newCase(t)
			got := rule(cs, Scalar(c.value)).Text()
			if len(cs.problems) > 0 {
				got = "!" + cs.problems[0].Code
			}
			if got != c.want {
				t.Errorf("%q gives %q, want %q", c.value, got, c.want)
			}
		})
	}
}
