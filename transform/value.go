package transform

import (
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// A Type is one of a vendor's data types.
type Type string

// Types. Each is checked by its format before anything is sent.
const (
	Text    Type = "text"
	Integer Type = "integer"
	Number  Type = "number" // decimal text, never a float
	Boolean Type = "boolean"
	Date    Type = "date"    // YYYY-MM-DD
	Time    Type = "time"    // HH:MM
	Stamp   Type = "stamp"   // YYYY-MM-DDT00:00:00Z
	IDs     Type = "ids"     // list of integers
	Texts   Type = "texts"   // list of texts
	Own     Type = "own id"  // the destination's id of this record; only in updates
	Theirs  Type = "ref id"  // the destination's id of another record
	Objects Type = "objects" // array of objects that are judged on their own
)

// A Value is what one field maps to; the zero Value is absent, and an absent
// field is left out of the body, never blanked.
type Value struct {
	text  string // as people write it
	json  string // as it is sent; "" = absent
	plain bool   // it is sent as its text between quotes, and json is not made
}

// Absent reports whether the field is left out.
func (v Value) Absent() bool { return v.json == "" && !v.plain }

// appendTo adds the value as it is sent.
func (v Value) appendTo(text []byte) []byte {
	if !v.plain {
		return append(text, v.json...)
	}
	return append(append(append(text, '"'), v.text...), '"')
}

// Text is the value as people write it.
func (v Value) Text() string { return v.text }

// String maps text; "" is absent (drchrono-v4, Documentation Structure).
func String(s string) Value {
	if s = strings.TrimSpace(s); s == "" {
		return Value{}
	}
	if isPlain(s) {
		return Value{text: s, plain: true}
	}
	s = lines.Replace(s)
	quoted, err := jsontext.AppendQuote(nil, s)
	if err != nil { // not UTF-8: sent as it is nowhere, and said by the format check
		return Value{text: s, json: `""`}
	}
	return Value{text: s, json: string(quoted)}
}

// isPlain reports whether a text is ASCII that JSON does not escape.
func isPlain(s string) bool {
	for i := range len(s) {
		if ch := s[i]; ch < ' ' || ch > '~' || ch == '"' || ch == '\\' {
			return false
		}
	}
	return true
}

// lines makes one line of an address that was typed on several.
var lines = strings.NewReplacer("\r\n", " ", "\n", " ", "\t", " ")

// Raw maps a number or literal as it stands.
func Raw(s string) Value {
	s = strings.TrimSpace(s)
	return Value{text: s, json: s}
}

// Int maps an integer.
func Int(n int) Value { return Raw(strconv.Itoa(n)) }

// Bool maps a boolean.
func Bool(b bool) Value { return Raw(strconv.FormatBool(b)) }

// IDList maps a list of integers, given as text with commas.
func IDList(s string) Value {
	if s == "" {
		return Value{}
	}
	return Value{text: s, json: "[" + s + "]"}
}

// TextList maps a list of texts; none is absent.
func TextList(list []string) Value {
	var json []byte
	for _, s := range list {
		if v := String(s); !v.Absent() {
			json = v.appendTo(append(json, ','))
		}
	}
	if len(json) == 0 {
		return Value{}
	}
	json[0] = '['
	return Value{text: strings.Join(list, ", "), json: string(append(json, ']'))}
}
