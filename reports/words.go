package reports

import (
	"strings"

	"github.com/chartbridge/chartbridge/etl"
)

// meanings are the outcomes in one sentence each.
var meanings = map[etl.Outcome]string{
	etl.Created:    "Sent in this run; the destination made a new record of it.",
	etl.Updated:    "Sent in this run; the destination changed its record.",
	etl.Unchanged:  "Acknowledged earlier, and equal now: nothing to send.",
	etl.Matched:    "The destination, which we may only read, holds the same.",
	etl.Mismatched: "The destination, which we may only read, holds something else.",
	etl.Missing:    "The destination, which we may only read, does not hold it.",
	etl.Excluded:   "Left out by a rule or a decision; the cause says which.",
	etl.Invalid:    "We refused to send it: a field breaks a rule of the destination.",
	etl.Rejected:   "The destination refused it. It is not sent again until something changes.",
	etl.Blocked:    "Waits for another record, which has to be there first.",
	etl.Held:       "Waits for a person.",
	etl.Uncertain:  "Sent, and no answer says what became of it: it is never sent again before that is known, by asking after it or by a person's word.",
	etl.Failed:     "It did not go, or could not be read. The next run tries again.",
	etl.Extra:      "Only the destination holds it: counted beside the sum.",
}

// lookThere is what to do about what is uncertain: only the registry cannot be
// asked at all.
const lookThere = "If the next run leaves it so (a discharge: at once), look for it at the destination, and say with `chartbridge uncertain resolve` whether it is there."

// A word is a cause or a code: what it means, and what to do next.
type word struct{ word, meaning, next string }

// words are the causes and codes that we give ourselves. A vendor's own code
// stands as it came.
var words = []word{
	{etl.CodeRequired, "A field that the destination requires has no value.", "Fill the field in DrChrono; the next run sends the record."},
	{etl.CodeTooLong, "A value is longer than the destination takes. It is never cut.", "Shorten the value in DrChrono."},
	{etl.CodeFormat, "A value is not of the format that the destination asks for.", "Correct the value in DrChrono."},
	{etl.CodeRange, "A value lies outside what the destination allows.", "Correct the value in DrChrono."},
	{etl.CodeLookup, "The lookups file has no id for a value.", "Add the key to the lookups file once: every record with it follows."},
	{etl.CodeDST, "A local time that does not exist, or exists twice, when clocks change.", "Move the visit in DrChrono to a time that exists once."},
	{etl.CodeReference, "It names a record that is not there yet.", "Look at the record that it names; this one follows by itself."},
	{etl.CodeConflict, "Two values contradict each other, or nothing tells which of several it is.", "Do as the record's message says: it names them, and where to correct it."},
	{etl.CodeUnread, "The source record cannot be read.", "Open the record in DrChrono and save it again; if it stays, ask support."},
	{etl.CauseNotJudged, "It is staged, and its turn to be judged did not come yet.", "Nothing: the next run does it."},
	{etl.CauseNotSent, "It is ready, but its turn did not come in this run.", "Nothing: the next run sends it."},
	{etl.CauseBreak, "A break in the calendar has no patient.", "Nothing."},
	{etl.CauseNoVisit, "It was sent, and is a break without a patient in DrChrono now.", "Cancel the visit at the destination; then SKIP."},
	{etl.CauseDeleted, "It was deleted before it was ever sent.", "Nothing."},
	{etl.CauseBeforeLive, "It lies before go_live.", "Nothing, unless go_live is wrong in the config."},
	{etl.CauseRoute, "The route does not lead it to this destination.", "Nothing, unless the route is wrong in the config."},
	{etl.CauseReplaced, "It was called off before it was ever sent, and another visit takes its place.", "Nothing."},
	{etl.CauseVirtual, "A repetition that DrChrono has not made a real visit yet.", "Nothing."},
	{etl.CauseNothing, "The record has none of what this would send.", "Nothing."},
	{etl.CauseNotNeeded, "The visit is on their schedule, so no task is needed.", "Nothing."},
	{etl.CauseTakesPlace, "The visit takes place, so there is nothing to cancel.", "Nothing."},
	{etl.CauseNoInsurance, "The patient has no insurance of that kind; one that was sent before stays there.", "Nothing; archive it there if it has ended."},
	{etl.CauseNoDischarge, "The patient has no registry id or no discharge reason.", "Nothing, unless the patient was discharged."},
	{etl.CauseSkipped, "A person decided to skip it until it changes.", "Nothing."},
	{etl.CauseParent, "The record that it travels inside did not go.", "Look at that record; this one follows by itself."},
	{etl.CauseApproval, "It is final, so a person approves it first.", "Check it, then APPROVE it on the sheet Discharges to approve, or with `chartbridge discharges approve`."},
	{etl.CauseAfterFinal, "It was recorded and is final, and its source changed after that.", "Correct it in the registry by hand, or enter the discharge of a new episode there by hand; then SKIP."},
	{etl.CauseSameCRID, "Another patient of ours has the same registry id, which can be only one of the two's.", "Correct the CRID in DrChrono, or clear it in the chart that it is not of."},
	{"11-103", "The registry says that the patient is already discharged.", "Compare it in the registry by hand; then SKIP or, where an answer was lost, `chartbridge uncertain resolve`."},
	{etl.CauseBrake, "The night would have changed suspiciously much.", "Find out why so much changed; then APPROVE it, or run `chartbridge plan` and `push`."},
	{etl.CauseRestored, "The database was restored, and they cannot be asked whether it is there already.", "Look for it there: if it is there, give its id with `chartbridge crosswalk import`, else release it with `chartbridge push --plan`."},
	{etl.CauseInitialLoad, "The vendor loads it first.", "Give the vendor the files of `chartbridge export initial`; after its load, run `chartbridge crosswalk import`."},
	{etl.CauseCandidates, "Several records of theirs could be this one.", "Choose the right one and MAP it to its id."},
	{etl.CauseExists, "They say that it is there already, but not under our id.", "Find it there and MAP it to its id, or run `chartbridge crosswalk import`."},
	{etl.CauseOverwrite, "Their record was found, and holds something else.", "Compare the two: APPROVE lets ours overwrite theirs, SKIP leaves theirs."},
	{etl.CauseStatusID, "A status has no id at the destination.", "Add the status to the lookups file."},
	{etl.CauseNoAnswer, "It was sent, and no answer came that says what became of it.", lookThere},
	{etl.CauseAccepted, "They took it, and their answer comes later by a callback.", "Nothing: without the callback it is asked after. `serve` must be running to receive it."},
	{etl.CauseUnreached, "The destination could not be reached.", "Nothing tonight; if it repeats, run `chartbridge check`."},
	{etl.CauseCreateOff, "It is not there, and nothing of ours creates it: the config does not let us, or it is an event to cancel.", "Nothing, unless the config should allow it."},
	{etl.CauseLookUp, "Not looked for yet: it is changed where it is there, and left out where it is not.", "Nothing: the look comes first."},
	{etl.CauseUnavailable, "A list that it needs has not been read whole.", "Nothing where the next run reads it; else see the sheet Endpoints: a permission may be missing in DrChrono."},
	{string(etl.Mismatched), "The destination, which we may only read, holds other values.", "Correct it there, or in DrChrono if theirs is right."},
	{string(etl.Missing), "The destination, which we may only read, does not hold it.", "Enter it there: the sheet Missing and Extra lists them."},
	{etl.CauseNoID, "It is there, but its id there is not known: it did not come back, or its link was removed.", "Find it there and MAP it to its id; RETRY sends it again, if it is not there."},
}

