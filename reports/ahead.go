package reports

import (
	"iter"
	"slices"
	"sync"
)

// aheadRows is how many rows are handed on together. At most three times as
// many are in memory: gathered, and being written.
const aheadRows = 64

// ahead reads rows while those before them are being written: to open and read
// records takes longer than to write them. Rows are copied, so they stay valid.
// When it returns, nothing is being read any more.
func ahead(rows iter.Seq2[[]any, error]) iter.Seq2[[]any, error] {
	type batch struct {
		rows [][]any
		err  error
	}
	return func(yield func([]any, error) bool) {
		batches, stop := make(chan batch, 1), make(chan struct{})
		var reader sync.WaitGroup
		reader.Go(func() {
			defer close(batches)
			var b batch
			send := func() (more bool) {
				select {
				case batches <- b:
					b = batch{}
					return true
				case <-stop:
					return false
				}
			}
			for row, err := range rows {
				if b.err = err; err != nil {
					break
				}
				if b.rows = append(b.rows, slices.Clone(row)); len(b.rows) == aheadRows && !send() {
					return
				}
			}
			send()
		})
		defer reader.Wait()
		defer close(stop)
		for b := range batches {
			for _, row := range b.rows {
				if !yield(row, nil) {
					return
				}
			}
			if b.err != nil {
				yield(nil, b.err)
				return
			}
		}
	}
}
