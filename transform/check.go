package transform

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/chartbridge/chartbridge/etl"
)

var idsForm = regexp.MustCompile(`^(0|[1-9]\d{0,17})( *, *(0|[1-9]\d{0,17}))*$`)

// isInteger: numbers go out as they stand, JSON knows no leading zero, and 18
// digits are within what any program reads.
func isInteger(text string) bool {
	text = strings.TrimPrefix(text, "-")
	return len(text) <= 18 && digits(text)
}

// IsID reports whether a text is an id of a system whose ids are numbers: a
// whole number from 1 on.
func IsID(text string) bool { return isInteger(text) && text[0] >= '1' }

func isNumber(text string) bool {
	whole, fraction, pointed := strings.Cut(text, ".")
	return isInteger(whole) && (!pointed || len(fraction) <= 9 && onlyDigits(fraction) == fraction && fraction != "")
}

func isTime(text string) bool {
	return len(text) == len("HH:MM") && text[2] == ':' && text[0] >= '0' && text[1] >= '0' && text[1] <= '9' &&
		text[:2] < "24" && text[3] >= '0' && text[3] <= '5' && text[4] >= '0' && text[4] <= '9'
}

// check holds a value against its line in the dictionary. What breaks a rule
// is a problem; nothing is cut or repaired in silence.
func (c *Case) check(name string, t Type, limit int, required bool, v Value) Value {
	if v.Absent() {
		if required {
			return c.Problem(etl.CodeRequired, name+" is required and the source has none")
		}
		return v
	}
	if message := format(t, v.text); message != "" {
		return c.Wrong(v, etl.CodeFormat, name+" "+message)
	}
	if n := utf8.RuneCountInString(v.text); limit > 0 && n > limit {
		return c.Problem(etl.CodeTooLong, fmt.Sprintf("%s has %d characters, the limit is %d", name, n, limit))
	}
	return v
}

// Fault says what is wrong with the form of a text of that type; "" if nothing is.
func (t Type) Fault(text string) string { return format(t, text) }

// format says what is wrong with a value's form; "" if nothing is.
func format(t Type, text string) string {
	switch t {
	case Integer:
		return unless(isInteger(text), "must be a whole number")
	case Number:
		return unless(isNumber(text), "must be a decimal number")
	case Boolean:
		return unless(text == "true" || text == "false", "must be true or false")
	case Date:
		_, err := time.Parse(time.DateOnly, text)
		return unless(err == nil, "must be a date, YYYY-MM-DD")
	case Time:
		return unless(isTime(text), "must be a time, HH:MM")
	case Stamp:
		_, err := time.Parse(time.RFC3339, text)
		return unless(err == nil, "must be a UTC stamp, YYYY-MM-DDTHH:MM:SSZ")
	case IDs:
		return unless(idsForm.MatchString(text), "must be a list of whole numbers")
	}
	if isPlain(text) {
		return ""
	}
	if !utf8.ValidString(text) {
		return "is not valid UTF-8"
	}
	return unless(strings.IndexFunc(text, unicode.IsControl) < 0, "holds a control character")
}

func unless(ok bool, message string) string {
	if ok {
		return ""
	}
	return message
}
