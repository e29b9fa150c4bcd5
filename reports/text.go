package reports

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"unicode/utf8"
)

// textMax is how many UTF-16 units of a text are shown: a cell holds 32,767,
// and what is longer would be cut without a word.
const textMax = 32_000

// cellText makes a text fit for a cell. What a cell cannot hold is shown as a
// sign in its place, a text that is too long ends with how much was cut and a
// hash of the whole; altered reports either.
func cellText(s string) (text string, altered bool) {
	if plainText(s) {
		return s, false
	}
	units, cut := 0, -1
	var b strings.Builder
	for i, r := range s {
		shown, width := string(r), 1
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"):
			shown = fmt.Sprintf(`\x%02x`, s[i])
		case r == '\n' || r == '\t':
		case r < 0x20:
			shown = string(0x2400 + r) // its control picture
		case r == 0x7f:
			shown = "␡"
		case r == 0xFFFE || r == 0xFFFF:
			shown = fmt.Sprintf("‹U+%04X›", r)
		case r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069: // they would reorder what stands around them
			shown = fmt.Sprintf("‹U+%04X›", r)
		case r > 0xFFFF:
			width = 2
		}
		if shown != string(r) || (r == utf8.RuneError && len(shown) > 3) {
			altered, width = true, len(shown)
		}
		if units += width; units > textMax {
			cut = i
			break
		}
		b.WriteString(shown)
	}
	if cut < 0 {
		return b.String(), altered
	}
	sum := sha256.Sum256([]byte(s))
	return b.String() + fmt.Sprintf("… [cut: %d characters in all, sha256 %x…]", utf8.RuneCountInString(s), sum[:6]), true
}

// plainText reports whether a cell holds a text as it is: most are short, and
// plain ASCII.
func plainText(s string) bool {
	if len(s) > textMax {
		return false
	}
	for i := 0; i < len(s); i++ {
		if s[i] < 0x20 || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// looksLikeFormula reports whether a spreadsheet might take a text for one.
func looksLikeFormula(s string) bool {
	return s != "" && strings.ContainsRune("=+-@\t", rune(s[0]))
}

// textWidth is about how many digits wide a text is; wide scripts and emoji
// take two.
func textWidth(s string) (n int) {
	longest := 0
	for _, r := range s {
		switch {
		case r == '\n':
			longest, n = max(longest, n), 0
		case r >= 0x1100 && (r <= 0x115F || r >= 0x2E80 && r <= 0xFFDC || r >= 0x1F000):
			n += 2
		default:
			n++
		}
	}
	return max(longest, n)
}
