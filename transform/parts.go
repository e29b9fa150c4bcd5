package transform

import (
	"bytes"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Members reads an object into its members, and null into none. Their values
// are parts of raw. It is as strict as the decoder, which has the last word on
// what is not plain.
func Members(raw []byte) (members map[string]jsontext.Value, err error) {
	members = map[string]jsontext.Value{}
	w := walk{text: raw}
	if w.object(func(name []byte) bool {
		value, _, ok := w.value()
		members[string(name)] = value[:len(value):len(value)]
		return ok
	}) && w.end() {
		return members, nil
	}
	members = nil
	return members, json.Unmarshal(raw, &members)
}

// Elements reads a list likewise.
func Elements(raw []byte) (elements []jsontext.Value, err error) {
	elements = []jsontext.Value{}
	w := walk{text: raw}
	if w.list(func(value []byte) { elements = append(elements, value[:len(value):len(value)]) }) && w.end() {
		return elements, nil
	}
	elements = nil
	return elements, json.Unmarshal(raw, &elements)
}

// TextOf is a value that is sound as text, as a Scalar reads it; "" if it is a
// list or an object.
func TextOf(value jsontext.Value) string {
	var s Scalar
	if len(value) == 0 || !s.read(value, value[0] == '"' && bytes.IndexByte(value, '\\') < 0) {
		return ""
	}
	return s.String()
}
