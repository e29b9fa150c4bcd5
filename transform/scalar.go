package transform

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A Scalar is a JSON string, number, boolean or null as text. DrChrono sends
// ids as strings here and numbers there, decimals as either, and "" or null
// for absent (drchrono-facts, section 4); a Scalar copes with all of them and
// loses no digit.
type Scalar string

// UnmarshalJSONFrom reads any scalar; an object or array is an error that
// names what it found, not what it held.
func (s *Scalar) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	value, err := dec.ReadValue()
	if err != nil {
		return err
	}
	switch value.Kind() {
	case '"':
		text, err := jsontext.AppendUnquote(nil, value)
		if err != nil {
			return fmt.Errorf("a text that cannot be read")
		}
		*s = Scalar(text)
	case 'n':
		*s = ""
	case '0', 't', 'f':
		*s = Scalar(value)
	default:
		return fmt.Errorf("a list or object where one value belongs")
	}
	return nil
}

func (s Scalar) String() string { return strings.TrimSpace(string(s)) }

// True reports whether the scalar says yes.
func (s Scalar) True() bool {
	switch strings.ToLower(s.String()) {
	case "true", "1":
		return true
	}
	return false
}

// decode reads one source record into the few members that the rules use.
// Strict: duplicate members and bad UTF-8 are refused. The error names the
// member that broke, never its value.
func decode[T any](raw []byte) (T, string) {
	var v T
	if members(raw, reflect.ValueOf(&v).Elem()) {
		return v, ""
	}
	v = *new(T)
	if err := json.UnmarshalRead(bytes.NewReader(raw), &v, blanks); err != nil {
		return v, decodeFault(err)
	}
	return v, ""
}

// blanks lets "" stand for an absent list or object too (drchrono-v4,
// Documentation Structure).
var blanks = json.WithUnmarshalers(json.JoinUnmarshalers(
	json.UnmarshalFromFunc(orBlank[[]Scalar]), json.UnmarshalFromFunc(orBlank[[]Demographic]),
	json.UnmarshalFromFunc(orBlank[[]AttachedFlag]), json.UnmarshalFromFunc(orBlank[Insurance])))

func orBlank[T any](dec *jsontext.Decoder, _ *T) error {
	if dec.PeekKind() != '"' {
		return errors.ErrUnsupported // not ours: decoded as ever
	}
	value, err := dec.ReadValue()
	if err == nil && string(value) != `""` {
		err = errors.New("a text where a list or object belongs")
	}
	return err
}

func decodeFault(err error) string {
	type pointed interface{ JSONPointer() jsontext.Pointer }
	switch e := err.(type) {
	case *json.SemanticError:
		return fmt.Sprintf("member %q has an unexpected type", e.JSONPointer)
	case *jsontext.SyntacticError:
		return fmt.Sprintf("it breaks the rules of JSON at member %q", e.JSONPointer)
	case pointed:
		return fmt.Sprintf("member %q cannot be read", e.JSONPointer())
	}
	return "a member cannot be read"
}
