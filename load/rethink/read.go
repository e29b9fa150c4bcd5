package rethink

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
)

// parseRead reads a list of the read API: a bare array, an object that holds
// exactly one array of objects under whatever name, or a single object with its
// id. The envelope is not fixed by the vendor's documents (destinations-facts,
// A1). A list that does not come whole is an error: what it hides would be
// created again.
func parseRead(name string, body []byte) ([]object, error) {
	if nothing(body) {
		return nil, nil
	}
	var list []object
	if json.Unmarshal(body, &list) == nil && list != nil {
		return list, nil
	}
	var one object
	if json.Unmarshal(body, &one) != nil || one == nil {
		return nil, errNoObject
	}
	if one.id(idField[name]) != "" {
		return []object{one}, nil
	}
	if one.text("ErrorMessage") != "" || one.text("error") != "" {
		return nil, errNoObject
	}
	list, ok := one.listed()
	if !ok {
		return parseInner(name, one)
	}
	for _, total := range []string{"total", "totalCount", "count"} {
		if n, err := strconv.Atoi(one.text(total)); err == nil && n > len(list) {
			return nil, fmt.Errorf("it shows %d of %d entries, and how to ask for the others is not known", len(list), n)
		}
	}
	return list, nil
}

// nothing reports whether a body shows no entry: it is empty, or null. That
// known records are among what is shown is the engine's to see.
func nothing(body []byte) bool {
	text := bytes.TrimSpace(body)
	return len(text) == 0 || string(text) == "null"
}

// parseInner reads a list that stands in an envelope's envelope.
func parseInner(name string, one object) ([]object, error) {
	for _, envelope := range envelopes {
		if v, ok := one.member(envelope); ok && v.Kind() == '{' {
			return parseRead(name, v)
		}
	}
	return nil, errNoObject
}

// listed is the array of objects that an envelope holds: the only one that is
// not empty, or the only one, or the one under a usual name. Errors are no
// list.
func (o object) listed() (list []object, ok bool) {
	arrays, full := map[string][]object{}, 0
	for name := range o {
		l, ok := o.array(name)
		if !ok || strings.Contains(strings.ToLower(name), "error") {
			continue
		}
		arrays[strings.ToLower(name)] = l
		if len(l) > 0 {
			list, full = l, full+1
		}
	}
	if full == 1 || full == 0 && len(arrays) == 1 {
		return list, true
	}
	for _, name := range []string{"items", "data", "results", "value"} {
		if l, ok := arrays[name]; ok {
			return l, true
		}
	}
	return nil, false
}

// array is a member that is an array of objects; ok is false for anything else.
func (o object) array(name string) (list []object, ok bool) {
	v, there := o.member(name)
	if !there || v.Kind() != '[' || json.Unmarshal(v, &list) != nil {
		return nil, false
	}
	return list, true
}
