package extract_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract/drchronotest"
)

// sinces are the lower bounds that an endpoint's calls asked for.
func (w *world) sinces(endpoint string) (list []string) {
	for _, c := range w.calls(endpoint) {
		q, err := url.ParseQuery(c.Query)
		if err != nil {
			w.t.Fatal(err)
		}
		list = append(list, q.Get("since")+q.Get("updated_since"))
	}
	return list
}

func (w *world) lastSince(endpoint string) string {
	list := w.sinces(endpoint)
	return list[len(list)-1]
}

// newest is the latest stamp that the vendor holds.
func (w *world) newest(endpoint string) string {
	newest := ""
	for _, row := range w.practice.Rows(endpoint) {
		newest = max(newest, text(row["updated_at"]))
	}
	return newest
}

func before(stamp string, d time.Duration) string {
	t, err := time.Parse(naiveLayout, stamp)
	if err != nil {
		panic(err)
	}
	return t.Add(-d).Format(naiveLayout)
}

// The watermark comes from the rows; our own clock, a year ahead here, has no
// part in it.
func TestWatermarkIsTheServers(t *testing.T) {
	w := newWorld(t, newPractice())
	w.stage.Clock = &clock{now: firstDay.AddDate(1, 0, 0)}
	w.good("patients")
	want := w.newest("patients")
	if got := w.cursor("patients").Watermark; got != want {
		t.Errorf("watermark %q, want the newest stamp %q", got, want)
	}
	w.good("patients")
	if got := w.lastSince("patients"); got != before(want, 25*time.Hour) {
		t.Errorf("the second night asks since %q, want 25 hours before %q", got, want)
	}
	if got := w.sinces("patients")[0]; got != "" {
		t.Errorf("the first night asks since %q, want everything", got)
	}
}

// page is a hand-made page of one patient for each stamp.
func page(next string, stamps ...string) string {
	rows := make([]string, len(stamps))
	for i, s := range stamps {
		rows[i] = `{"id":` + string(rune('1'+i)) + `,"updated_at":` + s + `}`
	}
	return `{"next":` + next + `,"results":[` + strings.Join(rows, ",") + `]}`
}

func TestWatermarkOfStamps(t *testing.T) {
	began := firstDay.Add(time.Minute).Format(naiveLayout)
	tests := []struct {
		name   string
		stamps []string
		want   string
	}{
		{"floored", []string{`"2026-02-01T10:00:00.987654"`}, "2026-02-01T10:00:00"},
		{"a space for the T", []string{`"2026-02-01 10:00:00"`, `"2026-01-31T23:59:59"`}, "2026-02-01T10:00:00"},
		{"a date alone", []string{`"2026-02-01"`}, "2026-02-01T00:00:00"},
		{"in the future", []string{`"2199-01-01T00:00:00"`, `"2026-02-01T10:00:00"`}, began},
		{"hours ahead of the server", []string{`"2026-03-02T19:00:00"`}, began},
		{"no date beside a date", []string{`"rubbish"`, `"2026-02-01T10:00:00"`}, "2026-02-01T10:00:00"},
		{"no date at all", []string{`"rubbish"`, `null`, `17`, `{}`}, began},
		{"no row", nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, newPractice())
			w.vendor.Inject(answer(drchronotest.On("patients"), 1, page("null", tt.stamps...)))
			w.good("patients")
			if got := w.cursor("patients").Watermark; got != tt.want {
				t.Errorf("watermark %q, want %q", got, tt.want)
			}
		})
	}
}

func TestWatermarkTakesNoStepBack(t *testing.T) {
	w := newWorld(t, newPractice())
	w.good("patients")
	want := w.cursor("patients").Watermark
	w.vendor.Inject(answer(drchronotest.On("patients"), 1, page("null", `"2020-01-01T00:00:00"`)))
	w.good("patients")
	if got := w.cursor("patients").Watermark; got != want {
		t.Errorf("watermark %q, want it to stay at %q", got, want)
	}
}

// The watermark moves at the end of the stream and not before.
func TestWatermarkWaitsForTheEnd(t *testing.T) {
	w := newWorld(t, newPractice(), smallPages)
	var seen []string
	w.stage.OnPage = func(c etl.Cursor) { seen = append(seen, c.Watermark) }
	w.good("patients")
	if len(seen) < 3 || seen[len(seen)-1] == "" || slices.IndexFunc(seen, func(s string) bool { return s != "" }) != len(seen)-1 {
		t.Errorf("watermarks after each page %q, want one after the last alone", seen)
	}
}

