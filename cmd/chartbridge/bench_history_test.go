package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract"
)

// A history is a practice whose database holds many years: a small practice
// that went through a real first night, and copies of it under other ids that
// were staged and judged by the program and acknowledged by hand.
type history struct {
	*bench
	asked     *answering
	p         *practice
	templates map[string][]template // by endpoint
	copies    int
	rule      int // another one judges all again
}

// A template is a row of the small practice, as JSON.
type template struct {
	id, patient string
	raw         []byte
}

// benchRows are the sizes of histories, in appointments; a million only where
// it is asked for (CHARTBRIDGE_BENCH_ROWS=1000000, others with commas between).
func benchRows() []int {
	asked := os.Getenv("CHARTBRIDGE_BENCH_ROWS")
	if asked == "" {
		asked = "1000,10000"
	}
	var sizes []int
	for text := range strings.SplitSeq(asked, ",") {
		n, err := strconv.Atoi(text)
		if err != nil {
			panic("CHARTBRIDGE_BENCH_ROWS: " + err.Error())
		}
		sizes = append(sizes, n)
	}
	return sizes
}

// templateRows is the size of the small practice, in appointments.
const templateRows = 1000

// newHistory makes a history of so many appointments.
func newHistory(b *testing.B, appointments int) *history {
	b.Helper()
	h := newStaged(b, appointments)
	run := h.p.newRun("operator", false)
	h.judgeAll(run)
	h.acknowledge(run)
	return h
}

// newStaged makes a history whose copies are staged and not judged yet.
func newStaged(b *testing.B, appointments int) *history {
	b.Helper()
	h := &history{bench: newBench(b, templateRows), templates: map[string][]template{}}
	h.asked = h.timed()
	h.set("centralreach:\n  enabled: true", "centralreach:\n  enabled: false")
	h.set("central_registry:\n  enabled: true", "central_registry:\n  enabled: false")
	h.p = h.open()
	b.Cleanup(func() { _ = h.p.close() })
	n := h.night(runFlags{})
	if _, err := n.pass(b.Context()); err != nil && exitCode(err, 0) != exitAttention {
		b.Fatal(err)
	}
	h.readTemplates()
	h.copies = max(1, (appointments-templateRows)/len(h.templates["appointments"]))
	run := h.p.newRun("operator", false)
	for _, endpoint := range []string{"patients", "appointments"} {
		var rows []etl.Row
		for n := range h.copies {
			for i := range h.templates[endpoint] {
				rows = append(rows, h.row(endpoint, n, i))
			}
			if len(rows) > 4000 || n == h.copies-1 {
				h.stage(run, endpoint, rows)
				rows = rows[:0]
			}
		}
	}
	return h
}

// readTemplates takes the records that the small practice's first night
// brought there: of a long history only few wait.
func (h *history) readTemplates() {
	h.Helper()
	there := map[string]bool{}
	db := h.database()
	defer func() { _ = db.Close() }()
	rows, err := db.Query("SELECT source_endpoint || ' ' || source_id FROM target WHERE outcome = 'created'")
	if err != nil {
		h.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			h.Fatal(err)
		}
		there[id] = true
	}
	for _, endpoint := range []string{"patients", "appointments"} {
		for _, row := range h.v.Practice.Rows(endpoint) {
			raw, err := json.Marshal(row)
			if err != nil {
				h.Fatal(err)
			}
			e, _ := extract.Find(endpoint)
			if r := extract.ReadRow(e, raw, ""); there[endpoint+" "+r.ID] {
				h.templates[endpoint] = append(h.templates[endpoint], template{r.ID, r.Patient, raw})
			}
		}
	}
}

// row is a copy of a template's row: its ids begin with the copy's number.
func (h *history) row(endpoint string, n, i int) etl.Row {
	t := h.templates[endpoint][i]
	raw := t.raw
	prefix := strconv.Itoa(1000 + n)
	for _, member := range []struct{ name, id string }{{"id", t.id}, {"patient", t.patient}} {
		for _, form := range []string{`"%s":%s`, `"%s":"%s"`} {
			raw = bytes.Replace(raw, fmt.Appendf(nil, form, member.name, member.id), fmt.Appendf(nil, form, member.name, prefix+member.id), 1)
		}
	}
	e, _ := extract.Find(endpoint)
	return extract.ReadRow(e, raw, "")
}

