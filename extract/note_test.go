package extract

import (
	"testing"

	"github.com/chartbridge/chartbridge/etl"
)

// The note on a page names each of the causes that its rows have.
func TestANoteNamesEachCause(t *testing.T) {
	rows := []etl.Row{{ID: "1"}, {ID: "2", Fault: "one"}, {ID: "3", Fault: "other"}, {ID: "4", Fault: "one"}}
	want := "3 of the records on page 2 cannot be read (one, other): kept as they came"
	if got := faultNote("", rows, 2); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