// What only the overlap brings is counted: a row that was stamped before the
// watermark and showed up after it.
func TestCaught(t *testing.T) {
	w := newWorld(t, newPractice())
	w.good("patients")
	mark := w.cursor("patients").Watermark
	ids := w.held("patients", "id")
	w.change("patients", ids[0], map[string]any{"city": "Latetown", "updated_at": before(mark, 3*time.Hour)})
	w.change("patients", ids[1], map[string]any{"city": "Newtown"})
	w.good("patients")
	if c := w.cursor("patients"); c.Changed != 2 || c.Caught != 1 {
		t.Errorf("%d rows changed, %d caught by the overlap; want 2 and 1", c.Changed, c.Caught)
	}
	w.same("patients", "city")
}

// Streams whose rows bear no stamp go by the server's clock when the drain
// began, and reach a day further back.
func TestStreamsWithoutStamps(t *testing.T) {
	w := newWorld(t, newPractice(), smallPages)
	w.before = func(int, *http.Request) { w.clock.pass(time.Hour) } // each page takes an hour
	w.good("clinical_notes")
	began := firstDay.Add(time.Minute + time.Hour).Format(naiveLayout)
	c := w.cursor("clinical_notes")
	if c.Page < 2 || c.Watermark != began {
		t.Fatalf("watermark %q after %d pages, want %q, the server's clock at the first", c.Watermark, c.Page, began)
	}
	w.good("clinical_notes")
	if got, want := w.lastSince("clinical_notes"), before(began, 49*time.Hour); got != want {
		t.Errorf("the second night asks since %q, want %q", got, want)
	}
}

// Where the filter speaks of creation, a window is read again each night.
func TestTrailingWindow(t *testing.T) {
	w := newWorld(t, newPractice())
	w.good("lab_orders")
	mark := w.cursor("lab_orders").Watermark
	w.good("lab_orders")
	if got, want := w.lastSince("lab_orders"), before(mark, 60*24*time.Hour+25*time.Hour); got != want {
		t.Errorf("the second night asks since %q, want %q", got, want)
	}
}

// Lists that are refused without a filter are asked for everything by name.
func TestRequiredFilter(t *testing.T) {
	w := newWorld(t, newPractice())
	w.good("appointments", "clinical_notes", "insurances")
	for _, e := range []string{"appointments", "clinical_notes"} {
		if got := w.sinces(e)[0]; got != "1970-01-01T00:00:00" {
			t.Errorf("%s is first asked since %q, want the beginning", e, got)
		}
	}
	if got := len(w.calls("insurances")); got != 3 {
		t.Errorf("%d calls to insurances, want one for each payer type", got)
	}
	for _, kind := range []string{"emdeon/", "gateway/", "ihcfa/"} {
		if !slices.ContainsFunc(w.ids("insurances"), func(id string) bool { return strings.HasPrefix(id, kind) }) {
			t.Errorf("no payer of %s is staged", kind)
		}
	}
}

func TestBothPagingStyles(t *testing.T) {
	for _, cursor := range []bool{false, true} {
		w := newWorld(t, newPractice(), smallPages, bothStyles(cursor))
		w.good("patients", "doctors")
		w.same("patients", "last_name", "patient_status", "primary_insurance", "updated_at")
		w.same("doctors", "last_name")
	}
}

// Inactive and deceased patients and deleted visits come in, though DrChrono
// hides them unless it is asked for them.
func TestHiddenRowsComeIn(t *testing.T) {
	w := newWorld(t, newPractice())
	ids, visits := w.held("patients", "id"), w.held("appointments", "id")
	w.change("patients", ids[0], map[string]any{"patient_status": "I"})
	w.change("patients", ids[1], map[string]any{"patient_status": "D"})
	w.change("appointments", visits[0], map[string]any{"deleted_flag": true})
	w.good("patients", "appointments")
	for endpoint, list := range map[string][]string{"patients": ids[:2], "appointments": visits[:1]} {
		for _, id := range list {
			if _, ok := w.staged(endpoint)[id]; !ok {
				t.Errorf("%s %s is not staged", endpoint, id)
			}
		}
	}
}

