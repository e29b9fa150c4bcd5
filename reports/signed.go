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
	dischargeSigned = append(sentHeads(), "payload")
	matchSigned     = []string{"target id"}
)

// sentHeads are the columns of a discharge's approval that show what is sent.
func sentHeads() (heads []string) {
	for _, s := range approvalColumns {
		if s.head != showName.head && s.head != showBorn.head {
			heads = append(heads, strings.ToLower(s.head))
		}
	}
	return heads
}

// isDay reports whether a column of those holds a day.
func isDay(head string) bool {
	return slices.ContainsFunc(approvalColumns, func(s shown) bool { return s.kind == kindDate && strings.EqualFold(s.head, head) })
}

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
		if day, err := strconv.ParseFloat(text, 64); err == nil && isDay(name) {
			if t, err := excelize.ExcelDateToTime(day, false); err == nil {
				text = t.Format(time.DateOnly)
			}
		}
		values = append(values, text)
	}
	return values
}
