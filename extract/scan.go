package extract

import (
	"bytes"
	"slices"
)

// kinds are a set of kinds of values.
type kinds uint16

const (
	kindText kinds = 1 << iota
	kindNumber
	kindBool
	kindObject
	kindList

	elements = 8 // kinds of a list's elements stand so much higher
)

// oddName stands for every name that is not one: what it says is not shown.
const oddName = "(another name)"

// A scanner walks along well-formed JSON and counts. It reads each byte once
// and copies none, since it sees every row that changed.
type scanner struct {
	text  []byte
	at    int
	enums map[string][]string // of the outermost object
}

func (s *scanner) peek() byte {
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	return 0
}

func (s *scanner) space() {
	for s.at < len(s.text) && (s.text[s.at] <= ' ' || s.text[s.at] == ',' || s.text[s.at] == ':') {
		s.at++
	}
}

// object counts an object's members; false where the text is not JSON.
func (s *scanner) object(m *Member, depth int) bool {
	m.Objects++
	s.at++
	for n := 0; ; n++ {
		s.space()
		switch s.peek() {
		case '}':
			s.at++
			return true
		case '"':
		default:
			return false
		}
		name := s.quoted()
		s.space()
		next := s.expected(m, depth, n, name)
		next.member.Seen++
		if !s.count(next.member, depth, next.isEnum, next.name) {
			return false
		}
	}
}

// An expected member is the one that stood at this place the last time: rows of
// a list have their members in one order, and need not look each up.
type expected struct {
	name   string
	member *Member
	isEnum bool
}

func (s *scanner) expected(m *Member, depth, n int, name []byte) expected {
	if n < len(m.order) && m.order[n].name == string(name) {
		return m.order[n]
	}
	e := expected{name: string(name), member: m.Members[string(name)]}
	if e.member == nil {
		e.member = m.named(name)
	}
	if depth == 0 {
		_, e.isEnum = s.enums[e.name]
	}
	if n < len(m.order) {
		m.order[n] = e
	} else if n == len(m.order) && n < maxNames {
		m.order = append(m.order, e)
	}
	return e
}

// named is a member that this object has not shown before.
func (m *Member) named(name []byte) *Member {
	text := oddName
	if plainName(name) && len(m.Members) < maxNames {
		text = string(name)
	}
	if inner := m.Members[text]; inner != nil {
		return inner
	}
	return m.add(text)
}

func plainName(name []byte) bool {
	for _, ch := range name {
		if !(ch == '_' || ch == '-' || ch >= '0' && ch <= '9' || ch >= 'a' && ch <= 'z' || ch >= 'A' && ch <= 'Z') {
			return false
		}
	}
	return len(name) > 0 && len(name) <= maxNameLength
}

// count counts a member's value.
func (s *scanner) count(m *Member, depth int, isEnum bool, name string) bool {
	from := s.at
	switch s.peek() {
	case '"':
		text := s.quoted()
		if len(text) == 0 {
			if !isEnum || !slices.Contains(s.enums[name], "") { // there it is one of the values
				m.Blank++
			}
			return true
		}
		m.Kinds |= kindText
		if isEnum {
			m.note(text)
		}
		return true
	case '{':
		m.Kinds |= kindObject
		if depth+1 < maxProfiled && name != opaque {
			return s.object(m, depth+1)
		}
		return s.skip()
	case '[':
		m.Kinds |= kindList
		return s.list(m, depth)
	case 'n':
		m.Blank++
		return s.word()
	}
	m.Kinds |= s.scalarKind()
	ok := s.word()
	if isEnum && ok {
		m.note(s.text[from:s.at])
	}
	return ok
}

func (s *scanner) scalarKind() kinds {
	if ch := s.peek(); ch == 't' || ch == 'f' {
		return kindBool
	}
	return kindNumber
}

// list counts a list's elements.
func (s *scanner) list(m *Member, depth int) bool {
	s.at++
	for {
		s.space()
		kind, ok := kinds(0), true
		switch s.peek() {
		case ']':
			s.at++
			return true
		case '"':
			kind = kindText
			s.quoted()
		case '{':
			kind = kindObject
			if depth+1 < maxProfiled {
				ok = s.object(m, depth+1)
			} else {
				ok = s.skip()
			}
		case '[':
			kind, ok = kindList, s.skip()
		case 'n':
			ok = s.word()
		default:
			kind = s.scalarKind()
			ok = s.word()
		}
		m.Kinds |= kind << elements
		if !ok {
			return false
		}
	}
}

// quoted is the text between quotes, as it is written.
func (s *scanner) quoted() []byte {
	s.at++
	from := s.at
	for {
		i := bytes.IndexByte(s.text[min(s.at, len(s.text)):], '"')
		if i < 0 {
			s.at = len(s.text)
			return nil
		}
		s.at += i + 1
		escapes := 0
		for j := s.at - 2; j >= from && s.text[j] == '\\'; j-- {
			escapes++
		}
		if escapes%2 == 0 {
			return s.text[from : s.at-1]
		}
	}
}

// word passes over a number, true, false or null; false where there is none.
func (s *scanner) word() bool {
	from := s.at
	for s.at < len(s.text) {
		switch ch := s.text[s.at]; {
		case ch <= ' ', ch == ',', ch == ']', ch == '}':
			return s.at > from
		}
		s.at++
	}
	return s.at > from
}

// value passes over any value; false where there is none.
func (s *scanner) value() bool {
	switch s.peek() {
	case '"':
		s.quoted()
		return true
	case '{', '[':
		return s.skip()
	}
	return s.word()
}

// skip passes over an object or a list.
func (s *scanner) skip() bool {
	for depth := 0; s.at < len(s.text); {
		switch s.text[s.at] {
		case '"':
			s.quoted()
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				s.at++
				return true
			}
		}
		s.at++
	}
	return false
}
