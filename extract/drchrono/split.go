package drchrono

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxDepth bounds the nesting of a row; DrChrono's own rows stay below 10.
const maxDepth = 64

// Bounds on what no real page comes near (the largest bulk page has 20,000
// rows), so that a hostile one costs little.
const (
	maxRows    = 100_000
	maxMembers = 100
)

// Row is one record of a list, as the wire has it.
type Row struct {
	Raw   []byte // one JSON value; a part of the page's body
	Fault string // why it must not be decoded: "" for a clean object
}

// envelope is what a list's reply holds (vendors/drchrono-facts §2, §3).
type envelope struct {
	rows    []Row
	hasRows bool      // "results" or "data" was an array
	next    string    // "" at the end
	status  string    // bulk lists
	uuid    string    // bulk lists
	digest  string    // as in Page
	known   *etl.Page // likewise
	page    struct {
		Count *whole `json:"count"`
		Pages *whole `json:"pages"`
	}
}

// A whole number comes as one, or as text.
type whole int

// UnmarshalJSON reads 1830 and "1830".
func (w *whole) UnmarshalJSON(b []byte) error {
	n, err := strconv.ParseUint(string(bytes.Trim(b, `"`)), 10, 31)
	*w = whole(n)
	return err
}

// split takes a reply apart and keeps the rows as they are. A reply that is
// not strict JSON (RFC 7493: no name twice, UTF-8) is gone through once more,
// to tell a bad row, which is marked, from a bad page. The error is a reason in
// our own words.
func split(body []byte) (envelope, error) { return splitUnless(body, nil) }

// A recallFunc is Options.Recall for one reply.
type recallFunc func(rows []byte) (digest string, known *etl.Page)

// splitUnless leaves rows out that are known by the bytes between their
// brackets; a reply that is not strict JSON bears no digest.
func splitUnless(body []byte, recall recallFunc) (envelope, error) {
	if e, ok := splitStrict(body, recall); ok {
		return e, nil
	}
	s := splitter{body: body}
	e, err := s.run()
	if err == nil {
		return e, nil
	}
	s = splitter{body: body, lenient: true}
	return s.run()
}

type splitter struct {
	body    []byte
	lenient bool
	dec     *jsontext.Decoder
	names   []string
	env     envelope
}

func (s *splitter) run() (envelope, error) {
	// A bytes.Buffer is decoded in place: values are parts of body.
	s.dec = jsontext.NewDecoder(bytes.NewBuffer(s.body),
		jsontext.AllowDuplicateNames(s.lenient), jsontext.AllowInvalidUTF8(s.lenient))
	if s.dec.PeekKind() != '{' {
		return envelope{}, notObject(s.body)
	}
	if _, err := s.dec.ReadToken(); err != nil {
		return envelope{}, malformed(err)
	}
	for s.dec.PeekKind() != '}' {
		if err := s.member(); err != nil {
			return envelope{}, err
		}
	}
	if _, err := s.dec.ReadToken(); err != nil {
		return envelope{}, malformed(err)
	}
	if _, err := s.dec.ReadToken(); !errors.Is(err, io.EOF) {
		return envelope{}, errors.New("something follows its JSON value")
	}
	return s.env, nil
}

func notObject(body []byte) error {
	switch trimmed := bytes.TrimLeft(body, " \t\r\n"); {
	case len(trimmed) == 0:
		return errors.New("it is empty")
	case trimmed[0] == '<':
		return errors.New("it is HTML or XML, not JSON")
	}
	return errors.New("it is not a JSON object")
}

// malformed tells the place, not the text, of a syntax error.
func malformed(err error) error {
	var syn *jsontext.SyntacticError
	if errors.As(err, &syn) {
		return fmt.Errorf("it is not well-formed JSON at byte %d of its text", syn.ByteOffset)
	}
	return errors.New("it is not well-formed JSON")
}

