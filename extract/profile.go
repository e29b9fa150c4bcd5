package extract

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// A Profile counts what the rows of one endpoint look like: names, kinds and
// how often a member is empty. Of values it holds those of documented
// enumerations, and no others.
type Profile struct {
	Member
	Verbose bool `json:"verbose,omitempty"` // the rows were read with verbose=true

	enums map[string][]string
	later []string // members whose share of empty values says nothing
}

// A Member is what was seen of one member, and of the objects that it held.
type Member struct {
	Seen    int                `json:"n,omitempty"` // how often it was there
	Blank   int                `json:"b,omitempty"` // how often it was null or "": both mean absent
	Kinds   kinds              `json:"k,omitempty"` // of its other values
	Objects int                `json:"o,omitempty"` // objects that it held; of a profile: rows
	Members map[string]*Member `json:"m,omitempty"` // of those objects
	Values  map[string]int     `json:"v,omitempty"` // of an enumeration

	order []expected // of the members of the object that was counted last
}

// Bounds on a profile: beyond them a row is hostile or no record of fields.
const (
	maxProfiled    = 4   // levels
	maxNames       = 400 // of one object
	maxValues      = 50  // of an enumeration: what has more is none
	maxNameLength  = 64
	maxValueLength = 40
)

// opaque members have other names in each practice (drchrono-facts, section 6:
// user.permissions).
const opaque = "permissions"

// NewProfile is an empty profile of an endpoint's rows.
func NewProfile(endpoint string) *Profile {
	return &Profile{enums: enumerations[endpoint], later: fillLater[endpoint]}
}

// ReadProfile reads what String wrote; "" is an empty profile.
func ReadProfile(endpoint, text string) (*Profile, error) {
	p := NewProfile(endpoint)
	if text == "" {
		return p, nil
	}
	if err := json.Unmarshal([]byte(text), p); err != nil {
		return nil, fmt.Errorf("read the profile of %s: %w", endpoint, err)
	}
	return p, nil
}

// String is the profile as it is kept.
func (p *Profile) String() string {
	text, err := json.Marshal(p)
	if err != nil { // it holds counts and valid text alone
		return ""
	}
	return string(text)
}

// Add counts a row that is well-formed JSON.
func (p *Profile) Add(raw []byte, verbose bool) {
	p.Verbose = verbose
	s := scanner{text: raw, enums: p.enums}
	s.space()
	if s.peek() == '{' {
		s.object(&p.Member, 0)
	}
}

// Merge adds another profile's counts.
func (p *Profile) Merge(other *Profile) {
	p.Verbose = other.Verbose
	p.merge(&other.Member)
}

// merge adds another member's counts. One that is new here has been everywhere
// as often as it is there.
func (m *Member) merge(other *Member) {
	before := m.Objects
	m.Seen, m.Blank, m.Kinds, m.Objects = m.Seen+other.Seen, m.Blank+other.Blank, m.Kinds|other.Kinds, m.Objects+other.Objects
	for name, o := range other.Members {
		mine := m.Members[name]
		if mine == nil {
			mine = m.add(name)
			mine.Seen, mine.Blank = scale(o.Seen, before, other.Objects), scale(o.Blank, before, other.Objects)
		}
		mine.merge(o)
	}
	if len(other.Values) > 0 && m.Values == nil {
		m.Values = map[string]int{}
	}
	for v, n := range other.Values {
		m.Values[v] += n
	}
}

func scale(n, to, of int) int { return int(int64(n) * int64(to) / int64(max(1, of))) }

func (m *Member) add(name string) *Member {
	if m.Members == nil {
		m.Members = map[string]*Member{}
	}
	m.Members[name] = &Member{}
	return m.Members[name]
}

// names are those of the members, in order.
func (m *Member) names() []string { return slices.Sorted(maps.Keys(m.Members)) }
