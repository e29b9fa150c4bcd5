package etl

import (
	"errors"
	"runtime"
	"strings"
	"testing"
)

func TestBeside(t *testing.T) {
	failed := errors.New("failed")
	begin := make(chan struct{})
	wait := Beside(func() error {
		<-begin
		return failed
	})
	close(begin) // it is under way before anybody waits
	for range 2 {
		if err := wait(); !errors.Is(err, failed) {
			t.Errorf("it ended with %v", err)
		}
	}
	wait = Beside(breaks)
	defer sawBroken(t)
	t.Error("it ended with", wait())
}

func TestTogether(t *testing.T) {
	failed := errors.New("failed")
	if errs := Together(2, func(i int) error { return []error{nil, failed}[i] }); errs[0] != nil || !errors.Is(errs[1], failed) {
		t.Errorf("they ended with %v", errs)
	}
	defer sawBroken(t)
	wait := Beside(func() error { // a panic within a panic keeps its first place
		return errors.Join(Together(2, func(i int) error {
			if i == 1 {
				return breaks()
			}
			return nil
		})...)
	})
	t.Error("it ended with", wait())
}

func breaks() error { panic("broken") }

// sawBroken wants the panic of breaks, with its place.
func sawBroken(t *testing.T) {
	p, _ := recover().(*Panic)
	if p == nil || p.Value != "broken" {
		t.Fatal("the panic did not come to who waits")
	}
	for frames := runtime.CallersFrames(p.Stack); ; {
		f, more := frames.Next()
		if strings.HasSuffix(f.Function, "etl.breaks") {
			return
		}
		if !more {
			t.Fatal("the panic came without its place")
		}
	}
}
