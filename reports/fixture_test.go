package reports

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	store "github.com/chartbridge/chartbridge/sql"
)

// canary stands in every patient's name: no file without PHI may hold it.
const canary = "Zanzibarcanary"

// nasty are texts that spreadsheets like to spoil.
var nasty = []string{"0012345", "1E5", "MAR1", "123456789012345678", "=cmd|' /C calc'!A0", "🙂 smile", "שלום עולם", "a\x00b\x1bc\rd",
	strings.Repeat("long ", 8000), "+15550100", "-1", "@SUM(A1)", "_x0041_", "bad\xffutf", "\u202egnitset"}

var fixtureRun = etl.Run{ID: "20260302T073000Z-4f2a", At: time.Date(2026, 3, 2, 7, 30, 0, 0, time.UTC), Trigger: "schedule"}

const earlierRun = "20260301T073000Z-11aa"

// A fixture is a staging database as a night leaves it.
type fixture struct {
	t     *testing.T
	store *store.Store
	seal  *store.Sealer
	db    *sql.DB
	tally map[[3]string]int
	id    int
}

// newFixture stages patients (the first ones with nasty ids or messages),
// visits and doctors, with an outcome each.
func newFixture(t *testing.T, patients int) *fixture {
	t.Helper()
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		t.Fatal(err)
	}
	seal, err := store.NewSealer(key)
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(context.Background(), t.TempDir(), seal, "test")
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite3", "file:"+s.Path())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	f := &fixture{t: t, store: s, seal: seal, db: db, tally: map[[3]string]int{}}
	f.exec("PRAGMA synchronous = OFF")
	f.exec("BEGIN")
	f.fill(patients)
	f.exec("COMMIT")
	return f
}

func (f *fixture) exec(query string, args ...any) {
	f.t.Helper()
	f.db.SetMaxOpenConns(1)
	if _, err := f.db.Exec(query, args...); err != nil {
		f.t.Fatalf("%s: %v", query, err)
	}
}

func (f *fixture) fill(patients int) {
	f.exec(`INSERT INTO run (id, trigger, started_at, finished_at, exit_code, note, dry, version, rules) VALUES (?, 'schedule', '2026-03-01T07:30:00.000Z', '2026-03-01T07:41:00.000Z', 4, '', 0, 'v1', 'x')`, earlierRun)
	f.exec(`INSERT INTO run (id, trigger, started_at, finished_at, exit_code, note, dry, version, rules) VALUES (?, 'schedule', '2026-03-02T07:30:00.000Z', '', -1, '', 0, 'v1', 'x')`, fixtureRun.ID)
	for i := range patients {
		id := fmt.Sprint(90001 + i)
		if i < len(nasty) && len(nasty[i]) < 30 {
			id = nasty[i]
		}
		f.patient(i, id)
	}
	for i := range patients * 2 {
		f.visit(i, fmt.Sprint(90001+max(len(nasty), i%patients)))
	}
	for i := range 6 {
		id := fmt.Sprint(410001 + i)
		f.record("doctors", id, "", 0, map[string]any{"id": id, "first_name": "Bo", "last_name": "Lin", "job_title": "BCBA", "is_account_suspended": false})
		f.target("rethink", "staff", "doctors", id, etl.Unchanged, "", etl.Problem{}, "", 0, nil)
	}
	f.stream("patients", "drained", patients)
	f.stream("appointments", "drained", patients*2)
	f.stream("doctors", "drained", 6)
	f.exec(`INSERT INTO stream (endpoint, lane, state, note, run) VALUES ('patient_authorizations', 'nightly', 'unavailable', 'DrChrono answers 403: the scope billing is missing', ?)`, fixtureRun.ID)
	for i := range 40 {
		status := 200
		if i%17 == 5 {
			status = 429
		}
		f.exec(`INSERT INTO call (at_ms, run, spender, endpoint, purpose, status) VALUES (?, ?, 'nightly', ?, 'page', ?)`,
			fixtureRun.At.Add(time.Duration(i)*time.Minute).UnixMilli(), fixtureRun.ID, []string{"patients", "appointments", "doctors"}[i%3], status)
	}
	f.exec(`UPDATE target SET hash = coalesce(hash, x'01'), acked_hash = coalesce(hash, x'01') WHERE outcome IN ('created', 'updated', 'unchanged')`)
	for k, n := range f.tally {
		f.exec(`INSERT INTO tally VALUES (?, ?, ?, ?, ?)`, fixtureRun.ID, k[0], k[1], k[2], n)
		if k[2] == string(etl.Created) && n > 1 {
			n--
		}
		f.exec(`INSERT INTO tally VALUES (?, ?, ?, ?, ?)`, earlierRun, k[0], k[1], k[2], n)
	}
}

