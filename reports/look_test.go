package reports

import (
	"os"
	"testing"
)

func TestLook(t *testing.T) {
	dir := os.Getenv("LOOK")
	if dir == "" {
		dir = t.TempDir()
	}
	f := newFixture(t, 60)
	t.Log(f.write(f.options(dir, LevelMasked)))
}
