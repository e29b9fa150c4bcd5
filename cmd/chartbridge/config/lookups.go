package config

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// Lookups are the ids that belong to an account: destination to lookup to
// DrChrono's value to their id, or their ids joined by commas. Names of
// destinations and lookups are as Normal gives them; values are exact.
type Lookups map[string]map[string]map[string]string

// anyKey is the entry that stands for every key a lookup does not name.
const anyKey = "default"

// defaulted are the lookups that may have a default. Those that are true are
// keyed by nothing, and may be given as the id alone.
var defaulted = map[string]bool{
	"tag": false, "casemanager": false, "serviceline": true, "contactform": true,
}

// severalIDs is the lookup whose id may be a list of ids; anywhere else a list
// would be sent as one id that no account has.
const severalIDs = "serviceline"

// Normal makes one of the spellings of a name: lower case, letters and digits
// only. clientStatus, client_status and "client status" are clientstatus.
func Normal(name string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsLetter(c) || unicode.IsDigit(c) {
			return unicode.ToLower(c)
		}
		return -1
	}, name)
}

// Find returns the id for a key. Only the lookups tag, caseManager,
// serviceLine and contactForm fall back to their default.
func (l Lookups) Find(destination, lookup, key string) (id string, ok bool) {
	lookup = lookupName(lookup)
	ids := l[normal(destination)][lookup]
	if id, ok = ids[key]; ok {
		return id, true
	}
	if _, may := defaulted[lookup]; may {
		id, ok = ids[anyKey]
	}
	return id, ok
}

// Has reports whether a lookup holds any id at all.
func (l Lookups) Has(destination, lookup string) bool {
	return len(l[normal(destination)][lookupName(lookup)]) > 0
}

// Set gives a key its id, above what the file says. Names are as Normal gives
// them; any spelling will do here.
func (l Lookups) Set(destination, lookup, key, id string) {
	destination, lookup = Normal(destination), lookupName(lookup)
	if l[destination] == nil {
		l[destination] = map[string]map[string]string{}
	}
	if l[destination][lookup] == nil {
		l[destination][lookup] = map[string]string{}
	}
	l[destination][lookup][key] = id
}

// LoadLookups reads the lookups file. The error is Faults when it can be read.
func LoadLookups(path string) (Lookups, error) {
	text, err := readFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the lookups: %w; `chartbridge lookups template` prints them", err)
	}
	return ParseLookups(path, text)
}

// SharedFields are the keys of the lookup metadata whose field another key fills
// too, by file and line: a patient may have a value in one of them alone.
func SharedFields(path string) Faults {
	text, err := readFile(path)
	if err != nil {
		return nil // told by LoadLookups
	}
	d := &document{file: path}
	var shared Faults
	for _, p := range d.named("", d.root(text), destinationNames) {
		for _, q := range d.named(printable(p.key), p.value, lookupNames) {
			first := map[string]int{}
			for _, key := range d.pairs(q.key, q.value) {
				id, known := d.id(key.key, key.value)
				if lookupName(q.key) != "metadata" || !known {
					continue
				}
				if line, twice := first[id]; twice {
					shared = append(shared, Fault{path, key.line, join(printable(p.key), printable(q.key)),
						fmt.Sprintf("fills the same metadata field as line %d: a patient with two different values there is invalid", line),
						"give each custom demographic a field of its own, unless a patient has only one of them"})
					continue
				}
				first[id] = key.line
			}
		}
	}
	return shared
}

// LookupsFault is a lookups file that cannot be read, as a fault of the config.
// The error is of LoadLookups.
func (c *Config) LookupsFault(err error) Faults {
	f := c.LookupsAt
	f.File = cmp.Or(f.File, c.Lookups)
	f.Message, f.Hint = "the lookups file "+c.Lookups+" cannot be read: "+reason(err), "correct the path, or let this user read the file"
	if errors.Is(err, fs.ErrNotExist) {
		f.Message, f.Hint = "there is no lookups file at "+c.Lookups, "correct the path, or write one from `chartbridge lookups template`"
	}
	return Faults{f}
}

// reason is why a file cannot be read, without its path.
func reason(err error) string {
	if path := new(fs.PathError); errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}

