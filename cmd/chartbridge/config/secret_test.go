package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

const canary = "c4nary-s3cret"

func TestSecretPrintsNothing(t *testing.T) {
	type inner struct{ s Secret }
	s := NewSecret(canary)
	c := &Config{DrChrono: DrChrono{ClientSecret: s, RefreshToken: s}}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%10s", "%p", "%t"} {
		for _, v := range []any{s, &s, c, *c, inner{s}, &inner{s}, []Secret{s}, map[string]Secret{"k": s}} {
			fmt.Fprintf(&out, verb, v)
		}
	}
	asJSON, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	asYAML, err := yaml.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	asText, err := s.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	out.Write(asJSON)
	out.Write(asYAML)
	out.Write(asText)
	out.WriteString(s.String() + s.GoString())
	for _, leaked := range []string{canary, fmt.Sprintf("%x", canary), fmt.Sprintf("%X", canary)} {
		if strings.Contains(out.String(), leaked) {
			t.Errorf("printed %s", leaked)
		}
	}
	if got := fmt.Sprintf("%s|%s|%s", s, asText, asJSON[:0]); got != "[secret]|[secret]|" {
		t.Errorf("got %s", got)
	}
	if s.Reveal() != canary || (Secret{}).Reveal() != "" || !s.Equal(NewSecret(canary)) || s.Equal(Secret{}) || s.Empty() || !(Secret{}).Empty() {
		t.Error("Reveal, Equal or Empty is wrong")
	}
}

// TestFaultsHoldNoSecret puts a secret wherever a value may stand, also where
// none belongs, and in broken YAML.
func TestFaultsHoldNoSecret(t *testing.T) {
	r := newReader("c.yaml", vars(), noFile)
	if _, err := r.parse([]byte(base)); err != nil {
		t.Fatal(err)
	}
	var texts []string
	for key := range r.keys {
		if strings.Contains(key, "[") {
			continue
		}
		for _, value := range []string{canary, "*" + canary, "!" + canary, "&" + canary + " 1", "'" + canary, "[" + canary + "]", "{a: " + canary + "}",
			"${X:" + canary + "}", canary + "${", "\"\\q" + canary + "\"", "https://u:" + canary + "@h", "http://" + canary, "%" + canary, "${CANARY}", "${file:f}"} {
			var text strings.Builder
			parts := strings.Split(key, ".")
			for i, part := range parts {
				text.WriteString("\n" + strings.Repeat("  ", i) + part + ":")
			}
			texts = append(texts, strings.TrimPrefix(text.String(), "\n")+" "+value+"\n")
		}
	}
	files := func(string) ([]byte, error) { return []byte(canary + "\n"), nil }
	for _, text := range texts {
		c, err := Parse("c.yaml", []byte(text), vars("CANARY", canary), files)
		if err == nil {
			t.Errorf("%q: got %v, want faults", text, c)
		} else if strings.Contains(err.Error(), canary) {
			t.Errorf("%q is repeated:\n%v", text, err)
		}
	}
	for key := range r.keys {
		name := EnvName(key)
		if _, err := Parse("c.yaml", nil, vars(name, canary), noFile); err == nil || strings.Contains(err.Error(), canary) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestSuggest(t *testing.T) {
	known := []string{"keep", "overlap", "data_dir"}
	for word, want := range map[string]string{"kep": "keep", "ovrelap": "overlap", "datadir": "data_dir", "k": "", "": "", "other": ""} {
		if got := suggest(word, known); got != want {
			t.Errorf("suggest(%q): got %q, want %q", word, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(base)
	f.Add(base + "schedules: [{name: a, cron: 'TZ=0'}]\nkeep: ${N:5}\n")
	f.Add("a: &a [*a]\n---\n? {b}\n: !!binary x\n")
	f.Add(base + "rethink: {enabled: true, constants: {client: {a: .inf}}, route: {demographics: {a: [1]}}}")
	f.Fuzz(func(t *testing.T, text string) {
		read := func(string) ([]byte, error) { return []byte(canary), nil }
		c, err := Parse("c.yaml", []byte(text), vars("SECRET", canary, "KEEP", canary), read)
		if (c == nil) != (err != nil) {
			t.Fatalf("got config %t with error %v", c != nil, err)
		}
		if err != nil && strings.Contains(err.Error(), canary) && !strings.Contains(text, canary) {
			t.Errorf("a secret is repeated: %v", err)
		}
	})
}

// A key beside the database that it seals is no key: the config says so.
func TestASecretInDataDirIsTold(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "data"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, where := range []string{"key", "data/key"} {
		if err := os.WriteFile(filepath.Join(dir, where), []byte(testKey+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "config.yaml")
		text := "practice: p\ntimezone: UTC\nencryption_key: ${file:" + where + "}\ndrchrono: {client_id: c, client_secret: \"${file:key}\"}\n"
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := Load(path, func(string) (string, bool) { return "", false })
		if err != nil {
			t.Fatal(err)
		}
		told := slices.ContainsFunc(c.Warnings, func(w string) bool { return strings.Contains(w, "lies in data_dir") })
		if want := where == "data/key"; told != want {
			t.Errorf("%s: warnings %v", where, c.Warnings)
		}
	}
}
