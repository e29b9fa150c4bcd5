package load

import (
	"bytes"
	"fmt"
	"sort"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Fill puts ids into a mapped body, each at its path: "clientId" or
// "clientFunders.0.clientFunderId". An id of digits goes in as a number.
func Fill(body []byte, ids map[string]string) ([]byte, error) {
	if len(ids) == 0 {
		return body, nil
	}
	at := map[string][]string{} // the object's pointer -> members to put in
	for path, id := range ids {
		parent, name := "", path
		if i := strings.LastIndexByte(path, '.'); i >= 0 {
			parent, name = "/"+strings.ReplaceAll(path[:i], ".", "/"), path[i+1:]
		}
		at[parent] = append(at[parent], fmt.Sprintf("%q:%s", name, idJSON(id)))
	}
	return insert(body, at)
}

// insert copies the body and puts members in right after the brace that opens
// the object at each pointer.
func insert(body []byte, at map[string][]string) ([]byte, error) {
	var out bytes.Buffer
	dec := jsontext.NewDecoder(bytes.NewReader(body))
	copied := int64(0)
	for len(at) > 0 {
		tok, err := dec.ReadToken()
		if err != nil {
			return nil, fmt.Errorf("a place for an id is not in the body: %w", err)
		}
		members := at[string(dec.StackPointer())]
		if tok.Kind() != '{' || members == nil {
			continue
		}
		delete(at, string(dec.StackPointer()))
		out.Write(body[copied:dec.InputOffset()])
		copied = dec.InputOffset()
		sort.Strings(members)
		out.WriteString(strings.Join(members, ","))
		if dec.PeekKind() != '}' {
			out.WriteByte(',')
		}
	}
	out.Write(body[copied:])
	return out.Bytes(), nil
}

// has reports whether a body has a value at a path as Fill writes it.
func has(body jsontext.Value, path string) bool {
	name, rest, deeper := strings.Cut(path, ".")
	var next jsontext.Value
	switch body.Kind() {
	case '{':
		var members map[string]jsontext.Value
		if json.Unmarshal(body, &members) != nil {
			return false
		}
		next = members[name]
	case '[':
		var list []jsontext.Value
		n, err := strconv.Atoi(name)
		if err != nil || json.Unmarshal(body, &list) != nil || n >= len(list) {
			return false
		}
		next = list[n]
	}
	if next == nil || !deeper {
		return next != nil
	}
	return has(next, rest)
}

func idJSON(id string) string {
	if n, err := strconv.ParseInt(id, 10, 64); err == nil && strconv.FormatInt(n, 10) == id {
		return id
	}
	quoted, _ := jsontext.AppendQuote(nil, strings.ToValidUTF8(id, "\uFFFD")) // fails for invalid UTF-8 only
	return string(quoted)
}
