package reports

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
)

// Columns that a row's token covers beside its record: they say what a decision
// acts on. A level that does not show one does not sign it.
var (
	worklistSigned  = []string{"lookup", "key", "target id"}
	dischargeSigned = []string{"crid", "discharged", "reason", "payload"}
	matchSigned     = []string{"target id"}
)

// shownOn gives a row's values of those columns as its cells show them.
func shownOn(columns []column, row []any, signed []string) (values []string) {
	for _, name := range signed {
		at := slices.IndexFunc(columns, func(c column) bool { return strings.EqualFold(c.head, name) })
		if at < 0 {
			continue
		}
		text := ""
		switch v := row[at].(type) {
		case string:
			text, _ = cellText(v)
		case time.Time:
			text = v.Format(time.DateOnly)
		}
		values = append(values, text)
	}
	return values
}

// alsoShown reads them back. A sheet is known by the columns that are its alone.
func (s *returnedSheet) alsoShown(raw func(string) string) (values []string) {
	signed := matchSigned
	switch {
	case s.at["payload"] > 0:
		signed = dischargeSigned
	case s.at["lookup"] > 0:
		signed = worklistSigned
	}
	for _, name := range signed {
		if s.at[name] == 0 {
			continue
		}
		text := raw(name)
		if day, err := strconv.ParseFloat(text, 64); err == nil && name == "discharged" {
			if t, err := excelize.ExcelDateToTime(day, false); err == nil {
				text = t.Format(time.DateOnly)
			}
		}
		values = append(values, text)
	}
	return values
}
