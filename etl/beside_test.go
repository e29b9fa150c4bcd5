package etl

import (
	"errors"
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
	wait = Beside(func() error { panic("broken") })
	defer func() {
		if recover() != "broken" {
			t.Error("the panic did not come to who waits")
		}
	}()
	t.Error("it ended with", wait())
}
