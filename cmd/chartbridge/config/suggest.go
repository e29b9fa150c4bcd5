package config

import (
	"regexp"
	"slices"
)

// keyLike is what a mistyped key may look like; anything else may be a secret
// that slipped into a key's place, and is not repeated.
var keyLike = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]{0,30}$`)

// printable returns a key of the file for a message, if it may be repeated.
func printable(key string) string {
	if keyLike.MatchString(key) {
		return key
	}
	return "(unprintable key)"
}

// suggest returns the known word nearest to the given one, at most two edits
// away, or "".
func suggest(word string, known []string) string {
	const near = 2
	best, least := "", near+1
	for _, k := range slices.Sorted(slices.Values(known)) {
		if d := distance(word, k); d < least && d < len(k) {
			best, least = k, d
		}
	}
	return best
}

// distance is Levenshtein's, in bytes. Words whose lengths differ by more than
// can be near are far at once, which keeps a long key cheap.
func distance(a, b string) int {
	if d := len(a) - len(b); d > 2 || d < -2 {
		return 3
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			edit := diagonal
			if a[i] != b[j] {
				edit++
			}
			diagonal = row[j+1]
			row[j+1] = min(edit, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
