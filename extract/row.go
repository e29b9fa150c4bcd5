package extract

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/go-json-experiment/json/jsontext"
)

func itoa(n int) string { return strconv.Itoa(n) }

// hashSize is how much of a SHA-256 is kept of a row's content.
const hashSize = 16

// lenient reads on where a row breaks the rules of strict JSON: a malformed
// row is staged with its fault, not lost.
var lenient = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

// ReadRow finds what staging needs in the bytes of one row: its id, stamp,
// the patient and doctor that it hangs on, and the hash of its content. The
// bytes are kept as they came.
func ReadRow(e Endpoint, raw []byte, fault string) etl.Row {
	row := etl.Row{Raw: raw, Fault: fault, Verbose: e.Need}
	full := sha256.Sum256(raw)
	row.Hash = full[:hashSize]
	if err := readMembers(e, &row); err != nil && row.Fault == "" {
		row.Fault = err.Error()
	}
	readStamp(&row)
	if row.Fault != "" {
		row.Parts = nil // what cannot be read cannot be told apart either
	}
	if row.ID == "" {
		row.ID = "content:" + hex.EncodeToString(full[:hashSize])
	}
	switch e.Name {
	case "patients":
		row.Patient = row.ID
	case "doctors":
		row.Doctor = row.ID
	}
	if len(e.Volatile) > 0 && row.Fault == "" {
		row.Hash = stableHash(raw, e.Volatile)
	}
	return row
}

// readStamp reads the row's stamp. One that is no date is kept as it came, and
// the row says so; it takes no part in the watermark.
func readStamp(row *etl.Row) {
	if row.UpdatedAt == "" {
		return
	}
	t, ok := parseNaive(row.UpdatedAt)
	if !ok {
		row.Problem = "updated_at is no date"
		return
	}
	row.Stamp = naive(t)
}

func readMembers(e Endpoint, row *etl.Row) error {
	dec := jsontext.NewDecoder(bytes.NewBuffer(row.Raw), lenient...)
	if tok, err := dec.ReadToken(); err != nil || tok.Kind() != '{' {
		return fmt.Errorf("the row is not an object")
	}
	filled := map[string]bool{}
	for dec.PeekKind() == '"' {
		name, err := dec.ReadToken()
		if err != nil {
			return fmt.Errorf("a member's name cannot be read")
		}
		key := name.String()
		value, err := dec.ReadValue()
		if err != nil {
			return fmt.Errorf("member %q cannot be read", key)
		}
		switch {
		case key == e.IDField():
			if id := scalar(value); row.ID == "" {
				row.ID = id
			} else if id != row.ID { // which of two ids would be a guess
				row.ID, row.Fault = "", "it has two ids"
				return nil
			}
		case key == "updated_at":
			row.UpdatedAt = stampText(value)
		case key == "patient", key == "patient_id" && row.Patient == "":
			row.Patient = scalar(value)
		case key == "doctor":
			row.Doctor = scalar(value)
		case key == "deleted_flag", key == "archived", key == "patient_status":
			row.Deleted = cmp.Or(row.Deleted, deleted(key, value))
		case slices.Contains(e.Parts, key) && filledIn(value):
			filled[key] = true
		}
	}
	row.Parts = parts(e, filled)
	return nil
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
func parts(e Endpoint, filled map[string]bool) (names []string) {
	for _, member := range e.Parts {
		if filled[member] {
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
	dec := jsontext.NewDecoder(bytes.NewBuffer(v), lenient...)
	if tok, err := dec.ReadToken(); err != nil || tok.Kind() != '{' {
		return false
	}
	for dec.PeekKind() == '"' {
		name, err := dec.ReadToken()
		if err != nil {
			return false
		}
		key := name.String()
		value, err := dec.ReadValue()
		if err != nil {
			return false
		}
		if (key == "insurance_company" || key == "insurance_id_number") && scalar(value) != "" {
			return true
		}
	}
	return false
}

// stableHash leaves out the URLs of volatile members: presigned ones live an
// hour and differ at each read (drchrono-facts, section 4).
func stableHash(raw []byte, volatile []string) []byte {
	dec := jsontext.NewDecoder(bytes.NewBuffer(raw), lenient...)
	sum := sha256.Sum256(appendStable(make([]byte, 0, len(raw)), dec, volatile, nil))
	return sum[:hashSize]
}

// appendStable writes a value as it is hashed. The form never changes: all that
// is staged would look changed.
func appendStable(b []byte, dec *jsontext.Decoder, volatile []string, name []byte) []byte {
	switch kind := dec.PeekKind(); kind {
	case '{', '[':
		if _, err := dec.ReadToken(); err != nil {
			return b
		}
		b = append(b, byte(kind))
		for dec.PeekKind() != '}' && dec.PeekKind() != ']' && dec.PeekKind() != 0 {
			member := name
			if kind == '{' {
				quoted, err := dec.ReadValue()
				if err != nil {
					return b
				}
				start := len(b)
				b, _ = jsontext.AppendUnquote(b, quoted) // a name that is read can be unquoted
				member = b[start:]
				b = append(b, 0)
			}
			b = appendStable(b, dec, volatile, member)
		}
		if tok, err := dec.ReadToken(); err == nil {
			b = append(b, byte(tok.Kind()))
		}
		return b
	default:
		value, err := dec.ReadValue()
		if err != nil {
			return b
		}
		if slices.ContainsFunc(volatile, func(v string) bool { return v == string(name) }) && strings.HasPrefix(scalar(value), "http") {
			value = jsontext.Value("url")
		}
		return append(append(b, value...), 0)
	}
}
