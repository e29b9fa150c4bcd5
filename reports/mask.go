package reports

import (
	"strings"
	"time"
	"unicode"
)

// initials shortens a name to its initials: "Ada Roma" is "A. R.".
func initials(name string) string {
	var parts []string
	for _, word := range strings.Fields(firstOf(name, 200)) {
		if len(parts) == 4 {
			break
		}
		for _, r := range word {
			if unicode.IsLetter(r) || unicode.IsNumber(r) {
				parts = append(parts, string(unicode.ToUpper(r))+".")
				break
			}
		}
	}
	return strings.Join(parts, " ")
}

// year keeps the year of a date, and nothing of what is no date.
func year(date string) string {
	if t, err := time.Parse(time.DateOnly, firstOf(date, len(time.DateOnly))); err == nil {
		return t.Format("2006")
	}
	return mask(date)
}

// tail keeps the last characters of an id that belongs to a person. An id that
// is hardly longer shows nothing.
func tail(n int) func(string) string {
	return func(id string) string {
		r := []rune(strings.TrimSpace(id))
		if len(r) < n+3 {
			return mask(id)
		}
		return "…" + string(r[len(r)-n:])
	}
}

// mask says only that there is a value.
func mask(s string) string {
	if s == "" {
		return ""
	}
	return "•••"
}

func firstOf(s string, n int) string {
	if len(s) > n {
		return s[:n]
	}
	return s
}
