package rethink

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/chartbridge/chartbridge/transform"
	"github.com/go-json-experiment/json/jsontext"
)

// parseRead reads a list of the read API: a bare array, an object that holds
// exactly one array of objects under whatever name, or a single object with its
// id. The envelope is not fixed by the vendor's documents (destinations-facts,
// A1). A list that does not come whole is an error: what it hides would be
// created again.
func parseRead(name string, body []byte) ([]jsontext.Value, error) {
	if nothing(body) {
		return nil, nil
	}
	if list, ok := entries(body); ok {
		return list, nil
	}
	one, err := transform.Members(body)
	if err != nil || one == nil {
		return nil, errNoObject
	}
	return object(one).readBack(name, body)
}

// readBack is parseRead for an object, whose text body is.
func (o object) readBack(name string, body []byte) ([]jsontext.Value, error) {
	if o.id(idField[name]) != "" {
		return []jsontext.Value{body}, nil
	}
	if o.text("ErrorMessage") != "" || o.text("error") != "" {
		return nil, errNoObject
	}
	list, ok := o.listed()
	if !ok {
		return parseInner(name, o)
	}
	for _, total := range []string{"total", "totalCount", "count"} {
		if n, err := strconv.Atoi(o.text(total)); err == nil && n > len(list) {
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
func parseInner(name string, one object) ([]jsontext.Value, error) {
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
func (o object) listed() (list []jsontext.Value, ok bool) {
	arrays, full := map[string][]jsontext.Value{}, 0
	for name := range o {
		l, ok := entries(o[name])
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

// entries are the texts of the objects in a list, null among them; ok is false
// for anything else.
func entries(v []byte) (list []jsontext.Value, ok bool) {
	list, err := transform.Elements(v)
	return list, err == nil && list != nil && !slices.ContainsFunc(list, func(e jsontext.Value) bool { return e.Kind() != '{' && e.Kind() != 'n' })
}

// parseEntries reads entries that were read before.
func parseEntries(list []jsontext.Value) []object {
	objects := make([]object, len(list))
	for i, entry := range list {
		objects[i], _ = transform.Members(entry)
	}
	return objects
}
