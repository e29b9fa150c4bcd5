package config

import (
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// override is the variable of a key, and its value. An empty one is as one that
// is not set, and an item of a list has none.
func (b *block) override(key string) (name, value string, ok bool) {
	name = EnvName(join(b.path, key))
	value, ok = b.r.env(name)
	return name, value, ok && value != "" && !strings.Contains(name, "[")
}

// entry is what stands under a key of several values: in its variable, else in
// the file.
func (b *block) entry(key string) (p pair, ok bool) {
	b.know(key, true)
	if name, value, set := b.override(key); set {
		line := b.r.variable(name)
		return pair{key: key, line: line, value: b.r.given(line, value)}, true
	}
	p, ok = b.entries[key]
	return p, ok
}

// variable gives the line that stands for a variable.
func (d *document) variable(name string) int {
	d.variables = append(d.variables, name)
	return -len(d.variables)
}

// given is what a variable holds: YAML in brackets, or a list with commas. It is
// taken as it is: references in it are not looked up.
func (d *document) given(line int, value string) *yaml.Node {
	var inner document
	n := &yaml.Node{Kind: yaml.SequenceNode}
	switch text := strings.TrimSpace(value); {
	case !utf8.ValidString(text):
		inner.fault(0, "", "is not UTF-8 text", "")
	case strings.HasPrefix(text, "[") || strings.HasPrefix(text, "{"):
		n = inner.root([]byte(text))
	default:
		for item := range strings.SplitSeq(text, ",") {
			n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: strings.TrimSpace(item)})
		}
	}
	for _, f := range inner.faults {
		n = &yaml.Node{Kind: broken}
		d.fault(line, "", f.Message, f.Hint)
	}
	place(n, line)
	return n
}

// place sets the line of a node and all within it.
func place(n *yaml.Node, line int) {
	n.Line = line
	for _, inner := range n.Content {
		place(inner, line)
	}
}
