package sql

// sealChunk is how many rows are sealed at a time by one of the processors.
const sealChunk = 32

// inChunks does something to each of n rows on all processors, while its caller
// goes on with those that are done: wait waits for the row i.
func inChunks(n int, do func(i int)) (wait func(i int)) {
	chunks := make([]chan struct{}, (n+sealChunk-1)/sealChunk)
	for c := range chunks {
		chunks[c] = make(chan struct{})
		go func() {
			defer close(chunks[c])
			for i := c * sealChunk; i < min(n, (c+1)*sealChunk); i++ {
				do(i)
			}
		}()
	}
	return func(i int) { <-chunks[i/sealChunk] }
}
