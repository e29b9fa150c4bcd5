package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/chartbridge/chartbridge/load/centralregistry"
	"github.com/chartbridge/chartbridge/reports"
	"github.com/chartbridge/chartbridge/sql"
	"github.com/spf13/cobra"
)

type decideFlags struct {
	apply, strict, imports bool
	by                     string
	named                  bool // by was given, and is not the system's user
	undo                   string
}

// lastImport is what --undo takes back where it is given nothing.
const lastImport = "last"

func newDecide(s *shared) *cobra.Command {
	var f decideFlags
	cmd := &cobra.Command{
		Use:   "decide FILE.xlsx | --undo [IMPORT | FILE.xlsx] | --imports",
		Short: "Read decisions back from a workbook: a verdict for each row; --apply takes the good ones",
		Long: `Read decisions back from a workbook: a verdict for each row; --apply takes the good ones.

With --output json, a row that is good has the verdict "applicable" without
--apply, which changes nothing, and "applied" with it. A receipt is written
beside the workbook with --apply, encrypted as workbooks are where
workbook.passphrase is set. Decisions bear the name that --as gives, else the system's user; the
approval of a discharge needs a name, and its row is not allowed without one.

Exit code 0: every decision is good. 4: some are not, and the good ones are
taken with --apply. 2: the workbook cannot be read; or, with --strict, some are
not good, and none is taken.`,
		Example: "  chartbridge decide out/latest/reconciliation.xlsx\n" +
			"  chartbridge decide out/latest/reconciliation.xlsx --apply --as \"Ada Roma\"\n" +
			"  chartbridge decide --undo\n  chartbridge decide --undo 3\n  chartbridge decide out/latest/reconciliation.xlsx --undo",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.undo != "" && f.undo != lastImport { // as --undo=3
				args = append(args, f.undo)
			}
			if err := f.check(args); err != nil {
				return err
			}
			f.named = cmd.Flags().Changed("as")
			return withPractice(cmd.Context(), s, func(p *practice) error {
				switch {
				case f.imports:
					return listImports(cmd.Context(), s, p)
				case f.undo != "":
					return undoImports(cmd.Context(), s, p, append(args, "")[0], f.by)
				}
				return decide(cmd.Context(), s, p, args[0], f)
			})
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.apply, "apply", false, "take the good decisions; otherwise nothing is changed")
	flags.BoolVar(&f.strict, "strict", false, "all or none: one bad row, and nothing is taken")
	flags.BoolVar(&f.imports, "imports", false, "list the workbooks whose decisions were taken")
	flags.StringVar(&f.undo, "undo", "", "take decisions back: those of `IMPORT`, of a workbook, or what was applied last; SKIP and the MAP of a value always, the others until a run has acted on them; what was sent stays sent")
	flags.Lookup("undo").NoOptDefVal = lastImport
	asNameOrUser(cmd, &f.by)
	return cmd
}

func (f decideFlags) check(args []string) error {
	switch {
	case f.undo != "" && f.apply:
		return usageError{errors.New("--apply does not go with --undo, which takes back at once")}
	case f.imports && (f.undo != "" || len(args) > 0):
		return usageError{errors.New("give one of FILE.xlsx, --undo and --imports")}
	case len(args) > 1:
		return usageError{errors.New("--undo takes one import or one workbook")}
	case !f.imports && f.undo == "" && len(args) == 0:
		return usageError{errors.New("name the workbook, or give --undo or --imports")}
	}
	return nil
}

// A decided row is a row of the workbook with its verdict.
type decidedRow struct {
	Sheet       string `json:"sheet"`
	Row         int    `json:"row"`
	Destination string `json:"destination"`
	Object      string `json:"object,omitempty"`
	SourceID    string `json:"source_id,omitempty"`
	Lookup      string `json:"lookup,omitempty"`
	Key         string `json:"key,omitempty"`
	Decision    string `json:"decision"`
	MapTo       string `json:"map_to_id,omitempty"`
	sql.Verdict
}

// A decided workbook is what became of it.
type decided struct {
	File    string         `json:"file"` // SHA-256
	Run     string         `json:"run"`
	Applied bool           `json:"applied"`
	Import  int64          `json:"import,omitempty"`
	Receipt string         `json:"receipt,omitempty"`
	Totals  map[string]int `json:"totals"`
	Read    int            `json:"rows_read"`
	Alone   int            `json:"comments_alone"` // comments without a decision
	Rows    []decidedRow   `json:"rows"`           // with a decision
}

// ruleSize is how many records a rule may move on one person's word.
const ruleSize = 25

// decide reads a workbook back. The run lease keeps a run from moving the
// records while they are decided on.
func decide(ctx context.Context, s *shared, p *practice, path string, f decideFlags) (err error) {
	key, err := p.store.WorkbookKey(ctx)
	if err != nil {
		return err
	}
	book, err := reports.ReadReturned(path, key, p.config.Workbook.Passphrase.Reveal())
	if errors.Is(err, os.ErrNotExist) {
		return usageError{fmt.Errorf("there is no workbook at %s", path)}
	}
	if errors.Is(err, reports.ErrWorkbook) {
		return usageError{fmt.Errorf("%s: %w; nothing was applied", path, err)}
	}
	if err != nil {
		return err
	}
	if f.apply {
		if err := p.lease(ctx, runLease); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, p.store.Release(context.WithoutCancel(ctx), runLease)) }()
	}
	verdicts, id, err := p.judge(ctx, book, f)
	if err != nil {
		return err
	}
	d := tally(book, verdicts)
	d.Import, d.Applied = id, id > 0
	if f.apply {
		if d.Receipt, err = p.receipt(path, book, verdicts, id, f.by); err != nil {
			return err
		}
	}
	if err := d.print(s, f); err != nil {
		return err
	}
	return d.fault(f)
}

