package reports

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/reports/agile"
	"github.com/xuri/excelize/v2"
)

// A book is one workbook being written.
type book struct {
	*report
	f          *excelize.File
	styles     [stylesEnd]int
	public     bool   // the summary: no rows of patients
	plan       string // the hash of a plan; "" where it reports a run
	places     map[string][]place
	parts      map[key][]place
	shown      map[key]map[etl.Outcome]int // rows of the objects' sheets, as they were written
	firsts     map[outcomeOf]link          // the first of them
	causes     map[refusal]link            // the first row of Rejects with each cause
	documents  map[[2]string]*document     // records at hand, by endpoint and id
	identities map[key]identityFacts       // for Checks, once they are counted
	badChecks  int                         // lines of Checks that do not hold
	marked     int                         // cells whose text was altered to fit
	dir        string                      // private; excelize spills long sheets into it
	tables     []any                       // parts of the workbook, as excelize keeps them
	// spilled are the files of long sheets, by their part of the workbook.
	spilled map[string]string
}

// An outcomeOf is an outcome of an object.
type outcomeOf struct {
	key
	outcome etl.Outcome
}

func newBook(r *report, f *excelize.File, dir string) *book {
	return &book{report: r, f: f, dir: dir, spilled: map[string]string{}, places: map[string][]place{}, parts: map[key][]place{},
		shown: map[key]map[etl.Outcome]int{}, firsts: map[outcomeOf]link{}, causes: map[refusal]link{}, documents: map[[2]string]*document{}}
}

// An entry is one or more sheets of the workbook. Late ones hold counts of
// what the others show, so they are written after them, but stand where the
// list says.
type entry struct {
	late       string // its sheet's name, made ahead
	public     bool   // also in the summary
	dictionary bool   // explains the others, so it asks for their columns
	make       func(*book, context.Context) []sheet
}

// allEntries is every sheet, in the order of the tabs. Start comes before them.
func allEntries() []entry {
	return []entry{
		{late: "Summary", public: true, make: (*book).summarySheet},
		{late: "Checks", public: true, make: (*book).checksSheet},
		{late: "Balance", public: true, make: (*book).balanceSheet},
		{late: "Outcomes", public: true, make: (*book).outcomesSheet},
		{make: (*book).worklistSheet},
		{make: (*book).rulesSheet},
		{make: (*book).mismatchesSheet},
		{make: (*book).missingSheet},
		{make: (*book).matchesSheet},
		{make: (*book).dischargesSheet},
		{late: causesName, public: true, make: (*book).causesSheet},
		{make: (*book).rejectsSheet},
		{make: (*book).visitsSheet},
		{make: (*book).objectSheets},
		{make: (*book).crosswalkSheet},
		{public: true, make: (*book).agingSheet},
		{public: true, make: (*book).historySheet},
		{public: true, make: (*book).endpointsSheet},
		{public: true, make: (*book).driftSheet},
		{public: true, make: (*book).quotaSheet},
		{public: true, make: (*book).mappingSheet},
		{public: true, dictionary: true, make: (*book).dictionarySheet},
		{make: (*book).listsSheet},
		{make: (*book).manifestSheet},
	}
}

// writeBook writes the workbook, or the summary of it that holds nothing of a
// patient.
func (r *report) writeBook(ctx context.Context, path string, public bool) (err error) {
	dir, err := os.MkdirTemp(filepath.Dir(path), partPrefix) // 0700: sheets under way hold what the workbook holds
	if err != nil {
		return fmt.Errorf("make a folder for sheets under way: %w", err)
	}
	f := excelize.NewFile(excelize.Options{TmpDir: dir})
	b := newBook(r, f, dir)
	if b.public = public; public {
		b.shown = r.facts.lines
	}
	err = b.fill(ctx)
	if err == nil {
		err = writeFile(path, func(w io.Writer) error { return b.put(w, dir) })
	} else {
		err = fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	return errors.Join(err, f.Close(), os.RemoveAll(dir))
}

// put writes the file as its reader gets it: encrypted, where a passphrase is
// set. Before that it stands in a file without a name.
func (b *book) put(w io.Writer, dir string) (err error) {
	if b.public || b.o.Passphrase == "" {
		return b.save(w, dir)
	}
	whole, err := nameless(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, whole.Close()) }()
	if err := b.save(whole, dir); err != nil {
		return err
	}
	size, err := whole.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	return agile.Encrypt(w, io.NewSectionReader(whole, 0, size), size, b.o.Passphrase)
}

