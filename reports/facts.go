package reports

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"time"

	"github.com/chartbridge/chartbridge/etl"
)

// key names one object of one destination.
type key struct{ destination, object string }

// Rows of a tally that are no outcome of a source record.
const (
	tallySource = "source" // how many source records there are
	tallyExtra  = string(etl.Extra)
)

// facts are a run's counts, read once and shown in every file.
type facts struct {
	keys      []key // in the order of reports
	source    map[key]int
	told      map[key]map[etl.Outcome]int // as the run counted them
	carried   map[key]map[etl.Outcome]int // not touched in the run, counted anew
	extra     map[key]int
	lines     map[key]map[etl.Outcome]int // lines of load-results.jsonl
	codes     map[string]int              // problems of those lines
	unread    map[key]int                 // of those lines, of records that cannot be read
	tallied   bool                        // the run counted
	recounted bool                        // no later run has moved on: carried could be counted anew
	past      bool                        // a later run has begun: what is staged is no longer as this one left it
	ownWords  bool                        // its own summary.json tells what else is no longer known of it

	backlog  *[6]int           // opening, new, reopened, resolved, decided, closing; nil = not kept
	controls map[key][]control // of visits that are there; nil = not added up

	before    string // the run before, "" if there is none
	beforeAt  time.Time
	beforeN   map[key]map[etl.Outcome]int
	beforeSrc map[key]int

	run       runFacts
	causes    [][]any // rows of reject-causes and aging, which both workbooks show
	aging     [][]any
	endpoints []endpointFacts
	calls     map[string]int
	drift     []drift
}

type runFacts struct{ trigger, note, version string }

type endpointFacts struct {
	name, state, note                string
	pages, rows, changed, callsOfRun int // of the run
	stored                           stored
	drained                          time.Time
}

func readFacts(ctx context.Context, snap Snapshot, o Options) (*facts, error) {
	f := &facts{source: map[key]int{}, extra: map[key]int{}, lines: map[key]map[etl.Outcome]int{}, codes: map[string]int{}, unread: map[key]int{},
		beforeSrc: map[key]int{}, calls: map[string]int{}}
	opened := etl.Beside(func() error { return f.readOpen(ctx, snap, o) })
	err := f.read(ctx, snap, o)
	if err = errors.Join(err, opened()); err != nil {
		return nil, fmt.Errorf("read the counts of the run: %w", err)
	}
	f.orderKeys(o)
	return f, nil
}

func (f *facts) read(ctx context.Context, snap Snapshot, o Options) error {
	for _, step := range []func(context.Context, Snapshot, Options) error{f.readRun, f.readTally, f.readSource, f.readBefore, f.readCarried,
		f.readBacklog, f.readControls, f.readEndpoints, f.readCalls, f.readDrift} {
		if err := step(ctx, snap, o); err != nil {
			return err
		}
	}
	return nil
}

func (f *facts) readRun(ctx context.Context, snap Snapshot, o Options) error {
	f.run.trigger = o.Run.Trigger
	for row, err := range snap.Rows(ctx, "run", o.Run.ID) {
		if err != nil {
			return err
		}
		f.run = runFacts{trigger: str(row[1]), note: str(row[5]), version: str(row[7])}
	}
	return nil
}

// readCounts reads a tally into its outcomes, sources and extras.
func readCounts(ctx context.Context, snap Snapshot, run string, source, extra map[key]int) (map[key]map[etl.Outcome]int, error) {
	counts := map[key]map[etl.Outcome]int{}
	for row, err := range snap.Rows(ctx, "tally", run) {
		if err != nil {
			return nil, err
		}
		k, n := key{str(row[0]), str(row[1])}, num(row[3])
		switch what := str(row[2]); what {
		case tallySource:
			source[k] = n
		case tallyExtra:
			extra[k] = n
		default:
			add(counts, k, etl.Outcome(what), n)
		}
	}
	return counts, nil
}

// readTally reads what the run counted. Of a range, what an earlier run sent
// counts as sent.
func (f *facts) readTally(ctx context.Context, snap Snapshot, o Options) (err error) {
	f.told, err = readCounts(ctx, snap, o.Run.ID, f.source, f.extra)
	f.tallied = len(f.told)+len(f.source) > 0
	if err != nil || o.Range.Since == "" {
		return err
	}
	for row, err := range snap.Rows(ctx, "sent-before", o.Run.ID, o.Range.Since) {
		if err != nil {
			return err
		}
		k, n := key{str(row[0]), str(row[1])}, num(row[3])
		add(f.told, k, etl.Outcome(str(row[2])), n)
		add(f.told, k, etl.Unchanged, -n)
	}
	return nil
}

