package extract_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract"
	"github.com/chartbridge/chartbridge/extract/drchrono"
	store "github.com/chartbridge/chartbridge/sql"
)

const benchPage = 250

// benchSizes are the lists' lengths; a million only when it is asked for
// (CHARTBRIDGE_BENCH_ROWS=1000000, or any other lengths with commas between).
func benchSizes() []int {
	asked := os.Getenv("CHARTBRIDGE_BENCH_ROWS")
	if asked == "" {
		return []int{1_000, 10_000, 100_000}
	}
	var sizes []int
	for _, text := range strings.Split(asked, ",") {
		n, err := strconv.Atoi(text)
		if err != nil {
			panic("CHARTBRIDGE_BENCH_ROWS: " + err.Error())
		}
		sizes = append(sizes, n)
	}
	return sizes
}

// benchVendor serves a list of appointments of about 1.7 KB: 64 pages rendered
// beforehand, of which it changes only ids and next, so that it costs little
// beside whoever is measured.
type benchVendor struct {
	rows      int
	templates []benchTemplate
}

type benchTemplate struct {
	body []byte
	ids  []int // where the ten digits of each id stand
}

func newBenchVendor(b *testing.B, rows int) (*benchVendor, string) {
	b.Helper()
	v := &benchVendor{rows: rows}
	rng := rand.New(rand.NewSource(11))
	zipf, vocabulary := rand.NewZipf(rng, 1.07, 2.7, 7_999), benchWords(rng)
	for range min(64, (rows+benchPage-1)/benchPage) {
		var t benchTemplate
		for i := range benchPage {
			if i > 0 {
				t.body = append(t.body, ',')
			}
			t.ids = append(t.ids, len(t.body)+len(`{"id":"`))
			t.body = append(t.body, benchAppointment(rng, zipf, vocabulary)...)
		}
		v.templates = append(v.templates, t)
	}
	web := httptest.NewServer(v)
	b.Cleanup(web.Close)
	return v, web.URL
}

func (v *benchVendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	page, _ := strconv.Atoi(r.URL.Query().Get("page"))
	t := v.templates[page%len(v.templates)]
	next := "null"
	if (page+1)*benchPage < v.rows {
		next = fmt.Sprintf(`"http://%s/api/appointments?page=%d"`, r.Host, page+1)
	}
	head := `{"previous":null,"next":` + next + `,"results":[`
	body := append(append(make([]byte, 0, len(head)+len(t.body)+2), head...), t.body...)
	for i, at := range t.ids {
		copy(body[len(head)+at:], fmt.Sprintf("%010d", 1_000_000_000+page*benchPage+i))
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(body, "]}"...))
}

// bytes is the size of all rows' JSON.
func (v *benchVendor) bytes() int { return v.rows * len(v.templates[0].body) / benchPage }

// benchWords are 8,000 words made of syllables.
func benchWords(rng *rand.Rand) []string {
	syllables := strings.Fields("ba co de fi gu la me no pi ra se ti vo wen xan yor zel bre cla dro fle gri sho thu wha")
	list := make([]string, 8_000)
	for i := range list {
		for range 1 + rng.Intn(4) {
			list[i] += syllables[rng.Intn(len(syllables))]
		}
	}
	return list
}