func (f *fixture) stream(endpoint, state string, rows int) {
	f.exec(`INSERT INTO stream (endpoint, lane, page, rows, changed, state, run, drained_at) VALUES (?, 'nightly', ?, ?, ?, ?, ?, '2026-03-02T07:33:00.000Z')`,
		endpoint, rows/250+1, rows, rows/10, state, fixtureRun.ID)
	f.exec(`INSERT INTO fetched (run, endpoint, pages, rows, changed) VALUES (?, ?, ?, ?, ?)`, fixtureRun.ID, endpoint, rows/250+1, rows, rows/10)
}

func (f *fixture) patient(i int, id string) {
	doc := map[string]any{"id": id, "first_name": canary, "last_name": "Roma", "date_of_birth": "1984-03-09", "chart_id": "ROMA000001",
		"patient_status": "A", "primary_insurance": map[string]any{"insurance_company": "Example Health", "insurance_id_number": "W123456789"}}
	if i < len(nasty) {
		doc["last_name"], doc["chart_id"] = nasty[i], nasty[i]
	}
	f.record("patients", id, "", 1, doc)
	f.judged("rethink", "client", "patients", id, i, doc)
	f.judged("centralreach", "client", "patients", id, i+3, doc)
	f.target("rethink", "funder", "patients", id+"/primary", etl.Created, "", etl.Problem{}, "F"+id, 1, doc)
	if i%10 == 0 {
		f.target("central_registry", "discharge", "patients", id, etl.Held, etl.CauseApproval, etl.Problem{Code: etl.CauseApproval,
			Message: "a discharge is final: a person approves it first"}, "", 0,
			map[string]any{"crid": "123456789", "discharge_date": "2026-02-27", "discharge_reason": "7"})
		return
	}
	f.target("central_registry", "discharge", "patients", id, etl.Excluded, etl.CauseNoDischarge, etl.Problem{}, "", 0, nil)
}

func (f *fixture) visit(i int, patient string) {
	id := fmt.Sprint(700001 + i)
	doc := map[string]any{"id": id, "patient": patient, "doctor": 410001, "profile": 5501, "office": 1, "scheduled_time": "2026-03-05T09:15:00",
		"duration": 45, "status": "Confirmed"}
	f.record("appointments", id, patient, 0, doc)
	f.judged("rethink", "appointment", "appointments", id, i, doc)
}

// judged gives a record one of many fates, by its number.
func (f *fixture) judged(destination, object, endpoint, id string, i int, doc map[string]any) {
	theirs, none := fmt.Sprint(50000+i), etl.Problem{}
	switch i % 12 {
	case 0, 1, 2:
		f.target(destination, object, endpoint, id, etl.Created, "", none, theirs, 1, doc)
	case 3, 4:
		f.target(destination, object, endpoint, id, etl.Updated, "", none, theirs, 1, doc)
	case 5:
		p := etl.Problem{Field: "genderId", Code: etl.CodeLookup, Lookup: "gender", Key: "UNK", Message: "lookup gender has no id for the patient's gender; add it to the lookups file or MAP it"}
		f.target(destination, object, endpoint, id, etl.Invalid, etl.CodeLookup, p, "", 0, doc)
	case 6:
		p := etl.Problem{Field: "zip", Code: "E-4711", Message: "the destination refused the field; see its dictionary. " + nasty[i%len(nasty)]}
		f.target(destination, object, endpoint, id, etl.Rejected, "E-4711", p, "", 2, doc)
	case 7:
		p := etl.Problem{Code: etl.CauseNoAnswer, Message: "it was sent and no answer came; it rests and is then asked after"}
		f.target(destination, object, endpoint, id, etl.Uncertain, etl.CauseNoAnswer, p, "", 1, doc)
	case 8:
		p := etl.Problem{Code: etl.CauseReference, Message: "waits for staff 410001"}
		f.target(destination, object, endpoint, id, etl.Blocked, etl.CauseReference, p, "", 0, doc)
	case 9:
		p := etl.Problem{Code: etl.CauseUnreached, Message: "the destination could not be reached; it goes with the next run"}
		f.target(destination, object, endpoint, id, etl.Failed, etl.CauseUnreached, p, "", 1, doc)
	default:
		f.target(destination, object, endpoint, id, etl.Unchanged, "", none, theirs, 1, doc)
	}
}

