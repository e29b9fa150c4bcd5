package drchrono

import (
	"bytes"
	"sync/atomic"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/go-json-experiment/json/jsontext"
)

// splitStrict takes apart what is strict JSON through and through: it finds by
// brackets alone where each row ends, checks rows on all processors, and reads
// what stands around them as a reply without rows. Not ok says that something
// is wrong or out of the ordinary, and nothing of what: that is for splitter.
// Rows that are known were strict JSON when they came before.
func splitStrict(body []byte, recall recallFunc) (e envelope, ok bool) {
	w := walker{text: body, recall: recall}
	if !w.reply() || !strict(w.rows) {
		return envelope{}, false
	}
	around := append(append(make([]byte, 0, len(body)-(w.to-w.from)), body[:w.from]...), body[w.to:]...)
	s := splitter{body: around}
	e, err := s.run()
	if err != nil || !e.hasRows {
		return envelope{}, false
	}
	e.rows, e.digest, e.known = w.rows, w.digest, w.known
	return e, true
}

// strict reports whether every row is strict JSON (RFC 7493).
func strict(rows []Row) bool {
	var bad atomic.Bool
	etl.OnAll(len(rows), func(i int) {
		if !bad.Load() && !jsontext.Value(rows[i].Raw).IsValid() {
			bad.Store(true)
		}
	})
	return !bad.Load()
}

// A walker finds where values end in what may be JSON. It judges nothing but
// brackets, quotes and what stands between rows.
type walker struct {
	text     []byte
	at       int
	rows     []Row
	from, to int // what is between the brackets of the rows
	recall   recallFunc
	digest   string // of what is between them
	known    *etl.Page
}

func (w *walker) space() byte {
	for w.at < len(w.text) {
		switch ch := w.text[w.at]; ch {
		case ' ', '\t', '\r', '\n':
			w.at++
		default:
			return ch
		}
	}
	return 0
}

// take passes over one character; false where it is another.
func (w *walker) take(ch byte) bool {
	if w.space() != ch {
		return false
	}
	w.at++
	return true
}

// reply walks along a reply's members and finds its rows.
func (w *walker) reply() bool {
	if !w.take('{') {
		return false
	}
	for {
		if w.space() != '"' {
			return false
		}
		from := w.at
		w.quoted()
		name := string(w.text[from:w.at])
		if !w.take(':') {
			return false
		}
		if listed := name == `"results"` || name == `"data"`; listed && w.space() == '[' {
			if w.to > 0 || !w.list() {
				return false
			}
		} else if !w.value() {
			return false
		}
		if w.take('}') {
			return w.space() == 0 && w.at == len(w.text) && w.to > 0
		}
		if !w.take(',') {
			return false
		}
	}
}

// list finds the rows, and passes over them where they are known. They most
// likely end at the last bracket of all. What is known of the bytes before it
// is known of all rows of a page, by Recall's obligation: so they end there.
func (w *walker) list() bool {
	w.at++
	w.from = w.at
	likely := bytes.LastIndexByte(w.text, ']')
	if w.recalls(likely) {
		w.to, w.at = likely, likely+1
		return true
	}
	if !w.walk() {
		return false
	}
	if w.to != likely && w.recalls(w.to) {
		w.rows = nil
	}
	return true
}

// recalls asks whether the rows are known, if they end there.
func (w *walker) recalls(to int) bool {
	if w.recall == nil || to < w.from {
		return false
	}
	w.digest, w.known = w.recall(w.text[w.from:to])
	return w.known != nil
}

// walk finds the rows; false where one is no object, or there are too many.
func (w *walker) walk() bool {
	if w.space() != ']' {
		for more := true; more; more = w.take(',') {
			if w.space() != '{' || len(w.rows) >= maxRows {
				return false
			}
			from := w.at
			if !w.value() {
				return false
			}
			w.rows = append(w.rows, Row{Raw: w.text[from:w.at:w.at]})
		}
	}
	if w.space() != ']' {
		return false
	}
	w.to = w.at
	w.at++
	return true
}

// value passes over a value; false where none ends, or it nests too deep.
func (w *walker) value() bool {
	depth := 0
	for w.at < len(w.text) {
		switch w.text[w.at] {
		case '"':
			w.quoted()
			if depth == 0 {
				return true
			}
			continue
		case '{', '[':
			if depth++; depth > maxDepth {
				return false
			}
		case '}', ']':
			if depth--; depth <= 0 {
				w.at++
				return depth == 0
			}
		case ',':
			if depth == 0 {
				return true
			}
		}
		w.at++
		if depth == 0 && w.at < len(w.text) && w.text[w.at] == '}' {
			return true // a number or a word at the end of the reply
		}
	}
	return false
}

// quoted passes over a text.
func (w *walker) quoted() {
	for w.at++; ; w.at++ {
		i := bytes.IndexByte(w.text[min(w.at, len(w.text)):], '"')
		if i < 0 {
			w.at = len(w.text)
			return
		}
		w.at += i
		escapes := 0
		for w.text[w.at-1-escapes] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			w.at++
			return
		}
	}
}
