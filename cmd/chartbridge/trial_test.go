package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/extract/drchronotest"
)

// A trial is one small practice that goes through two nights and the changes
// between them, with one fault on the way. What came of it is judged by the
// vendors' own journals against a trial without a fault, never by our ledger.
type trial struct {
	*site
	foreign *atomic.Int32 // requests that reached a host that no config names
	elsewhere,
	printed string
	tmp string

	come []newcomer // between the nights
}

// A newcomer is a record that the source has from the second night on.
type newcomer struct {
	endpoint string
	row      map[string]any
}

// A verdict is what came of a trial, or of all trials of a row.
type verdict struct{ tried, survived, lost, twice, leaked, held int }

func (v *verdict) add(o verdict) {
	v.tried += o.tried
	v.survived += o.survived
	v.lost += o.lost
	v.twice += o.twice
	v.leaked += o.leaked
	v.held += o.held
}

// trialDay is the day of every trial's practice.
var trialDay = time.Now().Add(-24 * time.Hour)

// newTrial makes a practice of some ten patients, one of them of canaries.
func newTrial(t *testing.T) *trial {
	t.Helper()
	practice := drchronotest.NewPractice(11, drchronotest.MinSize, trialDay)
	v, err := startVendors("127.0.0.1:0", practice, wallClock{}.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	foreign := new(atomic.Int32)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		foreign.Add(1)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"access_token":"x","token_type":"Bearer","expires_in":3600,"results":[]}`))
	}))
	t.Cleanup(elsewhere.Close)
	dir := t.TempDir()
	config, err := v.writeFiles(dir, time.Now().AddDate(0, -4, 0).Format(time.DateOnly))
	if err != nil {
		t.Fatal(err)
	}
	x := &trial{site: &site{t, v, dir, config}, foreign: foreign, elsewhere: elsewhere.URL, tmp: t.TempDir()}
	x.set(simSchedules, "quiet_period: 50ms\n")
	x.hurry()
	x.shrink(9, 12)
	return x
}

// shrink leaves a night that is done in a moment. One patient comes only on
// the second day, visits and all.
func (x *trial) shrink(patients, visits int) {
	p := x.v.Practice
	for _, kind := range []string{drchronotest.KindVirtual} {
		for _, c := range p.CasesOf(kind) {
			p.Delete("appointments", c.ID)
		}
	}
	good := goodPatient(x.t, p)
	keep, late := map[string]bool{good: true}, ""
	for _, c := range p.CasesOf(drchronotest.KindOpioidDischarged) {
		keep[c.ID] = true
	}
	for _, row := range p.Rows("patients") {
		id := fmt.Sprint(row["id"])
		if len(keep) < patients && !keep[id] {
			keep[id] = true
		}
	}
	var kept []newcomer
	for _, row := range p.Rows("appointments") {
		if patient := fmt.Sprint(row["patient"]); len(kept) < visits && keep[patient] {
			kept = append(kept, newcomer{"appointments", row})
			late = pick(patient == good, late, patient)
			continue
		}
		p.Delete("appointments", fmt.Sprint(row["id"]))
	}
	for _, row := range p.Rows("patients") {
		id := fmt.Sprint(row["id"])
		if id == late {
			x.come = append(x.come, newcomer{"patients", row})
		}
		if !keep[id] || id == late {
			p.Delete("patients", id)
		}
	}
	for _, visit := range kept {
		if fmt.Sprint(visit.row["patient"]) == late {
			x.come = append(x.come, visit)
			p.Delete("appointments", fmt.Sprint(visit.row["id"]))
		}
	}
	p.Patch("patients", good, map[string]any{"first_name": canaries[0], "last_name": canaries[1], "address": canaries[2], "email": canaries[3]})
}

// night runs the program in this process.
func (x *trial) night() int {
	x.t.Helper()
	code, stdout, stderr := x.run("run", "--log-level", "debug")
	x.printed += stdout + stderr
	return code
}

// process is a night as a process of its own, with what stands before it on
// the command line.
func (x *trial) process(before ...string) *exec.Cmd {
	args := append(before, os.Args[0], "run", "--log-level", "debug", "--config", x.config)
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), "CHARTBRIDGE_TEST_MAIN=1", "TMPDIR="+x.tmp)
	return cmd
}

// between is the day: discharges are approved, and a few things change.
func (x *trial) between() {
	x.t.Helper()
	for _, d := range x.waiting() {
		x.mustRun(exitDone, "discharges", "approve", d.ID, "--hash", d.Hash, "--as", "Ada Roma")
	}
	for n, row := range x.v.Practice.Rows("patients") {
		if n < 3 {
			x.v.Practice.Patch("patients", fmt.Sprint(row["id"]), map[string]any{"city": fmt.Sprint("Newtown ", n)})
		}
	}
	id := goodPatient(x.t, x.v.Practice)
	x.v.Practice.Patch("patients", id, map[string]any{"address": canaries[2] + " 2"})
	for _, c := range x.come {
		for _, stamp := range []string{"created_at", "updated_at", "extended_updated_at"} {
			delete(c.row, stamp) // it is made today
		}
		x.v.Practice.Add(c.endpoint, c.row)
	}
}

// settle runs clean nights until one is done with nothing open, two at most.
func (x *trial) settle() (survived bool) {
	x.v.Rethink.Heal()
	x.v.CentralReach.Heal()
	x.v.Registry.Heal()
	x.v.DrChrono.ClearFaults()
	for range 2 {
		if code := x.night(); code != exitDone && code != exitAttention {
			continue
		}
		survived = true
		if x.waits()["uncertain"] == 0 {
			break
		}
	}
	return survived
}

// waits counts, of the newest run, the records that wait for a person.
func (x *trial) waits() map[string]int {
	x.t.Helper()
	text, err := os.ReadFile(filepath.Join(x.dir, "out", "latest", "summary.json"))
	if err != nil {
		return nil
	}
	var summary struct {
		Destinations map[string]map[string]map[string]int
	}
	if err := json.Unmarshal(text, &summary); err != nil {
		x.t.Fatal(err)
	}
	waits := map[string]int{}
	for _, objects := range summary.Destinations {
		for _, outcomes := range objects {
			for outcome, n := range outcomes {
				waits[outcome] += n
			}
		}
	}
	return waits
}

// holdings is what the vendors hold, each object by what it says beside ids.
func (x *trial) holdings() map[string]int {
	all := map[string]int{}
	count := func(name string, objects []map[string]any) {
		for _, o := range objects {
			said := []string{}
			for field, value := range o {
				if text, ok := value.(string); ok {
					said = append(said, field+"="+text)
				}
			}
			slices.Sort(said)
			all[name+" "+strings.Join(said, "|")]++
		}
	}
	for _, object := range []string{"client", "staff", "appointment"} {
		count("rethink "+object, x.v.Rethink.Objects(object))
	}
	count("centralreach client", x.v.CentralReach.Objects("client"))
	count("registry discharge", x.v.Registry.Objects("discharge"))
	return all
}

// A standard is a trial without a fault.
type standard struct {
	holds map[string]int
	waits map[string]int
}

func newStandard(t *testing.T, mods ...func(*trial)) standard {
	t.Helper()
	x := newTrial(t)
	for _, mod := range mods {
		mod(x)
	}
	x.night()
	x.between()
	x.night()
	if !x.settle() {
		t.Fatalf("a trial without a fault did not end:\n%s", x.printed)
	}
	s := standard{x.holdings(), x.waits()}
	if v := x.judge(s); v != (verdict{tried: 1, survived: 1}) {
		t.Fatalf("a trial without a fault is judged %+v", v)
	}
	if len(s.holds) < 10 {
		t.Fatalf("the vendors hold %d objects, too few to show anything", len(s.holds))
	}
	return s
}

// judge ends a trial.
func (x *trial) judge(s standard) (v verdict) {
	x.t.Helper()
	v.tried = 1
	if x.settle() && !strings.Contains(x.printed, "a mistake in the program") {
		v.survived = 1
	} else {
		x.t.Logf("%s did not survive:\n%s", x.t.Name(), x.printed)
	}
	waits := x.waits()
	for _, outcome := range []string{"held", "uncertain", "rejected"} {
		v.held += max(0, waits[outcome]-s.waits[outcome])
	}
	holds := x.holdings()
	missing := 0
	for what, n := range s.holds {
		missing += max(0, n-holds[what])
	}
	// What waits for a person is not lost, nor what waits for that.
	v.lost = max(0, missing-v.held-max(0, waits["blocked"]-s.waits["blocked"]))
	for what, n := range holds {
		if more := n - max(1, s.holds[what]); more > 0 {
			v.twice += more
			x.t.Logf("%s: %d too many of %s", x.t.Name(), more, what)
		}
	}
	twice := append(x.v.Rethink.Duplicates(), append(x.v.CentralReach.Duplicates(), x.v.Registry.Duplicates()...)...)
	v.twice = max(v.twice, len(twice))
	leaks := x.leaks()
	v.leaked = len(leaks) + int(x.foreign.Load())
	if v.lost+v.twice+v.leaked > 0 {
		x.t.Errorf("%s: lost %d, twice %d %v, leaked %v, foreign %d", x.t.Name(), v.lost, v.twice, twice, leaks, x.foreign.Load())
	}
	return v
}