// stage stages rows as a page of a lane of its own.
func (h *history) stage(run etl.Run, endpoint string, rows []etl.Row) {
	h.Helper()
	c, err := h.p.store.Cursor(h.Context(), endpoint, "history")
	if err != nil {
		h.Fatal(err)
	}
	c.State, c.Page = etl.StreamOpen, c.Page+1
	if _, err := h.p.store.StagePage(h.Context(), run, c, rows, false); err != nil {
		h.Fatal(err)
	}
}

func (h *history) night(f runFlags) *night {
	h.Helper()
	n, err := h.p.night(f, "operator")
	if err != nil {
		h.Fatal(err)
	}
	return n
}

// judgeAll maps what was staged.
func (h *history) judgeAll(run etl.Run) {
	h.Helper()
	n := h.night(runFlags{})
	n.run = run
	for _, d := range h.p.destinations() {
		d.settings = append(d.settings, h.rule)
		if err := n.transform(h.Context(), d); err != nil {
			h.Fatal(err)
		}
	}
}

// database opens the practice's database beside the program.
func (h *history) database() *sql.DB {
	h.Helper()
	db, err := sql.Open("sqlite3", "file:"+filepath.Join(h.p.config.DataDir, "chartbridge.db")+"?_synchronous=OFF&_busy_timeout=10000")
	if err != nil {
		h.Fatal(err)
	}
	return db
}

// acknowledge makes what maps what the destination has.
func (h *history) acknowledge(run etl.Run) {
	h.Helper()
	db := h.database()
	defer func() { _ = db.Close() }()
	for _, text := range []string{
		`INSERT OR IGNORE INTO crosswalk SELECT t.destination, t.object, t.source_id, c.target_id, 'created', ?1 FROM target t
		 JOIN crosswalk c ON c.destination = t.destination AND c.object = t.object AND c.source_id = substr(t.source_id, 5) WHERE t.run = ?1`,
		`INSERT INTO delivery (target, destination, object, source_id, op, state, hash, payload, run, process, intent_at, deadline)
		 SELECT t.id, t.destination, t.object, t.source_id, 'create', 'acknowledged', t.hash, t.payload, ?1, '', '', '' FROM target t
		 JOIN crosswalk c ON c.destination = t.destination AND c.object = t.object AND c.source_id = t.source_id
		 WHERE t.run = ?1 AND t.outcome IN ('failed', 'blocked') AND t.payload IS NOT NULL AND t.parent_id = ''`,
		`UPDATE target SET outcome = 'unchanged', cause = '', field = '', code = '', message = '', acked_hash = hash, acked_payload = payload
		 WHERE run = ?1 AND outcome IN ('failed', 'blocked') AND payload IS NOT NULL AND EXISTS
		 (SELECT 1 FROM crosswalk c WHERE c.destination = target.destination AND c.object = target.object AND c.source_id = target.source_id)`,
		`PRAGMA wal_checkpoint(TRUNCATE)`,
	} {
		args := []any{run.ID}
		if strings.HasPrefix(text, "PRAGMA") {
			args = nil
		}
		if _, err := db.Exec(text, args...); err != nil {
			h.Fatal(err)
		}
	}
}

// change gives a share of the appointments, spread over the whole history,
// other content, as a page does.
func (h *history) change(n int, turn int) {
	h.Helper()
	e, _ := extract.Find("appointments")
	rows := make([]etl.Row, 0, n)
	for i := range n {
		r := h.row("appointments", i*h.copies/n, i*7%len(h.templates["appointments"]))
		rows = append(rows, extract.ReadRow(e, duration.ReplaceAll(r.Raw, fmt.Appendf(nil, `"duration":%d`, 20+turn)), ""))
	}
	h.stage(h.p.newRun("operator", false), "appointments", rows)
}

var duration = regexp.MustCompile(`"duration":\d+`)
