package extract_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract"
	"github.com/chartbridge/chartbridge/extract/drchronotest"
	"github.com/google/go-cmp/cmp"
)

func object(t *testing.T, raw []byte) map[string]any {
	t.Helper()
	var m map[string]any
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	if err := d.Decode(&m); err != nil {
		t.Fatal(err)
	}
	return m
}

func atoi(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		panic(err)
	}
	return n
}

func bothStyles(cursor bool) func(*drchronotest.Options) {
	return func(o *drchronotest.Options) { o.Cursor, o.DataKey = cursor, cursor }
}

// isPage matches the n-th page of an endpoint's list.
func isPage(endpoint string, n int) func(*http.Request) bool {
	on := drchronotest.On(endpoint)
	return func(r *http.Request) bool {
		page := r.URL.Query().Get("page")
		return on(r) && (page == strconv.Itoa(n) || page == "" && n == 1)
	}
}

// onPage spoils the n-th page of an endpoint once.
func onPage(endpoint string, n int, fault func(func(*http.Request) bool, int) drchronotest.Fault) drchronotest.Fault {
	return fault(isPage(endpoint, n), 1)
}

func answer(match func(*http.Request) bool, times int, body string) drchronotest.Fault {
	return drchronotest.Status(match, times, 200, body)
}

func emptyList(endpoint string) drchronotest.Fault {
	return answer(drchronotest.On(endpoint), 1, `{"next":null,"previous":null,"results":[]}`)
}

// badPages spoil a page for ever: no retry and no smaller page cures it.
var badPages = map[string]func(match func(*http.Request) bool) drchronotest.Fault{
	"broken JSON": func(m func(*http.Request) bool) drchronotest.Fault { return drchronotest.BrokenJSON(m, -1) },
	"HTML":        func(m func(*http.Request) bool) drchronotest.Fault { return drchronotest.HTML200(m, -1) },
	"no results":  func(m func(*http.Request) bool) drchronotest.Fault { return drchronotest.NoResults(m, -1) },
	"truncated":   func(m func(*http.Request) bool) drchronotest.Fault { return drchronotest.Truncated(m, -1) },
	"gzip bomb":   func(m func(*http.Request) bool) drchronotest.Fault { return drchronotest.GzipBomb(m, -1, 64<<20) },
	"foreign next": func(m func(*http.Request) bool) drchronotest.Fault {
		return drchronotest.ForeignNext(m, 1, "elsewhere.test")
	},
	"deep JSON": func(m func(*http.Request) bool) drchronotest.Fault {
		return answer(m, -1, `{"next":null,"results":[],"more":`+strings.Repeat("[", 100)+strings.Repeat("]", 100)+`}`)
	},
	"a name twice": func(m func(*http.Request) bool) drchronotest.Fault {
		return answer(m, -1, `{"next":null,"next":null,"results":[]}`)
	},
	"bad UTF-8": func(m func(*http.Request) bool) drchronotest.Fault {
		return answer(m, -1, "{\"next\":\"\xff\",\"results\":[]}")
	},
	"server error": func(m func(*http.Request) bool) drchronotest.Fault { return drchronotest.Status(m, -1, 500, `{}`) },
}

// TestABadPageIsAskedForAgain: HTML with 200 and broken JSON come now and then;
// they cost a call, not the night (drchrono-facts, section 9).
func TestABadPageIsAskedForAgain(t *testing.T) {
	for _, fault := range []func(func(*http.Request) bool, int) drchronotest.Fault{drchronotest.HTML200, drchronotest.BrokenJSON, drchronotest.NoResults} {
		w := newWorld(t, newPractice(), smallPages)
		w.vendor.Inject(onPage("patients", 2, fault))
		w.good("patients")
		w.same("patients", "last_name")
	}
}

func TestBadPage(t *testing.T) {
	practice := newPractice()
	for name, fault := range badPages {
		for _, n := range []int{1, 2} {
			t.Run(fmt.Sprint(name, " on page ", n), func(t *testing.T) { badPage(t, practice, name, fault, n) })
		}
	}
}