func (f *fixture) record(endpoint, id, patient string, parts int, doc map[string]any) {
	raw, err := json.Marshal(doc)
	if err != nil {
		f.t.Fatal(err)
	}
	f.exec(`INSERT INTO record (endpoint, source_id, seq, hash, patient, parts, first_run, changed_run, payload) VALUES (?, ?, 1, x'00', ?, ?, ?, ?, ?)`,
		endpoint, id, patient, parts, earlierRun, earlierRun, f.seal.Seal(raw, "record", endpoint, id))
}

func (f *fixture) target(destination, object, endpoint, id string, o etl.Outcome, cause string, p etl.Problem, theirs string, attempts int, doc map[string]any) {
	f.id++
	var payload, hash []byte
	if doc != nil {
		body, err := json.Marshal(doc)
		if err != nil {
			f.t.Fatal(err)
		}
		payload, hash = f.seal.Seal(body, "target", destination, object, id), []byte(fmt.Sprintf("%032d", f.id))
	}
	run, stands := fixtureRun.ID, o
	carried := o == etl.Unchanged || (o == etl.Excluded && f.id%7 != 0)
	if carried {
		run = earlierRun
		if o == etl.Unchanged && f.id%2 == 0 {
			stands = etl.Created // acknowledged in the earlier run
		}
	}
	f.exec(`INSERT INTO target (id, destination, object, source_endpoint, source_id, payload, hash, outcome, cause, field, code, message, attempts, run)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, f.id, destination, object, endpoint, id, payload, hash, stands, cause, p.Field, p.Code, p.Message, attempts, run)
	if p.Code != "" {
		f.exec(`INSERT INTO problem VALUES (?, 0, ?, ?, ?, ?, ?)`, f.id, p.Field, p.Code, p.Message, p.Lookup, p.Key)
	}
	f.tally[[3]string{destination, object, string(o)}]++
	if carried {
		return
	}
	status := 0
	if attempts > 0 {
		status = map[etl.Outcome]int{etl.Rejected: 400, etl.Uncertain: 0, etl.Failed: 0}[o]
		if o == etl.Created || o == etl.Updated {
			status = 201
		}
	}
	for _, r := range []string{earlierRun, fixtureRun.ID} {
		if r == earlierRun && o != etl.Uncertain && o != etl.Held {
			continue
		}
		f.exec(`INSERT INTO result VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, r, f.id, o, cause, attempts, status, theirs, p.Field, p.Code, p.Message, hash,
			destination, object, endpoint, id)
	}
}

var fixtureObjects = []Object{
	{"rethink", "staff", "doctors", false, []Field{{"userName", "string", 50, true, "", "the user name of the users row whose doctor it is", []string{"users.username"}}}},
	{"rethink", "client", "patients", false, []Field{
		{"firstName", "string", 50, true, "", "first_name", []string{"patients.first_name"}},
		{"genderId", "integer", 0, true, "gender", "gender, by the lookup", []string{"patients.gender"}},
		{"dateOfBirth", "date", 10, true, "", "date_of_birth; a year before 1900 is a problem of the row, never a guess, and stands in the worklist until it is corrected in DrChrono", []string{"patients.date_of_birth"}}}},
	{"rethink", "funder", "patients", true, nil},
	{"rethink", "appointment", "appointments", false, nil},
	{"centralreach", "client", "patients", false, nil},
	{"central_registry", "discharge", "patients", false, nil},
}

func (f *fixture) options(dir string, level Level) Options {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		f.t.Fatal(err)
	}
	return Options{Run: fixtureRun, Finished: fixtureRun.At.Add(41 * time.Minute), ExitCode: 4, Good: true, Practice: "sunrise-aba", Zone: zone,
		Level: level, Dir: dir, Objects: fixtureObjects}
}

// write takes a snapshot and writes the files from it.
func (f *fixture) write(o Options) Files {
	f.t.Helper()
	snap, err := f.store.Snapshot(context.Background())
	if err != nil {
		f.t.Fatal(err)
	}
	files, err := Write(context.Background(), snap, o)
	if err != nil {
		f.t.Fatal(err)
	}
	if err := snap.Close(); err != nil {
		f.t.Fatal(err)
	}
	return files
}
