package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// maxFile bounds what is read as one file, in bytes, so that a wrong path such
// as /dev/zero ends as a fault.
const maxFile = 1 << 20

// Init is the command that writes a config.
const Init = "`chartbridge init`"

// Load reads and checks the config at path. env looks a variable up, as
// os.LookupEnv does. The error is Faults when the file can be read.
func Load(path string, env func(string) (string, bool)) (*Config, error) {
	text, err := readFile(path)
	switch {
	case errors.Is(err, syscall.EISDIR):
		return nil, fmt.Errorf("%s is a folder: name the config file in it, such as %s", path, filepath.Join(path, "config.yaml"))
	case err != nil:
		return nil, fmt.Errorf("read the config: %w; %s writes one", err, Init)
	}
	r := newReader(path, env, readFile)
	r.mode = fileMode
	c, err := r.parse(text)
	if err != nil {
		return nil, err
	}
	c.Warnings = append(c.Warnings, r.strangers(environmentNames())...)
	return c, nil
}

// Parse reads and checks a config's text. name stands in faults, and relative
// paths resolve against its folder; readFile serves ${file:}. The error is
// Faults, sorted by line.
func Parse(name string, text []byte, env func(string) (string, bool), readFile func(string) ([]byte, error)) (*Config, error) {
	return newReader(name, env, readFile).parse(text)
}

// reader is one reading of a config: the document, the world around it, and
// which keys and variables were asked for.
type reader struct {
	document
	dir      string
	env      func(string) (string, bool)
	readFile func(string) ([]byte, error)
	mode     func(string) (fs.FileMode, error)
	warnings []string
	keys     map[string]bool // dotted path of each key there is; true for one that a variable overrides
	asked    map[string]bool // variables that the file names itself

	secretFiles []string // that secrets were read from
}

func newReader(name string, env func(string) (string, bool), readFile func(string) ([]byte, error)) *reader {
	r := &reader{
		document: document{file: name},
		dir:      filepath.Dir(name),
		env:      env,
		readFile: readFile,
		mode:     func(string) (fs.FileMode, error) { return 0, fs.ErrNotExist },
		keys:     map[string]bool{},
		asked:    map[string]bool{},
	}
	if env == nil {
		r.env = func(string) (string, bool) { return "", false }
	}
	if readFile == nil {
		r.readFile = func(string) ([]byte, error) { return nil, fs.ErrNotExist }
	}
	return r
}

func (r *reader) parse(text []byte) (*Config, error) {
	root := r.root(text)
	if root == nil && len(r.faults) > 0 {
		return nil, r.faults.err() // not YAML: every key would seem missing
	}
	c := new(Config)
	top := r.block("", 1, root)
	top.config(c)
	top.done()
	c.Warnings = r.warnings
	if err := r.faults.err(); err != nil {
		return nil, err
	}
	return c, nil
}

func (r *reader) warn(sentence string) { r.warnings = append(r.warnings, sentence) }

const environmentPrefix = "CHARTBRIDGE_"

// flagVariables stand for flags that every verb has; they are no config keys.
var flagVariables = []string{"CONFIG", "OUTPUT", "LOG_LEVEL", "LOG_FORMAT"}

// EnvName is the variable that overrides the key at a dotted path:
// drchrono.calls_per_hour becomes CHARTBRIDGE_DRCHRONO_CALLS_PER_HOUR.
func EnvName(path string) string {
	return environmentPrefix + strings.ToUpper(strings.ReplaceAll(path, ".", "_"))
}

// strangers warns of CHARTBRIDGE_ variables that override nothing, most often
// mistyped ones. It names them without their values.
func (r *reader) strangers(names []string) []string {
	known := map[string]bool{}
	for path, overrides := range r.keys {
		known[EnvName(path)] = overrides
	}
	for _, name := range flagVariables {
		known[environmentPrefix+name] = true
	}
	var warnings []string
	for _, name := range slices.Sorted(slices.Values(names)) {
		if _, set := r.env(name); !set || known[name] || r.asked[name] || !strings.HasPrefix(name, environmentPrefix) {
			continue
		}
		warnings = append(warnings, "the environment variable "+name+" is ignored: it stands for no key that has a value")
	}
	return warnings
}

func environmentNames() []string {
	var names []string
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		names = append(names, name)
	}
	return names
}

func readFile(path string) (text []byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	text, err = io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(text) > maxFile {
		return nil, &fs.PathError{Op: "read", Path: path, Err: errors.New("larger than 1 MiB")}
	}
	return text, err
}

func fileMode(path string) (fs.FileMode, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return info.Mode().Perm(), nil
}
