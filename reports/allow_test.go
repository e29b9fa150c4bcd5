package reports

import (
	"fmt"
	"slices"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
)

// Every pair that the list allows is allowed, and what may have arrived is
// never decided on here.
func TestRefusal(t *testing.T) {
	for _, a := range allowances {
		cause := a.cause
		if cause == "" {
			cause = "whatever"
		}
		if why := Refusal(a.verb, a.outcome, cause, false); why != "" {
			t.Errorf("%v: %s", a, why)
		}
		if Refusal(a.verb, "uncertain", cause, true) == "" || Refusal(a.verb, "created", cause, true) == "" {
			t.Errorf("%s is allowed where it must not be", a.verb)
		}
	}
	if Refusal("MAP", "invalid", "lookup", true) != "" || Refusal("MAP", "invalid", "lookup", false) == "" {
		t.Error("MAP hangs on whether a lookup lacks the value")
	}
	for _, o := range append(etl.Outcomes, etl.Extra) {
		for _, cause := range []string{"", "whatever", etl.CauseCandidates, etl.CauseBrake, etl.CauseApproval, etl.CauseInitialLoad, etl.CodeLookup} {
			for _, lookup := range []string{"", "gender"} {
				got := offered(o, cause, lookup)
				for _, d := range decisions {
					if taken := o != etl.Blocked && Refusal(d[0], o, cause, lookup != "") == ""; taken != slices.Contains(got, d[0]) {
						t.Errorf("%s on %s %q, lookup %q: taken %v, offered %v", d[0], o, cause, lookup, taken, got)
					}
				}
			}
		}
	}
	if fmt.Sprint(len(decisions)) != "4" {
		t.Error("there are four decisions")
	}
}