// benchAppointment is one appointment. How often a word comes follows Zipf's
// law, as in any text; more even ones would pack worse than text does.
func benchAppointment(rng *rand.Rand, zipf *rand.Zipf, vocabulary []string) string {
	word := func() string { return vocabulary[zipf.Uint64()] }
	words := func(n int) string {
		list := make([]string, n)
		for i := range list {
			list[i] = word()
		}
		return strings.Join(list, " ")
	}
	day := time.Date(2025, 1, 1, 8, 0, 0, 0, time.UTC).Add(time.Duration(rng.Intn(400*96)) * 15 * time.Minute)
	return fmt.Sprintf(`{"id":"0000000000","patient":%d,"doctor":%d,"office":%d,"exam_room":%d,"scheduled_time":"%s","duration":%d,`+
		`"status":"%s","reason":"%s","notes":"%s","color":null,"profile":%d,"updated_at":"%s","created_at":"%s","created_by":%d,`+
		`"first_billed_date":null,"last_billed_date":null,"icd10_codes":["F84.0","F%d.%d"],"icd9_codes":[],"allow_overlapping":false,`+
		`"appt_is_break":false,"recurring_appointment":%v,"base_recurring_appointment":null,"is_walk_in":false,"is_virtual_base":false,`+
		`"deleted_flag":false,"supervising_provider":null,"primary_insurer_payer_id":"%05d","primary_insurer_name":"%s",`+
		`"primary_insurance_id_number":"W%09d","secondary_insurer_payer_id":"","secondary_insurer_name":"","secondary_insurance_id_number":"",`+
		`"billing_status":"","billing_provider":null,"billing_notes":[],"clinical_note":{"locked":%v,"updated_at":"%s","pdf":null},`+
		`"ins1_status":"%s","ins2_status":"","loinc_codes":[],"payment_profile":"Insurance","resubmit_claim_original_id":"","token":%d,`+
		`"vitals":{"height":null,"weight":null,"bmi":null,"blood_pressure_1":null,"blood_pressure_2":null,"temperature":null,"pulse":null},`+
		`"custom_vitals":[],"status_transitions":[{"appointment":null,"datetime":"%s","from_status":"","to_status":"%s"}],"reminders":[],"extended_updated_at":"%s"}`,
		80_000_000+rng.Intn(40_000), 200_000+rng.Intn(60), 300_000+rng.Intn(9), 1+rng.Intn(12), day.Format(naiveLayout), 15*(1+rng.Intn(8)),
		[]string{"Confirmed", "Complete", "Cancelled", "No Show", "Arrived", ""}[rng.Intn(6)], words(3+rng.Intn(4)), words(20+rng.Intn(40)),
		5000+rng.Intn(40), "2026-02-01T07:11:"+fmt.Sprintf("%02d", rng.Intn(60)), day.Add(-400*time.Hour).Format(naiveLayout), 900+rng.Intn(30),
		60+rng.Intn(30), rng.Intn(10), rng.Intn(2) == 0, rng.Intn(99_999), words(2), rng.Intn(1_000_000_000), rng.Intn(2) == 0,
		day.Format(naiveLayout), words(1), rng.Intn(1<<30), day.Format(naiveLayout), words(1), day.Format(naiveLayout))
}

// benchStage is a stage as cmd wires it: sealed, durable, with the call ledger.
func benchStage(b testing.TB, dir, url string) (*extract.Stage, *store.Store) {
	b.Helper()
	seal, err := store.NewSealer([]byte(strings.Repeat("k", 32)))
	if err != nil {
		b.Fatal(err)
	}
	s, err := store.Open(context.Background(), dir, seal, "bench")
	if err != nil {
		b.Fatal(err)
	}
	c := &clock{now: firstDay}
	ledger := &store.Ledger{Store: s, Clock: c, Spender: "nightly", Limits: store.Limits{PerWindow: 1 << 30, Window: time.Hour}}
	client, err := drchrono.New(drchrono.Options{BaseURL: url, ClientID: "c", ClientSecret: "s", Clock: c,
		Ledger: ledger, Tokens: benchTokens{}, MaxBody: 32 << 20, Recall: extract.Recall(s)})
	if err != nil {
		b.Fatal(err)
	}
	return &extract.Stage{Store: s, Pager: client, Clock: c, Overlap: 100_000 * time.Hour}, s
}

// benchTokens holds one token that does not run out.
type benchTokens struct{ drchrono.TokenStore }

func (benchTokens) Load(context.Context) (drchrono.Token, error) {
	return drchrono.Token{Generation: 1, Access: "a", ObtainedAt: firstDay, ExpiresAt: firstDay.AddDate(1, 0, 0)}, nil
}

func benchDrain(b testing.TB, st *extract.Stage, run string) {
	b.Helper()
	if err := st.Run(context.Background(), etl.Run{ID: "20260302T070000000Z-" + run, At: firstDay}, []string{"appointments"}); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkFirstLoad(b *testing.B) {
	for _, n := range benchSizes() {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			v, url := newBenchVendor(b, n)
			m := startMeter()
			for b.Loop() {
				dir := b.TempDir()
				st, s := benchStage(b, dir, url)
				benchDrain(b, st, "aa01")
				if err := s.Close(); err != nil {
					b.Fatal(err)
				}
				info, err := os.Stat(s.Path())
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(info.Size())/float64(v.bytes()), "db/json")
			}
			m.perRow(b, n)
		})
	}
}

