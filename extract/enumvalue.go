package extract

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// note counts a value of an enumeration. A member with too many different ones
// is none, whatever the document says.
func (m *Member) note(value []byte) {
	if bytes.IndexByte(value, '\\') >= 0 {
		plain, err := jsontext.AppendUnquote(nil, append(append([]byte{'"'}, value...), '"'))
		if err != nil {
			return
		}
		value = plain
	}
	if m.Values == nil {
		m.Values = map[string]int{}
	}
	key := shown(value)
	if _, ok := m.Values[key]; ok || len(m.Values) <= maxValues {
		m.Values[key]++
	}
}

// shown is an enumeration's value where it is short and reads like one; of
// anything else nothing is kept but that it came.
func shown(value []byte) string {
	digits := 0
	for _, ch := range string(value) {
		switch {
		case ch >= '0' && ch <= '9':
			digits++
		case ch == ' ' || ch == '_' || ch == '\'' || ch == '-' || ch == '/' || ch == '&' || ch == '(' || ch == ')',
			ch >= 'a' && ch <= 'z', ch >= 'A' && ch <= 'Z':
		default:
			return oddValue
		}
	}
	if len(value) > maxValueLength || digits > 3 {
		return oddValue
	}
	return string(value)
}

// oddValue stands for values that may be a person's words.
const oddValue = "(free text)"
