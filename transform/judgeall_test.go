package transform

import (
	"strconv"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
)

// Verdicts come in the order of their records, whichever processor gave them;
// a rule that panics does it where the run is guarded.
func TestJudgeAllKeepsTheOrder(t *testing.T) {
	sources := make([]etl.Source, 300)
	for i := range sources {
		sources[i].ID = strconv.Itoa(i)
	}
	shape := Shape{Judge: func(c *Case) []Verdict {
		if c.Source.ID == "x" {
			panic("a rule's mistake")
		}
		return []Verdict{{Cause: c.Source.ID}}
	}}
	for i, v := range judgeAll(shape, &Env{}, sources, nil, "") {
		if len(v) != 1 || v[0].Cause != sources[i].ID {
			t.Fatalf("record %d has the verdicts %v", i, v)
		}
	}
	sources[150].ID = "x"
	defer func() {
		if got := recover(); got != "a rule's mistake" {
			t.Errorf("the panic is %v", got)
		}
	}()
	judgeAll(shape, &Env{}, sources, nil, "")
}
