package config

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

// writtenKeys collects the dotted paths of every key in a text.
func writtenKeys(d *document, path string, text []byte, into map[string]bool) {
	var walk func(path string, n *yaml.Node)
	walk = func(path string, n *yaml.Node) {
		switch n.Kind {
		case yaml.MappingNode:
			for _, p := range d.pairs(path, n) {
				into[join(path, p.key)] = true
				walk(join(path, p.key), p.value)
			}
		case yaml.SequenceNode:
			for _, item := range n.Content {
				walk(path+"[0]", item)
			}
		}
	}
	walk(path, d.root(text))
}

// paths lists the dotted yaml names of a struct, with [] for lists of structs.
func paths(t reflect.Type, prefix string, into map[string]bool) {
	for i := range t.NumField() {
		f := t.Field(i)
		name := f.Tag.Get("yaml")
		if name == "-" {
			continue
		}
		path := join(prefix, name)
		into[path] = true
		if f.Type.Kind() == reflect.Struct && f.Type != reflect.TypeFor[Secret]() {
			paths(f.Type, path, into)
		}
		if f.Type == reflect.TypeFor[[]Schedule]() {
			paths(reflect.TypeFor[Schedule](), path+"[0]", into)
		}
		if f.Type == reflect.TypeFor[Names]() {
			for object, fields := range unsure {
				into[join(path, object)] = true
				for _, field := range fields {
					into[join(join(path, object), field)] = true
				}
			}
		}
		if f.Type == reflect.TypeFor[Constants]() {
			for _, object := range []string{"client", "staff", "appointment", "funder", "authorization"} {
				into[join(path, object)] = true
			}
		}
	}
}

// TestExample keeps config.example.yaml, the Config struct and the reader in
// step: each has exactly the keys of the others.
func TestExample(t *testing.T) {
	text, err := os.ReadFile("../../../config.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	r := newReader("config.example.yaml",
		func(name string) (string, bool) { return "x", !strings.HasPrefix(name, environmentPrefix) },
		func(string) ([]byte, error) { return []byte(testKey + "\n"), nil })
	c, err := r.parse(text)
	if err != nil {
		t.Fatalf("parse: %v", err)
	}
	if got, want := strings.Join(c.Destinations(), " "), "rethink centralreach"; got != want {
		t.Errorf("got destinations %s, want %s", got, want)
	}
	fields := map[string]bool{}
	paths(reflect.TypeFor[Config](), "", fields)
	read := map[string]bool{}
	for key := range r.keys {
		read[key] = true
	}
	if diff := cmp.Diff(fields, read); diff != "" {
		t.Errorf("keys of Config (-) and of the reader (+):\n%s", diff)
	}
	written := map[string]bool{}
	d := &document{file: "example"}
	writtenKeys(d, "", text, written)
	if diff := cmp.Diff(fields, written); diff != "" {
		t.Errorf("keys of Config (-) and of the example (+):\n%s", diff)
	}
}
