package main

import (
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// gap stands between two columns of a table; prose is the width below which a
// column of sentences is not narrowed.
const (
	gap   = 2
	prose = 20
)

// widthOf is a terminal's width in columns; 0 where w is none.
func widthOf(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok || !isTerminal(f) {
		return 0
	}
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0
	}
	return int(size.Col)
}

// fitted makes a table, whose first row is its header, fit a width: its widest
// columns are wrapped between words, so that a row takes several lines. Where
// that does not do, each row becomes lines of its own, without what is not
// known. No word is broken, so that an id can be copied.
func fitted(rows [][]string, width int) [][]string {
	wide, least := widths(rows)
	if narrow(wide, least, width-gap*(len(wide)-1)) {
		return wrapRows(rows, wide)
	}
	head := 0
	for _, name := range rows[0] {
		head = max(head, utf8.RuneCountInString(name))
	}
	var lines [][]string
	for _, row := range rows[1:] {
		for i, cell := range row {
			if cell != "" && cell != "-" {
				lines = append(lines, wrapRows([][]string{{rows[0][i], cell}}, []int{head, width - head - gap})...)
			}
		}
		lines = append(lines, nil)
	}
	return lines
}

// widths are those of a table's columns, and how narrow they may become.
func widths(rows [][]string) (wide, least []int) {
	wide, least = make([]int, len(rows[0])), make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			wide[i] = max(wide[i], utf8.RuneCountInString(cell))
			for _, word := range strings.Fields(cell) {
				least[i] = max(least[i], utf8.RuneCountInString(word))
			}
		}
	}
	for i := range least {
		least[i] = max(least[i], min(wide[i], prose))
	}
	return wide, least
}

// narrow takes from the widest column that can give, one by one, until all fit;
// false where they cannot.
func narrow(wide, least []int, room int) bool {
	sum := 0
	for _, n := range wide {
		sum += n
	}
	for ; sum > room; sum-- {
		widest := -1
		for i, n := range wide {
			if n > least[i] && (widest < 0 || n > wide[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			return false
		}
		wide[widest]--
	}
	return true
}

// wrapRows breaks what is wider than its column.
func wrapRows(rows [][]string, wide []int) [][]string {
	var lines [][]string
	for _, row := range rows {
		first := len(lines)
		for i, cell := range row {
			for n, text := range wrapped(cell, wide[i]) {
				if first+n == len(lines) {
					lines = append(lines, make([]string, len(row)))
				}
				lines[first+n][i] = text
			}
		}
	}
	return lines
}

// wrapped breaks a cell between words.
func wrapped(cell string, width int) []string {
	if utf8.RuneCountInString(cell) <= width {
		return []string{cell}
	}
	var lines []string
	line := ""
	for _, word := range strings.Fields(cell) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	return append(lines, line)
}
