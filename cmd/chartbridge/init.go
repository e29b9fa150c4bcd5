package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/chartbridge/chartbridge/cmd/chartbridge/config"
	"github.com/spf13/cobra"
)

type initFlags struct {
	dir, practice, timezone, goLive string
	destinations                    []string
	force                           bool
}

func newInit(s *shared) *cobra.Command {
	var f initFlags
	cmd := &cobra.Command{
		Use:     "init",
		Short:   "Write a starting config, a fresh key and an empty lookups file; overwrite nothing",
		Long:    "Writes a starting config, a fresh key and an empty lookups file, and overwrites nothing. What no flag gives is left\nempty in the config, to be filled in: nothing runs before.",
		Example: "  chartbridge init\n  chartbridge init --practice sunrise-aba --timezone America/New_York --go-live 2026-01-01 --destinations rethink",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return initialise(cmd.Context(), s, f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.dir, "dir", "", "write into `DIR`; the folder of --config by default")
	flags.StringVar(&f.practice, "practice", "", "the practice's `NAME` on workbooks and in logs")
	flags.StringVar(&f.timezone, "timezone", "", "the practice's IANA `ZONE`, such as America/New_York; there is no default, since a wrong one moves visits")
	flags.StringVar(&f.goLive, "go-live", "", "`DATE`, year-month-day; earlier visits are never sent")
	flags.StringSliceVar(&f.destinations, "destinations", nil, "any of `rethink,centralreach,central_registry`")
	flags.BoolVar(&f.force, "force", false, "write what is missing beside files that are there; these stay as they are")
	return cmd
}

// An initFile is one that init makes.
type initFile struct {
	path, text string
	there      bool // already, so it was left alone
}

// initialise writes the files. All of them are looked at before the first is
// written, so that a refusal leaves nothing behind.
func initialise(_ context.Context, s *shared, f initFlags) error {
	text, err := f.configText()
	if err != nil {
		return err
	}
	files, err := f.files(s, text)
	if err != nil {
		return err
	}
	for i := range files {
		if files[i].there {
			continue
		}
		if err := writeNew(files[i].path, files[i].text); err != nil {
			return err
		}
	}
	return f.tell(s, files)
}

// files names what to write, and refuses where something is there already.
func (f initFlags) files(s *shared, text string) ([]initFile, error) {
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	dir, name := filepath.Split(s.config)
	if f.dir != "" {
		dir, name = f.dir, "config.yaml"
	}
	files := []initFile{
		{path: filepath.Join(dir, name), text: text},
		{path: filepath.Join(dir, "key"), text: base64.StdEncoding.EncodeToString(key) + "\n"},
		{path: filepath.Join(dir, "lookups.yaml"), text: emptyLookups},
	}
	var there []string
	for i, file := range files {
		_, err := os.Lstat(file.path)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("look at %s: %w", file.path, err)
		}
		if err == nil {
			files[i].there = true
			there = append(there, file.path)
		}
	}
	if len(there) > 0 && !f.force {
		return nil, usageError{fmt.Errorf("there already: %s; init overwrites nothing. Name another --dir, move them away, or write what is missing beside them with --force",
			strings.Join(there, ", "))}
	}
	return files, nil
}

// writeNew writes a file that is not there yet, for its owner alone.
func writeNew(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("make the folder: %w", err)
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	_, err = file.WriteString(text)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// tell says what was written and what comes next.
func (f initFlags) tell(s *shared, files []initFile) error {
	variables := f.variables()
	if s.output == "json" {
		wrote, kept := []string{}, []string{}
		for _, file := range files {
			if file.there {
				kept = append(kept, file.path)
			} else {
				wrote = append(wrote, file.path)
			}
		}
		return printJSON(s.stdout, map[string]any{"wrote": wrote, "kept": kept, "fill_in": f.empty(), "variables": variableNames(variables)})
	}
	for _, file := range files {
		fmt.Fprintf(s.stdout, "%s  %s\n", pick(file.there, "kept ", "wrote"), file.path)
	}
	first := "Give"
	if empty := f.empty(); len(empty) > 0 {
		first = "Fill in what is empty in the config (" + strings.Join(empty, ", ") + "), and give"
	}
	fmt.Fprintf(s.stdout, "\nThe key seals every payload that is stored. Keep a copy of it apart from the backups: without it nothing can be read.\n\n"+
		"Next:\n  1. %s these, as environment variables or, better, as files (${file:/path} in the config):\n", first)
	for _, v := range variables {
		fmt.Fprintf(s.stdout, "       %-28s %s\n", v.name, v.what)
	}
	at := " --config " + files[0].path
	_, err := fmt.Fprintf(s.stdout, "  2. chartbridge auth login%[1]s           gets DrChrono's consent, if you have no refresh token\n"+
		"  3. chartbridge check%[1]s                says what is still missing; it writes to no vendor\n"+
		"  4. chartbridge run --only extract%[1]s   stages your data\n"+
		"  5. chartbridge lookups template%[1]s     prints the lookups file with every id that your data need\n"+
		"  6. chartbridge run --dry-run%[1]s        maps everything and sends nothing\n", at)
	return err
}

// empty are the keys that no flag gave, and that a config must have.
func (f initFlags) empty() []string {
	var keys []string
	for _, key := range []struct {
		name, value string
		needed      bool
	}{{"practice", f.practice, true}, {"timezone", f.timezone, true}, {"go_live", f.goLive, len(f.destinations) > 0}} {
		if key.needed && key.value == "" {
			keys = append(keys, key.name)
		}
	}
	return keys
}

// configText is the starting config. It is read back by the config's own
// rules, with an invented value for each variable and for what is to be filled
// in, so that a flag that does not fit is refused in their words.
func (f initFlags) configText() (string, error) {
	for _, name := range f.destinations {
		if _, ok := starts[name]; !ok {
			return "", usageError{fmt.Errorf("--destinations %q: write rethink, centralreach or central_registry", name)}
		}
	}
	filled := f
	filled.practice, filled.timezone, filled.goLive = cmp.Or(f.practice, "practice"), cmp.Or(f.timezone, "UTC"), cmp.Or(f.goLive, "2026-01-01")
	_, err := config.Parse("config.yaml", []byte(filled.compose()), f.invented,
		func(string) ([]byte, error) { return []byte(base64.StdEncoding.EncodeToString(make([]byte, 32))), nil })
	if err != nil {
		return "", fmt.Errorf("with these flags the config would not be valid:\n%w", err)
	}
	return f.compose(), nil
}

// invented is a value that fits, for each variable that the config names.
func (f initFlags) invented(name string) (string, bool) {
	for _, v := range f.variables() {
		if v.name == name {
			return v.like, true
		}
	}
	return "", false
}

func variableNames(variables []variable) []string {
	list := make([]string, len(variables))
	for i, v := range variables {
		list[i] = v.name
	}
	return list
}
