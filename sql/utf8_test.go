package sql

import (
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
)

// What Windows-1252 writes for Müller-7, and another id of which JSON would make
// the same text.
const notUTF8, another = "M\xfcller-7", "M\xf6ller-7"

// TestImportTakesUTF8: of two ids that are not UTF-8 none is taken, and with them
// none of their list.
func TestImportTakesUTF8(t *testing.T) {
	l := openLedger(t, "client")
	link := func(source, target string) Link {
		return Link{Destination: "there", Object: "client", SourceID: source, TargetID: target}
	}
	faults, err := l.Import(t.Context(), []Link{link("1", "Müller-7"), link("2", notUTF8), link("3", another), link(notUTF8, "4")}, true, "ana", l.now)
	l.must(err)
	for i := range 4 {
		if bad := strings.Contains(faults[i], "UTF-8"); bad != (i > 0) {
			t.Errorf("link %d: %q", i, faults[i])
		}
	}
	if n := l.text(`SELECT count(*) FROM crosswalk`); n != "0" {
		t.Errorf("%s links are kept, want none", n)
	}
}

// TestResolveTakesUTF8: the ledger keeps what a person said, or nothing.
func TestResolveTakesUTF8(t *testing.T) {
	l := openLedger(t, "client")
	d, err := l.intend(etl.Create)
	l.must(err)
	l.must(l.answered(d, load.Unknown))
	for _, said := range [][3]string{{notUTF8, "seen", "ana"}, {"77", notUTF8, "ana"}, {"77", "seen", notUTF8}, {"", notUTF8, "ana"}} {
		refused(t, "resolve", l.Resolve(t.Context(), l.run, d.ID, said[0], said[1], said[2], l.now), "not UTF-8")
	}
	l.must(l.Resolve(t.Context(), l.run, d.ID, "Müller-7", "gesehen: Müller", "Zoë", l.now))
	if got, want := l.text(`SELECT target_id || '|' || evidence || '|' || settled_by FROM delivery`), "Müller-7|gesehen: Müller|Zoë"; got != want {
		t.Errorf("the ledger says %q, want %q", got, want)
	}
}

// TestMapTakesUTF8, for a record as for a rule.
func TestMapTakesUTF8(t *testing.T) {
	b := newBench(t)
	b.want("Ada Roma", Ask{Destination: "rethink", Object: "client", SourceID: "2", Verb: Map, Value: notUTF8, State: "held candidates"}, NotAllowed)
	b.want("Ada Roma", Ask{Destination: "rethink", Lookup: "gender", Key: "few", Verb: Map, Value: notUTF8}, NotAllowed)
}
