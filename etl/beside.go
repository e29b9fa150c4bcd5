package etl

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
