package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
)

func TestTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		two := make(turns, 2)
		first, _ := two.take(t.Context())
		if _, err := two.take(t.Context()); err != nil {
			t.Fatal(err)
		}
		had := false
		go func() {
			_, err := two.take(t.Context())
			had = err == nil
		}()
		synctest.Wait()
		if had {
			t.Error("a third has a turn while two have theirs")
		}
		first()
		first() // given back once
		synctest.Wait()
		if !had {
			t.Error("the third has no turn although one was given back")
		}
		stopped, stop := context.WithCancel(t.Context())
		stop()
		if _, err := two.take(stopped); !errors.Is(err, context.Canceled) {
			t.Errorf("a wait that was stopped: %v", err)
		}
	})
	if over, err := (turns)(nil).take(t.Context()); over == nil || err != nil {
		t.Error("without turns there is no waiting")
	}
}

// A database that something wrote over is told before anything is sent.
func TestADamagedDatabaseSendsNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.mustRun(exitAttention, "run")
	before := s.writes()
	file, err := os.OpenFile(filepath.Join(s.dir, "data", "chartbridge.db"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	for at := int64(2 * 16384); at < info.Size(); at += 10 * 16384 {
		if _, err := file.WriteAt(bytes.Repeat([]byte{0xA5}, 4096), at); err != nil {
			t.Fatal(err)
		}
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	_, stderr := s.mustRun(exitEnvironment, "run")
	if got := s.writes() - before; got != 0 || !strings.Contains(stderr, "restore the newest backup") {
		t.Errorf("%d writes were made; stderr:\n%s", got, stderr)
	}
}
