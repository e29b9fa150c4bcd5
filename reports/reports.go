// Package reports holds the files of a run: the reconciliation workbook, the
// summary that may be mailed, one line for each record, and the counts. It
// reads them from one snapshot of the staging database and is the only user of
// excelize. A sheet is a query and an entry in the list of sheets.
package reports

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"time"

	"github.com/chartbridge/chartbridge/etl"
)

// A Level says how much of a patient the workbook shows.
type Level string

// Levels. The summary is always written as with LevelNone.
const (
	LevelNone   Level = "none"   // ids only; sealed payloads are not even opened
	LevelMasked Level = "masked" // initials, year of birth, the end of personal ids
	LevelFull   Level = "full"   // as it is
)

// A Snapshot is the staging database at one moment, for all the files of a run.
type Snapshot interface {
	// Rows streams the rows of the query of that name (sql/report/NAME.sql). A
	// row holds int64, float64, string, []byte or nil, and is valid until the
	// next one; an error is the last thing that comes. Several queries may be
	// under way at once.
	Rows(ctx context.Context, name string, args ...any) iter.Seq2[[]any, error]

	// OpenRecord opens the payload of a record that a row holds sealed.
	OpenRecord(endpoint, id string, sealed []byte) ([]byte, error)
}

// Options say whose run is reported, and how.
type Options struct {
	Run      etl.Run
	Finished time.Time // when its stages had ended
	ExitCode int       // what the program will exit with, or exited with
	Good     bool      // the run was good: `latest` names it
	Practice string
	Zone     *time.Location // of every time in the workbook
	Level    Level
	Dir      string // output_dir
	All      bool   // list unchanged and carried records too
	Objects  []Object
	Range    Range  // "" twice = the run alone
	Key      []byte // signs the rows that decisions may be taken on
	RowCap   int    // records a sheet holds before another is begun; 0 = 250,000

	EmptyLookups []string // "destination lookup" of those that hold no id at all, though records need one

	Passphrase string // encrypts the reconciliation workbook; "" = it is not encrypted
}

// A Range is what a workbook of several runs tells of them: what was judged or
// sent in any of them, with the newest word on each record. Options.Run is the
// newest of them, which must have counted; how things stand is told as of it.
type Range struct {
	Since  string // id of the first run
	Folder string // the name of the folder below Dir
}

// since is the first run that is told of.
func (o *Options) since() string { return cmp.Or(o.Range.Since, o.Run.ID) }

// folder is where the files go.
func (o *Options) folder() string { return filepath.Join(o.Dir, cmp.Or(o.Range.Folder, o.Run.ID)) }

// runs names the run, or the first and the newest.
func (o *Options) runs() string {
	if o.since() == o.Run.ID {
		return "Run " + o.Run.ID
	}
	return "Runs " + o.Range.Since + " to " + o.Run.ID
}

// told is what the sheets of records tell of.
func (o *Options) told() string {
	if o.Range.Since == "" {
		return "this run"
	}
	return "the runs of the range"
}

// An Object is what a destination takes from one endpoint's records.
type Object struct {
	Destination string
	Object      string
	Endpoint    string
	Parts       bool // a record holds several of them, counted when it was staged
	Fields      []Field
}

// A Field is one line of a destination's dictionary, for the mapping sheet.
type Field struct {
	Name     string
	Type     string
	Max      int // characters; 0 = no limit
	Required bool
	Lookup   string
	From     string
	Reads    []string // members of DrChrono's that it comes from, such as patients.first_name
}

// Files are the paths of what was written.
type Files struct {
	Reconciliation string `json:"reconciliation"`
	Summary        string `json:"summary"`
	Results        string `json:"results"`
	JSON           string `json:"counts"`
	Balanced       *bool  `json:"balanced,omitempty"` // every source record is in one outcome; nil where that is not known any more
	Kept           string `json:"kept,omitempty"`     // the workbook that was there, if a person wrote into it or it cannot be read
}