// judge gives each row its verdict, in the order of the rows.
func (p *practice) judge(ctx context.Context, book reports.Returned, f decideFlags) ([]sql.Verdict, int64, error) {
	verdicts := make([]sql.Verdict, len(book.Rows))
	var asks []sql.Ask
	var places []int
	rows := 0
	for i, r := range book.Rows {
		verdicts[i] = p.firstLook(r)
		if verdicts[i].Word != sql.NoDecision {
			rows++
		}
		if verdicts[i].Word != "" {
			continue
		}
		places = append(places, i)
		asks = append(asks, sql.Ask{Destination: r.Destination, Object: r.Object, SourceID: r.SourceID, Lookup: r.Lookup, Key: r.Key,
			Verb: r.Decision, Value: r.MapTo, Comment: r.Comment, Outcome: r.Outcome, State: r.State, Run: r.At,
			Where: fmt.Sprintf("row %d of sheet %s", r.Row, r.Sheet)})
	}
	unjudged, err := p.unjudgedDischarges(ctx)
	if err != nil {
		return nil, 0, err
	}
	allows := func(verb string, it sql.Item) string {
		final := verb == sql.Approve && it.Destination == centralregistry.Name
		switch {
		case final && unjudged[it.SourceID]:
			return "it changed since it was judged, or what it is judged by did; `chartbridge plan` judges it and sends nothing, then decide again"
		case final && !f.named:
			return "a discharge is final: its approval needs the name of the person who gives it, with --as"
		}
		return allows(verb, it)
	}
	bad := f.strict && badAlready(verdicts)
	found, id, err := p.store.Decide(ctx, sql.Import{File: book.File, Run: book.Run, By: f.by, At: p.clock.Now(), Rows: rows, Apply: f.apply && !bad, Strict: f.strict,
		State: stateOf, Allows: allows, Fault: p.destinations().wrongFor, People: p.people, RuleSize: ruleSize}, asks)
	if err != nil {
		return nil, 0, err
	}
	for i, v := range found {
		if bad && (v.Word == sql.Applied || v.Word == sql.NeedsSecond) {
			v = sql.AllOrNone
		}
		if v.Word == sql.Applied && !f.apply {
			v.Word = sql.Applicable
		}
		verdicts[places[i]] = v
	}
	return verdicts, id, nil
}

// firstLook is the verdict on what a row itself shows; none where the database
// has to be asked.
func (p *practice) firstLook(r reports.ReturnedRow) sql.Verdict {
	switch {
	case r.Formula != "":
		return sql.Verdict{Word: sql.NotAllowed, Reason: fmt.Sprintf("a formula stands in cell %s, where a person writes; type the word itself (a comment must not begin with =)", r.Formula)}
	case r.Many:
		return sql.Verdict{Word: sql.NotAllowed, Reason: "the line speaks of many records; decide on the record that they wait for"}
	case r.Decision == "" && r.MapTo != "":
		return sql.Verdict{Word: sql.Incomplete, Reason: "an id without a decision; choose MAP, or clear map_to_id"}
	case r.Decision == "":
		return sql.Verdict{Word: sql.NoDecision}
	case !r.Signed:
		return sql.Verdict{Word: sql.Tampered, Reason: "the row does not say what was written: an id, the outcome, what is decided on or the token was changed, or a column is gone"}
	case !sql.KnownVerb(r.Decision):
		return sql.Verdict{Word: sql.NotAllowed, Reason: "the decision is none of RETRY, SKIP, MAP and APPROVE"}
	case len(r.MapTo) > 200:
		return sql.Verdict{Word: sql.NotAllowed, Reason: "map_to_id is longer than any id"}
	case r.MapTo != "" && r.Decision != sql.Map:
		return sql.Verdict{Word: sql.NotAllowed, Reason: "map_to_id belongs to MAP alone; clear it, or choose MAP"}
	}
	return sql.Verdict{}
}

func badAlready(verdicts []sql.Verdict) bool {
	for _, v := range verdicts {
		if v.Word != "" && v.Word != sql.NoDecision {
			return true
		}
	}
	return false
}

func stateOf(it sql.Item) string {
	return reports.State(it.Outcome, it.Cause, it.Lookup, it.Key, it.Hash, it.SourceHash)
}

func allows(verb string, it sql.Item) string {
	if verb == sql.Approve && it.Hash == nil {
		return "it has no payload that could be approved"
	}
	return reports.Refusal(verb, it.Outcome, it.Cause, it.Lookup != "")
}

// people is how many have to approve a record.
func (p *practice) people(it sql.Item) int {
	if it.Destination == centralregistry.Name {
		return max(1, p.config.CentralRegistry.Approvers)
	}
	return 1
}

func tally(book reports.Returned, verdicts []sql.Verdict) decided {
	d := decided{File: book.File, Run: book.Run, Totals: map[string]int{}, Read: len(book.Rows), Rows: []decidedRow{}}
	for i, r := range book.Rows {
		d.Totals[verdicts[i].Word]++
		if verdicts[i].Word == sql.NoDecision {
			if r.Comment != "" {
				d.Alone++
			}
			continue
		}
		d.Rows = append(d.Rows, decidedRow{r.Sheet, r.Row, r.Destination, r.Object, r.SourceID, r.Lookup, r.Key, r.Decision, r.MapTo, verdicts[i]})
	}
	return d
}
