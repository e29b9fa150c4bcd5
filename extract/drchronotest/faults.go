package drchronotest

import (
	"compress/gzip"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
)

// The ready-made faults take what they match (nil = every call) and how often
// they act (0 = once, negative = for ever). Those that spoil an answer let the
// server work first, so that token and quota count as ever.

// spoil changes a good answer and passes others on as they are.
func spoil(match func(*http.Request) bool, times int, change func(c *recorder, r *http.Request)) Fault {
	return Fault{match, times, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		c := listen(r, next)
		if c.status == http.StatusOK {
			change(c, r)
		}
		c.send(w)
	}}
}

// BrokenJSON ends the JSON in its midst, with a good Content-Length.
func BrokenJSON(match func(*http.Request) bool, times int) Fault {
	return spoil(match, times, func(c *recorder, _ *http.Request) {
		c.body = append(c.body[:len(c.body)/2:len(c.body)/2], `,{"id":`...)
	})
}

// HTML200 is a page of the edge in place of JSON.
func HTML200(match func(*http.Request) bool, times int) Fault {
	return spoil(match, times, func(c *recorder, _ *http.Request) {
		c.header.Set("Content-Type", "text/html; charset=utf-8")
		c.body = []byte("<html><body><h1>We will be right back</h1></body></html>")
	})
}

// NoResults is good JSON at 200 that is no list.
func NoResults(match func(*http.Request) bool, times int) Fault {
	return spoil(match, times, func(c *recorder, _ *http.Request) { c.body = []byte(`{"detail":"maintenance"}`) })
}

// Truncated promises the whole body and closes after half of it.
func Truncated(match func(*http.Request) bool, times int) Fault {
	return Fault{match, times, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		c := listen(r, next)
		c.header.Set("Content-Length", strconv.Itoa(len(c.body)))
		c.body = c.body[:len(c.body)/2]
		c.send(w)
		if err := http.NewResponseController(w).Flush(); err != nil {
			return // nothing to cut off: the client is gone
		}
		panic(http.ErrAbortHandler)
	}}
}

// Reset closes the connection before the server has done anything.
func Reset(match func(*http.Request) bool, times int) Fault {
	return Fault{match, times, func(w http.ResponseWriter, _ *http.Request, _ http.Handler) { cut(w) }}
}

// LostReply lets the server do its work and closes the connection: a token is
// then refreshed and never heard of.
func LostReply(match func(*http.Request) bool, times int) Fault {
	return Fault{match, times, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		listen(r, next)
		cut(w)
	}}
}

// Status answers with a status and a JSON body.
func Status(match func(*http.Request) bool, times, code int, body string) Fault {
	return Fault{match, times, func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		writeJSON(w, code, []byte(body))
	}}
}

// GzipBomb sends JSON that unpacks to so many bytes of blanks.
func GzipBomb(match func(*http.Request) bool, times int, size int64) Fault {
	return Fault{match, times, func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		z.Write([]byte(`{"next":null,"previous":null,"results":[`))
		blanks := make([]byte, 1<<16)
		for i := range blanks {
			blanks[i] = ' '
		}
		for left := size; left > 0; left -= int64(len(blanks)) {
			if _, err := z.Write(blanks[:min(left, int64(len(blanks)))]); err != nil {
				return // the client has hung up, as it should
			}
		}
		z.Write([]byte(`]}`))
		z.Close()
	}}
}

// ForeignNext has `next` point to another host (name or name:port), which must
// never see the token.
func ForeignNext(match func(*http.Request) bool, times int, host string) Fault {
	return spoil(match, times, func(c *recorder, r *http.Request) {
		c.edit(func(m map[string]json.RawMessage) {
			next := &url.URL{Scheme: "http", Host: host, Path: r.URL.Path, RawQuery: r.URL.RawQuery}
			if u, err := url.Parse(text(m["next"])); err == nil && u.IsAbs() {
				u.Host = host
				next = u
			}
			m["next"] = marshal(next.String())
		})
	})
}

// RepeatedPage gives the rows of the first matching call again in the later
// ones, each with a `next` of its own. Times counts the first call too.
func RepeatedPage(match func(*http.Request) bool, times int) Fault {
	var mu sync.Mutex
	var first json.RawMessage
	return spoil(match, times, func(c *recorder, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		c.edit(func(m map[string]json.RawMessage) {
			key := "results"
			if m["data"] != nil {
				key = "data"
			}
			if first == nil {
				first = m[key]
			}
			m[key] = first
		})
	})
}

// Drift gives patients as a later version of the API might: pronouns are new,
// nick_name is gone, zip_code is a number, nobody has an email, and one gender
// is none of the document's.
func Drift(match func(*http.Request) bool, times int) Fault {
	return spoil(func(r *http.Request) bool {
		return (match == nil || match(r)) && strings.HasPrefix(r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:], "patients")
	}, times, func(c *recorder, _ *http.Request) {
		c.edit(func(m map[string]json.RawMessage) {
			var rows []map[string]json.RawMessage
			if json.Unmarshal(m["results"], &rows) != nil || len(rows) == 0 {
				return
			}
			for _, row := range rows {
				delete(row, "nick_name")
				row["pronouns"], row["zip_code"], row["email"] = marshal("they"), marshal(12345), marshal(nil)
			}
			rows[0]["gender"] = marshal("Nonbinary")
			m["results"] = marshal(rows)
		})
	})
}

// edit changes the body as an object; one that is none stays.
func (c *recorder) edit(f func(map[string]json.RawMessage)) {
	var m map[string]json.RawMessage
	if json.Unmarshal(c.body, &m) == nil {
		f(m)
		c.body = marshal(m)
	}
}
