package drchronotest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// Size says how big a practice is. Less than MinSize is raised to it, since
// the planted cases need room.
type Size struct{ Patients, Staff, Appointments int }

// Raised is the size that a practice of this one gets.
func (s Size) Raised() Size {
	return Size{max(s.Patients, MinSize.Patients), max(s.Staff, MinSize.Staff), max(s.Appointments, MinSize.Appointments)}
}

// Sizes: DefaultSize is a practice of a night's demo; MinSize just holds the
// planted cases.
var (
	DefaultSize = Size{300, 12, 5000}
	MinSize     = Size{40, 8, 150}
)

// First ids of each kind of record; they do not depend on the seed.
const (
	firstDoctor        = 410001
	firstOffice        = 51001
	firstProfile       = 61001
	firstUser          = 710001
	firstPatient       = 90000011
	firstAppointment   = 306500001
	firstDemographic   = 7001
	firstMedication    = 1200001
	firstProblem       = 1300001
	firstAllergy       = 1400001
	firstAuthorization = 1500001
	firstLineItem      = 880001
	firstTransaction   = 990001
)

// UnknownPatient is the id of a patient that no practice holds.
const UnknownPatient = 99999999

// A Practice is a synthetic practice: all that a simulated DrChrono answers.
// It is deterministic, and safe for concurrent use. Stamps of creation and
// change are UTC, visits are wall clock of the visit's doctor; neither bears a
// zone (facts, section 5).
type Practice struct {
	mu     sync.RWMutex
	seed   uint64
	size   Size
	now    time.Time // UTC, whole seconds
	ticks  int       // changes by Patch and Add since now, one second each
	night  int
	rnd    *rand.Rand
	tables map[string]*table
	cases  []Case
	people []person // by patient index
	visits int      // ordinary appointments; their ids are contiguous
	next   map[string]int
}

// A person is what later records need to know of a patient.
type person struct {
	doctor int // index
	payer  int // index into payers, or -1
	member string
	nasty  bool
}

// NewPractice makes a practice as it stands at now. The same arguments make
// the same bytes.
func NewPractice(seed uint64, size Size, now time.Time) *Practice {
	p := &Practice{
		seed: seed, night: 1, now: now.UTC().Truncate(time.Second),
		size:   size.Raised(),
		tables: map[string]*table{}, next: map[string]int{},
	}
	p.reseed()
	p.makeSettings()
	p.makeDoctors()
	p.makePatients()
	p.makeVisits()
	p.makeClinical()
	p.makeBilling()
	p.makeGeneric()
	return p
}

// reseed gives each night its own stream of numbers.
func (p *Practice) reseed() { p.rnd = rand.New(rand.NewPCG(p.seed, uint64(p.night))) }

func (p *Practice) table(endpoint string) *table {
	t := p.tables[endpoint]
	if t == nil {
		t = newTable(endpoint)
		p.tables[endpoint] = t
	}
	return t
}

func (p *Practice) add(endpoint string, m fields) string { return p.table(endpoint).add(m) }

// id hands out the next id of an endpoint.
func (p *Practice) id(endpoint string, first int) int {
	p.next[endpoint]++
	return first + p.next[endpoint] - 1
}

// Now is the instant of the practice's last day, UTC.
func (p *Practice) Now() time.Time {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.now
}

// Count is the number of an endpoint's records, hidden ones included.
func (p *Practice) Count(endpoint string) int {
	p.mu.RLock()
	defer p.mu.RUnlock()
	n := 0
	if t := p.tables[endpoint]; t != nil {
		for i := range t.rows {
			if !t.rows[i].gone {
				n++
			}
		}
	}
	return n
}

// Rows decodes all records of an endpoint, hidden ones and verbose keys
// included, in the order in which they were made. Numbers are json.Number.
func (p *Practice) Rows(endpoint string) []map[string]any {
	p.mu.RLock()
	defer p.mu.RUnlock()
	t := p.tables[endpoint]
	if t == nil {
		return nil
	}
	mask := t.mask(&spec{}, true)
	out := make([]map[string]any, 0, len(t.rows))
	for i := range t.rows {
		if r := &t.rows[i]; !r.gone {
			d := json.NewDecoder(bytes.NewReader(t.appendJSON(nil, r, mask)))
			d.UseNumber()
			var m map[string]any
			must(d.Decode(&m))
			out = append(out, m)
		}
	}
	return out
}

// Patch changes some keys of a record and moves its updated_at on, unless the
// changes name it. A record that is not there is a mistake: it panics.
func (p *Practice) Patch(endpoint, id string, changes map[string]any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ticks++
	p.patch(endpoint, id, changes, p.now.Add(time.Duration(p.ticks)*time.Second))
}

func (p *Practice) patch(endpoint, id string, changes fields, at time.Time) {
	t := p.table(endpoint)
	i, ok := t.byID[id]
	if !ok {
		panic(fmt.Sprintf("drchronotest: patching %s %s: no such record", endpoint, id))
	}
	raw := t.decode(&t.rows[i])
	for _, k := range t.stampKeys(false) {
		raw[k] = marshal(stamp(at))
	}
	for k, v := range changes {
		raw[k] = marshal(v)
	}
	t.put(raw)
}

// stampKeys names the keys that tell when a record changed (or was made).
func (t *table) stampKeys(created bool) []string {
	var keys []string
	for _, k := range []string{"updated_at", "extended_updated_at"} {
		if _, ok := t.at[k]; ok {
			keys = append(keys, k)
		}
	}
	if len(keys) == 0 {
		keys = []string{"_updated_at"}
	}
	if _, ok := t.at["created_at"]; ok && created {
		keys = append(keys, "created_at")
	}
	return keys
}

// Add stores a new record, or replaces the one with its id. Stamps that it
// lacks are set. Its id may be a number or a string; an endpoint without ids
// takes "_id", which is never shown, or is given one.
func (p *Practice) Add(endpoint string, obj map[string]any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ticks++
	t, m := p.table(endpoint), fields{}
	for _, k := range t.stampKeys(true) {
		m[k] = stamp(p.now.Add(time.Duration(p.ticks) * time.Second))
	}
	for k, v := range obj {
		m[k] = v
	}
	t.add(m)
}

// Delete removes a record without a trace, as a merge of charts does; only a
// line item leaves a row in line_item_deletions. For a deleted appointment
// patch deleted_flag instead.
func (p *Practice) Delete(endpoint, id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.table(endpoint)
	i, ok := t.byID[id]
	if !ok {
		return
	}
	if endpoint == "line_items" {
		p.ticks++
		p.add("line_item_deletions", fields{
			"billing_line_item_id": int(number(id)), "appointment_id": int(number(text(t.value(&t.rows[i], "appointment")))),
			"created_at": stamp(p.now.Add(time.Duration(p.ticks) * time.Second)),
		})
	}
	t.rows[i].gone, t.rows[i].body = true, nil
	delete(t.byID, id)
	t.changed()
}

// pick is one of a list, by the practice's own numbers.
func pick[T any](p *Practice, from []T) T { return from[p.rnd.IntN(len(from))] }

// chance is true once in n.
func (p *Practice) chance(n int) bool { return p.rnd.IntN(n) == 0 }

// ago is an instant between least and most days before the practice's now.
func (p *Practice) ago(least, most int) time.Time {
	days := least + p.rnd.IntN(most-least+1)
	return p.now.AddDate(0, 0, -days).Add(-time.Duration(1+p.rnd.IntN(5*3600)) * time.Second)
}
