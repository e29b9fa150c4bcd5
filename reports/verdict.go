package reports

import (
	"fmt"

	"github.com/chartbridge/chartbridge/etl"
)

// Words of the verdict.
const (
	verdictGood  = "✓ In order"
	verdictWait  = "▲ Needs a person"
	verdictDry   = "▲ Not sent yet"
	verdictShort = "✗ Not a whole night"
	verdictBad   = "✗ Do not rely on this"
)

// verdict is the night in a word and a sentence.
func (b *book) verdict() (word, text string) {
	f := b.facts
	source := 0
	for _, k := range f.keys {
		source += f.source[k]
	}
	if !f.known() {
		return verdictShort, "It ended before it counted, and later runs have moved on: whether every source record was in one outcome is not known any more."
	}
	if b.verdictWord() == checkBad {
		return verdictBad, "The balance does not close: some records are in no outcome, or in two. See Balance."
	}
	if b.badChecks > 0 {
		return verdictWait, checksText(b.badChecks)
	}
	people := f.total(etl.Held, etl.Uncertain, etl.Invalid, etl.Rejected, etl.Mismatched, etl.Missing)
	all := fmt.Sprintf("All %s source records are accounted for", thousands(source))
	if source == 0 {
		all = "There are no source records in scope"
	}
	itself := all
	if !f.tallied {
		itself += ", but the run ended before it counted them itself"
	}
	switch {
	case b.cutShort():
		return verdictShort, fmt.Sprintf("The run ended with %d, %s: what it did not read or send stands as it was before. %s; %s of them need a person.",
			b.o.ExitCode, exitMeanings[b.o.ExitCode], itself, thousands(people))
	case b.o.Run.DryRun:
		return b.dryVerdict(all, people)
	case !f.tallied:
		return verdictWait, itself + ": see its exit code below."
	case people > 0:
		return verdictWait, fmt.Sprintf("%s; %s of them need a person.", all, thousands(people))
	case f.total(etl.Failed, etl.Blocked) > 0:
		return verdictGood, fmt.Sprintf("%s; none needs a person, %s go with the next run.", all, thousands(f.total(etl.Failed, etl.Blocked)))
	}
	return verdictGood, all + "; nothing waits for anybody."
}

func checksText(bad int) string {
	verb := "do"
	if bad == 1 {
		verb = "does"
	}
	return fmt.Sprintf("%d of the checks %s not hold: see Checks, the lines with ✗.", bad, verb)
}

// cutShort reports whether the run did not come to its end.
func (b *book) cutShort() bool { return b.o.ExitCode != 0 && b.o.ExitCode != 4 }

// dryVerdict is that of a run that sent nothing: what would go is no good news
// yet.
func (b *book) dryVerdict(all string, people int) (word, text string) {
	waits := b.facts.total(etl.Failed, etl.Blocked)
	all += "; it was a dry run, so nothing was sent"
	switch {
	case people > 0:
		return verdictWait, fmt.Sprintf("%s: %s of them need a person, and %s would go with a real run or wait for others.", all, thousands(people), thousands(waits))
	case waits > 0:
		return verdictDry, fmt.Sprintf("%s: %s would go with a real run, or wait for others.", all, thousands(waits))
	}
	return verdictGood, all + ": nothing waits for anybody."
}
