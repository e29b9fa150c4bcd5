package etl

import (
	"runtime"
	"sync"
)

// OnAll does something for each of n on all processors, and waits. What panics
// there is done again here, so that the panic comes to who guards the run.
func OnAll(n int, do func(i int)) {
	done := make([]bool, n)
	var all sync.WaitGroup
	workers := min(n, runtime.GOMAXPROCS(0))
	for worker := range workers {
		all.Go(func() {
			defer func() { _ = recover() }()
			for i := worker; i < n; i += workers {
				do(i)
				done[i] = true
			}
		})
	}
	all.Wait()
	for i := range n {
		if !done[i] {
			do(i)
		}
	}
}
