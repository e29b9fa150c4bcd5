//go:build deep && amd64

package main

import (
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/chartbridge/chartbridge/sql"
)

// TestFaultTable is the whole suite: each fault of the network at each step of
// each client, death at every act of a night, power cuts, a full disk and a
// failing one. It takes up to an hour.
func TestFaultTable(t *testing.T) {
	f := newFaultTable(t)
	for _, at := range steps {
		row := f.row("the network at " + at.name)
		for _, what := range ills {
			if at.vendor == nil && (what.name == "429" || what.name == "503") {
				continue // waits by the wall clock; the client's own tests pass that time
			}
			row.faulted(at, what)
		}
		row.faulted(at, hang)
		if at.vendor == nil {
			row.faulted(at, endless)
		}
	}
	asked, blindly := f.row("kill -9 at a call, the vendor cannot be asked"), newStandard(t, blind)
	for n := int32(1); n < 45; n += 2 {
		asked.killed(blindly, n, blind)
	}
	small, smallAndBlind := newStandard(t, tiny), newStandard(t, tiny, blind)
	for _, b := range blows {
		s := small
		if b.blind {
			s = smallAndBlind
		}
		b.sweep(f.row(b.name), s)
	}
}

// hang lets a vendor act, and never answer: the client gives up after a
// minute, which all such trials wait together.
var hang = ill{"a hang after it acted", true, func(x *trial, w http.ResponseWriter) {
	<-w.(reply).gone()
	hangUp(x, w)
}}

// endless begins an answer and never ends it.
var endless = ill{"a body that never ends, after it acted", true, func(x *trial, w http.ResponseWriter) {
	say(w, http.StatusOK, "application/json", `{"results":[`)
	_ = http.NewResponseController(w.(awaited).ResponseWriter).Flush()
	hang.do(x, w)
}}

// tiny is a practice of three patients and three visits.
func tiny(x *trial) { x.shrink(3, 3) }

// blows are what strikes a night's acts.
var blows = []blow{
	{name: "kill -9 at every act", counts: everything, stroke: stroke{kill: true}},
	{name: "kill -9 at one act in 30 of the first night", first: true, stride: 30, counts: everything, stroke: stroke{kill: true}},
	{name: "power cut, all that was not synced gone", blind: true, counts: telling, stroke: stroke{kill: true}, cut: cutWhole},
	{name: "power cut, some of it gone", counts: telling, stroke: stroke{kill: true}, cut: cutTorn},
	{name: "power cut in the first night, one act in 15", first: true, stride: 15, counts: telling, stroke: stroke{kill: true}, cut: cutWhole},
	{name: "EIO at every write of the database", counts: writesStore, stroke: stroke{fail: syscall.EIO}},
	{name: "EIO from one in 8 of them on", always: true, stride: 8, counts: writesStore, stroke: stroke{fail: syscall.EIO}},
	{name: "ENOSPC at one in 4 of them", stride: 4, counts: writesStore, stroke: stroke{fail: syscall.ENOSPC}},
	{name: "ENOSPC from one in 8 of them on", always: true, stride: 8, counts: writesStore, stroke: stroke{fail: syscall.ENOSPC}},
	{name: "ENOSPC from one write in 10 of any file on", always: true, stride: 10, counts: writesAnything, stroke: stroke{fail: syscall.ENOSPC}},
}

func everything(act) bool { return true }

// telling are the acts that part what can be known after a power cut: what is
// not synced is most before a sync, and what a vendor knows changes with what
// goes over the network.
func telling(a act) bool { return a.path == "" || !strings.Contains(a.name, "write") }

// writesStore are the acts by which the database and the journal change.
func writesStore(a act) bool {
	dir, file := filepath.Split(a.path)
	return writesAnything(a) && (strings.HasPrefix(file, sql.FileName) && !strings.HasSuffix(file, "-shm") || strings.HasSuffix(dir, "data.journal/"))
}

// writesAnything are the acts that a full or failing disk refuses.
func writesAnything(a act) bool {
	switch a.name {
	case "write", "pwrite", "fsync", "fdatasync", "ftruncate":
		return a.path != ""
	}
	return false
}
