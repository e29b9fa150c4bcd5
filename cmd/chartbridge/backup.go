package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
)

func newBackup(s *shared) *cobra.Command {
	return &cobra.Command{Use: "backup FILE", Short: "Copy the database into a new file, while others go on, and check the copy",
		Long: "Copies the staging database as it is at one moment into FILE, which must not be there yet, readable by its\n" +
			"owner only, and checks the copy. Payloads stay sealed: keep encryption_key apart from it, and safe; without\n" +
			"it a backup cannot be read. To restore, stop everything, move data_dir aside, and put FILE into a new one as\n" +
			"chartbridge.db; leave journal_dir as it is. If anything was sent since the backup, the next run stops before it\n" +
			"sends and names the way out (`chartbridge state restored`).",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withPractice(cmd.Context(), s, func(p *practice) error { return backup(cmd.Context(), s, p, args[0]) })
		}}
}

func backup(ctx context.Context, s *shared, p *practice, file string) error {
	path, err := backupPath(p, file)
	if err != nil {
		return err
	}
	copied, err := p.store.Backup(ctx, path)
	switch {
	case errors.Is(err, fs.ErrExist):
		return usageError{fmt.Errorf("%s is there already; a backup overwrites nothing, name a new file", file)}
	case errors.Is(err, fs.ErrNotExist):
		return usageError{fmt.Errorf("the folder of %s is not there; make it first", file)}
	case err != nil:
		return err
	}
	detail := fmt.Sprintf("%d bytes, %d records, %d targets, %d deliveries", copied.Bytes, copied.Records, copied.Targets, copied.Deliveries)
	if err := p.store.Audit(ctx, p.clock.Now(), operator(), "backup", path, detail); err != nil {
		return fmt.Errorf("the backup is whole, but it is not in the audit log: %w", err)
	}
	if s.output == "json" {
		return printJSON(s.stdout, map[string]any{"file": path, "copied": copied})
	}
	_, err = fmt.Fprintf(s.stdout, "%s: %s; checked whole\n", path, detail)
	return err
}

// backupPath refuses a place within data_dir, which holds the database and
// nothing else: a backup must also outlive the folder.
func backupPath(p *practice, file string) (string, error) {
	path, err := filepath.Abs(file)
	if err != nil {
		return "", fmt.Errorf("find %s: %w", file, err)
	}
	data, err := os.Stat(p.config.DataDir)
	if err != nil {
		return "", fmt.Errorf("look at data_dir: %w", err)
	}
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		if info, err := os.Stat(dir); err == nil && os.SameFile(info, data) {
			return "", usageError{fmt.Errorf("%s lies in data_dir, which holds the staging database and nothing else; name a file elsewhere, best on another disk", file)}
		}
		if dir == filepath.Dir(dir) {
			return path, nil
		}
	}
}
