package reports

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// partPrefix begins the names of files that are not whole yet.
const partPrefix = ".part-"

// writeFile writes a file beside its place, readable by its owner only, and
// renames it when it lies safely on the disk: a reader finds the old file or
// the new one, whole.
func writeFile(path string, write func(io.Writer) error) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, partPrefix) // 0600
	if err != nil {
		return fmt.Errorf("begin %s: %w", filepath.Base(path), err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	if err := write(f); err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", filepath.Base(path), err), f.Close())
	}
	if err := f.Sync(); err != nil {
		return errors.Join(fmt.Errorf("save %s: %w", filepath.Base(path), err), f.Close())
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("save %s: %w", filepath.Base(path), err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return fmt.Errorf("put %s in its place: %w", filepath.Base(path), err)
	}
	return syncDir(dir)
}

// nameless is a file in dir that has no name: it goes with the process.
func nameless(dir string) (*os.File, error) {
	f, err := os.CreateTemp(dir, partPrefix)
	if err != nil {
		return nil, fmt.Errorf("make a spool: %w", err)
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(fmt.Errorf("hide the spool: %w", err), f.Close())
	}
	return f, nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("save the folder: %w", err)
	}
	if err := d.Sync(); err != nil {
		return errors.Join(fmt.Errorf("save the folder: %w", err), d.Close())
	}
	return d.Close()
}

// sweep removes what a killed process left half-written in a run's folder.
func sweep(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("look into the run's folder: %w", err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), partPrefix) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return fmt.Errorf("remove a half-written file: %w", err)
		}
	}
	return nil
}

// pointLatest lets the link `latest` name a run's folder, in one step.
func pointLatest(dir, run string) error {
	beside := filepath.Join(dir, partPrefix+latestName)
	if err := os.Remove(beside); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("name the latest run: %w", err)
	}
	if err := os.Symlink(run, beside); err != nil {
		return fmt.Errorf("name the latest run: %w", err)
	}
	if err := os.Rename(beside, filepath.Join(dir, latestName)); err != nil {
		return fmt.Errorf("name the latest run: %w", err)
	}
	return syncDir(dir)
}
