package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/chartbridge/chartbridge/extract"
	"github.com/chartbridge/chartbridge/extract/drchrono"
	"github.com/chartbridge/chartbridge/sql"
	"github.com/spf13/cobra"
)

// Verbs for a practice's consent at DrChrono. None of them prints a secret.

func newAuth(s *shared) *cobra.Command {
	auth := &cobra.Command{Use: "auth", Short: "The practice's consent at DrChrono: login, status, refresh, revoke"}
	status := &cobra.Command{Use: "status", Short: "How the stored token stands, and what its scope lacks", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withPractice(cmd.Context(), s, func(p *practice) error { return authStatus(cmd.Context(), s, p) })
		}}
	refresh := &cobra.Command{Use: "refresh", Short: "Replace the token now, however young it is", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withPractice(cmd.Context(), s, func(p *practice) error {
				return authChange(cmd.Context(), s, p, "auth refresh", (*drchrono.Client).Refresh)
			})
		}}
	revoke := &cobra.Command{Use: "revoke", Short: "End the consent, at DrChrono and here", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withPractice(cmd.Context(), s, func(p *practice) error {
				return authChange(cmd.Context(), s, p, "auth revoke", (*drchrono.Client).Revoke)
			})
		}}
	auth.AddCommand(newLogin(s), status, refresh, revoke)
	return auth
}

// authChange carries out what changes the token, writes it into the audit log
// and shows how the token stands then.
func authChange(ctx context.Context, s *shared, p *practice, action string, change func(*drchrono.Client, context.Context) error) error {
	client, err := p.drchrono("", "operator", drchrono.Stop)
	if err != nil {
		return err
	}
	if err := change(client, ctx); err != nil {
		return err
	}
	health, err := p.tokens().Health(ctx)
	if err != nil {
		return err
	}
	detail := fmt.Sprintf("generation %d, %s", health.Generation, health.State)
	if err := p.store.Audit(ctx, p.clock.Now(), operator(), action, "drchrono", detail); err != nil {
		return err
	}
	return showHealth(s, p, health)
}

// authStatus shows how the token stands. Where a person must consent first, it
// ends with the exit code for that.
func authStatus(ctx context.Context, s *shared, p *practice) error {
	health, err := p.tokens().Health(ctx)
	if err != nil {
		return err
	}
	if err := showHealth(s, p, health); err != nil {
		return err
	}
	if health.State == "none" || health.State == "dead" {
		return drchrono.ErrConsent
	}
	return nil
}

// A tokenView is what is shown of the stored token.
type tokenView struct {
	Generation int64               `json:"generation"`
	State      string              `json:"state"`
	Health     string              `json:"health"`
	Obtained   string              `json:"obtained,omitempty"`
	Expires    string              `json:"expires,omitempty"`
	Scopes     []string            `json:"scopes"`
	Lacks      map[string][]string `json:"lacks"` // by endpoint that is extracted
}

func showHealth(s *shared, p *practice, h sql.Health) error {
	view := tokenView{Generation: h.Generation, State: h.State, Health: healthWord(h, p.clock.Now()), Obtained: instant(h.Obtained),
		Expires: instant(h.Expires), Scopes: strings.Fields(h.Scope), Lacks: map[string][]string{}}
	for _, name := range p.endpoints() {
		if e, ok := extract.Find(name); ok {
			if lacks := e.Lacks(h.Scope); len(lacks) > 0 {
				view.Lacks[name] = lacks
			}
		}
	}
	if s.output == "json" {
		return printJSON(s.stdout, view)
	}
	rows := [][]string{{"generation", fmt.Sprint(view.Generation)}, {"state", view.State}, {"health", view.Health},
		{"obtained", orDash(view.Obtained)}, {"expires", orDash(view.Expires)}, {"scopes", orDash(strings.Join(view.Scopes, " "))}}
	for _, name := range p.endpoints() {
		if lacks := view.Lacks[name]; len(lacks) > 0 {
			rows = append(rows, []string{"lacks", strings.Join(lacks, " ") + ", for " + name})
		}
	}
	return printTable(s.stdout, []string{"DrChrono", "token"}, rows)
}

func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// healthWord says what the state of a token means and what to do about it.
func healthWord(h sql.Health, now time.Time) string {
	switch h.State {
	case "none":
		return "there is no consent yet: run `chartbridge auth login`"
	case "seed":
		return "the config's refresh token, not used yet; the next call uses it"
	case "refreshing":
		return "a refresh was begun and not ended; the next call settles it"
	case "dead":
		return "dead: " + h.Note + "; run `chartbridge auth login`"
	case "active":
		if left := h.Expires.Sub(now); left > 0 && !h.Expires.IsZero() {
			return "good for " + left.Truncate(time.Minute).String()
		}
		return "expired; the next call refreshes it"
	}
	return h.State
}

// errLogin is a consent that did not come about.
var errLogin = errors.New("nothing was changed; run `chartbridge auth login` again")
