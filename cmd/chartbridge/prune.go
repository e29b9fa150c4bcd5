package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// callbacksKept is how long a callback is kept whose delivery is unknown. It
// comes within minutes of its acceptance, or it is another's.
const callbacksKept = 7 * 24 * time.Hour

// occurrencesKept is how long it is known what became of a time that fell due.
const occurrencesKept = 400 * 24 * time.Hour

// prune forgets the runs beyond the nights that the config keeps: their folder,
// results and counts, and the folders of ranges that end with them. The run
// that `latest` names stays.
func (n *night) prune(ctx context.Context) error {
	old, err := n.store.RunsBeyond(ctx, n.config.Keep, n.config.Timezone)
	if err != nil {
		return err
	}
	if latest, err := os.Readlink(filepath.Join(n.config.OutputDir, "latest")); err == nil {
		old = slices.DeleteFunc(old, func(id string) bool { return id == filepath.Base(latest) })
	}
	if err := n.pruneRanges(old); err != nil {
		return err
	}
	for _, id := range old {
		if id != filepath.Base(id) {
			continue // no run of ours is named so
		}
		if err := os.RemoveAll(filepath.Join(n.config.OutputDir, id)); err != nil {
			return fmt.Errorf("prune run %s: %w", id, err)
		}
	}
	if err := n.store.ForgetCallbacks(ctx, n.run.At.Add(-callbacksKept)); err != nil {
		return err
	}
	if err := n.store.PruneOccurrences(ctx, n.run.At.Add(-occurrencesKept)); err != nil {
		return err
	}
	return n.store.ForgetRuns(ctx, old)
}

// pruneRanges removes the folders of ranges whose newest run is one of these.
// What names no run of ours is left alone.
func (n *night) pruneRanges(old []string) error {
	const date = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]"
	paths, err := filepath.Glob(filepath.Join(n.config.OutputDir, date+"_"+date, "summary.json"))
	if err != nil {
		return fmt.Errorf("look for ranges: %w", err)
	}
	for _, path := range paths {
		var counts struct{ Run, Since string }
		text, err := os.ReadFile(path)
		if err != nil || json.Unmarshal(text, &counts) != nil || counts.Since == "" || !slices.Contains(old, counts.Run) {
			continue
		}
		if err := os.RemoveAll(filepath.Dir(path)); err != nil {
			return fmt.Errorf("prune a range that ended with run %s: %w", counts.Run, err)
		}
	}
	return nil
}
