package reports

import (
	"errors"
	"iter"
	"testing"
)

// numbers yields n rows from one slice that it goes on using, then err; ended is
// set when it returns.
func numbers(n int, err error, ended *bool) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		defer func() { *ended = true }()
		row := make([]any, 1)
		for i := range n {
			if row[0] = i; !yield(row, nil) {
				return
			}
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

func TestAhead(t *testing.T) {
	broken := errors.New("the reader is broken")
	for name, c := range map[string]struct {
		rows, stop, want int // stop: after how many rows the writer has enough
		err              error
	}{
		"none":               {0, -1, 0, nil},
		"one":                {1, -1, 1, nil},
		"a batch":            {aheadRows, -1, aheadRows, nil},
		"batches and a rest": {5*aheadRows + 7, -1, 5*aheadRows + 7, nil},
		"an error at once":   {0, -1, 0, broken},
		"an error later":     {aheadRows + 3, -1, aheadRows + 3, broken},
		"an error on a seam": {2 * aheadRows, -1, 2 * aheadRows, broken},
		"enough at once":     {9 * aheadRows, 1, 1, nil},
		"enough later":       {9 * aheadRows, 2*aheadRows + 5, 2*aheadRows + 5, broken},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ended, got := false, [][]any(nil)
			var failed error
			rows, stop := ahead([]iter.Seq2[[]any, error]{numbers(c.rows, c.err, &ended)})
			for row, err := range rows {
				if err != nil {
					failed = err
					continue
				}
				if got = append(got, row); len(got) == c.stop {
					break
				}
			}
			stop()
			if !ended {
				t.Error("rows are still being read")
			}
			for i, row := range got {
				if row[0] != i {
					t.Fatalf("row %d is %v", i, row[0])
				}
			}
			want := c.err
			if c.stop >= 0 {
				want = nil
			}
			if len(got) != c.want || failed != want {
				t.Errorf("got %d rows and %v, want %d and %v", len(got), failed, c.want, want)
			}
		})
	}
}

// The next list is read while the one before it is being written.
func TestAheadReadsTheNextList(t *testing.T) {
	sizes, ended := []int{2, 0, aheadRows, aheadRows + 5, 1}, make([]bool, 5)
	var lists []iter.Seq2[[]any, error]
	for i, n := range sizes {
		lists = append(lists, numbers(n, nil, &ended[i]))
	}
	began := make(chan bool)
	lists = append(lists, func(func([]any, error) bool) { close(began) })
	rows, stop := ahead(lists)
	defer stop()
	<-began // though no row of the first list was taken
	for i, n := range sizes {
		at := 0
		for row, err := range rows {
			if err != nil || row[0] != at {
				t.Fatalf("list %d, row %d is %v, %v", i, at, row, err)
			}
			at++
		}
		if at != n {
			t.Errorf("list %d has %d rows, want %d", i, at, n)
		}
	}
}

func TestAheadStopsAtAListThatFails(t *testing.T) {
	broken, ended := errors.New("the reader is broken"), false
	rows, stop := ahead([]iter.Seq2[[]any, error]{numbers(1, nil, &ended), numbers(1, broken, &ended), func(func([]any, error) bool) {
		t.Error("what comes after a failure is read")
	}})
	defer stop()
	n := 0
	for range 2 {
		for _, err := range rows {
			if n++; err != nil && (err != broken || n != 3) {
				t.Errorf("row %d: %v", n, err)
			}
		}
	}
	if n != 3 {
		t.Errorf("%d rows and errors came, want 3", n)
	}
}