func badPage(t *testing.T, p *drchronotest.Practice, name string, fault func(func(*http.Request) bool) drchronotest.Fault, n int) {
	w := newWorld(t, p, smallPages)
	w.vendor.Inject(fault(isPage("patients", n)))
	err := w.night("patients", "medications")
	var streams *extract.StreamsError
	if !errors.As(err, &streams) || len(streams.Streams) != 1 {
		t.Fatalf("the night ends with %v, want one failed stream", err)
	}
	if !strings.Contains(err.Error(), "patients") || name != "server error" && !strings.Contains(err.Error(), fmt.Sprint("page ", n)) {
		t.Errorf("the error %q names not both endpoint and page %d", err, n)
	}
	if got, want := len(w.ids("patients")), 12*(n-1); got != want {
		t.Errorf("%d patients are staged, want the %d of the pages before", got, want)
	}
	c := w.cursor("patients")
	if c.State != etl.StreamFailed || c.Watermark != "" || c.Page != n-1 || (c.Next == "") != (n == 1) {
		t.Errorf("cursor %+v; want failed after page %d, without a watermark", c, n-1)
	}
	if got := w.cursor("medications").State; got != etl.StreamDrained {
		t.Errorf("medications are %s, want them drained: other streams go on", got)
	}
	w.vendor.ClearFaults()
	before := w.asked // the journal may still wait for a call that was hung up on
	w.good("patients")
	if diff := cmp.Diff(w.held("patients", "id"), w.ids("patients")); diff != "" {
		t.Errorf("after the next run (-vendor +staged):\n%s", diff)
	}
	pages := (len(w.ids("patients")) + 11) / 12
	if got, want := w.asked-before, pages-(n-1); got != want {
		t.Errorf("the next run asked %d pages, want the %d that were missing", got, want)
	}
}

// A server that repeats a page for ever does not get a night further than to
// the first repeated page, however many nights it takes. A night begins the list
// anew once, and says what the next one does.
func TestRepeatedPage(t *testing.T) {
	w := newWorld(t, newPractice(), smallPages)
	w.vendor.Inject(drchronotest.RepeatedPage(drchronotest.On("patients"), -1))
	for night := range 3 {
		before := w.asked
		err := w.night("patients")
		if err == nil || !strings.Contains(err.Error(), "page 2 repeats the records") || !strings.Contains(err.Error(), "begins the list anew") {
			t.Fatalf("night %d ends with %v, want the repeated page named", night, err)
		}
		if c := w.cursor("patients"); c.Page != 1 || c.Watermark != "" || c.Next == "" {
			t.Errorf("night %d: cursor %+v, want it to stay after page 1", night, c)
		}
		if want := map[bool]int{true: 4, false: 3}[night == 0]; w.asked-before != want {
			t.Errorf("night %d asks %d pages, want %d: the repeated one, and two once anew", night, w.asked-before, want)
		}
	}
	w.vendor.ClearFaults()
	w.good("patients")
	if diff := cmp.Diff(w.held("patients", "id"), w.ids("patients")); diff != "" {
		t.Errorf("after the fault (-vendor +staged):\n%s", diff)
	}
}

// What no list of one endpoint could cure stops the night at once.
func TestStopsAll(t *testing.T) {
	w := newWorld(t, newPractice(), smallPages)
	w.vendor.Inject(drchronotest.Reset(nil, -1))
	err := w.night("patients", "medications")
	var streams *extract.StreamsError
	if err == nil || errors.As(err, &streams) {
		t.Fatalf("the night ends with %v, want it stopped", err)
	}
	if got := w.cursor("medications").State; got != etl.StreamNew {
		t.Errorf("medications are %s, want them untouched", got)
	}
}

// A row that cannot be read does not stop its page; the stream's note names the
// page and says what is wrong.
func TestBadRowIsNamed(t *testing.T) {
	for fault, row := range map[string]string{
		"has a name twice":        `{"id":7,"first_name":"Canary","first_name":"Bo"}`,
		"not valid UTF-8":         "{\"id\":7,\"first_name\":\"Canary\xff\"}",
		"deeper than 64 levels":   `{"id":7,"x":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`,
		"it is not a JSON object": `[7]`,
	} {
		w := newWorld(t, newPractice())
		w.vendor.Inject(drchronotest.Status(drchronotest.On("doctors"), 1, 200, `{"results":[`+row+`,{"id":8}],"next":null}`))
		w.good("doctors")
		if note := w.cursor("doctors").Note; !strings.Contains(note, "1 of the records on page 1 cannot be read (") || !strings.Contains(note, fault) || strings.Contains(note, "Canary") {
			t.Errorf("note %q, want page 1 and %q", note, fault)
		}
		if got := len(w.ids("doctors")); got != 2 {
			t.Errorf("%s: %d records are staged, want both", fault, got)
		}
	}
}
