package transform_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/cmd/chartbridge/config"
	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract"
	"github.com/chartbridge/chartbridge/load/centralreach"
	"github.com/chartbridge/chartbridge/load/centralregistry"
	"github.com/chartbridge/chartbridge/load/rethink"
	"github.com/chartbridge/chartbridge/sql"
	"github.com/chartbridge/chartbridge/transform"
	"github.com/google/go-cmp/cmp"
)

// An observed store tells which targets are saved, in their order.
type observed struct {
	*sql.Store
	saved []string
}

func (o *observed) PutTargets(ctx context.Context, run etl.Run, put []etl.Target, drop []int64) error {
	for _, t := range put {
		line := fmt.Sprintf("%s %s %s %s%s %x %x %s", t.Destination, t.Object, t.Source.ID, t.Outcome, t.Cause, t.Hash, t.Twin, t.Payload)
		for _, p := range t.Problems {
			line += fmt.Sprintf("\n    %s %s: %s", p.Field, p.Code, p.Message)
		}
		o.saved = append(o.saved, line)
	}
	return o.Store.PutTargets(ctx, run, put, drop)
}

// goldenRows hold what costs a mapping its plain way: escapes, letters beyond
// ASCII, blanks around, lines, numbers as texts, "" for lists.
var goldenRows = []struct{ endpoint, rows string }{
	{"doctors", `{"id":1,"first_name":"Ada","last_name":"O'Roma \"Q\"","timezone":"America/New_York","is_account_suspended":false,"npi_number":"1234567893","job_title":"BCBA\\x","suffix":"","email":"a@example.test"}
{"id":"2","first_name":" Bé ","last_name":"L\u0069n","timezone":"","is_account_suspended":true,"npi_number":""}`},
	{"users", `{"id":"41","doctor":"1","username":"ada.roma","email":"ada@example.test","is_doctor":true}
{"id":42,"doctor":2,"username":"bé.lin","email":"be@example.test","is_doctor":true}`},
	{"patients", `{"id":11,"chart_id":"C1","doctor":1,"first_name":"Bo","middle_name":"  maria","last_name":"Lin","nick_name":"","date_of_birth":"2019-04-05","gender":"Female","patient_status":"A","address":"1 Test Way\r\nApt \"2\"\tB","city":"Sampleton","state":"NY","zip_code":"10001-1234","email":"b@example.test","home_phone":"(555) 010-0123","cell_phone":"1-555-010-0124","responsible_party_name":"Ünal <&> Lin","offices":[3001,"3002",null],"custom_demographics":[{"field_type":7001,"value":"000456789"},{"field_type":"7002","value":"2026-01-15"},{"field_type":7003,"value":"2"},{"field_type":7004,"value":"2026-02-28"},{"field_type":7005,"value":"2026-02-28"},{"field_type":7006,"value":"a/b\u0041 ש"}],"patient_flags":[{"id":9,"name":"Peanuts"}],"patient_flags_attached":[{"flag_type":9,"flag_text":"call first","archived":false}],"primary_insurance":{"insurance_company":"Example Mutual","insurance_payer_id":"60054","insurance_id_number":"X1","insurance_group_name":"G & Co","is_subscriber_the_patient":true},"secondary_insurance":{"insurance_company":"","insurance_id_number":"Z\u00e9","insurance_payer_id":"60055"},"tertiary_insurance":""}
{"id":"12","doctor":"2","first_name":"  Cy ","last_name":"Dunn\ud83d\ude42","date_of_birth":"1980-02-03","gender":"Male","state":"ny","zip_code":10001,"offices":"","custom_demographics":"","patient_flags_attached":[],"primary_insurance":{"insurance_company":"Example Mutual","insurance_payer_id":60054}}
{"id":13,"doctor":1,"first_name":"","last_name":"A\u0007b","date_of_birth":"2030-01-01","gender":"Other","zip_code":"1","home_phone":"12"}
{"id":14,"doctor":1,"first_name":"Ed","first_name":"Ed","last_name":"Two"}`},
	{"patient_authorizations", `{"id":7001,"patient":11,"auth_number":"A-00017 \"x\"","start_date":"2026-01-01","end_date":"2026-06-30"}
{"id":7002,"patient":12,"auth_number":"A-00017 \"x\"","start_date":"2026-01-01","end_date":"2026-06-30"}`},
	{"appointments", `{"id":"101","patient":11,"doctor":1,"office":3001,"profile":501,"duration":60,"scheduled_time":"2026-02-10T14:30:00","status":"","deleted_flag":false,"appt_is_break":false,"reason":"a \"b\" \\ é","icd10_codes":["F84.0"],"vitals":{"height":null,"x":[1,-2.5e3]}}
{"id":102,"patient":"12","doctor":"2","office":" 3001 ","profile":"502","duration":"45.0","scheduled_time":"2026-02-10 23:30:00","status":"Complete"}
{"id":103,"patient":11,"doctor":1,"profile":501,"duration":60,"scheduled_time":"2026-03-08T02:30:00","status":"Confirmed"}
{"id":104,"patient":11,"doctor":1,"profile":null,"duration":null,"scheduled_time":"2026-02-11T09:00:00","status":"Left \u0065arly"}
{"id":105,"patient":99,"doctor":1,"profile":501,"duration":30,"scheduled_time":"2026-02-11T09:00:00"}
{"id":106,"patient":11,"doctor":1,"profile":501,"duration":30,"scheduled_time":"2025-12-31T23:30:00"}
{"id":107,"office":3001,"patient":11,"doctor":1,"profile":501,"duration":30,"scheduled_time":"2026-02-12T09:00:00","status":"Cancelled"}
{"id":108,"patient":11,"doctor":1,"profile":999,"duration":30,"scheduled_time":"2026-02-12T10:00:00","status":"No Show"}
{"id":"x_1","patient":11,"doctor":1}
{"id":109,"patient":"","doctor":1,"appt_is_break":true}
{"id":110,"patient":11,"doctor":[1]}
{"id":111,"patient":11,"doctor":1,"profile":501,"duration":30,"scheduled_time":"2026-02-13T09:00","status":"Complete","clinical_note":{"a":1,"a":2}}`},
	{"medications", `{"id":1,"patient":11,"name":"Methadone 10 mg/mL oral concentrate","dosage_quantity":"80","dosage_units":"mg","status":"active","date_started_taking":"2026-01-15","date_stopped_taking":""}`},
	{"custom_demographics", `{"id":7001,"name":"CRID"}`},
}

