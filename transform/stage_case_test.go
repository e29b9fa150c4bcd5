package transform_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/cmd/chartbridge/config"
	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract"
	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/load/rethink"
	"github.com/chartbridge/chartbridge/sql"
	"github.com/chartbridge/chartbridge/transform"
)

// A row is one record of DrChrono's, by member.
type row map[string]any

const lookups = `rethink:
  staffStatus: {false: 11, true: 12}
  gender: {Male: 1, Female: 2}
  funder: {"60054": 900, "60055": 901}
  serviceLine: 71
  appointmentType: {"501": 1, "502": 3}
  payCode: {"501": 31, "502": 32}
`

// A practice is a staging database with a stage that judges for Rethink.
type practice struct {
	t      *testing.T
	store  *sql.Store
	stage  *transform.Stage
	run    etl.Run
	chunks []string       // what OnChunk told of the last run
	judged map[string]int // by object, in the last run
	full   bool           // pages are full reads: what they lack is gone
}

func newPractice(t *testing.T) *practice {
	t.Helper()
	seal, err := sql.NewSealer(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	store, err := sql.Open(context.Background(), t.TempDir(), seal, "test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	p := &practice{t: t, store: store}
	p.stage = &transform.Stage{Store: store, Shapes: rethink.Shapes(nil), Rules: "1", OnChunk: p.onChunk,
		Env: transform.Env{Destination: rethink.Name, Now: time.Date(2026, 3, 1, 7, 30, 0, 0, time.UTC), Zone: time.UTC, GoLive: "2026-01-01",
			Constants: map[string][]transform.Constant{"authorization": {{Name: "authorizationSubmissionTypeID", JSON: "1"}}}}}
	p.lookups(lookups)
	p.begin("r1")
	return p
}

func (p *practice) onChunk(_, object string, judged, of int) {
	p.chunks = append(p.chunks, fmt.Sprintf("%s %d/%d", object, judged, of))
	p.judged[object] = judged
}

func (p *practice) lookups(text string) {
	p.t.Helper()
	l, err := config.ParseLookups("lookups.yaml", []byte(text))
	p.must(err)
	p.stage.Env.Lookups = l
}

func (p *practice) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *practice) begin(run string) {
	p.t.Helper()
	p.run = etl.Run{ID: run, At: p.stage.Env.Now, Trigger: "test"}
	p.must(p.store.OpenRun(context.Background(), p.run, "test", ""))
}

// pull stages a page that drains its endpoint.
func (p *practice) pull(endpoint string, rows ...row) {
	p.t.Helper()
	e, ok := extract.Find(endpoint)
	if !ok {
		p.t.Fatalf("%s is in no catalogue", endpoint)
	}
	var page []etl.Row
	for _, r := range rows {
		raw, err := json.Marshal(r)
		p.must(err)
		page = append(page, extract.ReadRow(e, raw, ""))
	}
	p.put(endpoint, page...)
}

func (p *practice) put(endpoint string, page ...etl.Row) {
	p.t.Helper()
	c := etl.Cursor{Endpoint: endpoint, Lane: extract.Nightly, State: etl.StreamDrained}
	_, err := p.store.StagePage(context.Background(), p.run, c, page, p.full)
	p.must(err)
}

// judge runs the stage and notes what it judged.
func (p *practice) judge() {
	p.t.Helper()
	p.chunks, p.judged = nil, map[string]int{}
	p.must(p.stage.Run(context.Background(), p.run))
}

// target reads a target, as the next judging would see it.
func (p *practice) target(object, endpoint, id string) etl.Target {
	p.t.Helper()
	known, err := p.store.Known(context.Background(), rethink.Name, object, []etl.Source{{Ref: etl.Ref{Endpoint: endpoint, ID: id}}}, false)
	p.must(err)
	return known[id]
}

func (p *practice) client(id string) etl.Target { return p.target("client", "patients", id) }

func (p *practice) funder(id string) etl.Target { return p.target("funder", "patients", id) }

func (p *practice) visit(id string) etl.Target { return p.target("appointment", "appointments", id) }

func (p *practice) want(t etl.Target, outcome etl.Outcome, cause string) {
	p.t.Helper()
	if t.Outcome != outcome || t.Cause != cause {
		p.t.Errorf("it is %q %q %v, want %q %q", t.Outcome, t.Cause, t.Problems, outcome, cause)
	}
}

// wantJudged compares how many records of each object the last run judged.
func (p *practice) wantJudged(want map[string]int) {
	p.t.Helper()
	for _, s := range rethink.Shapes(nil) {
		if p.judged[s.Object] != want[s.Object] {
			p.t.Errorf("%d of %s were judged, want %d", p.judged[s.Object], s.Object, want[s.Object])
		}
	}
}

// due lists what would be sent of an object.
func (p *practice) due(object string) []load.Due {
	p.t.Helper()
	due, err := p.store.Due(context.Background(), rethink.Name, object, 0, 1000, p.run.At)
	p.must(err)
	return due
}

// send commits the intent to send everything that is due of an object, and an
// answer of that kind to each; with no kind, none comes.
func (p *practice) send(object string, kind load.Kind) {
	p.t.Helper()
	for _, d := range p.due(object) {
		d.Op = etl.Create
		if d.TargetID != "" {
			d.Op = etl.Update
		}
		intent := load.Intent{Delivery: d.Delivery, At: p.run.At, Deadline: p.run.At.Add(time.Minute)}
		ids, err := p.store.Commit(context.Background(), p.run, nil, nil, []load.Intent{intent})
		p.must(err)
		if kind == "" {
			continue
		}
		d.ID = ids[0]
		answer := load.Answer{Kind: kind, Status: 200, Inside: map[string]load.Nested{}}
		switch kind {
		case load.Acknowledged:
			answer.TargetID = "7" + d.SourceID
			for _, n := range d.Needs {
				answer.Inside[n.Path] = load.Nested{TargetID: "8" + d.SourceID}
			}
		case load.Rejected:
			answer.Problem = etl.Problem{Field: "firstName", Code: "refused", Message: "they refused it"}
		}
		_, err = p.store.Commit(context.Background(), p.run, []load.Done{{Delivery: d.Delivery, Answer: answer, Attempts: 1,
			SettledBy: "answer", At: p.run.At}}, nil, nil)
		p.must(err)
	}
}

func insured(payer string) row {
	return row{"insurance_company": "Example Mutual", "insurance_payer_id": payer}
}

func aDoctor(id int) row {
	return row{"id": id, "first_name": "Ada", "last_name": "Roma", "timezone": "America/New_York"}
}

func aUser(doctor int) row {
	return row{"id": doctor + 9000, "doctor": doctor, "username": "ada.roma", "is_doctor": true}
}

func aPatient(id int, last string) row {
	return row{"id": id, "doctor": 1, "first_name": "Bo", "last_name": last, "date_of_birth": "2019-04-05", "gender": "Female",
		"primary_insurance": insured("60054")}
}

func aVisit(id, patient, doctor int) row {
	return row{"id": fmt.Sprint(id), "patient": patient, "doctor": doctor, "profile": 501, "duration": 60, "scheduled_time": "2026-02-10T14:30:00"}
}

func anAuthorization(id, patient int) row {
	return row{"id": id, "patient": patient, "auth_number": "A1", "start_date": "2026-01-01", "end_date": "2026-06-30"}
}

// aDay is a practice with two doctors, three patients, three visits and an
// authorization, all judged once.
func aDay(t *testing.T) *practice {
	t.Helper()
	p := newPractice(t)
	p.pull("doctors", aDoctor(1), aDoctor(2))
	p.pull("users", aUser(1), aUser(2))
	p.pull("patients", aPatient(11, "Lin"), aPatient(12, "Roe"), aPatient(13, "Poe"))
	p.pull("patient_authorizations", anAuthorization(31, 11))
	p.pull("appointments", aVisit(21, 11, 1), aVisit(22, 11, 2), aVisit(23, 12, 1))
	p.judge()
	return p
}
