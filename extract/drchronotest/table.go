package drchronotest

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strconv"
)

// fields is one record while it is being made: key to any JSON value. A key
// that begins with "_" is kept but never shown: "_id" names a row of an
// endpoint without an id, "_updated_at" and "_when" serve its filters.
type fields = map[string]any

// A column is one key of a table: the value that a row has when it stores
// none. A nil default means that the key is then absent.
type column struct {
	name string
	def  []byte
}

// A row is one record. Body holds only what differs from the columns'
// defaults, which keeps a million appointments in memory: uvarint column,
// uvarint length, raw JSON, in the order of columns.
type row struct {
	id                      string
	body                    []byte
	updated, when           int64 // naive stamps read as UTC seconds; 0 = none
	patient, doctor, office int64
	status                  string
	hidden                  bool // archived, deleted, inactive, deceased
	gone                    bool // removed by Delete
}

// A table holds one endpoint's records in the order in which they were added.
type table struct {
	name    string
	cols    []column
	at      map[string]int // column by name
	rows    []row
	byID    map[string]int32
	version int // grows with each change; results cached before it are stale
	cache   map[string][]int32
	status  map[string]string // interned
}

func newTable(name string) *table {
	t := &table{name: name, at: map[string]int{}, byID: map[string]int32{}, cache: map[string][]int32{}, status: map[string]string{}}
	for _, c := range defaultColumns[name] {
		t.column(c.name)
		t.cols[t.at[c.name]].def = c.def
	}
	if s := specs[name]; s != nil {
		for _, k := range s.keys {
			t.column(k.name)
		}
	}
	return t
}

func (t *table) column(name string) int {
	i, ok := t.at[name]
	if !ok {
		i = len(t.cols)
		t.at[name] = i
		t.cols = append(t.cols, column{name: name})
	}
	return i
}

func (t *table) changed() {
	t.version++
	clear(t.cache)
}

// add stores the record under its id, or replaces the one that has it.
func (t *table) add(m fields) string {
	raw := make(map[string][]byte, len(m))
	for k, v := range m {
		raw[k] = marshal(v)
	}
	return t.put(raw)
}

func (t *table) put(raw map[string][]byte) string {
	if text(raw["_id"]) == "" && text(raw["id"]) == "" {
		raw["_id"] = marshal("row-" + strconv.Itoa(len(t.rows)+1))
	}
	r := t.index(raw)
	r.body = t.encode(raw)
	if i, ok := t.byID[r.id]; ok {
		t.rows[i] = r
	} else {
		t.byID[r.id] = int32(len(t.rows))
		t.rows = append(t.rows, r)
	}
	t.changed()
	return r.id
}

func (t *table) encode(raw map[string][]byte) []byte {
	var unknown []string
	at := make([]int, 0, len(raw))
	for k := range raw {
		if i, ok := t.at[k]; ok {
			at = append(at, i)
		} else {
			unknown = append(unknown, k)
		}
	}
	slices.Sort(unknown) // new columns come in one order, whatever the map's
	for _, k := range unknown {
		at = append(at, t.column(k))
	}
	slices.Sort(at)
	var body []byte
	for _, i := range at {
		val := raw[t.cols[i].name]
		if bytes.Equal(val, t.cols[i].def) {
			continue
		}
		body = binary.AppendUvarint(body, uint64(i))
		body = binary.AppendUvarint(body, uint64(len(val)))
		body = append(body, val...)
	}
	return slices.Clip(body)
}

// each walks the stored values of a body in the order of columns.
func each(body []byte, f func(col int, val []byte)) {
	for len(body) > 0 {
		col, n := binary.Uvarint(body)
		size, m := binary.Uvarint(body[n:])
		body = body[n+m:]
		f(int(col), body[:size])
		body = body[size:]
	}
}

func (t *table) decode(r *row) map[string][]byte {
	raw := make(map[string][]byte, len(t.cols))
	for _, c := range t.cols {
		if c.def != nil {
			raw[c.name] = c.def
		}
	}
	each(r.body, func(col int, val []byte) { raw[t.cols[col].name] = val })
	return raw
}

// value is one value of a row: nil when the key is absent.
func (t *table) value(r *row, key string) []byte {
	i, ok := t.at[key]
	if !ok {
		return nil
	}
	out := t.cols[i].def
	each(r.body, func(col int, val []byte) {
		if col == i {
			out = val
		}
	})
	return out
}

// appendJSON renders the row with the columns that mask allows.
func (t *table) appendJSON(dst []byte, r *row, mask []bool) []byte {
	dst = append(dst, '{')
	start, next := len(dst), 0
	write := func(i int, val []byte) {
		if val == nil || !mask[i] {
			return
		}
		if len(dst) > start {
			dst = append(dst, ',')
		}
		dst = strconv.AppendQuote(dst, t.cols[i].name)
		dst = append(append(dst, ':'), val...)
	}
	each(r.body, func(col int, val []byte) {
		for ; next < col; next++ {
			write(next, t.cols[next].def)
		}
		write(col, val)
		next = col + 1
	})
	for ; next < len(t.cols); next++ {
		write(next, t.cols[next].def)
	}
	return append(dst, '}')
}

func (t *table) mask(s *spec, verbose bool) []bool {
	mask := make([]bool, len(t.cols))
	for i, c := range t.cols {
		mask[i] = s.shows(c.name, verbose)
	}
	return mask
}

// index takes from a record what filters and order need.
func (t *table) index(raw map[string][]byte) row {
	first := func(keys ...string) string {
		for _, k := range keys {
			if v := text(raw[k]); v != "" {
				return v
			}
		}
		return ""
	}
	r := row{id: first("_id", "id"), status: first("status")}
	if s, ok := t.status[r.status]; ok {
		r.status = s
	} else {
		t.status[r.status] = r.status
	}
	r.updated = seconds(first("_updated_at", "updated_at", "created_at", "timestamp"))
	r.when = seconds(first("_when", "scheduled_time", "service_date", "date", "created_at"))
	r.patient = number(first("patient_id", "patient"))
	r.doctor = number(first("doctor_id", "doctor"))
	r.office = number(first("office"))
	state := text(raw["patient_status"])
	r.hidden = text(raw["deleted_flag"]) == "true" || text(raw["archived"]) == "true" || state == "I" || state == "D"
	return r
}
