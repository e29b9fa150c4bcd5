package etl

import "testing"

func TestOnAll(t *testing.T) {
	for _, n := range []int{0, 1, 2, 1000} {
		did := make([]int, n)
		OnAll(n, func(i int) { did[i]++ })
		for i, times := range did {
			if times != 1 {
				t.Errorf("of %d, the one at %d was done %d times", n, i, times)
			}
		}
	}
	defer func() {
		if recover() != "broken" {
			t.Error("the panic did not come to who asked")
		}
	}()
	OnAll(3, func(i int) {
		if i == 1 {
			panic("broken")
		}
	})
	t.Error("it went on after a panic")
}
