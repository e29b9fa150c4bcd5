package main

import (
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/sql"
)

func TestTablesFitATerminal(t *testing.T) {
	t.Parallel()
	rows := [][]string{{"id", "note", "what"}, {"90000070", "-", "correct one of the two dates in DrChrono, then run again"}}
	for width, want := range map[int]string{
		80: "id|note|what\n90000070|-|correct one of the two dates in DrChrono, then run again",
		40: "id|note|what\n90000070|-|correct one of the two\n||dates in DrChrono, then\n||run again",
		30: "id|90000070\nwhat|correct one of the two\n|dates in DrChrono, then\n|run again\n",
	} {
		var lines []string
		for _, row := range fitted(rows, width) {
			lines = append(lines, strings.Join(row, "|"))
		}
		if got := strings.Join(lines, "\n"); got != want {
			t.Errorf("in %d columns:\n%s\nwant\n%s", width, got, want)
		}
	}
}

func TestOutcomesFitATerminal(t *testing.T) {
	t.Parallel()
	counts := []sql.Count{{Destination: "rethink", Object: "client", Outcome: etl.Created, N: 7}, {Destination: "rethink", Object: "client", Outcome: etl.Invalid, N: 2},
		{Destination: "rethink", Object: "client", Outcome: etl.Extra, N: 1}}
	for width, want := range map[int]string{
		0:  "                  source  created  invalid  extra\n  rethink client       9        7        2      1\n",
		40: "rethink client  9  = 7 created + 2 invalid, and 1 extra\n",
	} {
		if got := outcomeTable(counts, width); got != want {
			t.Errorf("in %d columns:\n%s\nwant\n%s", width, got, want)
		}
	}
}
