package reports

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/chartbridge/chartbridge/etl"
)

// widths are those of the columns, by what the sample holds, with slack for
// other fonts than ours.
func widths(s sheet, sample [][]any) []float64 {
	list := make([]float64, len(s.columns))
	for i, c := range s.columns {
		need := 0
		for _, row := range sample {
			need = max(need, shownWidth(c, row[i]))
		}
		longest := textWidth(c.head)
		if longest > 12 {
			longest = longestWord(c.head)
		}
		limit := float64(maxWidth)
		if c.kind == kindWrap {
			limit = wrapWidth
			if len(s.columns) <= 8 {
				limit = maxWidth
			}
		}
		switch c.head {
		case headMapTo, headCheck:
			need = max(need, 14)
		case headComment:
			need = max(need, 26)
		}
		list[i] = math.Min(limit, math.Max(float64(need)*1.15+2, float64(longest)*1.15+slack(c.kind)))
	}
	return list
}

// slack is room beside a header's longest word, for the filter's button where
// it does not stand over the number's own.
func slack(k kind) float64 {
	if k == kindCount || k == kindAge {
		return 2.5
	}
	return 3.5
}

func longestWord(text string) (n int) {
	for _, word := range strings.Fields(text) {
		n = max(n, textWidth(word))
	}
	return n
}

func shownWidth(c column, v any) int {
	switch v := v.(type) {
	case string:
		return textWidth(v)
	case rich:
		return textWidth(v.text)
	case etl.Outcome:
		return len(v)
	case int:
		n := len(strconv.Itoa(v))
		return n + n/3
	case time.Time:
		if c.kind == kindDate {
			return len(time.DateOnly)
		}
		return len("2006-01-02 15:04")
	case formula:
		return shownWidth(c, v.value)
	case counted:
		return shownWidth(c, v.n)
	case link:
		return textWidth(v.text)
	}
	return 0
}

// linesIn estimates how many lines a text takes: not every program lets
// wrapped rows grow by themselves.
func linesIn(text string, width float64) int {
	lines := 0
	start := 0
	for i := 0; i <= len(text); i++ {
		if i == len(text) || text[i] == '\n' {
			lines += max(1, int(math.Ceil(float64(textWidth(text[start:i]))*0.88/math.Max(width, 1))))
			start = i + 1
		}
		if lines > 8 {
			break
		}
	}
	return lines
}
