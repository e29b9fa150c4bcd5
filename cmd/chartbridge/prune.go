package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// callbacksKept is how long a callback is kept whose delivery is unknown. It
// comes within minutes of its acceptance, or it is another's.
const callbacksKept = 7 * 24 * time.Hour

// prune forgets the runs beyond the newest that the config keeps: their folder,
// results and counts. The run that `latest` names stays.
func (n *night) prune(ctx context.Context) error {
	old, err := n.store.RunsBeyond(ctx, n.config.Keep)
	if err != nil {
		return err
	}
	if latest, err := os.Readlink(filepath.Join(n.config.OutputDir, "latest")); err == nil {
		old = slices.DeleteFunc(old, func(id string) bool { return id == filepath.Base(latest) })
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
	return n.store.ForgetRuns(ctx, old)
}
