package extract

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/go-json-experiment/json/jsontext"
)

func itoa(n int) string { return strconv.Itoa(n) }

// hashSize is how much of a SHA-256 is kept of a row's content.
const hashSize = 16

// ReadRow finds what staging needs in the bytes of one row: its id, stamp,
// the patient and doctor that it hangs on, and the hash of its content. The
// bytes are one JSON value, and are kept as they came.
func ReadRow(e Endpoint, raw []byte, fault string) etl.Row {
	row := etl.Row{Raw: raw, Fault: fault, Verbose: e.Need}
	room := stableRoom.Get().(*[]byte)
	defer stableRoom.Put(room)
	stable, err := readMembers(e, &row, (*room)[:0])
	*room = stable
	if err != nil && row.Fault == "" {
		row.Fault = err.Error()
	}
	readStamp(&row)
	if row.Fault != "" {
		row.Parts = nil // what cannot be read cannot be told apart either
	}
	var content [sha256.Size]byte
	plain := len(e.Volatile) == 0 || row.Fault != ""
	if plain || row.ID == "" {
		content = sha256.Sum256(raw)
	}
	if row.ID == "" {
		row.ID = etl.NoID + hex.EncodeToString(content[:hashSize])
	}
	switch e.Name {
	case "patients":
		row.Patient = row.ID
	case "doctors":
		row.Doctor = row.ID
	}
	if !plain {
		content = sha256.Sum256(stable)
	}
	row.Hash = content[:hashSize]
	return row
}

// readStamp reads the row's stamp. One that is no date is kept as it came, and
// the row says so; it takes no part in the watermark.
func readStamp(row *etl.Row) {
	if row.UpdatedAt == "" {
		return
	}
	if row.Stamp = Stamp(row.UpdatedAt); row.Stamp == "" {
		row.Problem = "updated_at is no date"
	}
}

// stableRoom holds room for rows as they are hashed, which nobody keeps.
var stableRoom = sync.Pool{New: func() any { return new([]byte) }}

// readMembers reads the outermost members, in one pass over the row, and gives
// the row as it is hashed, in room, where it has members whose URLs change.
func readMembers(e Endpoint, row *etl.Row, room []byte) (stable []byte, err error) {
	s := scanner{text: row.Raw}
	if s.space(); s.peek() != '{' {
		return room, errors.New("the row is not an object")
	}
	s.at++
	stable, volatile := append(room, '{'), len(e.Volatile) > 0
	var filled []string
	for s.space(); s.peek() == '"'; s.space() {
		name := unquoted(s.quoted())
		s.space()
		from := s.at
		if volatile {
			stable = s.stable(append(append(stable, name...), 0), e.Volatile, name)
		} else {
			s.value()
		}
		value := jsontext.Value(row.Raw[from:s.at])
		if len(value) == 0 {
			return stable, fmt.Errorf("member %q cannot be read", name)
		}
		if !readMember(e, row, name, value) {
			return stable, nil
		}
		if len(e.Parts) > 0 && slices.Contains(e.Parts, string(name)) && filledIn(value) {
			filled = append(filled, string(name))
		}
	}
	row.Parts = parts(e, filled)
	return append(stable, '}'), nil
}

// readMember takes what a member tells; false where the row has two ids, since
// which of the two it goes by would be a guess.
func readMember(e Endpoint, row *etl.Row, name []byte, value jsontext.Value) bool {
	if string(name) == e.IDField() {
		if id := scalar(value); row.ID == "" {
			row.ID = id
		} else if id != row.ID {
			row.ID, row.Fault = "", "it has two ids"
			return false
		}
		return true
	}
	switch string(name) {
	case "updated_at":
		row.UpdatedAt = stampText(value)
	case "patient":
		row.Patient = scalar(value)
	case "patient_id":
		row.Patient = cmp.Or(row.Patient, scalar(value))
	case "doctor":
		row.Doctor = scalar(value)
	case "deleted_flag", "archived", "patient_status":
		row.Deleted = cmp.Or(row.Deleted, deleted(string(name), value))
	}
	return true
}

// unquoted is a name without its escapes.
func unquoted(name []byte) []byte {
	if bytes.IndexByte(name, '\\') < 0 {
		return name
	}
	plain, err := jsontext.AppendUnquote(nil, append(append([]byte{'"'}, name...), '"'))
	if err != nil {
		return name
	}
	return plain
}

// deleted names the member that says that its row is deleted, or in the case of
// a patient no longer active; "" where it says that it is not. The list shows
// such rows only because show_archived and show_inactive ask for them.
func deleted(key string, v jsontext.Value) string {
	text := strings.ToLower(string(bytes.Trim(v, `"`)))
	switch {
	case key == "patient_status" && (text == "i" || text == "d"):
		return "inactive"
	case key != "patient_status" && (text == "true" || text == "1"):
		return key
	}
	return ""
}

// parts names the objects of their own, in the catalogue's order: the part of
// the member primary_insurance is "primary". Everything that counts or judges
// parts goes by these names, so that the balance closes.
func parts(e Endpoint, filled []string) (names []string) {
	for _, member := range e.Parts {
		if slices.Contains(filled, member) {
			name, _, _ := strings.Cut(member, "_")
			names = append(names, name)
		}
	}
	return names
}

// scalar is a string, number or null as text: ids come as either, and "" and
// null both mean absent (drchrono-v4, Documentation Structure).
func scalar(v jsontext.Value) string {
	switch v.Kind() {
	case '"':
		text, err := jsontext.AppendUnquote(nil, v)
		if err != nil {
			return ""
		}
		return string(text)
	case '0':
		return string(v)
	}
	return ""
}

// stampText is a stamp as sent, also where it is no text at all.
func stampText(v jsontext.Value) string {
	if text := scalar(v); text != "" || v.Kind() == 'n' || v.Kind() == '"' {
		return text
	}
	return string(v)
}

// filledIn reports whether an insurance object is one: it is there, full of
// "", when the patient has none (drchrono-facts, section 4).
func filledIn(v jsontext.Value) bool {
	s := scanner{text: v}
	if s.peek() != '{' {
		return false
	}
	s.at++
	for s.space(); s.peek() == '"'; s.space() {
		key := string(unquoted(s.quoted()))
		s.space()
		from := s.at
		if s.value(); s.at == from {
			return false
		}
		if (key == "insurance_company" || key == "insurance_id_number") && scalar(v[from:s.at]) != "" {
			return true
		}
	}
	return false
}

// stable writes a value as it is hashed, and leaves out the URLs of volatile
// members: presigned ones live an hour and differ at each read (drchrono-facts,
// section 4). The form never changes: all that is staged would look changed.
func (s *scanner) stable(b []byte, volatile []string, name []byte) []byte {
	kind := s.peek()
	if kind != '{' && kind != '[' {
		from := s.at
		s.value()
		value := s.text[from:s.at]
		if slices.ContainsFunc(volatile, func(v string) bool { return v == string(name) }) && strings.HasPrefix(scalar(value), "http") {
			value = []byte("url")
		}
		return append(append(b, value...), 0)
	}
	s.at++
	b = append(b, kind)
	for s.space(); s.peek() != '}' && s.peek() != ']' && s.peek() != 0; s.space() {
		before, member := s.at, name
		if kind == '{' {
			member = unquoted(s.quoted())
			s.space()
			b = append(append(b, member...), 0)
		}
		if b = s.stable(b, volatile, member); s.at == before {
			return b // no JSON: nothing is read on
		}
	}
	if s.peek() != 0 {
		b = append(b, s.peek())
		s.at++
	}
	return b
}
