package sql

import (
	"context"
	"sync"
	"testing"
	"time"
)

// clock passes the time that is slept and what a test adds.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.set(c.Now().Add(d))
	return ctx.Err()
}

func (c *clock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
}

// noon is the top of an hour.
var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// openAt opens the database in dir as a process of that name.
func openAt(t *testing.T, dir, holder string) *Store {
	t.Helper()
	seal, err := NewSealer(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(context.Background(), dir, seal, holder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
