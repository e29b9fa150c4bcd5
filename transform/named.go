package transform

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
)

// The lists of DrChrono's settings that name what a route may name.
const (
	flagTypes    = "patient_flag_types"
	demographics = "custom_demographics"
)

// A Thing is a row of a list of the practice's settings.
type Thing struct {
	Name     Scalar `json:"name"`
	Archived Scalar `json:"archived"`
}

// Things reads a list of settings by id. What is gone counts as archived.
func Things(ctx context.Context, store Store, endpoint string) (map[string]Thing, error) {
	list, err := store.All(ctx, endpoint)
	things := map[string]Thing{}
	for _, src := range list {
		if t, fault := decode[Thing](src.Raw); fault == "" {
			if src.Gone {
				t.Archived = "true"
			}
			things[src.ID] = t
		}
	}
	return things, err
}

// readNames finds what the route names.
func (s *Stage) readNames(ctx context.Context) error {
	r := s.Env.Route
	s.Env.Named = Named{}
	if len(r.Flags) > 0 {
		types, err := Things(ctx, s.Store, flagTypes)
		if err != nil {
			return err
		}
		s.Env.Named.Flags = map[string]string{}
		for id, t := range types {
			s.Env.Named.Flags[id] = t.Name.String()
		}
	}
	if len(r.Demographics) > 0 {
		list, err := Things(ctx, s.Store, demographics)
		if err != nil {
			return err
		}
		s.Env.Named.Demographics = map[string][]string{}
		for word := range r.Demographics {
			s.Env.Named.Demographics[word] = idsOf(list, word)
		}
	}
	return nil
}

// idsOf gives the ids of what bears a name: of those in use, and only where none
// is, of those that were.
func idsOf(things map[string]Thing, name string) []string {
	var now, once []string
	for id, t := range things {
		switch {
		case !SameName(name, t.Name.String()):
		case t.Archived.True():
			once = append(once, id)
		default:
			now = append(now, id)
		}
	}
	if len(now) == 0 {
		now = once
	}
	slices.Sort(now)
	return now
}

// namedRules are the stage's rules with what the route's names mean: where that
// changes, as when a name becomes known, everything is judged again.
func (s *Stage) namedRules() (string, error) {
	if len(s.Env.Route.Flags)+len(s.Env.Route.Demographics) == 0 {
		return s.Rules, nil
	}
	text, err := json.Marshal(s.Env.Named, json.Deterministic(true))
	if err != nil {
		return "", fmt.Errorf("hash what the route names: %w", err)
	}
	sum := sha256.Sum256(text)
	return s.Rules + " named " + hex.EncodeToString(sum[:8]), nil
}

// lacksNames reports whether the route of a shape's patients names a custom
// demographic whose id cannot be known, since their list was never read.
func (s *Stage) lacksNames(ctx context.Context, shape Shape) (bool, error) {
	if shape.Endpoint != "patients" && !shape.uses("patients") {
		return false, nil
	}
	for word := range s.Env.Route.Demographics {
		if len(s.Env.Named.Demographics[word]) == 0 && !numeric(strings.TrimSpace(word)) {
			drained, err := s.Store.Drained(ctx, demographics)
			return !drained, err
		}
	}
	return false, nil
}

// Admits tells which patients the route leads to the destination.
func (s *Stage) Admits(ctx context.Context) (func(Patient) bool, error) {
	if err := s.readNames(ctx); err != nil {
		return nil, err
	}
	return s.Env.RoutesPatient, s.readProfiles(ctx)
}
