package config

import (
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// block is one mapping of the config being read. A block that is absent is
// read all the same: that is how defaults and overrides get their place.
type block struct {
	r       *reader
	path    string
	line    int
	given   bool
	entries map[string]pair
	known   map[string]bool
	filled  map[string]bool // keys with a value, or with a fault already told
}

func (r *reader) block(path string, line int, n *yaml.Node) *block {
	b := &block{
		r: r, path: path, line: line, given: n != nil && n.Kind == yaml.MappingNode,
		entries: map[string]pair{}, known: map[string]bool{}, filled: map[string]bool{},
	}
	for _, p := range r.pairs(path, n) {
		b.entries[p.key] = p
	}
	return b
}

// child reads the block under a key.
func (b *block) child(key string, read func(*block)) {
	b.know(key, false)
	line, node := b.line, (*yaml.Node)(nil)
	if p, ok := b.entries[key]; ok {
		line, node = p.line, p.value
	}
	sub := b.r.block(join(b.path, key), line, node)
	read(sub)
	sub.done()
}

func (b *block) know(key string, overrides bool) {
	b.known[key] = true
	b.r.keys[join(b.path, key)] = overrides
}

// done reports the keys that nothing asked for.
func (b *block) done() {
	for _, p := range b.entries {
		if b.known[p.key] {
			continue
		}
		hint := ""
		if near := suggest(p.key, slices.Collect(maps.Keys(b.known))); near != "" {
			hint = `did you mean "` + near + `"?`
		}
		b.r.fault(p.line, join(b.path, printable(p.key)), "unknown key", hint)
	}
}

// fault reports one at a key's line, or at its block's where it is absent.
func (b *block) fault(key string, f *Fault) {
	line := b.line
	if p, ok := b.entries[key]; ok {
		line = p.line
	}
	b.r.fault(line, join(b.path, key), f.Message, f.Hint)
}

// at is where a key's value was said; zero where it was not.
func (b *block) at(key string) Fault {
	name, _, set := b.override(key)
	p, ok := b.entries[key]
	switch {
	case set:
		return Fault{File: "environment", Key: name}
	case ok && b.filled[key]:
		return Fault{File: b.r.file, Line: p.line, Key: join(b.path, key)}
	}
	return Fault{}
}

// require reports those of the keys that have no value; why says what needs them.
func (b *block) require(why string, keys ...string) {
	for _, key := range keys {
		if !b.filled[key] {
			b.fault(key, bad("is missing or empty", why))
		}
		for i := range b.r.faults { // none is no way out here
			if f := &b.r.faults[i]; f.Key == join(b.path, key) && strings.HasPrefix(f.Hint, setIt) {
				f.Hint = setIt
			}
		}
	}
}

// leaf is one scalar as given, by the file or by the environment.
type leaf struct {
	text     string
	kind     string // YAML type, such as !!int; references are resolved first
	expanded bool   // held a reference, or came from the environment
	variable string // the overriding variable, if it is one
	line     int
	from     *block
	key      string
}

func (l leaf) fault(f *Fault) {
	if l.variable != "" {
		l.from.r.faults = append(l.from.r.faults, Fault{"environment", 0, l.variable, f.Message, f.Hint})
		return
	}
	l.from.r.fault(l.line, join(l.from.path, l.key), f.Message, f.Hint)
}

// leaf returns the value of a scalar key. An empty value counts as the key
// left out: ok is then false, as it is after a fault.
func (b *block) leaf(key string, secret bool) (l leaf, ok bool) {
	b.know(key, true)
	p, given := b.entries[key]
	if name, value, set := b.override(key); set {
		if given && secret {
			b.checkLiteral(p)
		}
		b.filled[key] = true
		l = leaf{text: value, kind: "!!str", expanded: true, variable: name, from: b, key: key}
		if !utf8.ValidString(value) {
			l.fault(bad("is not UTF-8 text", ""))
			return l, false
		}
		return l, true
	}
	if !given {
		return leaf{}, false
	}
	l, ok = b.scalar(key, p.value, secret)
	if ok && l.text == "" {
		return leaf{}, false
	}
	// A broken value is a value: it has its fault and is not missing too.
	b.filled[key] = ok || !isNull(p.value)
	return l, ok
}

// checkLiteral refuses a secret in the file even where a variable overrides it.
func (b *block) checkLiteral(p pair) {
	if p.value.Kind != yaml.ScalarNode || p.value.Value == "" || p.key == "encryption_key" && p.value.Value == off {
		return
	}
	if fault := b.checkSecret(p.key, p.value.Value); fault != nil {
		b.fault(p.key, fault)
	}
}

// scalar reads one node; ok is false for null and after a fault.
func (b *block) scalar(key string, n *yaml.Node, secret bool) (l leaf, ok bool) {
	if n.Kind == broken || isNull(n) {
		return leaf{}, false
	}
	l = leaf{from: b, key: key, line: n.Line}
	if n.Kind != yaml.ScalarNode {
		l.fault(bad("must be one value, not a list or a block", ""))
		return l, false
	}
	l.text, l.kind = n.Value, n.ShortTag()
	plain := l.text == "" || n.Line < 0 || secret && key == "encryption_key" && l.text == off
	if plain {
		return l, true
	}
	if secret {
		if fault := b.checkSecret(key, n.Value); fault != nil {
			l.fault(fault)
			return l, false
		}
	}
	text, fault := b.r.expand(n.Value, secret)
	if fault != nil {
		l.fault(fault)
		return l, false
	}
	if text != n.Value {
		l.text, l.expanded, l.kind = text, true, kindOf(n, text)
	}
	return l, true
}

// kindOf is the YAML type that the expanded text has in the node's place: a
// plain ${N:5} is an int, a quoted one stays text.
func kindOf(n *yaml.Node, text string) string {
	copied := yaml.Node{Kind: yaml.ScalarNode, Style: n.Style, Value: text}
	if n.Style&yaml.TaggedStyle != 0 {
		copied.Tag = n.Tag
	}
	return copied.ShortTag()
}
