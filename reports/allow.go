package reports

import (
	"fmt"
	"slices"

	"github.com/chartbridge/chartbridge/etl"
)

// An allowance is a decision that may be taken on records of an outcome; with
// a cause, only where that is why they are there.
type allowance struct {
	verb    string
	outcome etl.Outcome
	cause   string // "" = any
}

// allowances are the pairs that the workbook checks live and `decide` checks
// again. MAP of a value that a lookup lacks is allowed beside them.
var allowances = []allowance{
	{"RETRY", etl.Rejected, ""}, {"RETRY", etl.Invalid, ""}, {"RETRY", etl.Failed, ""},
	{"SKIP", etl.Rejected, ""}, {"SKIP", etl.Invalid, ""}, {"SKIP", etl.Failed, ""}, {"SKIP", etl.Blocked, ""}, {"SKIP", etl.Held, ""},
	{"MAP", etl.Held, etl.CauseCandidates}, {"MAP", etl.Held, etl.CauseExists}, {"MAP", etl.Held, "no_id"}, {"MAP", etl.Held, etl.CauseInitialLoad}, {"MAP", etl.Held, etl.CauseRestored},
	{"APPROVE", etl.Held, etl.CauseOverwrite}, {"APPROVE", etl.Held, etl.CauseBrake}, {"APPROVE", etl.Held, etl.CauseInitialLoad}, {"APPROVE", etl.Held, etl.CauseRestored},
	{"APPROVE", etl.Held, etl.CauseApproval},
}

// decisions are the words of the drop-down, with what they do.
var decisions = [][2]string{
	{"RETRY", "Judge it and send it again, once, with the next run."},
	{"SKIP", "Leave it out until its record in DrChrono changes."},
	{"MAP", "Give their id in map_to_id: of the value that the lookup lacks, for every record with it, or of this very record."},
	{"APPROVE", "Send it as it is: for this payload only, and for 72 hours."},
}

// anyCause stands for any cause on the sheet Lists.
const anyCause = "any"

// Refusal says why a decision may not be taken on a record, or "" if it may.
// mapsValue is whether a lookup lacks the record's value.
func Refusal(verb string, o etl.Outcome, cause string, mapsValue bool) string {
	if verb == "MAP" && mapsValue && o == etl.Invalid {
		return ""
	}
	if slices.ContainsFunc(allowances, func(a allowance) bool { return a.verb == verb && a.outcome == o && (a.cause == "" || a.cause == cause) }) {
		return ""
	}
	if o == etl.Uncertain {
		return "it may have arrived: settle it with `chartbridge uncertain resolve`"
	}
	why := string(o)
	if cause != "" {
		why += " (" + cause + ")"
	}
	return fmt.Sprintf("%s does not fit a record that is %s", verb, why)
}