const goldenLookups = `rethink:
  staffStatus: {false: 11, true: 12}
  clientStatus: {A: 1, "": 2}
  gender: {Male: 1, Female: 2}
  state: {NY: 33, ny: 33}
  funder: {"60054": 900, "60055": 901}
  serviceLine: [71, 72]
  appointmentType: {"501": 1, "502": 2}
  payCode: {"501": 31, "502": 32}
  service: {"501": 91, "502": 92}
  location: {"3001": 41}
  tag: {default: 61}
  appointmentStatus: {"": 1, Confirmed: 1, Complete: 2, Cancelled: 5}
  cancellationType: {Cancelled: 81}
centralreach:
  contactForm: Intake "A"
  insurancePlan: {"60054": 500, "60055": 501}
  placeOfService: {"3001": 11}
  cancelReason: {Cancelled: 7, No Show: 8}
  label: {Peanuts: 66}
  metadata: {"7006": 12}
central_registry:
  customDemographics: {crid: 7001, admission: 7002, dischargeReason: 7003, dischargeDate: 7004, doseThroughDate: 7005}
`

func newYork(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// What a record maps to decides whether it is sent again: by payload and hash
// not a byte may change unless the dictionaries do.
func TestPayloadsAndHashesStayAsTheyAre(t *testing.T) {
	p := newPractice(t)
	for _, part := range goldenRows {
		e, ok := extract.Find(part.endpoint)
		if !ok {
			t.Fatalf("%s is in no catalogue", part.endpoint)
		}
		var page []etl.Row
		for raw := range strings.SplitSeq(part.rows, "\n") {
			page = append(page, extract.ReadRow(e, []byte(raw), ""))
		}
		p.put(part.endpoint, page...)
	}
	ids, err := config.ParseLookups("lookups.yaml", []byte(goldenLookups))
	p.must(err)
	store := &observed{Store: p.store}
	for _, d := range []struct {
		name   string
		shapes []transform.Shape
	}{
		{rethink.Name, rethink.Shapes(nil)},
		{centralreach.Name, centralreach.Shapes(centralreach.Options{ExternalIDPrefix: "dc-", CreateEmployees: true, Metadata: ids[centralreach.Name]["metadata"],
			Write: centralreach.Write{Clients: true, Employees: true, Payors: true, Metadata: true, Labels: true, ClaimSettings: true, Cancel: true, Tasks: true}})},
		{centralregistry.Name, centralregistry.Shapes(centralregistry.ShapeOptions{UserName: "Cy Dunn", SiteID: "DE434055", HashKey: "synthetic"})},
	} {
		env := p.stage.Env
		env.Destination, env.Lookups, env.Zone = d.name, ids, newYork(t)
		env.Constants = map[string][]transform.Constant{"client": {{Name: "note", JSON: `"a \"b\""`}}, "authorization": env.Constants["authorization"]}
		stage := &transform.Stage{Store: store, Env: env, Shapes: d.shapes, Rules: "1"}
		p.must(stage.Run(t.Context(), p.run))
	}
	golden, err := os.ReadFile("testdata/judged.golden")
	p.must(err)
	if diff := cmp.Diff(strings.Split(string(golden), "\n"), strings.Split(strings.Join(store.saved, "\n")+"\n", "\n")); diff != "" {
		t.Error("targets (-want +got)\n" + diff)
	}
}
