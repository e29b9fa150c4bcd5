package transform

import (
	"bytes"
	"hash/maphash"
	"math"
	"reflect"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// members reads an object in one pass into the fields that a struct has for it,
// and reports whether it could. It reads only what the strict decoder would
// read to the same end: where a record is not plain, or not sound, it gives up,
// and the decoder says what is wrong.
func members(raw []byte, into reflect.Value) bool {
	fields := fieldsOf(into.Type())
	w := walk{text: raw}
	return fields != nil && w.object(func(name []byte) bool { return w.member(fields, name, into) }) && w.end()
}

// member reads a member's value into its field, or past it.
func (w *walk) member(fields map[string]int, name []byte, into reflect.Value) bool {
	field, wanted := fields[string(name)]
	value, plain, ok := w.value()
	if !ok || !wanted {
		return ok
	}
	switch f := into.Field(field).Addr().Interface().(type) {
	case *Scalar:
		return f.read(value, plain)
	case *Insurance:
		if value[0] == '{' {
			return members(value, into.Field(field))
		}
	case *jsontext.Value:
		*f = bytes.Clone(value)
		return true
	}
	return json.Unmarshal(value, into.Field(field).Addr().Interface(), blanks) == nil
}

// read takes a value that is sound; plain is a text without escapes.
func (s *Scalar) read(value []byte, plain bool) bool {
	switch {
	case plain:
		*s = Scalar(value[1 : len(value)-1])
	case value[0] == '"':
		text, err := jsontext.AppendUnquote(nil, value)
		*s = Scalar(text)
		return err == nil
	case value[0] == '{' || value[0] == '[':
		return false
	case value[0] != 'n':
		*s = Scalar(value)
	}
	return true
}

// byName holds the fields of each struct by the names of its members.
var byName sync.Map // reflect.Type -> map[string]int

// fieldsOf gives a struct's fields by name; nil where the names hang on more
// than plain tags.
func fieldsOf(t reflect.Type) map[string]int {
	if known, ok := byName.Load(t); ok {
		return known.(map[string]int)
	}
	var fields map[string]int
	if t.Kind() == reflect.Struct {
		fields = map[string]int{}
	}
	for i := 0; fields != nil && i < t.NumField(); i++ {
		name := t.Field(i).Tag.Get("json")
		switch {
		case name == "-":
		case name == "" || strings.ContainsAny(name, ",'\"`\\"):
			fields = nil
		default:
			fields[name] = i
		}
	}
	byName.Store(t, fields)
	return fields
}

// names are those that an object has shown, by where they stand in its text.
// There is place for 128; a record with more is left to the decoder.
type names struct {
	slots [256]int32
	n     int
}

var seed = maphash.MakeSeed()

// add reports whether a name is new, and there was place for it.
func (s *names) add(text []byte, at, length int) bool {
	if s.n++; s.n > len(s.slots)/2 || at > math.MaxInt32 {
		return false
	}
	quoted := text[at : at+length+1] // with the quote that ends it
	slot := uint8(maphash.Bytes(seed, quoted))
	for ; s.slots[slot] != 0; slot++ {
		if bytes.HasPrefix(text[s.slots[slot]:], quoted) {
			return false
		}
	}
	s.slots[slot] = int32(at)
	return true
}

// A walk goes along JSON. What it passes over is sound when it says so.
type walk struct {
	text  []byte
	at    int
	depth int // of lists and objects around
}

// maxDepth is how deep one pass goes; what is deeper is left to the decoder.
const maxDepth = 32

// object passes over an object. Of each member it gives the name; member passes
// over the value.
func (w *walk) object(member func(name []byte) bool) bool {
	var seen names
	if !w.take('{') {
		return false
	}
	for first := true; !w.take('}'); first = false {
		if !first && !w.take(',') {
			return false
		}
		name, plain, ok := w.quoted()
		if !ok || !plain || !seen.add(w.text, w.at-1-len(name), len(name)) || !w.take(':') || !member(name) {
			return false
		}
	}
	return true
}

// list passes over a list, and gives each of its values.
func (w *walk) list(element func(value []byte)) bool {
	if !w.take('[') {
		return false
	}
	for first := true; !w.take(']'); first = false {
		if !first && !w.take(',') {
			return false
		}
		value, _, ok := w.value()
		if !ok {
			return false
		}
		element(value)
	}
	return true
}

func (w *walk) space() {
	for w.at < len(w.text) && w.text[w.at] <= ' ' && strings.IndexByte(" \t\r\n", w.text[w.at]) >= 0 {
		w.at++
	}
}

// take passes over a sign, if it is the next.
func (w *walk) take(sign byte) bool {
	if w.space(); w.at < len(w.text) && w.text[w.at] == sign {
		w.at++
		return true
	}
	return false
}

func (w *walk) end() bool {
	w.space()
	return w.at == len(w.text)
}

// quoted passes over a text, and gives it without its quotes; plain is one
// without escapes.
func (w *walk) quoted() (text []byte, plain, ok bool) {
	if !w.take('"') {
		return nil, false, false
	}
	from, wide := w.at, false
	plain = true
	for ; w.at < len(w.text); w.at++ {
		switch ch := w.text[w.at]; {
		case ch == '"':
			text = w.text[from:w.at]
			w.at++
			ok = plain && (!wide || utf8.Valid(text)) || !plain && jsontext.Value(w.text[from-1:w.at]).IsValid()
			return text, plain, ok
		case ch == '\\':
			plain = false
			w.at++
		case ch >= utf8.RuneSelf:
			wide = true
		case ch < ' ':
			return nil, false, false
		}
	}
	return nil, false, false
}

// value passes over any value; plain is a text without escapes.
func (w *walk) value() (value []byte, plain, ok bool) {
	w.space()
	from := w.at
	if w.at == len(w.text) {
		return nil, false, false
	}
	switch w.text[w.at] {
	case '"':
		_, plain, ok = w.quoted()
		return w.text[from:w.at], plain, ok
	case '{':
		w.depth++
		ok = w.depth < maxDepth && w.object(func([]byte) bool { _, _, ok := w.value(); return ok })
		w.depth--
		return w.text[from:w.at], false, ok
	case '[':
		w.depth++
		ok = w.depth < maxDepth && w.list(func([]byte) {})
		w.depth--
		return w.text[from:w.at], false, ok
	}
	value = w.word()
	return value, false, digits(value) || isLiteral(value) || jsontext.Value(value).IsValid()
}

func isLiteral(word []byte) bool {
	return string(word) == "null" || string(word) == "false" || string(word) == "true"
}

// word passes over a number, true, false or null.
func (w *walk) word() []byte {
	from := w.at
	for w.at < len(w.text) && w.text[w.at] > ' ' && w.text[w.at] != ',' && w.text[w.at] != ']' && w.text[w.at] != '}' {
		w.at++
	}
	return w.text[from:w.at]
}

// digits reports whether a word is a whole number.
func digits[T string | []byte](word T) bool {
	for i := range len(word) {
		if word[i] < '0' || word[i] > '9' {
			return false
		}
	}
	return len(word) == 1 || len(word) > 1 && word[0] != '0'
}
