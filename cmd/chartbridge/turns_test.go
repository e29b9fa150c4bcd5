package main

import (
	"context"
	"errors"
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
