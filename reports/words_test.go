package reports

import (
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
)

func TestCellText(t *testing.T) {
	for _, c := range []struct {
		in, want string
		altered  bool
	}{
		{"plain", "plain", false},
		{"two\nlines\tand a tab", "two\nlines\tand a tab", false},
		{"a\x00b", "a␀b", true},
		{"a\rb\x7f", "a␍b␡", true},
		{"\xff", `\xff`, true},
		{"\uFFFD", "\uFFFD", false},
		{"\uFFFE", "‹U+FFFE›", true},
		{"🙂 שלום", "🙂 שלום", false},
	} {
		got, altered := cellText(c.in)
		if got != c.want || altered != c.altered {
			t.Errorf("cellText(%q) = %q, %v, want %q, %v", c.in, got, altered, c.want, c.altered)
		}
	}
	long, altered := cellText(strings.Repeat("🙂", 20_000))
	if units := len(long)/4*2 + 60; !altered || units > 32_767 {
		t.Errorf("a long text takes %d units, altered %v", units, altered)
	}
}

func FuzzCellText(f *testing.F) {
	for _, s := range nasty {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		text, altered := cellText(s)
		if !altered && text != s {
			t.Errorf("%q became %q without a word", s, text)
		}
		units := 0
		for _, r := range text {
			if r < 0x20 && r != '\n' && r != '\t' {
				t.Errorf("%q keeps the control character %x", s, r)
			}
			if units++; r > 0xFFFF {
				units++
			}
		}
		if units > 32_767 {
			t.Errorf("a cell would hold %d units", units)
		}
	})
}

func TestMasks(t *testing.T) {
	for _, c := range []struct{ name, got, want string }{
		{"initials", initials("Ada van Roma"), "A. V. R."},
		{"initials of nothing", initials(" "), ""},
		{"year", year("1984-03-09"), "1984"},
		{"year of no date", year("March"), "•••"},
		{"last 4", tail(4)("W123456789"), "…6789"},
		{"last 4 of a short id", tail(4)("12345"), "•••"},
		{"last 3", tail(3)("123456789"), "…789"},
		{"no id", tail(4)(""), ""},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, c.got, c.want)
		}
	}
}

// Every outcome is explained, and every cause that the code knows.
func TestEveryOutcomeHasAMeaning(t *testing.T) {
	for _, o := range append([]etl.Outcome{etl.Extra}, etl.Outcomes...) {
		if meanings[o] == "" {
			t.Errorf("%s is not explained", o)
		}
	}
	seen := map[string]bool{}
	for _, w := range words {
		if seen[w.word] || w.meaning == "" || w.next == "" {
			t.Errorf("%q is there twice, or not explained", w.word)
		}
		seen[w.word] = true
	}
}

// What to do about what is uncertain, or contradicts itself, goes with the
// message beside it, which knows the record.
func TestNextStepsGoWithTheMessage(t *testing.T) {
	for _, c := range []struct{ code, cause, want string }{
		{etl.CauseNoAnswer, etl.CauseNoAnswer, "If the next run leaves it so (a discharge: at once), look for it at the destination"},
		{etl.CodeConflict, "", "Do as the record's message says"},
	} {
		if got := nextStep(c.code, c.cause, etl.Uncertain); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %q, want %q", c.code, got, c.want)
		}
	}
}

// Text is legible on its fill: a contrast of at least 4.5 to 1 (WCAG 2.1, 1.4.3).
func TestContrast(t *testing.T) {
	for s, l := range looks {
		fill := l.fill
		if fill == "" {
			fill = colourWhite
		}
		light, dark := luminance(t, fill), luminance(t, l.text)
		if light < dark {
			light, dark = dark, light
		}
		if got := (light + 0.05) / (dark + 0.05); got < 4.5 {
			t.Errorf("style %d: %s on %s has a contrast of %.1f", s, l.text, fill, got)
		}
	}
	if len(looks) != int(stylesEnd)-1 {
		t.Errorf("%d looks for %d styles", len(looks), stylesEnd-1)
	}
}

func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	part := func(i int) float64 {
		n, err := strconv.ParseUint(colour[i:i+2], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		v := float64(n) / 255
		if v <= 0.03928 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*part(0) + 0.7152*part(2) + 0.0722*part(4)
}

// What is no text does not take away what stands after it.
func TestADocumentIsReadAsFarAsItCan(t *testing.T) {
	for _, first := range []string{`"A\ud800"`, "\"A\xff\"", "[1]", "null", "1e3"} {
		d := read([]byte(`{"first_name":` + first + `,"last_name":"Lin","primary_insurance":"","date_of_birth":"2019-04-05"}`))
		if d.LastName != "Lin" || d.Born != "2019-04-05" {
			t.Errorf("%q: read %+v", first, d)
		}
	}
}
