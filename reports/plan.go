package reports

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/xuri/excelize/v2"
)

// A Plan is what the next load would do.
type Plan struct {
	Hash       string // that push takes
	Practice   string
	At         time.Time
	Zone       *time.Location
	Level      Level // how much of a patient the changes show
	Passphrase string
	Steps      []PlanStep
	Left       []PlanCount // records that no step speaks of
}

// A PlanStep is what would be done with one record.
type PlanStep struct {
	Destination, Object, SourceID, TargetID string
	Does                                    string // create, update, discharge, held, blocked, excluded
	Cause                                   string
	WaitsFor                                []string
	Changes                                 []PlanChange
}

// A PlanChange is one field of an update; both values are JSON, "" where there
// is none.
type PlanChange struct{ Field, Old, New string }

// A PlanCount is how many records have an outcome that stays.
type PlanCount struct {
	Destination, Object string
	Outcome             etl.Outcome
	N                   int
}

const planTitle = "Chartbridge plan"

// WritePlan writes a plan's workbook, which only its owner may read. It never
// writes over a file.
func WritePlan(path string, p Plan) (err error) {
	if err := FreeForPlan(path); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(filepath.Dir(path), partPrefix)
	if err != nil {
		return fmt.Errorf("make a folder for sheets under way: %w", err)
	}
	if p.Zone == nil {
		p.Zone = time.UTC
	}
	f := excelize.NewFile(excelize.Options{TmpDir: dir})
	o := Options{Run: etl.Run{ID: p.Hash, At: p.At}, Practice: p.Practice, Zone: p.Zone, Level: p.Level, RowCap: rowCap, Passphrase: p.Passphrase}
	b := newBook(&report{o: o}, f, dir)
	b.plan = p.Hash
	if err = b.fillPlan(p); err == nil {
		err = FreeForPlan(path)
	}
	if err == nil {
		err = writeFile(path, func(w io.Writer) error { return b.put(w, dir) })
	}
	return errors.Join(err, f.Close(), os.RemoveAll(dir))
}

// ErrPlanPath says why a plan's workbook cannot stand at a path.
var ErrPlanPath = errors.New("the plan's workbook is not written")

// FreeForPlan reports whether a plan's workbook can be written to a path.
func FreeForPlan(path string) error {
	if !strings.EqualFold(filepath.Ext(path), ".xlsx") {
		return fmt.Errorf("%w: %s does not end with .xlsx", ErrPlanPath, path)
	}
	if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
		return fmt.Errorf("%w: %s is no folder; make it first", ErrPlanPath, filepath.Dir(path))
	}
	switch _, err := os.Lstat(path); {
	case err == nil:
		return fmt.Errorf("%w: %s is there already; name another file, or remove it", ErrPlanPath, path)
	case !errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("%w: %w", ErrPlanPath, err)
	}
	return nil
}

func (b *book) fillPlan(p Plan) (err error) {
	if b.styles, err = makeStyles(b.f); err != nil {
		return err
	}
	if err := b.f.SetSheetName("Sheet1", startName); err != nil {
		return fmt.Errorf("sheet %s: %w", startName, err)
	}
	if err := b.writeSheets([]sheet{planCounts(p), planSteps(p), planChanges(p)}); err != nil {
		return err
	}
	if err := b.streamPlanStart(p); err != nil {
		return fmt.Errorf("sheet %s: %w", startName, err)
	}
	return nil
}

// planSteps is a row for each record that is due.
func planSteps(p Plan) sheet {
	columns := []column{{"Destination", kindText, ""}, {"Object", kindText, ""}, {"Source id", kindID, ""}, {"Their id", kindID, ""},
		{"Does", kindOutcome, ""}, {"Fields changed", kindCount, ""}, {"Cause", kindText, ""}, {"What it means", kindWrap, ""}, {"Waits for", kindWrap, ""}}
	rows := func(yield func([]any, error) bool) {
		for _, s := range p.Steps {
			if !yield([]any{destinationName(s.Destination), objectName(s.Object, false), s.SourceID, s.TargetID, etl.Outcome(s.Does),
				len(s.Changes), s.Cause, s.means(), strings.Join(s.WaitsFor, ", ")}, nil) {
				return
			}
		}
	}
	return sheet{name: "Steps", title: "Steps: what would be done with each record that is due", about: "In the order of the sending", none: "Nothing is due.",
		colour: colourGood, freeze: 3, columns: columns, rows: rows, phi: true}
}

// means is a step in a sentence.
func (s PlanStep) means() string {
	if s.Cause != "" {
		return meaningOf(s.Cause, etl.Outcome(s.Does)) + " " + nextStep("", s.Cause, etl.Outcome(s.Does))
	}
	for _, c := range planColumns {
		if c.word == s.Does {
			return c.meaning
		}
	}
	return ""
}

// planChanges is a row for each field that an update changes.
func planChanges(p Plan) sheet {
	columns := []column{{"Destination", kindText, ""}, {"Object", kindText, ""}, {"Source id", kindID, ""}, {"Their id", kindID, ""}, {"Field", kindText, ""}}
	about := "What was acknowledged last, and what would be sent"
	if p.Level == LevelNone {
		about = "The names of the fields alone (phi: none)"
	} else {
		columns = append(columns, column{"Old", kindWrap, ""}, column{"New", kindWrap, ""})
	}
	rows := func(yield func([]any, error) bool) {
		for _, s := range p.Steps {
			for _, c := range s.Changes {
				row := []any{destinationName(s.Destination), objectName(s.Object, false), s.SourceID, s.TargetID, c.Field}
				if p.Level != LevelNone {
					row = append(row, PlanValue(c.Field, c.Old, p.Level), PlanValue(c.Field, c.New, p.Level))
				}
				if !yield(row, nil) {
					return
				}
			}
		}
	}
	return sheet{name: "Changes", title: "Changes: each field that an update changes", about: about, none: "No field of a record that they hold would change.",
		colour: colourOrange, freeze: 3, columns: columns, rows: rows, phi: true}
}

// PlanValue is a JSON value as a level shows it: a text without its quotes,
// and anything else as it stands; nothing where the level is none.
func PlanValue(field, value string, level Level) string {
	if level == LevelNone {
		return ""
	}
	text := ""
	if json.Unmarshal([]byte(value), &text) != nil || text == "" {
		text = value
	}
	if level == LevelFull || value == "" || value == "null" || value == `""` {
		return text
	}
	switch {
	case value[0] == '{', value[0] == '[':
		return mask(value)
	case namesNobody(field):
		return text
	}
	return planMask(strings.ToLower(field))(text)
}

// planMask is how a value is masked, by what its field's name says that it is.
func planMask(name string) func(string) string {
	switch {
	case strings.Contains(name, "birth"), name == "dob":
		return year
	case strings.HasSuffix(name, "name"):
		return initials
	case strings.HasSuffix(name, "id"), strings.HasSuffix(name, "number"):
		return tail(4)
	}
	return mask
}
