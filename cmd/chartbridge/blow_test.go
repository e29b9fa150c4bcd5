//go:build deep && amd64

package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
)

// A blow strikes a night at its n-th act of a kind, in one trial for each n,
// until a night ends before its n-th.
type blow struct {
	name   string
	first  bool // in the first night, which makes the database; else in the second
	blind  bool // Rethink cannot be asked
	stride int  // n grows by so much; 0 = by one
	counts func(act) bool
	stroke stroke
	always bool // and at each act of the kind after it
	cut    cut
}

// A cut is what a power cut leaves of what was not synced.
type cut int

const (
	noCut    cut = iota
	cutWhole     // nothing
	cutTorn      // some of it, by chance
)

// batch is how many trials are begun before it is seen whether a night ended
// before its n-th act.
const batch = 32

func (b blow) sweep(row *faultRow, s standard) {
	step := max(1, b.stride)
	for from, more := step, true; more; from += batch * step {
		var all, struck atomic.Int32
		row.table.t.Run(fmt.Sprintf("%s, %d", b.name, from), func(t *testing.T) {
			for n := from; n < from+batch*step; n += step {
				t.Run(fmt.Sprint("act ", n), func(t *testing.T) {
					t.Parallel()
					all.Add(1)
					if v, hit := b.trial(t, s, n); hit {
						struck.Add(1)
						row.add(v)
					}
				})
			}
		})
		more = struck.Load() > 0 && struck.Load() == all.Load() // none was, where a filter leaves them out
	}
}

// trial is one whole story with the blow at its n-th act.
func (b blow) trial(t *testing.T, s standard, n int) (v verdict, struck bool) {
	x := newTrial(t)
	tiny(x)
	if b.blind {
		blind(x)
	}
	if !b.first {
		for _, stage := range []string{stageExtract, stageTransform, stageLoad} { // a report takes half of such a night
			x.run("run", "--only", stage)
		}
		x.between()
	}
	struck = x.struck(b, n, rand.New(rand.NewPCG(uint64(n), 1)))
	if b.first {
		x.consent() // a pair of tokens that was not saved yet is a person's matter
		x.settle()
		x.between()
		x.night()
	}
	return x.judge(s), struck
}

// struck runs a night as a process of its own and strikes it.
func (x *trial) struck(b blow, n int, dice *rand.Rand) bool {
	x.t.Helper()
	count := 0
	r := &tracer{t: x.t, root: x.dir, strike: func(a act) stroke {
		if !b.counts(a) {
			return stroke{}
		}
		if count++; count == n || b.always && count > n {
			return b.stroke
		}
		return stroke{}
	}}
	if b.cut != noCut {
		r.disk = newDisk(x.t, x.dir)
	}
	path := filepath.Join(x.tmp, "printed")
	out, err := os.Create(path)
	if err != nil {
		x.t.Fatal(err)
	}
	defer out.Close()
	cmd := x.process()
	r.run(cmd.Args, append(cmd.Env, "GODEBUG=asyncpreemptoff=1"), out)
	text, err := os.ReadFile(path)
	if err != nil {
		x.t.Fatal(err)
	}
	x.printed += string(text)
	if b.cut == cutWhole {
		dice = nil
	}
	if b.cut != noCut && r.struck > 0 {
		r.disk.cut(dice)
	}
	return r.struck > 0
}
