package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

const practiceSetting = "practice"

// own makes the database this practice's, or refuses another's: its records
// would go to the accounts of this one.
func (p *practice) own(ctx context.Context) error {
	have, err := p.store.Setting(ctx, practiceSetting)
	switch {
	case err != nil:
		return err
	case have == "":
		return p.store.SetSetting(ctx, practiceSetting, p.config.Practice)
	case have != p.config.Practice:
		return usageError{fmt.Errorf("data_dir %s holds the database of practice %q, and the config names %q: give each practice a data_dir of its own; "+
			"if it is the same one under a new name, say so with `chartbridge state renamed`", p.config.DataDir, have, p.config.Practice)}
	}
	return nil
}

// newRenamed is a person's word that the database's practice has the config's
// name from now on.
func newRenamed(s *shared) *cobra.Command {
	as := ""
	cmd := &cobra.Command{Use: "renamed [--as NAME]", Short: "Say that the practice of this database has the config's name from now on", Args: cobra.NoArgs,
		Long: "A database belongs to one practice, and a config that names another is refused. Where the practice only has a\n" +
			"new name, write it into the config, then say so with this.",
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			p, err := readPractice(s)
			if err != nil {
				return err
			}
			if err := p.openAnyones(cmd.Context()); err != nil {
				return err
			}
			defer func() { err = errors.Join(err, p.close()) }()
			return p.rename(cmd.Context(), s, as)
		}}
	asNameOrUser(cmd, &as)
	return cmd
}

// rename holds the run's lease, so that no run is under way for the old name.
func (p *practice) rename(ctx context.Context, s *shared, as string) (err error) {
	if err := p.lease(ctx, runLease); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.store.Release(ctx, runLease)) }()
	have, err := p.store.Setting(ctx, practiceSetting)
	if err != nil {
		return err
	}
	if err := p.store.Audit(ctx, p.clock.Now(), as, "state renamed", "practice", fmt.Sprintf("%q is %q from now on", have, p.config.Practice)); err != nil {
		return err
	}
	if err := p.store.SetSetting(ctx, practiceSetting, p.config.Practice); err != nil {
		return err
	}
	return receipt(s, map[string]string{"practice": p.config.Practice, "before": have}, "This is the database of practice %q from now on.", p.config.Practice)
}
