package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/chartbridge/chartbridge/cmd/chartbridge/config"
	"github.com/chartbridge/chartbridge/sql"
	"github.com/spf13/cobra"
)

func newRekey(s *shared) *cobra.Command {
	var to, from string
	cmd := &cobra.Command{Use: "rekey (--new-key FILE | --old-key FILE)", Short: "Seal everything that is stored with another key; killed, it goes on where it was",
		Long: "Either name the new key, while the config still names the old one, and write the new one into encryption_key\n" +
			"after it; or write the new one there first and name the old one. A key file holds 32 bytes in base64, as\n" +
			"`openssl rand -base64 32` makes them; the word off stands for no key. Stop the daemon first. If it is killed,\n" +
			"nothing is lost: run the same command again; until it is done, the database opens to nothing else.\n" +
			"Backups stay sealed with the key of their day: keep the old key as long as they are kept.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return rekey(cmd.Context(), s, to, from) }}
	cmd.Flags().StringVar(&to, "new-key", "", "the `FILE` of the new key; otherwise the config's key is the new one")
	cmd.Flags().StringVar(&from, "old-key", "", "the `FILE` of the old key; otherwise the config's key is the old one")
	return cmd
}

func rekey(ctx context.Context, s *shared, newKey, oldKey string) (err error) {
	if newKey == "" && oldKey == "" {
		return usageError{errors.New("name the new key with --new-key or, where the config names it already, the old one with --old-key")}
	}
	p, err := readPractice(s)
	if err != nil {
		return err
	}
	from, err := p.keyOf(oldKey)
	if err != nil {
		return err
	}
	to, err := p.keyOf(newKey)
	if err != nil {
		return err
	}
	if p.store, err = sql.OpenToRekey(ctx, p.config.DataDir, from, holder()); err != nil {
		return refusedIsUsage(err)
	}
	defer func() { err = errors.Join(err, p.close()) }()
	for _, name := range []string{serveLease, backfillLease, runLease, stagingLease} {
		if err := p.lease(ctx, name); err != nil {
			return err
		}
		defer p.keep(ctx, name)()
	}
	n, err := p.store.Rekey(ctx, to, operator(), p.clock.Now())
	if err != nil {
		return refusedIsUsage(err)
	}
	if s.output == "json" {
		return printJSON(s.stdout, map[string]any{"sealed": n, "key_id": to.KeyID()})
	}
	text := fmt.Sprintf("%d payloads were sealed anew; everything is sealed with the new key now.\n", n)
	if newKey != "" {
		text += "Write it into encryption_key before the next run"
	} else {
		text += "The config names it already"
	}
	_, err = fmt.Fprintln(s.stdout, text+"; keep the old key as long as its backups.")
	return err
}

// keyOf reads a key from a file; "" is the config's.
func (p *practice) keyOf(file string) (*sql.Sealer, error) {
	if file == "" {
		return sealer(p.config)
	}
	text := "off"
	if file != text {
		b, err := os.ReadFile(file)
		if err != nil {
			return nil, usageError{fmt.Errorf("read the key: %w", err)}
		}
		text = strings.TrimSpace(string(b))
	}
	c := &config.Config{EncryptionKey: config.NewSecret(text)}
	if _, ok := c.Key(); !ok && text != "off" {
		return nil, usageError{fmt.Errorf("%s holds no key: 32 bytes in base64, as `openssl rand -base64 32` makes them", file)}
	}
	return sealer(c)
}
