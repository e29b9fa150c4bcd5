package transform

import (
	"context"
	"iter"
	"math/bits"

	"github.com/chartbridge/chartbridge/etl"
)

// A rowSet is a set of rows of records. They are numbered from 1 on and none
// is ever dropped, so a bit stands for each: ten million take 1.25 MB.
type rowSet struct{ words []uint64 }

func (r *rowSet) add(row int64) {
	word := int(row / 64)
	if lacks := word + 1 - len(r.words); lacks > 0 {
		r.words = append(r.words, make([]uint64, lacks)...)
	}
	r.words[word] |= 1 << (row % 64)
}

func (r *rowSet) len() (n int) {
	for _, word := range r.words {
		n += bits.OnesCount64(word)
	}
	return n
}

// chunks gives the rows in their order, up to 500 at a time, which are valid
// until the next ones.
func (r *rowSet) chunks() iter.Seq[[]int64] {
	return func(yield func([]int64) bool) {
		part := make([]int64, 0, chunk)
		for n, word := range r.words {
			for ; word != 0; word &= word - 1 { // without its lowest bit
				part = append(part, int64(n*64+bits.TrailingZeros64(word)))
				if len(part) < chunk {
					continue
				}
				if !yield(part) {
					return
				}
				part = part[:0]
			}
		}
		if len(part) > 0 {
			yield(part)
		}
	}
}

// EachRecord hands over every staged record of an endpoint, of which it holds a chunk
// at a time.
func EachRecord(ctx context.Context, store Store, endpoint string, f func(etl.Source)) error {
	var rows rowSet
	if err := store.Changed(ctx, endpoint, 0, rows.add); err != nil {
		return err
	}
	for part := range rows.chunks() {
		sources, err := store.Records(ctx, part)
		if err != nil {
			return err
		}
		for _, src := range sources {
			f(src)
		}
	}
	return nil
}
