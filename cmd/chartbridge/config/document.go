package config

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// document is one YAML file being read, and what was found wrong with it. A line
// below 0 is a variable, whose value stands in the place of a list or a block.
type document struct {
	file      string
	faults    Faults
	variables []string
}

func (d *document) fault(line int, key, message, hint string) {
	f := Fault{d.file, line, key, message, hint}
	if line < 0 {
		f = Fault{"environment", 0, d.variables[-line-1], message, hint}
		if key != "" {
			f.Message = key + ": " + message
		}
	}
	d.faults = append(d.faults, f)
}

// broken marks a node whose fault is already reported.
const broken yaml.Kind = 0

// root parses the text and returns the node of its mapping, nil for an empty
// file or one that cannot be parsed.
func (d *document) root(text []byte) *yaml.Node {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var doc, next yaml.Node
	err := decoder.Decode(&doc)
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		d.syntax(text, err)
		return nil
	}
	if err := decoder.Decode(&next); err == nil {
		d.fault(next.Line, "", "a second document begins here", "keep one and remove the line ---")
	} else if !errors.Is(err, io.EOF) {
		d.syntax(text, err)
	}
	if len(doc.Content) == 0 {
		return nil
	}
	root := doc.Content[0]
	d.sound(root)
	return root
}

var (
	yamlLine   = regexp.MustCompile(`line (\d+)`)
	yamlQuoted = regexp.MustCompile("(?s)[\"'`].*[\"'`]")
	yamlPrefix = regexp.MustCompile(`^yaml: (line \d+: )?`)
)

// syntax reports the parser's error. What it quotes is left out: an unknown
// anchor, for one, is a secret that begins with an asterisk.
func (d *document) syntax(text []byte, err error) {
	line := 1
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
		line, _ = strconv.Atoi(m[1])
	}
	message := yamlPrefix.ReplaceAllString(err.Error(), "")
	if strings.Contains(message, "anchor") {
		message = "a value begins with an asterisk"
	}
	hint := "quote a value that holds any of : # ? * & { } [ ]"
	if lines := strings.Split(string(text), "\n"); line > 0 && line <= len(lines) && strings.HasPrefix(strings.TrimLeft(lines[line-1], " "), "\t") {
		message, hint = "a tab stands where YAML wants spaces", "indent with spaces alone"
	}
	message = yamlQuoted.ReplaceAllString(message, "(...)")
	d.fault(line, "", "not YAML: "+message, hint)
}

// sound reports what makes YAML say more than it shows: anchors, aliases and
// tags.
func (d *document) sound(n *yaml.Node) {
	const hint = "write the value out"
	if n.Kind == yaml.AliasNode {
		d.fault(n.Line, "", "an alias is not accepted here", hint)
		n.Kind, n.Alias = broken, nil
		return
	}
	if n.Anchor != "" {
		d.fault(n.Line, "", "an anchor is not accepted here", hint)
	}
	if n.Style&yaml.TaggedStyle != 0 && n.Tag != "!!str" {
		d.fault(n.Line, "", "a tag is not accepted here", hint)
		n.Kind = broken
		return
	}
	for _, child := range n.Content {
		d.sound(child)
	}
}

// pair is one entry of a mapping.
type pair struct {
	key   string
	kind  string // the key's own YAML type, such as !!bool
	line  int
	value *yaml.Node
}

// pairs returns a mapping's entries; null is an empty mapping. Anything else,
// a key that is no scalar and a repeated key are reported and left out.
func (d *document) pairs(path string, n *yaml.Node) []pair {
	if n == nil || n.Kind == broken || isNull(n) {
		return nil
	}
	if n.Kind != yaml.MappingNode {
		d.fault(n.Line, path, "must be a block of keys", "write each key: value on a line of its own")
		return nil
	}
	var all []pair
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		if k.Kind == broken {
			continue
		}
		if k.Kind != yaml.ScalarNode || isNull(k) {
			d.fault(k.Line, path, "has a key that is no text", "")
			continue
		}
		if first, ok := seen[k.Value]; ok {
			message := "stands twice"
			if first > 0 {
				message += ", first on line " + strconv.Itoa(first)
			}
			d.fault(k.Line, join(path, printable(k.Value)), message, "remove one")
			continue
		}
		seen[k.Value] = k.Line
		all = append(all, pair{k.Value, k.ShortTag(), k.Line, n.Content[i+1]})
	}
	return all
}

// isNull reports a value that is left out: null, ~ or nothing at all.
func isNull(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null"
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
