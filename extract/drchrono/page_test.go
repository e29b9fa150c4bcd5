package drchrono

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/google/go-cmp/cmp"
)

func TestPagesFollowsNextVerbatim(t *testing.T) {
	var asked []string
	var header http.Header
	next := "/sim/api/patients?cursor=a%2Bb+c%20d&x=1&x=2"
	w := newWorld(t, func(rw http.ResponseWriter, r *http.Request) {
		asked, header = append(asked, r.RequestURI), r.Header
		if strings.Contains(r.RequestURI, "cursor") {
			says(200, `{"next":"","data":[{"id":"3"}]}`)(rw, r)
			return
		}
		says(200, fmt.Sprintf(`{"next":"http://%s%s","results":[{"id": 1 },{"id":2,"v":9007199254740993}]}`, r.Host, next))(rw, r)
	}, func(o *Options) { o.BaseURL += "/sim/" })
	pages, err := w.drainAll("/api/patients?since=2026-01-01")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"/sim/api/patients?since=2026-01-01", next}, asked); diff != "" {
		t.Error(diff)
	}
	got := fmt.Sprintf("%s %s %s", pages[0].Rows[0].Raw, pages[0].Rows[1].Raw, pages[1].Rows[0].Raw)
	if want := `{"id": 1 } {"id":2,"v":9007199254740993} {"id":"3"}`; got != want {
		t.Errorf("rows %s, want %s", got, want)
	}
	if pages[0].Next != w.server.URL+next || pages[1].Next != "" || pages[0].Count != -1 || pages[0].Date.IsZero() {
		t.Errorf("pages %+v", pages)
	}
	for k, want := range map[string]string{"Authorization": "Bearer acc-1", "X-DRC-API-Version": "v4", "Accept": "application/json", "Accept-Encoding": "gzip"} {
		if got := header.Get(k); got != want {
			t.Errorf("%s = %q, want %q", k, got, want)
		}
	}
	if diff := cmp.Diff([]int{200, 200}, w.ledger.answers()); diff != "" {
		t.Error(diff)
	}
	if got := w.ledger.calls[0]; got != (Call{"patients", "page"}) {
		t.Errorf("call %v", got)
	}
	if again, err := w.drainAll(pages[0].Next); err != nil || len(again) != 1 {
		t.Errorf("a saved next: %d pages, %v", len(again), err)
	}
}

