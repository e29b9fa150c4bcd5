package reports

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/xuri/excelize/v2"
)

// A difference is a field that a destination holds otherwise.
type difference struct{ field, ours, theirs string }

// differences reads them as they are kept; what is unreadable shows none.
func differences(text string) (list []difference) {
	var rows [][3]string
	if json.Unmarshal([]byte(text), &rows) != nil {
		return nil
	}
	for _, r := range rows {
		list = append(list, difference{r[0], r[1], r[2]})
	}
	return list
}

// Classes of a difference, the harmless ones first.
const (
	classCase   = "case"
	classSpace  = "space"
	classFormat = "format"
	classStale  = "stale"
	classReal   = "real"
)

var classMeanings = "case, space, format: the same value written otherwise; stale: ours changed in DrChrono in the very run since which they differ, so theirs may be the older one; real: two different values."

// class says how a difference is meant. changed: ours changed when it began.
func (d difference) class(changed bool) string {
	squeezed := func(s string) string { return parted(strings.Join(strings.Fields(s), " "), "") }
	switch {
	case strings.EqualFold(d.ours, d.theirs):
		return classCase
	case squeezed(d.ours) == squeezed(d.theirs):
		return classSpace
	case plain(d.ours) != "" && plain(d.ours) == plain(d.theirs):
		return classFormat
	case changed:
		return classStale
	}
	return classReal
}

// plain is what a value says, whatever way it is written: an instant in UTC, a
// number, a truth value, or its letters and digits, without the signs that only
// part them. Any other sign says something: O+ is not O-.
func plain(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", time.DateOnly, "01/02/2006"} {
		if t, err := time.Parse(layout, strings.ToUpper(s)); err == nil {
			return t.UTC().Format(time.RFC3339)
		}
	}
	switch s {
	case "true", "yes", "y":
		return "true"
	case "false", "no", "n":
		return "false"
	}
	if n, err := strconv.ParseFloat(s, 64); err == nil && len(s) < 15 {
		return strconv.FormatFloat(n, 'f', -1, 64)
	}
	return parted(s, ".,;:/()'’-–‐")
}

// longNumber is how many digits a value without letters has at least, if signs
// and spaces between them only part them: a telephone number, a ZIP code.
const longNumber = 7

// parted takes spaces and the given signs away where they only part words or
// the digits of a long number. Between other digits they say something, as in
// 1.5 or 1/2, and so does a hyphen at an end, as in O-.
func parted(s, signs string) string {
	runes, digits, letters := []rune(strings.TrimSpace(s)), 0, false
	for _, r := range runes {
		letters = letters || unicode.IsLetter(r)
		if unicode.IsNumber(r) {
			digits++
		}
	}
	long := !letters && digits >= longNumber
	word := func(i int) bool {
		return i >= 0 && i < len(runes) && (unicode.IsLetter(runes[i]) || unicode.IsNumber(runes[i]))
	}
	var out strings.Builder
	for i, r := range runes {
		if !unicode.IsSpace(r) && !strings.ContainsRune(signs, r) {
			out.WriteRune(r)
			continue
		}
		inNumber := word(i-1) && word(i+1) && unicode.IsNumber(runes[i-1]) && unicode.IsNumber(runes[i+1])
		atEnd := strings.ContainsRune("-–‐", r) && !(word(i-1) && word(i+1))
		if !long && (inNumber || atEnd) {
			out.WriteRune(r)
		}
	}
	return out.String()
}

// openFields are parts of field names whose values name nobody: they are shown
// as they are also where patients are masked.
var openFields = []string{"startdate", "enddate", "time", "iscanceled", "providerid", "placeofserviceid", "statusid", "typeid", "locationid", "serviceid",
	"staffid", "paycodeid", "tagid", "servicelineid", "funderid", "fundersequence", "genderid"}

func namesNobody(field string) bool {
	name := strings.ToLower(field)
	return slices.ContainsFunc(openFields, func(open string) bool { return strings.Contains(name, open) })
}

// at is a value as a level shows it. Masked, each letter is x or X and each
// digit 9, so that case, spaces and format still can be compared.
func (d difference) at(value string, level Level) string {
	if level != LevelMasked {
		return value
	}
	if namesNobody(d.field) {
		return value
	}
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsUpper(r):
			return 'X'
		case unicode.IsLetter(r):
			return 'x'
		case unicode.IsNumber(r):
			return '9'
		}
		return r
	}, value)
}

// markedLimit is how many characters are compared one by one; of longer values
// what begins and ends alike stays plain.
const markedLimit = 400

// alike says which of the characters of two texts stand in both, in order.
func alike(a, b []rune) (inA, inB []bool) {
	inA, inB = make([]bool, len(a)), make([]bool, len(b))
	from, ends := 0, 0
	for from < len(a) && from < len(b) && a[from] == b[from] {
		inA[from], inB[from] = true, true
		from++
	}
	for ends < len(a)-from && ends < len(b)-from && a[len(a)-1-ends] == b[len(b)-1-ends] {
		inA[len(a)-1-ends], inB[len(b)-1-ends] = true, true
		ends++
	}
	longest(a[from:len(a)-ends], b[from:len(b)-ends], inA[from:], inB[from:])
	return inA, inB
}

// longest marks a longest common subsequence.
func longest(a, b []rune, inA, inB []bool) {
	if len(a) > markedLimit || len(b) > markedLimit {
		return
	}
	n := make([][]int, len(a)+1)
	for i := range n {
		n[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if n[i][j] = max(n[i+1][j], n[i][j+1]); a[i] == b[j] {
				n[i][j] = n[i+1][j+1] + 1
			}
		}
	}
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] == b[j]:
			inA[i], inB[j] = true, true
			i, j = i+1, j+1
		case n[i+1][j] >= n[i][j+1]:
			i++
		default:
			j++
		}
	}
}

// rich is a text whose differing characters are bold, underlined and coloured.
type rich struct {
	text string
	runs []excelize.RichTextRun
}

// sides are both values with what differs marked, as the level shows them.
func (d difference) sides(level Level) (ours, theirs rich) {
	a, _ := cellText(d.ours)
	b, _ := cellText(d.theirs)
	inA, inB := alike([]rune(a), []rune(b))
	return d.rich(a, inA, level), d.rich(b, inB, level)
}

func (d difference) rich(text string, same []bool, level Level) rich {
	shown := []rune(d.at(text, level))
	out := rich{text: string(shown)}
	for i := 0; i < len(shown); {
		j := i
		for j < len(shown) && same[j] == same[i] {
			j++
		}
		font := &excelize.Font{Family: "Calibri", Size: 11, Color: colourInk}
		if !same[i] {
			font.Bold, font.Underline, font.Color = true, "single", colourProblem
		}
		out.runs = append(out.runs, excelize.RichTextRun{Text: string(shown[i:j]), Font: font})
		i = j
	}
	return out
}
