package etl

import "sync"

// Beside does f while its caller goes on. wait waits until it is over and gives
// its error; where f panicked, wait does, so that it comes to who guards the run.
func Beside(f func() error) (wait func() error) {
	var err error
	var broke any
	over := make(chan struct{})
	go func() {
		defer close(over)
		defer func() { broke = recover() }()
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
// panicked, Together does, once all are over: nothing goes on unguarded.
func Together(n int, f func(i int) error) []error {
	errs, broke := make([]error, n), make([]any, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			defer func() { broke[i] = recover() }()
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
