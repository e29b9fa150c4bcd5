package rethink

import (
	"errors"
	"strconv"
	"strings"

	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/transform"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// An object is one of Rethink's, as it answers. Names are compared as the
// vendor writes them, or else without regard to case: its own casing is not
// consistent (destinations-facts, A2).
type object map[string]jsontext.Value

func (o object) member(name string) (jsontext.Value, bool) {
	if v, ok := o[name]; ok {
		return v, true
	}
	for key, v := range o {
		if strings.EqualFold(key, name) {
			return v, true
		}
	}
	return nil, false
}

func (o object) has(name string) bool {
	_, ok := o.member(name)
	return ok
}

// shows reports whether a member is there and not null.
func (o object) shows(name string) bool {
	v, ok := o.member(name)
	return ok && v.Kind() != 'n'
}

// text is a scalar member as text; "" if it is absent, null, or none.
func (o object) text(name string) string {
	v, _ := o.member(name)
	return transform.TextOf(v)
}

// shown is a member as a person compares it: a scalar's text, or the JSON of
// what is none.
func (o object) shown(name string) string {
	if v, ok := o.member(name); ok && !isScalar(v) {
		return string(canonical(v))
	}
	return o.text(name)
}

// id is a member that holds one of Rethink's ids; null, "" and 0 are none.
func (o object) id(name string) string {
	if !o.has(name) {
		name = proseNames[name]
	}
	if id := o.text(name); id != "0" {
		return id
	}
	return ""
}

// proseNames are ids that the vendor's prose names otherwise than its tables
// (rethink.txt, Error Handling; destinations-facts, A2).
var proseNames = map[string]string{"clientauthorizationId": "clientAuthId"}

// list is a member that is an array of objects.
func (o object) list(name string) []object {
	v, ok := o.member(name)
	if !ok {
		return nil
	}
	var list []object
	if json.Unmarshal(v, &list) != nil {
		return nil
	}
	return list
}

func (o object) at(slot, position string) (object, bool) {
	n, err := strconv.Atoi(position)
	list := o.list(slot)
	if err != nil || n >= len(list) {
		return nil, false
	}
	return list[n], list[n] != nil
}

var errNoObject = errors.New("the answer is not an object of Rethink's")

// envelopes are the names under which an answer may carry its object; where it
// stands is not fixed by the vendor's documents (assumptions, Rethink). None is
// a field of ours.
var envelopes = []string{"data", "result", "results", "value", "item", "items", "response", "payload", "object", "client", "staff", "appointment"}

// parseObject reads an answer that is one object, bare or in an array of one; it
// may be an envelope of either.
func parseObject(reply load.Reply) (object, error) {
	if !reply.IsJSON() {
		return nil, errNoObject
	}
	list, err := parseList(reply.Body)
	if err != nil || len(list) != 1 {
		return nil, errNoObject
	}
	return list[0], nil
}

// isFlat reports whether nothing in it is an object or a list.
func (o object) isFlat() bool {
	for _, v := range o {
		if !isScalar(v) {
			return false
		}
	}
	return true
}

// unwrap is the object that an envelope holds, or the object itself. An
// envelope's own ErrorMessage is the object's.
func (o object) unwrap(idField string) object {
	if o.isFlat() || o.has(idField) || o.text("ErrorMessage") != "" {
		return o
	}
	for _, name := range envelopes {
		v, ok := o.member(name)
		if !ok || v.Kind() != '{' && v.Kind() != '[' {
			continue
		}
		if list, err := parseList(v); err == nil && len(list) == 1 && list[0] != nil {
			return list[0].unwrap(idField)
		}
	}
	return o
}

// parseList reads an answer to a write: a bare array, one in an envelope, or a
// single object.
func parseList(body []byte) ([]object, error) {
	var list []object
	if jsontext.Value(body).Kind() == '[' {
		if json.Unmarshal(body, &list) != nil {
			return nil, errNoObject
		}
		return list, nil
	}
	var one object
	if err := json.Unmarshal(body, &one); err != nil || one == nil {
		return nil, errNoObject
	}
	for _, name := range []string{"items", "data", "results", "value"} {
		if v, ok := one.member(name); ok && json.Unmarshal(v, &list) == nil && list != nil {
			return list, nil
		}
	}
	return []object{one}, nil
}

// messageIn is the vendor's own text of a refusal. It is parsed, never passed
// on: it may quote a patient.
func messageIn(reply load.Reply) string {
	var text string
	if json.Unmarshal(reply.Body, &text) == nil {
		return text
	}
	list, err := parseList(reply.Body)
	if err != nil || len(list) == 0 {
		return ""
	}
	for _, name := range []string{"ErrorMessage", "message", "error"} {
		if m := list[0].unwrap(name).text(name); m != "" {
			return m
		}
	}
	return ""
}
