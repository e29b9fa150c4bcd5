package extract_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/extract"
	"github.com/chartbridge/chartbridge/extract/drchronotest"
)

var update = flag.Bool("update", false, "count the calls at all sizes and write docs/calls.md")

const callsDoc = "../docs/calls.md"

// sizes are three practices; the test counts the first, -update all of them.
var sizes = []struct {
	name string
	drchronotest.Size
}{
	{"small", drchronotest.Size{Patients: 300, Staff: 12, Appointments: 5_000}},
	{"medium", drchronotest.Size{Patients: 1_500, Staff: 40, Appointments: 30_000}},
	{"large", drchronotest.Size{Patients: 5_000, Staff: 120, Appointments: 100_000}},
}

// usual is what the destinations need together.
var usual = []string{"doctors", "offices", "users", "custom_demographics", "patients", "patient_authorizations", "appointments", "medications"}

// A cost is the calls of one night beside the fewest that it could have been.
type cost struct{ calls, least int }

func (c cost) String() string { return fmt.Sprintf("%d (%d)", c.calls, c.least) }

// nightCost runs a night and counts it. The least is a call for each full page
// of the rows that the night had to see, and one for each stream.
func nightCost(w *world) (c cost) {
	before := w.asked
	w.good(usual...)
	for _, name := range usual {
		e, _ := extract.Find(name)
		c.least += max(1, (w.cursor(name).Rows+e.Size()-1)/e.Size())
	}
	c.calls = w.asked - before
	return c
}

// costs are a first load, an unchanged night and one after a day's changes.
func costs(t *testing.T, size drchronotest.Size) (list [3]cost, bulk int) {
	t.Helper()
	p := drchronotest.NewPractice(7, size, firstDay)
	w := newWorld(t, p)
	list[0] = nightCost(w)
	w.clock.pass(24 * time.Hour)
	list[1] = nightCost(w)
	p.NextDay()
	w.clock.pass(time.Minute)
	list[2] = nightCost(w)
	b := newWorld(t, drchronotest.NewPractice(7, size, firstDay), offersBulk)
	b.bulk()
	return list, nightCost(b).calls
}

func callsRow(name string, size drchronotest.Size, c [3]cost, bulk int) string {
	return fmt.Sprintf("| %s | %d | %d | %d | %s | %d | %s | %s |", name, size.Patients, size.Staff, size.Appointments, c[0], bulk, c[1], c[2])
}

const callsHead = `# Calls to DrChrono

How many of DrChrono's calls (500 an hour) a night takes, counted by the
simulated vendor's own journal, for the endpoints that all destinations need
together: %s.
In brackets the fewest that ordinary lists could take: the rows that had to be seen
divided by the largest page, at least one call for each stream.

| practice | patients | staff | visits | first load | the same by bulk lists | unchanged night | night after a day's changes |
|---|---|---|---|---|---|---|---|
%s

- A refresh of the token, every day and a half, is one call more. DrChrono's
  limit does not count it; ours does.
- Patients are read with ` + "`verbose=true`" + `, for their insurances: 50 rows a page. All
  else is read without: 250 rows a page.
- So ` + "`status_transitions`" + ` are not read, which may tell of a cancellation where a visit's
  status is blank: with them a visit page has 20 to 50 rows, and the first load of
  the large practice would take 2,000 to 5,000 calls for its visits instead of 400.
- A bulk list (` + "`bulk: auto`" + `) gives 1,000 rows for an order and, here, two looks at
  it. A first load goes by bulk lists where the account has them; where they are
  refused, the attempt costs one call a list. Later nights take whichever is
  expected to cost fewer, from the rows of the night before.
- Lists without a filter are read in full each night; that is what an unchanged
  night costs. ` + "`medications`" + ` is the one that grows with the practice.
- A route by ` + "`patient_flags`" + ` reads their types too: one call more.
- A 5xx, a broken connection and a page that cannot be read are asked for again, up
  to four times. A list that then still fails at its start, or at the page at which a
  run before it failed, is begun again in pages of half the size, down to a dozen
  rows. In an outage one list alone costs these further calls, and keeps its place.
- A list that gives the records of a page again on the next one is read anew, once in
  a run: rows came in ahead, or the server passed over a page. One that always does so
  stops there, and costs the pages up to there once more in each run.
- A list by ` + "`since`" + ` that took over an hour names the command that has it read again,
  and its calls: nothing but another reading tells of what a deletion may have hidden.
- A kill at any page repeats at most one call: what a run that was cut short has
  drained is not asked again by one that begins within 15 minutes of it, which
  names it in its log. What changed there meanwhile comes with the run after it.

Counted by ` + "`go test ./extract -run TestCalls -update`" + `.
`

// The table in the docs is what the program really does.
func TestCalls(t *testing.T) {
	if *update {
		var rows []string
		for _, s := range sizes {
			nights, bulk := costs(t, s.Size)
			rows = append(rows, callsRow(s.name, s.Size, nights, bulk))
		}
		text := fmt.Sprintf(callsHead, strings.Join(usual, ", "), strings.Join(rows, "\n"))
		if err := os.WriteFile(callsDoc, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(callsDoc)
	if err != nil {
		t.Fatal(err)
	}
	small, bulk := costs(t, sizes[0].Size)
	if row := callsRow(sizes[0].name, sizes[0].Size, small, bulk); !strings.Contains(string(text), row) {
		t.Errorf("%s lacks the row\n%s\nrun this test with -update", callsDoc, row)
	}
	for i, c := range small {
		if c.calls != c.least {
			t.Errorf("night %d takes %d calls, want the fewest possible, %d", i+1, c.calls, c.least)
		}
	}
}
