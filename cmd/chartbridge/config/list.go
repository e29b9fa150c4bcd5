package config

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/chartbridge/chartbridge/extract"
	"go.yaml.in/yaml/v3"
)

// texts reads a list of scalars as text; absent is empty.
func (b *block) texts(key string, to *[]string) {
	b.eachOf(key, to, func(string) *Fault { return nil })
}

// eachOf reads a list whose items pass a check.
func (b *block) eachOf(key string, to *[]string, check func(string) *Fault) {
	if p, ok := b.entry(key); ok {
		*to = b.items(key, p.value, false, check)
	}
}

// checkEndpoint takes what DrChrono has a list of.
func checkEndpoint(name string) *Fault {
	if _, ok := extract.Find(name); ok {
		return nil
	}
	hint := "`chartbridge endpoints` shows them"
	known := make([]string, len(extract.Catalogue))
	for i, e := range extract.Catalogue {
		known[i] = e.Name
	}
	if near := suggest(name, known); near != "" {
		hint = `did you mean "` + near + `"?`
	}
	return bad("is none of DrChrono's endpoints", hint)
}

// items reads a node as a list of texts, or, where one is true, a single
// scalar as a list of one.
func (b *block) items(key string, n *yaml.Node, one bool, check func(string) *Fault) []string {
	if n.Kind == broken || isNull(n) {
		return nil
	}
	nodes := n.Content
	if n.Kind == yaml.ScalarNode && one {
		nodes = []*yaml.Node{n}
	} else if n.Kind != yaml.SequenceNode {
		b.r.fault(n.Line, join(b.path, key), "must be a list", "write for example [101, 102]")
		return nil
	}
	var texts []string
	for i, item := range nodes {
		at := key
		if n.Kind == yaml.SequenceNode {
			at += "[" + strconv.Itoa(i) + "]"
		}
		l, ok := b.scalar(at, item, false)
		if ok && l.text != "" {
			if fault := check(l.text); fault != nil {
				l.fault(fault)
			}
			texts = append(texts, l.text)
		} else if ok || isNull(item) {
			b.r.fault(item.Line, join(b.path, at), "must not be empty", "")
		}
	}
	return texts
}

// textLists reads a map of text to one text or several.
func (b *block) textLists(key string, to *map[string][]string) {
	path := join(b.path, key)
	p, _ := b.entry(key)
	sub := b.r.block(path, b.line, p.value)
	*to = map[string][]string{}
	for _, p := range sub.ordered() {
		values := sub.items(printable(p.key), p.value, true, func(string) *Fault { return nil })
		if len(values) == 0 && (isNull(p.value) || p.value.Kind == yaml.SequenceNode && len(p.value.Content) == 0) {
			b.r.fault(p.line, join(path, printable(p.key)), "must not be empty", "name the values that match")
		}
		(*to)[p.key] = values
	}
}

// ordered returns a block's entries by key, so that a reading repeats exactly.
func (b *block) ordered() []pair {
	all := make([]pair, 0, len(b.entries))
	for _, p := range b.entries {
		all = append(all, p)
	}
	slices.SortFunc(all, func(x, y pair) int { return strings.Compare(x.key, y.key) })
	return all
}

// constants reads, for each object, a map of field to scalar.
func (b *block) constants(key string, to *Constants, objects ...string) {
	*to = Constants{}
	b.child(key, func(b *block) {
		for _, object := range objects {
			p, _ := b.entry(object)
			if fields := b.r.block(join(b.path, object), p.line, p.value).jsonFields(); len(fields) > 0 {
				(*to)[object] = fields
			}
		}
	})
}

func (b *block) jsonFields() map[string]json.RawMessage {
	fields := map[string]json.RawMessage{}
	for _, p := range b.ordered() {
		if isNull(p.value) {
			b.r.fault(p.line, join(b.path, printable(p.key)),
				"must be a text, a number, true or false", "remove the key to send nothing")
			continue
		}
		l, ok := b.scalar(printable(p.key), p.value, false)
		if !ok {
			continue
		}
		value, fault := l.json()
		if fault != nil {
			l.fault(fault)
			continue
		}
		fields[p.key] = value
	}
	return fields
}

// json keeps a scalar's type. A number that JSON spells otherwise, such as 007
// or 0x10, is refused: it is as likely an id that lacks its quotes.
func (l leaf) json() (json.RawMessage, *Fault) {
	switch l.kind {
	case "!!bool":
		return json.RawMessage(strings.ToLower(l.text)), nil
	case "!!int", "!!float":
		if !json.Valid([]byte(l.text)) {
			return nil, bad("is a number that JSON cannot hold", "quote it if it is a text")
		}
		return json.RawMessage(l.text), nil
	}
	quoted, err := json.Marshal(l.text)
	if err != nil {
		return nil, bad("cannot be written as JSON", "")
	}
	return quoted, nil
}

// schedules reads the list of schedules.
func (b *block) schedules(key string, to *[]Schedule) {
	p, given := b.entry(key)
	if !given || isNull(p.value) {
		*to = []Schedule{{Name: "nightly", Cron: "30 2 * * *"}}
		return
	}
	if p.value.Kind != yaml.SequenceNode {
		if p.value.Kind != broken {
			b.r.fault(p.line, join(b.path, key), "must be a list", `write for example - {name: nightly, cron: "30 3 * * *"}`)
		}
		return
	}
	seen := map[string]bool{}
	for i, n := range p.value.Content {
		item := b.r.block(join(b.path, key)+"["+strconv.Itoa(i)+"]", n.Line, n)
		*to = append(*to, item.schedule(seen))
		item.done()
	}
}

func (b *block) schedule(seen map[string]bool) (s Schedule) {
	b.text("name", &s.Name, "")
	b.checked("cron", &s.Cron, "", checkCron)
	b.require("a schedule has both", "name", "cron")
	if s.Name != "" && seen[s.Name] {
		b.fault("name", bad("another schedule has this name", "choose another"))
	}
	seen[s.Name] = true
	return s
}
