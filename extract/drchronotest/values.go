package drchronotest

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

//go:embed defaults.json
var defaultsJSON []byte

// defaultColumns are the keys that the main objects always have, in order,
// with the values that stand there when nothing is known (facts, section 7).
var defaultColumns = parseDefaults(defaultsJSON)

func parseDefaults(b []byte) map[string][]column {
	var raw map[string]json.RawMessage
	must(json.Unmarshal(b, &raw))
	out := map[string][]column{}
	for name, obj := range raw {
		out[name] = orderedColumns(obj)
	}
	return out
}

// orderedColumns reads an object without losing the order of its keys.
func orderedColumns(obj json.RawMessage) []column {
	d := json.NewDecoder(bytes.NewReader(obj))
	_, err := d.Token()
	must(err)
	var cols []column
	for d.More() {
		key, err := d.Token()
		must(err)
		var v json.RawMessage
		must(d.Decode(&v))
		cols = append(cols, column{key.(string), normal(v)})
	}
	return cols
}

// normal gives a value the same bytes that marshal would, so that an equal
// value is recognised as the default.
func normal(raw []byte) []byte {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	must(d.Decode(&v))
	return marshal(v)
}

func marshal(v any) []byte {
	switch x := v.(type) { // most values of a big practice are of these kinds
	case int:
		return strconv.AppendInt(nil, int64(x), 10)
	case bool:
		return strconv.AppendBool(nil, x)
	case nil:
		return []byte("null")
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	must(e.Encode(v))
	return bytes.TrimRight(b.Bytes(), "\n")
}

// must stops on what can only be a mistake in this package or in a test.
func must(err error) {
	if err != nil {
		panic(fmt.Errorf("drchronotest: %w", err))
	}
}

// text is a scalar as text: null and absent are "".
func text(raw []byte) string {
	if len(raw) == 0 || string(raw) == "null" {
		return ""
	}
	if raw[0] != '"' {
		return string(raw)
	}
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1])
	}
	var s string
	must(json.Unmarshal(raw, &s))
	return s
}

func number(s string) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
