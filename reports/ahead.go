package reports

import (
	"iter"
	"slices"

	"github.com/chartbridge/chartbridge/etl"
)

// aheadRows is how many rows are handed on together, at most, and aheadBatches
// how often that is done before the first of them is written.
const (
	aheadRows    = 64
	aheadBatches = 8
)

// ahead reads lists of rows, one after the other, while the rows before them are
// being written: to open and read records takes as long as to write them. rows
// gives the next list each time that it is read to its end. Rows are copied, so
// they stay valid. When stop returns, nothing is being read any more.
func ahead(lists []iter.Seq2[[]any, error]) (rows iter.Seq2[[]any, error], stop func()) {
	type batch struct {
		rows [][]any
		err  error
		last bool // of its list
	}
	batches, stopped := make(chan batch, aheadBatches), make(chan struct{})
	send := func(b batch) (more bool) {
		select {
		case batches <- b:
			return b.err == nil
		case <-stopped:
			return false
		}
	}
	read := func(list iter.Seq2[[]any, error]) (more bool) {
		var b batch
		for row, err := range list {
			if b.err = err; err != nil {
				break
			}
			if b.rows = append(b.rows, slices.Clone(row)); len(b.rows) == aheadRows {
				if !send(b) {
					return false
				}
				b.rows = nil
			}
		}
		b.last = true
		return send(b)
	}
	wait := etl.Beside(func() error {
		defer close(batches)
		for _, list := range lists {
			if !read(list) {
				break
			}
		}
		return nil // errors come with the rows
	})
	stop = func() {
		close(stopped)
		_ = wait()
	}
	return func(yield func([]any, error) bool) {
		for b := range batches {
			for _, row := range b.rows {
				if !yield(row, nil) {
					return
				}
			}
			if b.err != nil {
				yield(nil, b.err)
			}
			if b.last {
				return
			}
		}
	}, stop
}
