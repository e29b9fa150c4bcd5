//go:build deep && amd64

package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"syscall"
	"testing"
	"time"
)

// TestSoakOfKills strikes the nights of one practice at random, one after the
// other, with changes between them: kills, power cuts, a failing and a full
// disk. After each few of them everything must be there, once. SOAK is how
// long, as 30m (2m without it), and SOAK_SEED begins where another one began.
func TestSoakOfKills(t *testing.T) {
	long, seed := 2*time.Minute, uint64(time.Now().UnixNano())
	if text := os.Getenv("SOAK"); text != "" {
		var err error
		if long, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
	}
	if text := os.Getenv("SOAK_SEED"); text != "" {
		if _, err := fmt.Sscan(text, &seed); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("SOAK_SEED=%d", seed)
	s := newStandard(t, tiny)
	dice := rand.New(rand.NewPCG(seed, 1))
	var sum verdict
	struck := 0
	for end := time.Now().Add(long); time.Now().Before(end) && !t.Failed(); {
		t.Run(fmt.Sprint("practice ", sum.tried+1), func(t *testing.T) {
			x := newTrial(t)
			tiny(x)
			for range 1 + dice.IntN(12) {
				if x.struck(chance(dice), 1+dice.IntN(700), dice) {
					struck++
				}
				x.consent() // a pair of tokens that was not saved yet is a person's matter
				x.between()
			}
			x.settle()
			x.between()
			x.night()
			sum.add(x.judge(s))
		})
	}
	t.Logf("SOAK_SEED=%d: %d nights struck, of %d practices: %+v", seed, struck, sum.tried, sum)
}

// chance is some blow.
func chance(dice *rand.Rand) blow {
	b := blow{counts: everything, stroke: stroke{kill: true}, cut: cut(dice.IntN(3))}
	switch dice.IntN(4) {
	case 0:
		b = blow{counts: writesStore, stroke: stroke{fail: syscall.EIO}, always: dice.IntN(2) == 0}
	case 1:
		b = blow{counts: writesAnything, stroke: stroke{fail: syscall.ENOSPC}, always: dice.IntN(2) == 0}
	}
	return b
}