// nextStep is what to do about a record: by its code, else its cause, else its
// outcome.
func nextStep(code, cause string, o etl.Outcome) string {
	for _, name := range []string{code, cause} {
		for _, w := range words {
			if w.word == name {
				return w.next
			}
		}
	}
	switch o {
	case etl.Rejected:
		return "Read what they refused, correct it in DrChrono; the change sends it again."
	case etl.Invalid:
		return "Correct the field in DrChrono."
	case etl.Held:
		return "Decide about it."
	case etl.Uncertain:
		return lookThere
	}
	return "Nothing: the next run tries again."
}

// meaningOf is what a code of ours means; a vendor's is explained by the
// outcome.
func meaningOf(code string, o etl.Outcome) string {
	for _, w := range words {
		if w.word == code {
			return w.meaning
		}
	}
	return meanings[o]
}

// severities are how the worklist is sorted, most severe first.
var severities = map[int]string{1: "1 uncertain", 2: "2 decide", 3: "3 refused there", 4: "4 refused here", 5: "5 differs there", 6: "6 waiting",
	7: "7 next run"}

var destinationNames = map[string]string{"rethink": "Rethink", "centralreach": "CentralReach", "central_registry": "Central Registry"}

// destinationName is how people write a destination.
func destinationName(d string) string {
	if name, ok := destinationNames[d]; ok {
		return name
	}
	return d
}

// objectName is how people write an object: one of them, or many.
func objectName(o string, many bool) string {
	name := strings.ReplaceAll(o, "_", " ")
	switch {
	case !many || name == "staff":
		return name
	case strings.HasSuffix(name, "y"):
		return strings.TrimSuffix(name, "y") + "ies"
	}
	return name + "s"
}

var notInSheetNames = strings.NewReplacer("[", "", "]", "", ":", "", "*", "", "?", "", "/", "", `\`, "", "'", "")

// sheetName is the name of an object's sheet, short enough for a number to
// follow it.
func (k key) sheetName() string {
	name := []rune(notInSheetNames.Replace(destinationName(k.destination) + " " + objectName(k.object, true)))
	return string(name[:min(len(name), 28)])
}

// exitMeanings are the exit codes (CONTRACT, Program).
var exitMeanings = map[int]string{0: "done", 1: "failed, or stopped by the brake", 2: "usage or config", 3: "could not reach or sign in",
	4: "done, but some records need a person", 5: "quota reached, goes on later", 6: "another run was under way",
	7: "the balance does not close", 129: "interrupted", 130: "interrupted", 137: "killed or out of power", 143: "stopped"}