func (f *facts) readBefore(ctx context.Context, snap Snapshot, o Options) (err error) {
	for row, err := range snap.Rows(ctx, "run-before", o.since()) {
		if err != nil {
			return err
		}
		f.before, f.beforeAt = str(row[0]), instant(row[1])
	}
	if f.before == "" {
		return nil
	}
	f.beforeN, err = readCounts(ctx, snap, f.before, f.beforeSrc, map[key]int{})
	return err
}

func (f *facts) readEndpoints(ctx context.Context, snap Snapshot, o Options) error {
	for row, err := range snap.Rows(ctx, "endpoints", o.Run.ID) {
		if err != nil {
			return err
		}
		f.endpoints = append(f.endpoints, endpointFacts{name: str(row[0]), state: str(row[1]), pages: num(row[2]), rows: num(row[3]),
			changed: num(row[4]), note: str(row[5]), callsOfRun: num(row[9]), drained: instant(row[10]),
			stored: stored{Staged: num(row[6]), Gone: num(row[7]), Unreadable: num(row[8]), Deleted: num(row[11])}})
	}
	return nil
}

func (f *facts) readCalls(ctx context.Context, snap Snapshot, o Options) error {
	for row, err := range snap.Rows(ctx, "calls", o.Run.ID) {
		if err != nil {
			return err
		}
		f.calls[str(row[0])] = num(row[1])
	}
	return nil
}

// orderKeys lists the objects that have a source in the run: as the options do,
// and after them those that are enabled no more, by name. What the run counted
// of others has nothing to be held against.
func (f *facts) orderKeys(o Options) {
	seen := map[key]bool{}
	for _, ob := range o.Objects {
		k := key{ob.Destination, ob.Object}
		if _, ok := f.source[k]; ok && !seen[k] {
			seen[k], f.keys = true, append(f.keys, k)
		}
	}
	var rest []key
	for k := range f.source {
		if !seen[k] {
			rest = append(rest, k)
		}
	}
	sort.Slice(rest, func(i, j int) bool {
		return rest[i].destination+"\x00"+rest[i].object < rest[j].destination+"\x00"+rest[j].object
	})
	f.keys = append(f.keys, rest...)
}

// counted is how many records an outcome has: as the run counted, or, if it
// ended before that, as they stand now.
func (f *facts) counted(k key, o etl.Outcome) int {
	if f.tallied {
		return f.told[k][o]
	}
	return f.lines[k][o] + f.carried[k][o]
}

// sum is that of all outcomes, and difference what it lacks to the source: 0
// where every record is counted once.
func (f *facts) sum(k key) (n int) {
	for _, o := range etl.Outcomes {
		n += f.counted(k, o)
	}
	return n
}

func (f *facts) difference(k key) int { return f.source[k] - f.sum(k) }

// known reports whether the run counted, or can still be counted anew.
func (f *facts) known() bool { return f.tallied || f.recounted }

// balanced is whether the law holds; nil where that is not known any more.
func (f *facts) balanced() *bool {
	if !f.known() {
		return nil
	}
	closes := f.closes()
	return &closes
}

func (f *facts) closes() bool {
	for _, k := range f.keys {
		if f.difference(k) != 0 {
			return false
		}
	}
	return true
}

// total adds up outcomes over every object.
func (f *facts) total(outcomes ...etl.Outcome) (n int) {
	for _, k := range f.keys {
		for _, o := range outcomes {
			n += f.counted(k, o)
		}
	}
	return n
}

// openOfAll is what is open, also of objects that have no source in the run:
// the ledger has them too.
func (f *facts) openOfAll() (n int) {
	for _, counts := range f.told {
		for _, o := range openOutcomes {
			n += counts[o]
		}
	}
	return n
}

func add(counts map[key]map[etl.Outcome]int, k key, o etl.Outcome, n int) {
	if n == 0 {
		return
	}
	if counts[k] == nil {
		counts[k] = map[etl.Outcome]int{}
	}
	counts[k][o] += n
}

// linesOf adds up the lines of load-results.jsonl with those outcomes.
func (f *facts) linesOf(outcomes ...etl.Outcome) (n int) {
	for _, counts := range f.lines {
		for _, o := range outcomes {
			n += counts[o]
		}
	}
	return n
}
