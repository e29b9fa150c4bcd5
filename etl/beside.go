package etl

import (
	"runtime"
	"sync"
)

// A Panic is one of another goroutine, done again for who guards the run: what
// it was, and where it began. A stack of places holds no value, as a text would.
type Panic struct {
	Value any
	Stack []uintptr
}

// caught is the panic that is going on, with its place; nil where there is none.
// It must be deferred itself.
func caught(broke **Panic) {
	v := recover()
	if v == nil {
		return
	}
	if p, again := v.(*Panic); again {
		*broke = p
		return
	}
	at := make([]uintptr, 64)
	*broke = &Panic{v, at[:runtime.Callers(2, at)]}
}

// Beside does f while its caller goes on. wait waits until it is over and gives
// its error; where f panicked, wait does, with a *Panic, so that it comes to who
// guards the run.
func Beside(f func() error) (wait func() error) {
	var err error
	var broke *Panic
	over := make(chan struct{})
	go func() {
		defer close(over)
		defer caught(&broke)
		err = f()
	}()
	return func() error {
		<-over
		if broke != nil {
			panic(broke)
		}
		return err
	}
}

// Together does f for each of n side by side, and gives their errors. Where one
// panicked, Together does likewise, once all are over: nothing goes on unguarded.
func Together(n int, f func(i int) error) []error {
	errs, broke := make([]error, n), make([]*Panic, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			defer caught(&broke[i])
			errs[i] = f(i)
		})
	}
	all.Wait()
	for _, b := range broke {
		if b != nil {
			panic(b)
		}
	}
	return errs
}
