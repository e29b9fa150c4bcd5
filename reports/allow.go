package reports

import (
	"cmp"
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
	{"RETRY", etl.Rejected, ""}, {"RETRY", etl.Invalid, ""}, {"RETRY", etl.Failed, ""}, {"RETRY", etl.Held, etl.CauseNoID},
	{"SKIP", etl.Rejected, ""}, {"SKIP", etl.Invalid, ""}, {"SKIP", etl.Failed, ""}, {"SKIP", etl.Blocked, ""}, {"SKIP", etl.Held, ""},
	{"MAP", etl.Held, etl.CauseCandidates}, {"MAP", etl.Held, etl.CauseExists}, {"MAP", etl.Held, etl.CauseNoID}, {"MAP", etl.Held, etl.CauseInitialLoad}, {"MAP", etl.Held, etl.CauseRestored},
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

// lackCause stands for a value that a lookup lacks. No cause is called so.
const lackCause = "a value"

// An offer is what the drop-down offers on records of an outcome and cause.
type offer struct {
	outcome etl.Outcome
	cause   string // anyCause, lackCause, or one that has decisions of its own
	verbs   []string
}

// offers are the drop-downs: what Refusal lets pass, and no more. What is blocked
// has none: where a row with a drop-down shows it, the row speaks of many.
var offers = func() (list []offer) {
	note := func(o etl.Outcome, cause string) {
		if slices.ContainsFunc(list, func(f offer) bool { return f.outcome == o && f.cause == cause }) {
			return
		}
		f := offer{outcome: o, cause: cause}
		for _, d := range decisions {
			if Refusal(d[0], o, cause, cause == lackCause) == "" {
				f.verbs = append(f.verbs, d[0])
			}
		}
		list = append(list, f)
	}
	for _, a := range allowances {
		if a.outcome == etl.Blocked {
			continue
		}
		note(a.outcome, anyCause)
		note(a.outcome, lackCause)
		note(a.outcome, cmp.Or(a.cause, anyCause))
	}
	return list
}()

// offered are the decisions that may be taken on a row, by what it shows.
func offered(o etl.Outcome, cause, lookup string) []string {
	other := anyCause
	if lookup != "" {
		other = lackCause
	}
	for _, want := range []string{cause, other} {
		for _, f := range offers {
			if f.outcome == o && f.cause == want {
				return f.verbs
			}
		}
	}
	return nil
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