// A server that tells no clock: the watermark is the newest stamp that is not
// later than our clock, which is no watermark itself (drchrono-facts, section 5).
func TestNoServerClock(t *testing.T) {
	w := newWorld(t, newPractice())
	w.vendor.Inject(silent())
	w.change("patients", w.held("patients", "id")[0], map[string]any{"updated_at": "2199-01-01T00:00:00"})
	want := ""
	for _, row := range w.practice.Rows("patients")[1:] {
		want = max(want, text(row["updated_at"]))
	}
	w.good("patients", "doctors")
	if c := w.cursor("patients"); c.State != etl.StreamDrained || c.Watermark != want || c.Note != "" {
		t.Errorf("state %s, watermark %q, note %q; want it at %q, the newest stamp that is not of the future", c.State, c.Watermark, c.Note, want)
	}
	if c := w.cursor("doctors"); c.Note != "" {
		t.Errorf("a list that is read in full notes %q", c.Note)
	}
	w.change("patients", w.held("patients", "id")[0], map[string]any{"updated_at": "2026-02-28T00:00:00"})
	w.stage.Clock = &clock{now: firstDay.AddDate(1, 0, 0)}
	w.good("appointments")
	if got, want := w.cursor("appointments").Watermark, w.newest("appointments"); got != want {
		t.Errorf("watermark %q, want the newest stamp, %q", got, want)
	}
}

// Where neither the server tells its clock nor rows bear a stamp, the watermark
// stays, and the note says why.
func TestNoServerClockAndNoStamp(t *testing.T) {
	w := newWorld(t, newPractice())
	w.vendor.Inject(drchronotest.Fault{Match: drchronotest.On("patients"), Do: func(rw http.ResponseWriter, _ *http.Request, _ http.Handler) {
		_, _ = noDate{rw}.Write([]byte(page("null", `"rubbish"`)))
	}})
	w.vendor.Inject(silent())
	w.good("clinical_notes", "patients")
	for _, e := range []string{"clinical_notes", "patients"} {
		if c := w.cursor(e); c.State != etl.StreamDrained || c.Watermark != "" || !strings.Contains(c.Note, "Date") {
			t.Errorf("%s: state %s, watermark %q, note %q; want it drained, the watermark still, and why", e, c.State, c.Watermark, c.Note)
		}
	}
	w.vendor.ClearFaults()
	w.good("clinical_notes")
	if c := w.cursor("clinical_notes"); c.Watermark == "" || c.Note != "" {
		t.Errorf("watermark %q, note %q once the server tells its clock", c.Watermark, c.Note)
	}
}

// Where a list of more than one page bears no stamp that can be used, the clock
// that counts is the server's at the first page: without it the watermark stays.
func TestAClockOnOnePageAlone(t *testing.T) {
	for _, tt := range []struct {
		name  string
		dated int // the page that bears a Date
		stamp string
		want  string
	}{
		{"the last", 2, `"rubbish"`, ""},
		{"the last, and stamps of the future", 2, `"2199-01-01T00:00:00"`, ""},
		{"the first", 1, `"rubbish"`, firstDay.Add(time.Minute).Format(naiveLayout)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, newPractice())
			next := `"` + w.web.URL + `/api/patients?page=2"`
			for i, body := range []string{page(next, tt.stamp), page("null", tt.stamp, tt.stamp)} {
				w.vendor.Inject(drchronotest.Fault{Match: isPage("patients", i+1), Do: func(rw http.ResponseWriter, _ *http.Request, _ http.Handler) {
					if i+1 != tt.dated {
						rw = noDate{rw}
					}
					_, _ = rw.Write([]byte(body))
				}})
			}
			w.good("patients")
			c := w.cursor("patients")
			if c.State != etl.StreamDrained || c.Page != 2 || c.Watermark != tt.want || strings.Contains(c.Note, "bears no Date") != (tt.want == "") {
				t.Errorf("state %s after %d pages, watermark %q, note %q; want watermark %q, and a note where it stays", c.State, c.Page, c.Watermark, c.Note, tt.want)
			}
		})
	}
}

// silent has every answer come without a Date.
func silent() drchronotest.Fault {
	return drchronotest.Fault{Times: -1, Do: func(rw http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(noDate{rw}, r)
	}}
}

// noDate sends no Date.
type noDate struct{ http.ResponseWriter }

func (w noDate) WriteHeader(status int) {
	w.Header()["Date"] = nil
	w.ResponseWriter.WriteHeader(status)
}

func (w noDate) Write(b []byte) (int, error) {
	w.Header()["Date"] = nil
	return w.ResponseWriter.Write(b)
}
