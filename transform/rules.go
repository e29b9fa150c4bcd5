package transform

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/chartbridge/chartbridge/etl"
)

var naiveLayouts = []string{"2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04"}

// Local reads a naive stamp as the wall clock of a zone (drchrono-facts,
// section 5). A time that the zone's clocks skip or show twice is a fault,
// never guessed.
func Local(naive string, zone *time.Location) (t time.Time, fault string) {
	wall, ok := parseWall(naive)
	if !ok || wall.Year() < 1900 { // year 1 is how some programs write "none"
		return t, "is not a local time, YYYY-MM-DDTHH:MM:SS"
	}
	t = time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), 0, zone)
	if !shows(t, wall) {
		return t, "does not exist: the clocks of " + zone.String() + " skip it on that day"
	}
	for _, shift := range [...]time.Duration{-time.Hour, time.Hour, -30 * time.Minute, 30 * time.Minute} {
		if shows(t.Add(shift), wall) {
			return t, "exists twice: the clocks of " + zone.String() + " repeat it on that day"
		}
	}
	return t, ""
}

// shows reports whether the clocks of an instant's zone show, to the second, a
// wall clock that was read as UTC.
func shows(t, wall time.Time) bool {
	_, ahead := t.Zone()
	return t.Unix()+int64(ahead) == wall.Unix()
}

func parseWall(naive string) (time.Time, bool) {
	for _, layout := range naiveLayouts {
		if t, err := time.Parse(layout, naive); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// BirthDate maps a date of birth: a date, and not after today in the
// practice's zone.
func (c *Case) BirthDate(s Scalar) Value {
	text := s.String()
	if text == "" {
		return Value{}
	}
	t, err := time.Parse(time.DateOnly, text)
	switch {
	case err != nil:
		return c.Problem(etl.CodeFormat, c.field+" must be a date, YYYY-MM-DD")
	case text > c.Now.In(c.Zone).Format(time.DateOnly):
		return c.Problem(etl.CodeRange, c.field+" lies in the future")
	case t.Year() < 1880:
		return c.Problem(etl.CodeRange, c.field+" lies before 1880")
	}
	return String(text)
}

var zipForm = regexp.MustCompile(`^\d{5}(\d{4})?$`)

// Zip maps a zip code of 5 or 9 digits; a dash between them is left out, as
// Rethink wants it (destinations-facts, A3).
func (c *Case) Zip(s Scalar) Value {
	text := s.String()
	if text == "" {
		return Value{}
	}
	if len(text) == 10 && (text[5] == '-' || text[5] == ' ') {
		text = text[:5] + text[6:]
	}
	if !zipForm.MatchString(text) {
		return c.Problem(etl.CodeFormat, c.field+" must have 5 or 9 digits")
	}
	return String(text)
}

// Digits10 maps a phone number as its 10 digits (destinations-facts, B3); a
// leading country code 1 is left out.
func (c *Case) Digits10(s Scalar) Value {
	digits := onlyDigits(s.String())
	if len(digits) == 11 && digits[0] == '1' {
		digits = digits[1:]
	}
	if digits == "" {
		return Value{}
	}
	if len(digits) != 10 {
		return c.Problem(etl.CodeFormat, fmt.Sprintf("%s must be a phone number of 10 digits, it has %d", c.field, len(digits)))
	}
	return String(digits)
}

func onlyDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}

// NPI maps a National Provider Identifier: 10 digits, the last of which checks
// the others (Luhn over 80840 and the number, 45 CFR 162.406). Absent stays
// absent; none is made up.
func (c *Case) NPI(s Scalar) Value {
	text := s.String()
	if text == "" {
		return Value{}
	}
	if len(onlyDigits(text)) != 10 || len(text) != 10 || !luhn("80840"+text) {
		return c.Problem(etl.CodeFormat, c.field+" is no valid NPI: its check digit or length is wrong")
	}
	return String(text)
}

func luhn(digits string) bool {
	sum := 0
	for i := 0; i < len(digits); i++ {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}