// ParseLookups reads the text of a lookups file; name stands in faults.
func ParseLookups(name string, text []byte) (Lookups, error) {
	d := &document{file: name}
	all := Lookups{}
	for _, p := range d.named("", d.root(text), destinationNames) {
		lookups := map[string]map[string]string{}
		path := printable(p.key)
		for _, q := range d.named(path, p.value, lookupNames) {
			name := lookupName(q.key)
			lookups[name] = d.lookup(join(path, printable(q.key)), name, q.value)
		}
		all[Normal(p.key)] = lookups
	}
	if err := d.faults.err(); err != nil {
		return nil, err
	}
	return all, nil
}

// named returns a mapping's entries whose names are known, and differ also
// when normal.
func (d *document) named(path string, n *yaml.Node, known vocabulary) []pair {
	var kept []pair
	seen := map[string]int{}
	for _, p := range d.pairs(path, n) {
		at, name := join(path, printable(p.key)), lookupName(p.key)
		if first, ok := seen[name]; ok {
			d.fault(p.line, at, fmt.Sprintf("names the same as line %d", first), "keep one spelling")
			continue
		}
		if name == "" {
			d.fault(p.line, at, "is no name", "use letters and digits")
			continue
		}
		if known.names[name] == "" {
			f := known.fault(name)
			d.fault(p.line, at, f.Message, f.Hint)
			continue
		}
		seen[name] = p.line
		kept = append(kept, p)
	}
	return kept
}

// lookup reads one lookup; ids that are not known yet are left out.
func (d *document) lookup(path, name string, n *yaml.Node) map[string]string {
	ids := map[string]string{}
	add := func(at, key string, value *yaml.Node) {
		if value.Kind == yaml.SequenceNode && name != severalIDs {
			d.fault(value.Line, at, "takes one id, not a list", "write key: id; only serviceLine takes several")
			return
		}
		if id, ok := d.id(at, value); ok {
			ids[key] = id
		}
	}
	if defaulted[name] && (n.Kind == yaml.ScalarNode || n.Kind == yaml.SequenceNode) {
		add(path, anyKey, n)
		return ids
	}
	keys := map[string]int{}
	for _, p := range d.pairs(path, n) {
		key := lookupKey(p)
		at := join(path, printable(key))
		if first, ok := keys[key]; ok {
			d.fault(p.line, at, fmt.Sprintf("names the same as line %d", first), "keep one spelling")
			continue
		}
		keys[key] = p.line
		if _, may := defaulted[name]; key == anyKey && !may {
			d.fault(p.line, at, "this lookup has no default", "write each key, since a guess would be sent")
			continue
		}
		add(at, key, p.value)
	}
	return ids
}

// lookupKey is the key as it is written; true and false may have capitals in
// YAML and have none in DrChrono.
func lookupKey(p pair) string {
	if p.kind == "!!bool" || strings.EqualFold(p.key, anyKey) {
		return strings.ToLower(p.key)
	}
	return p.key
}

// id reads a scalar or a list of scalars as text; ok is false where it is not
// known yet, or is no id.
func (d *document) id(path string, n *yaml.Node) (id string, ok bool) {
	switch {
	case n.Kind == broken || isNull(n):
		return "", false
	case n.Kind == yaml.ScalarNode:
		return n.Value, !unknown(n.Value)
	case n.Kind != yaml.SequenceNode:
		d.fault(n.Line, path, "must be an id or a list of ids", "")
		return "", false
	}
	ids := make([]string, len(n.Content))
	for i, item := range n.Content {
		if item.Kind != yaml.ScalarNode && item.Kind != broken {
			d.fault(item.Line, path, "must be a list of plain ids", "")
		}
		if strings.Contains(item.Value, ",") {
			d.fault(item.Line, path, "an id in a list must not hold a comma", "write each as an item of its own")
		}
		ids[i] = item.Value
	}
	// A list that is known in part is not known: half of it would be sent.
	return strings.Join(ids, ","), len(ids) > 0 && !slices.ContainsFunc(ids, unknown)
}

var placeholder = regexp.MustCompile(`(?is)^[?\s]*$|^[^\pL\pN]*(todo|tbd|fixme)([^\pL\pN].*)?$|^(null|~)$`)

// unknown reports an id that a person has yet to fill in.
func unknown(id string) bool { return placeholder.MatchString(id) }