func (b *book) fill(ctx context.Context) (err error) {
	if b.styles, err = makeStyles(b.f); err != nil {
		return err
	}
	if err := b.f.SetSheetName("Sheet1", startName); err != nil {
		return fmt.Errorf("sheet %s: %w", startName, err)
	}
	var early, late []sheet
	for _, e := range b.entries() {
		if e.late != "" {
			early = append(early, sheet{name: e.late})
			continue
		}
		early = append(early, e.make(b, ctx)...)
	}
	if err := b.writeSheets(early); err != nil {
		return err
	}
	if b.identities, err = b.identified(); err != nil {
		return err
	}
	for _, e := range b.entries() {
		if e.late != "" {
			late = append(late, e.make(b, ctx)...)
		}
	}
	if err := b.writeSheets(late); err != nil {
		return err
	}
	if err := b.writeStart(); err != nil {
		return err
	}
	b.hide()
	return nil
}

func (b *book) entries() []entry {
	var list []entry
	for _, e := range allEntries() {
		if e.public || !b.public {
			list = append(list, e)
		}
	}
	return list
}

// save sets what the file says of itself, all of it from the run, and writes
// it through a zip writer whose bytes hang on nothing else.
func (b *book) save(w io.Writer, dir string) error {
	at := b.o.Run.At.UTC()
	stamp, title := at.Format(time.RFC3339), "Chartbridge reconciliation"
	switch {
	case b.plan != "":
		title = planTitle
	case b.public:
		title = "Chartbridge summary"
	}
	err := b.f.SetDocProps(&excelize.DocProperties{Creator: "chartbridge", LastModifiedBy: "chartbridge", Created: stamp, Modified: stamp,
		Title: title, Subject: b.named()})
	if err != nil {
		return fmt.Errorf("set document properties: %w", err)
	}
	if err := b.f.SetAppProps(&excelize.AppProperties{Application: "Chartbridge"}); err != nil {
		return fmt.Errorf("set document properties: %w", err)
	}
	yes := true
	if err := b.f.SetCalcProps(&excelize.CalcPropsOptions{FullCalcOnLoad: &yes}); err != nil {
		return fmt.Errorf("set calculation: %w", err)
	}
	b.putTables()
	b.orderTypes()
	zip, err := newPartsZip(w, dir, at, b.spilled)
	if err != nil {
		return err
	}
	// excelize writes into a buffer of its own, which here stays empty.
	b.f.SetZipWriter(func(io.Writer) excelize.ZipWriter { return zip })
	if err := b.f.Write(io.Discard); err != nil {
		return errors.Join(fmt.Errorf("put the workbook together: %w", err), zip.spool.Close())
	}
	return nil
}

// orderTypes orders the content types: with charts, excelize adds to them in the
// order of a map.
func (b *book) orderTypes() {
	types := b.f.ContentTypes
	sort.Slice(types.Defaults, func(i, j int) bool { return types.Defaults[i].Extension < types.Defaults[j].Extension })
	sort.Slice(types.Overrides, func(i, j int) bool { return types.Overrides[i].PartName < types.Overrides[j].PartName })
}

// named is what a sheet says that it belongs to.
func (b *book) named() string {
	if b.plan != "" {
		return "Plan " + b.plan
	}
	return b.o.runs()
}
