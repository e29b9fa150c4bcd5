package reports

import (
	"fmt"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/xuri/excelize/v2"
)

func (b *book) cell(s style, v any) excelize.Cell {
	return excelize.Cell{StyleID: b.styles[s], Value: v}
}

// value is one cell: a style by the column's kind and the value's nature.
func (b *book) value(c column, v any) excelize.Cell {
	switch v := v.(type) {
	case nil:
		return b.cell(kindStyles[c.kind], nil)
	case noInput:
		return b.cell(styleText, nil)
	case int:
		if c.kind == kindAge {
			return b.cell(styleAge, v)
		}
		return b.cell(styleCount, v)
	case time.Time:
		if v.IsZero() {
			return b.cell(kindStyles[c.kind], nil)
		}
		return b.cell(kindStyles[c.kind], v)
	case etl.Outcome:
		return b.cell(outcomeStyle(v), string(v))
	case link:
		l := v.formula()
		return excelize.Cell{StyleID: b.styles[styleLink], Formula: l.text, Value: l.value}
	case counted:
		look := styleCount
		if v.leads() {
			look = styleCountLink
		}
		return excelize.Cell{StyleID: b.styles[look], Formula: v.text, Value: v.n}
	case formula:
		look := kindStyles[c.kind]
		if word, ok := v.value.(string); ok && c.kind == kindCheck {
			look = checkStyle(word)
		}
		return excelize.Cell{StyleID: b.styles[look], Formula: v.text, Value: v.value}
	case rich:
		if len(v.runs) == 0 {
			return b.cell(styleText, nil)
		}
		return excelize.Cell{StyleID: b.styles[styleWrap], Value: v.runs}
	case string:
		return b.text(c, v)
	}
	return b.cell(styleText, fmt.Sprint(v))
}

func (b *book) text(c column, s string) excelize.Cell {
	if s == "" {
		return b.cell(kindStyles[c.kind], nil) // a true blank, which no formula counts
	}
	text, altered := cellText(s)
	switch {
	case altered:
		b.marked++
		return b.cell(styleMarked, text)
	case c.kind == kindCheck:
		return b.cell(checkStyle(text), text)
	case looksLikeFormula(text):
		return b.cell(styleQuoted, text)
	case c.kind == kindDate || c.kind == kindTime || c.kind == kindCount || c.kind == kindAge:
		return b.cell(styleText, text)
	}
	return b.cell(kindStyles[c.kind], text)
}

var kindStyles = [...]style{kindText: styleText, kindWrap: styleWrap, kindID: styleID, kindCount: styleCount, kindAge: styleAge, kindDate: styleDate,
	kindTime: styleTime, kindOutcome: stylePlain, kindCheck: styleGood, kindLink: styleLink, kindInput: styleInput}

func outcomeStyle(o etl.Outcome) style {
	switch o {
	case etl.Created, etl.Updated, etl.Matched:
		return styleGood
	case etl.Invalid, etl.Rejected, etl.Uncertain, etl.Mismatched, etl.Missing:
		return styleProblem
	case etl.Held, etl.Blocked, etl.Failed:
		return styleWait
	}
	return stylePlain
}

func checkStyle(word string) style {
	if len(word) > 0 && []rune(word)[0] == '✗' {
		return styleProblem
	}
	return styleGood
}