// member reads one name and its value.
func (s *splitter) member() error {
	raw, err := s.dec.ReadValue()
	if err != nil {
		return malformed(err)
	}
	name, ok := text(raw)
	if !ok || s.lenient && slices.Contains(s.names, name) {
		return errors.New("it has a name twice or in bad UTF-8 outside its rows")
	}
	if s.names = append(s.names, name); len(s.names) > maxMembers {
		return errors.New("it has more than 100 members outside its rows")
	}
	if (name == "results" || name == "data") && s.dec.PeekKind() == '[' {
		return s.array()
	}
	v, err := s.dec.ReadValue()
	if err != nil {
		return malformed(err)
	}
	if fault(v) != "" {
		return errors.New("it has a name twice, bad UTF-8 or deep nesting outside its rows")
	}
	return s.scalar(name, v)
}

func (s *splitter) scalar(name string, v jsontext.Value) error {
	ok := true
	switch name {
	case "next":
		s.env.next, ok = text(v)
		if ok = ok || v.Kind() == 'n'; !ok {
			return errors.New("its next is neither a string nor null")
		}
	case "status":
		s.env.status, _ = text(v)
	case "uuid":
		s.env.uuid, _ = text(v)
	case "pagination":
		_ = json.Unmarshal(v, &s.env.page) // unreadable: no count, which the bulk drain refuses
	}
	return nil
}

func text(v jsontext.Value) (string, bool) {
	b, err := jsontext.AppendUnquote(nil, v)
	return string(b), err == nil
}

func (s *splitter) array() error {
	if s.env.hasRows {
		return errors.New("it has both results and data")
	}
	s.env.hasRows = true
	if _, err := s.dec.ReadToken(); err != nil {
		return malformed(err)
	}
	for s.dec.PeekKind() != ']' {
		if len(s.env.rows) >= maxRows {
			return fmt.Errorf("it has more than %d rows", maxRows)
		}
		v, err := s.dec.ReadValue()
		if err != nil {
			return malformed(err)
		}
		end := s.dec.InputOffset()
		row := Row{Raw: s.body[end-int64(len(v)) : end : end]}
		row.Fault = s.rowFault(v)
		s.env.rows = append(s.env.rows, row)
	}
	if _, err := s.dec.ReadToken(); err != nil {
		return malformed(err)
	}
	return nil
}

func (s *splitter) rowFault(v jsontext.Value) string {
	switch {
	case v.Kind() != '{':
		return "it is not a JSON object"
	case s.lenient:
		return fault(v)
	case tooDeep(v):
		return deepFault
	}
	return ""
}

const deepFault = "it nests deeper than 64 levels"

// fault says why a well-formed value is not strict JSON.
func fault(v jsontext.Value) string {
	switch {
	case tooDeep(v):
		return deepFault
	case v.IsValid():
		return ""
	case v.IsValid(jsontext.AllowDuplicateNames(true)):
		return "it has a name twice"
	case v.IsValid(jsontext.AllowInvalidUTF8(true)):
		return "it is not valid UTF-8"
	}
	return "it has a name twice and is not valid UTF-8"
}

func tooDeep(v []byte) bool {
	depth, quoted := 0, false
	for i := 0; i < len(v); i++ {
		switch ch := v[i]; {
		case quoted:
			if ch == '\\' {
				i++
			} else if ch == '"' {
				quoted = false
			}
		case ch == '"':
			quoted = true
		case ch == '{' || ch == '[':
			if depth++; depth > maxDepth {
				return true
			}
		case ch == '}' || ch == ']':
			depth--
		}
	}
	return false
}

// key tells rows apart for the guard against repeated pages: the id, whether
// text or number, or a digest for the lists whose rows have none.
func (r Row) key() string {
	dec := jsontext.NewDecoder(bytes.NewBuffer(r.Raw), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if tok, err := dec.ReadToken(); err == nil && tok.Kind() == '{' {
		for dec.PeekKind() == '"' {
			name, err := dec.ReadToken()
			if err != nil {
				break
			}
			if name.String() == "id" && (dec.PeekKind() == '"' || dec.PeekKind() == '0') {
				id, _ := dec.ReadToken()
				return "id " + id.String()
			}
			if dec.SkipValue() != nil {
				break
			}
		}
	}
	sum := sha256.Sum256(r.Raw)
	return string(sum[:])
}