func TestPagesRefusesForeignNext(t *testing.T) {
	for _, next := range []string{
		"http://evil.test/api/patients", "https://evil.test/api/patients", "ftp://HOST/api/patients", "http://HOST@evil.test/api/patients", "http://u:p@HOST/api/patients",
		"//evil.test/api/patients", "http://127.0.0.1:1/api/patients", "http://[::1]/api/patients", "http://HOST/o/token/", "http://HOST/api/%2e%2e/o/token/",
		"http://HOST/api/../x", "http://HOST/api/patients#x", "patients?page=2", "http://HOST", "http://HOST/api/a\\b", "http://HOST/api/pa tients", "file:///api/x",
		"http://HOST.evil.test/api/patients", "http:HOST/api/x", "http://HOST/api/é",
	} {
		w := newWorld(t, func(rw http.ResponseWriter, r *http.Request) {
			link := strings.ReplaceAll(strings.ReplaceAll(next, "HOST", r.Host), `\`, `\\`)
			says(200, fmt.Sprintf(`{"next":"%s","results":[{"id":1}]}`, link))(rw, r)
		})
		pages, err := w.drainAll("/api/patients")
		var foreign *ForeignURLError
		if !errors.As(err, &foreign) || foreign.Page != 1 || foreign.Endpoint != "patients" || len(pages) != 0 {
			t.Errorf("%s: %d pages, error %v", next, len(pages), err)
		}
		if len(w.ledger.calls) != 1 {
			t.Errorf("%s: %d calls, want 1", next, len(w.ledger.calls))
		}
	}
}

func TestVendorHostsAreOne(t *testing.T) {
	c, err := New(Options{BaseURL: "https://app.drchrono.com", ClientID: "x", Clock: &fakeClock{}, Ledger: &memLedger{}, Tokens: &memTokens{}, AllowHosts: []string{"eu.example.test:8443"}})
	if err != nil {
		t.Fatal(err)
	}
	for link, ok := range map[string]bool{
		"https://drchrono.com/api/patients?page=2": true, "https://APP.drchrono.com:443/api/patients?page=2": true, "https://eu.example.test:8443/api/patients?page=2": true,
		"https://www.drchrono.com/api/patients?page=2": false, "https://drchrono.com:444/api/patients?page=2": false, "http://drchrono.com/api/patients?page=2": true, "http://evil.test/api/patients?page=2": false,
	} {
		u, err := c.place(link, false)
		if (err == nil) != ok {
			t.Errorf("%s: %v", link, err)
		}
		if ok && u.String() != "https://app.drchrono.com/api/patients?page=2" {
			t.Errorf("%s goes to %s", link, u)
		}
	}
}

// TestNextIsFollowedToTheConfiguredHost: a server behind a proxy names itself
// by its own scheme or name; the token goes to the configured place alone.
func TestNextIsFollowedToTheConfiguredHost(t *testing.T) {
	c, err := New(Options{BaseURL: "http://127.0.0.1:8099/chart", ClientID: "x", Clock: &fakeClock{}, Ledger: &memLedger{}, Tokens: &memTokens{}})
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range []string{
		"https://127.0.0.1:8099/chart/api/patients?cursor=a%2Fb", "http://localhost:8099/chart/api/patients?cursor=a%2Fb",
		"https://app.drchrono.com/api/patients?cursor=a%2Fb", "http://drchrono.com/api/patients?cursor=a%2Fb", "/api/patients?cursor=a%2Fb",
		"https://app.drchrono.com:443/api/patients?cursor=a%2Fb", "http://DrChrono.com:80/api/patients?cursor=a%2Fb",
	} {
		if u, err := c.place(link, false); err != nil || u.String() != "http://127.0.0.1:8099/chart/api/patients?cursor=a%2Fb" {
			t.Errorf("%s goes to %v, %v", link, u, err)
		}
	}
	for _, link := range []string{"https://127.0.0.1:8099/chart/api/patients", "https://drchrono.com/api/patients"} {
		if u, err := c.place(link, true); err == nil {
			t.Errorf("a redirect to %s goes to %s", link, u)
		}
	}
}

func TestPagesStopsLoops(t *testing.T) {
	page := func(next string, ids string) http.HandlerFunc {
		return func(rw http.ResponseWriter, r *http.Request) {
			says(200, fmt.Sprintf(`{"next":"%s","results":[%s]}`, next, ids))(rw, r)
		}
	}
	for name, tc := range map[string]struct {
		steps []http.HandlerFunc
		pages int
		want  string
	}{
		"itself":   {[]http.HandlerFunc{page("/api/patients", `{"id":1}`)}, 0, "leads back"},
		"earlier":  {[]http.HandlerFunc{page("/api/patients?p=2", `{"id":1}`), page("/api/patients", `{"id":2}`)}, 1, "leads back"},
		"same ids": {[]http.HandlerFunc{page("/api/patients?p=2", `{"id":1},{"id":"2"}`), page("/api/patients?p=3", `{"id":2},{"id":1,"x":0}`)}, 1, "repeats"},
		"no ids":   {[]http.HandlerFunc{page("/api/patients?p=2", `{"a":1}`), page("/api/patients?p=3", `{"a":1}`)}, 1, "repeats"},
		"too many": {[]http.HandlerFunc{page("/api/patients?p=2", ""), page("/api/patients?p=3", ""), page("/api/patients?p=4", "")}, 2, "3 pages"},
	} {
		w := newWorld(t, script(t, tc.steps...))
		w.pageCap = 3
		pages, err := w.drainAll("/api/patients")
		if !as[*LoopError](err) || !strings.Contains(err.Error(), tc.want) || len(pages) != tc.pages {
			t.Errorf("%s: %d pages, %v", name, len(pages), err)
		}
	}
}

func TestPagesRefusesBadPages(t *testing.T) {
	deep := strings.Repeat("[", 20000)
	for name, body := range map[string]string{
		"detail":        `{"detail":"maintenance for Ada Roma"}`,
		"html":          "<html>canary</html>",
		"empty":         "",
		"array":         `[{"id":1}]`,
		"null":          "null",
		"results null":  `{"results":null}`,
		"cut":           `{"next":null,"results":[{"id":1},{"id"`,
		"trailing":      onePage + `{}`,
		"next twice":    `{"next":null,"next":"/api/x","results":[]}`,
		"results twice": `{"results":[],"results":[{"id":1}]}`,
		"both":          `{"results":[],"data":[]}`,
		"next number":   `{"next":7,"results":[]}`,
		"bad utf-8":     "{\"canary\":\"\xff\",\"results\":[]}",
		"bad name":      "{\"a\xff\":1,\"results\":[]}",
		"bomb":          `{"results":[` + deep,
		"deep envelope": `{"x":` + strings.Repeat("[", 70) + strings.Repeat("]", 70) + `,"results":[]}`,
		"members":       `{"results":[]` + manyMembers() + `}`,
	} {
		w := newWorld(t, says(200, body))
		pages, err := w.drainAll("/api/patients?since=x")
		var bad *PageError
		if !errors.As(err, &bad) || bad.Page != 1 || bad.Path != "/api/patients?since=x" || len(pages) != 0 {
			t.Errorf("%s: %d pages, error %v", name, len(pages), err)
		}
		clean(t, err)
	}
}

func manyMembers() string {
	var b strings.Builder
	for i := range maxMembers + 1 {
		fmt.Fprintf(&b, `,"m%d":0`, i)
	}
	return b.String()
}

func TestSplitMarksBadRows(t *testing.T) {
	deep := `{"a":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`
	body := "{\"results\":[{\"id\":1},{\"id\":1,\"id\":2},{\"n\":\"\xff\"},7," + deep + ",{\"a\":1,\"a\":\"\xff\"}],\"next\":null}"
	e, err := split([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range e.rows {
		got = append(got, r.Fault)
	}
	want := []string{"", "it has a name twice", "it is not valid UTF-8", "it is not a JSON object", deepFault, "it has a name twice and is not valid UTF-8"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if string(e.rows[2].Raw) != "{\"n\":\"\xff\"}" {
		t.Errorf("row %q", e.rows[2].Raw)
	}
}

func TestBodyCapHoldsAfterGunzip(t *testing.T) {
	var z bytes.Buffer
	g := gzip.NewWriter(&z)
	_, _ = g.Write([]byte(onePage + strings.Repeat(" ", 1<<20)))
	_ = g.Close()
	h := says(200, z.String(), "Content-Encoding", "gzip")
	if pages, err := newWorld(t, h).drainAll("/api/patients"); err != nil || len(pages) != 1 {
		t.Errorf("under the cap: %v", err)
	}
	w := newWorld(t, h, func(o *Options) { o.MaxBody = 1 << 16 })
	if _, err := w.drainAll("/api/patients"); !as[*PageError](err) || !strings.Contains(err.Error(), "65536 bytes") {
		t.Errorf("a bomb: %v", err)
	}
	if len(w.ledger.calls) != 1 {
		t.Errorf("a bomb was asked for %d times", len(w.ledger.calls))
	}
	if _, err := newWorld(t, says(200, "x", "Content-Encoding", "br")).drainAll("/api/patients"); !as[*PageError](err) {
		t.Errorf("brotli: %v", err)
	}
}

func TestGet(t *testing.T) {
	for name, tc := range map[string]struct {
		h    http.HandlerFunc
		want func(error) bool
	}{
		"object": {says(200, `{"id":1}`), func(err error) bool { return err == nil }},
		"xml":    {says(200, `<a/>`, "Content-Type", "application/xml"), func(err error) bool { return err == nil }},
		"html":   {says(200, `<html>`, "Content-Type", "text/html"), as[*PageError]},
		"twice":  {says(200, `{"id":1,"id":2}`), as[*PageError]},
		"gone": {says(404, `{}`), func(err error) bool {
			var s *StatusError
			return errors.As(err, &s) && s.Kind == KindMissing && !errors.Is(err, ErrUnavailable)
		}},
	} {
		_, header, err := newWorld(t, tc.h).Get(context.Background(), "doctors", "/api/doctors/7")
		if !tc.want(err) || err == nil && header.Get("Date") == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := newWorld(t, says(200, `{}`)).Get(context.Background(), "doctors", "https://evil.test/api/x"); !as[*ForeignURLError](err) {
		t.Errorf("foreign: %v", err)
	}
}

func FuzzSplit(f *testing.F) {
	f.Add([]byte(onePage))
	f.Add([]byte(` {"a":"]}\\\"", "results" : [ {"b":"\\\\"},{ } ] , "next":null ,"c":[[1],{"results":[{}]}],"d":1.5 }`))
	f.Add([]byte("{\"data\":[{\"a\":1,\"a\":\"\xff\"},[]],\"next\":\"/x\",\"pagination\":{\"count\":1}}"))
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := split(body)
		slow := splitter{body: body}
		if want, slowErr := slow.run(); slowErr == nil && (err != nil || !cmp.Equal(e, want, cmp.AllowUnexported(envelope{}))) {
			t.Fatalf("split gives %+v, %v; want %+v", e, err, want)
		} else if _, ok := splitStrict(body, nil); ok && slowErr != nil {
			t.Fatalf("it passes for strict JSON, but %v", slowErr)
		}
		plain, ok := splitStrict(body, func(rows []byte) (string, *etl.Page) { return string(rows), nil })
		if alone, err := split([]byte(`{"results":[` + plain.digest + `]}`)); ok && (err != nil || !cmp.Equal(alone.rows, plain.rows)) {
			t.Fatalf("its rows are named by %q", plain.digest)
		}
		if err != nil {
			return
		}
		for _, r := range e.rows {
			if !bytes.Contains(body, r.Raw) || len(r.Raw) == 0 || cap(r.Raw) != len(r.Raw) {
				t.Fatalf("row %q is no part of the body", r.Raw)
			}
			if (r.Fault == "") != (r.Raw[0] == '{' && fault(r.Raw) == "") {
				t.Fatalf("row %q has fault %q", r.Raw, r.Fault)
			}
			_ = r.key()
		}
	})
}

func BenchmarkSplit(b *testing.B) {
	row := `{"id":90000011,"first_name":"Ada","last_name":"Roma","custom_demographics":[{"field_type":7001,"value":"Blue"}],"updated_at":"2025-02-11T16:40:05"},`
	body := []byte(`{"next":null,"results":[` + strings.Repeat(row, 999) + strings.TrimSuffix(row, ",") + `]}`)
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, err := split(body); err != nil {
			b.Fatal(err)
		}
	}
}