func BenchmarkSameAgain(b *testing.B) {
	for _, n := range benchSizes() {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			_, url := newBenchVendor(b, n)
			st, s := benchStage(b, b.TempDir(), url)
			defer func() { _ = s.Close() }()
			benchDrain(b, st, "aa01")
			m := startMeter()
			for b.Loop() {
				benchDrain(b, st, "aa02")
			}
			m.perRow(b, n)
			c, err := s.Cursor(context.Background(), "appointments", extract.Nightly)
			if err != nil || c.Rows != n || c.Changed != 0 {
				b.Fatalf("the same again: %d rows, %d changed, %v; want %d, 0", c.Rows, c.Changed, err, n)
			}
		})
	}
}

// BenchmarkBareInsert writes the same rows, unsealed and not even split, with
// the settings that are shipped, a page in a transaction.
func BenchmarkBareInsert(b *testing.B) {
	for _, n := range benchSizes() {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			v, _ := newBenchVendor(b, n)
			m := startMeter()
			for b.Loop() {
				bareInsert(b, v, n)
			}
			m.perRow(b, n)
		})
	}
}

func bareInsert(b *testing.B, v *benchVendor, n int) {
	b.Helper()
	db, err := sql.Open("sqlite3", filepath.Join(b.TempDir(), "bare.db")+"?_journal_mode=WAL&_synchronous=FULL")
	must(b, err)
	db.SetMaxOpenConns(1)
	_, err = db.Exec(`PRAGMA page_size = 16384; VACUUM; CREATE TABLE raw (endpoint TEXT, id TEXT, updated_at TEXT, hash BLOB, payload BLOB, UNIQUE (endpoint, id))`)
	must(b, err)
	hash := make([]byte, 16)
	for done := 0; done < n; done += benchPage {
		t := v.templates[done/benchPage%len(v.templates)]
		tx, err := db.Begin()
		must(b, err)
		put, err := tx.Prepare(`INSERT INTO raw VALUES (?, ?, ?, ?, ?)`)
		must(b, err)
		for i, at := range t.ids {
			end := len(t.body)
			if i+1 < len(t.ids) {
				end = t.ids[i+1] - len(`,{"id":"`)
			}
			_, err := put.Exec("appointments", strconv.Itoa(1_000_000_000+done+i), "2026-02-01T07:11:00", hash, t.body[at-len(`{"id":"`):end])
			must(b, err)
		}
		must(b, tx.Commit())
	}
	must(b, db.Close())
}

// BenchmarkScripts runs the same job, unsealed, as scripts of other tools do
// it, from the same server. One that is not installed is left out.
func BenchmarkScripts(b *testing.B) {
	for _, tool := range [][]string{{"python3", "stage.py"}, {"node", "stage.js"}, {"curl", "bash", "stage-curl.sh"}} {
		if _, err := exec.LookPath(tool[0]); err != nil {
			continue
		}
		for _, n := range benchSizes() {
			b.Run(tool[0]+"/"+strconv.Itoa(n), func(b *testing.B) {
				_, url := newBenchVendor(b, n)
				program, script := tool[len(tool)-2], tool[len(tool)-1]
				m := startMeter()
				for b.Loop() {
					out, err := exec.Command(program, "../.ci/bench/"+script, url+"/api/appointments", filepath.Join(b.TempDir(), "s.db"), strconv.Itoa(n/benchPage)).CombinedOutput()
					if err != nil || strings.TrimSpace(string(out)) != strconv.Itoa(n) {
						b.Fatalf("%s staged %q, %v; want %d", script, out, err, n)
					}
				}
				m.perRow(b, n)
			})
		}
	}
}

// A meter begins when a benchmark's loop does.
type meter struct{ cpu time.Duration }

func startMeter() meter { return meter{cpuTime()} }

// perRow reports the time of a row by the clock, and that of all processors: of
// this process, which serves too, and of those that it waited for.
func (m meter) perRow(b *testing.B, n int) {
	cpu := cpuTime() - m.cpu
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(n), "us/row")
	b.ReportMetric(float64(cpu.Microseconds())/float64(b.N)/float64(n), "cpu-us/row")
}

func cpuTime() (d time.Duration) {
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var u syscall.Rusage
		if err := syscall.Getrusage(who, &u); err == nil {
			d += time.Duration(u.Utime.Nano() + u.Stime.Nano())
		}
	}
	return d
}

func must(b testing.TB, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}
