package load

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"sort"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A Change is one field of a planned update: what was last acknowledged, and
// what would be sent. Both are JSON, and may be a patient's.
type Change struct {
	Field string `json:"field"`
	Old   string `json:"old,omitempty"`
	New   string `json:"new,omitempty"`
}

// A Step is what a plan would do with one record.
type Step struct {
	Destination string   `json:"destination"`
	Object      string   `json:"object"`
	SourceID    string   `json:"source_id"`
	Does        string   `json:"does"` // create, update, discharge, or why it waits: blocked, held
	Cause       string   `json:"cause,omitempty"`
	TargetID    string   `json:"target_id,omitempty"`
	Changes     []Change `json:"changes,omitempty"`
	Hash        string   `json:"payload_hash"`
	WaitsFor    []string `json:"waits_for,omitempty"` // blocked: "object id" of each record that has to be there first

	Stands etl.Outcome `json:"-"` // the outcome that the record has until then
}

// Plan says what would be done with what is due, in the order of its sending.
// acked gives the payload that was last acknowledged, by the target's row.
// going holds the records of earlier objects that go in the same plan, as
// "object id"; it is added to. approvers are the people that a final record
// needs.
func Plan(object Object, due []Due, approvers int, acked map[int64][]byte, going map[string]bool) []Step {
	steps := make([]Step, 0, len(due))
	for _, d := range due {
		s := Step{Destination: d.Destination, Object: d.Object, SourceID: d.SourceID, TargetID: d.TargetID, Hash: hex.EncodeToString(d.Hash), Stands: d.Outcome}
		switch {
		case !allGoing(d.Missing, going):
			s.Does, s.Cause, s.WaitsFor = string(etl.Blocked), etl.CauseReference, d.Missing
		case d.Twin != "" && d.TargetID == "" && !object.Final:
			m := twin(d)
			s.Does, s.Cause = string(m.Outcome), m.Cause
		case object.IfMissing && d.TargetID == "" && (d.Seen == etl.Matched || d.Seen == etl.Mismatched):
			s.Does, s.Cause = string(etl.Excluded), etl.CauseNotNeeded
		case object.Final:
			s.Does = string(etl.Discharge)
			if m, waits := finalWaits(d, approvers); waits {
				s.Does, s.Cause = string(m.Outcome), m.Cause
			}
		case d.TargetID != "" && d.How == ByNaturalKey && !d.Known && d.Approvals == 0:
			s.Does, s.Cause = string(etl.Held), etl.CauseOverwrite
		case d.TargetID == "" && d.Cause == etl.CauseExists:
			s.Does, s.Cause = string(etl.Held), etl.CauseExists
		case d.TargetID == "" && d.Known:
			s.Does, s.Cause = string(etl.Held), etl.CauseNoID
		case d.TargetID == "" && object.NoCreate && d.Cause == etl.CauseCreateOff:
			s.Does, s.Cause = string(etl.Excluded), etl.CauseCreateOff
		case d.TargetID == "" && object.NoCreate: // not looked for yet
			s.Does, s.Cause = string(etl.Update), etl.CauseLookUp
		case d.TargetID == "":
			s.Does = string(etl.Create)
			going[d.Object+" "+d.SourceID] = true
		default:
			s.Does, s.Changes = string(etl.Update), changes(acked[d.TargetRow], d.Mapped)
			hidden := hiddenThere(object, d)
			s.Changes = slices.DeleteFunc(s.Changes, func(c Change) bool { return slices.Contains(hidden, c.Field) })
		}
		steps = append(steps, s)
	}
	return steps
}

func allGoing(missing []string, going map[string]bool) bool {
	for _, m := range missing {
		if !going[m] {
			return false
		}
	}
	return true
}

// Sends reports whether a plan would send anything.
func Sends(steps []Step) bool {
	for _, s := range steps {
		if s.Sends() {
			return true
		}
	}
	return false
}

// Sends reports whether the step sends anything.
func (s Step) Sends() bool {
	return s.Does == string(etl.Create) || s.Does == string(etl.Update) || s.Does == string(etl.Discharge)
}

// changes compares two mapped payloads member by member.
func changes(old, now []byte) []Change {
	before, after := members(old), members(now)
	var names []string
	for name := range after {
		if string(before[name]) != string(after[name]) {
			names = append(names, name)
		}
	}
	for name := range before {
		if _, ok := after[name]; !ok {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	list := make([]Change, len(names))
	for i, name := range names {
		list[i] = Change{name, string(before[name]), string(after[name])}
	}
	return list
}

func members(body []byte) map[string]jsontext.Value {
	var m map[string]jsontext.Value
	if len(body) == 0 || json.Unmarshal(body, &m) != nil {
		return nil
	}
	return m
}

// PlanHash names a plan by what it would send: the same records, operations
// and payloads have the same hash.
func PlanHash(steps []Step) string {
	var lines []string
	for _, s := range steps {
		if s.Sends() {
			lines = append(lines, fmt.Sprintf("%s\x1f%s\x1f%s\x1f%s\x1f%s", s.Destination, s.Object, s.SourceID, s.Does, s.Hash))
		}
	}
	sort.Strings(lines)
	h := sha256.New()
	for _, line := range lines {
		fmt.Fprintln(h, line)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}