// Names of a run's files within its folder.
const (
	reconciliationName = "reconciliation.xlsx"
	summaryName        = "summary.xlsx"
	resultsName        = "load-results.jsonl"
	jsonName           = "summary.json"
	latestName         = "latest"
)

// rowCap keeps a sheet well below Excel's 1,048,576 rows and quick to open.
const rowCap = 250_000

// worklistCap is how many items a person is shown; the others stand, with all
// the rest, on their object's sheet.
const worklistCap = 20_000

// Write writes the files of a run into Dir/<run id>, or of a range of runs into
// the folder that it names, each beside its place
// first and renamed when it is whole, and lets `latest` name the run if it was
// good. The same run gives the same bytes. A workbook that is there, and that a
// person wrote into, is kept under another name.
func Write(ctx context.Context, snap Snapshot, o Options) (Files, error) {
	if err := o.check(); err != nil {
		return Files{}, err
	}
	dir := o.folder()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Files{}, fmt.Errorf("make the run's folder: %w", err)
	}
	if err := sweep(dir); err != nil {
		return Files{}, err
	}
	facts, err := readFacts(ctx, snap, o)
	if err != nil {
		return Files{}, err
	}
	var identities map[key]identityFacts
	counted := etl.Beside(func() (err error) { // over a long history that takes as long as a sheet
		identities, err = facts.readIdentities(ctx, snap)
		return err
	})
	defer func() { _ = counted() }()
	identified := func() (map[key]identityFacts, error) {
		err := counted()
		return identities, err
	}
	r := &report{snap: snap, o: o, facts: facts, identified: identified}
	files := Files{Reconciliation: filepath.Join(dir, reconciliationName), Summary: filepath.Join(dir, summaryName),
		Results: filepath.Join(dir, resultsName), JSON: filepath.Join(dir, jsonName)}
	facts.readPast(files.JSON, o)
	if files.Kept, err = keepTyped(files.Reconciliation, o.Key, o.Passphrase); err != nil {
		return Files{}, err
	}
	if err := r.writeAll(ctx, files); err != nil {
		return Files{}, err
	}
	files.Balanced = facts.balanced()
	if o.Good {
		if err := pointLatest(o.Dir, o.Run.ID); err != nil {
			return Files{}, err
		}
	}
	return files, nil
}

func (o *Options) check() error {
	switch o.Level {
	case LevelNone, LevelMasked, LevelFull:
	case "":
		o.Level = LevelMasked
	default:
		return fmt.Errorf("phi level %q: it must be none, masked or full", o.Level)
	}
	if o.Run.ID == "" || o.Run.ID != filepath.Base(o.Run.ID) || o.Run.ID == "." || o.Run.ID == ".." {
		return fmt.Errorf("run id %q cannot name a folder", o.Run.ID)
	}
	if (o.Range.Since == "") != (o.Range.Folder == "") || o.Range.Folder != "" && !filepath.IsLocal(o.Range.Folder) || o.Range.Since > o.Run.ID {
		return fmt.Errorf("the runs from %q to %q cannot go into a folder %q", o.Range.Since, o.Run.ID, o.Range.Folder)
	}
	if o.Dir == "" {
		return errors.New("no output folder is given")
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.RowCap <= 0 || o.RowCap > 1_000_000 {
		o.RowCap = rowCap
	}
	return nil
}

// A report is one run on its way into its files.
type report struct {
	snap       Snapshot
	o          Options
	facts      *facts
	identified func() (map[key]identityFacts, error) // waits until they are counted
}

func (r *report) writeAll(ctx context.Context, files Files) error {
	if err := r.writeLines(ctx, files.Results); err != nil {
		return err
	}
	if !r.facts.ownWords {
		if err := r.writeJSON(files.JSON); err != nil {
			return err
		}
	}
	summary := etl.Beside(func() error { return r.writeBook(ctx, files.Summary, true) }) // neither reads the other
	err := r.writeBook(ctx, files.Reconciliation, false)
	return errors.Join(err, summary())
}
