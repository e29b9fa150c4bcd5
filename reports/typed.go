package reports

import (
	"math/big"
	"strings"
	"unicode"
)

// What a person typed, as it is read.

// canonical turns a destination or object as people read it into the word of
// config and database.
func canonical(shown string) string {
	for name, as := range destinationNames {
		if as == shown {
			return name
		}
	}
	return strings.ReplaceAll(shown, " ", "_")
}

// cleaned takes away what nobody sees: spaces around, hard spaces, zero-width
// and control characters.
func cleaned(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\u00a0' || r == '\u202f' || r == '\n' || r == '\t' || r == '\r':
			return ' '
		case r == '\u200b' || r == '\ufeff' || unicode.IsControl(r):
			return -1
		}
		return r
	}, s)
	return strings.TrimSpace(s)
}

// wholeID is an id as it was typed. One that a spreadsheet took for a number
// is written out: 12345.0 and 1.2345E4 are 12345. Leading zeros stay.
func wholeID(s string) string {
	if !strings.ContainsAny(s, ".Ee") || len(s) > 30 || strings.Trim(s, "0123456789.+-Ee") != "" {
		return s
	}
	if _, exponent, ok := strings.Cut(strings.ToUpper(s), "E"); ok && len(strings.Trim(exponent, "+-")) > 2 {
		return s
	}
	n, ok := new(big.Rat).SetString(s)
	if !ok || !n.IsInt() {
		return s
	}
	return n.Num().String()
}
