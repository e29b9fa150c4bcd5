package loadtest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
)

var errNotObject = errors.New("decode body: want one JSON object")

// object decodes the body, which must be one JSON object, numbers as
// json.Number so that no digit is lost.
func (c *call) object() (map[string]any, error) {
	d := json.NewDecoder(bytes.NewReader(c.body))
	d.UseNumber()
	var fields map[string]any
	if err := d.Decode(&fields); err != nil || fields == nil {
		return nil, errNotObject
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errNotObject
	}
	return fields, nil
}

// copied is a deep copy, numbers as json.Number.
func copied(fields map[string]any) map[string]any {
	raw, _ := json.Marshal(fields) // came from JSON
	out, _ := (&call{body: raw}).object()
	return out
}

func whole(v any) (int64, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	i, err := strconv.ParseInt(n.String(), 10, 64)
	return i, err == nil
}

func blank(v any) bool {
	list, isList := v.([]any)
	text, isText := v.(string)
	return v == nil || isList && len(list) == 0 || isText && strings.TrimSpace(text) == ""
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
