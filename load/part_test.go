package load_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/load/loadtest"
	"github.com/chartbridge/chartbridge/sql"
)

// A noting destination keeps the body that was sent last.
type noting struct {
	changed
	body *string
}

func (d noting) Send(ctx context.Context, del etl.Delivery) load.Answer {
	*d.body = string(del.Body)
	return d.changed.Send(ctx, del)
}

// bodySent is the body that a night with one write sends.
func (w *world) bodySent() (body string) {
	w.Helper()
	from := len(w.writes(0))
	w.must(w.night(func(s *load.Stage) { s.Destination = noting{changed{s.Destination}, &body} }))
	if n := len(w.writes(0)) - from; n != 1 {
		w.Errorf("%d writes, want one", n)
	}
	return body
}

// funders are those that a client holds there.
func (w *world) funders() []any {
	list, _ := vendorOf(w).Objects("client")[0]["clientFunders"].([]any)
	return list
}

func (w *world) give(object, id, theirs string) {
	w.Helper()
	faults, err := w.store.Import(w.ctx, []sql.Link{{Destination: w.name, Object: object, SourceID: id, TargetID: theirs}}, false, "Ana", w.clock.Now())
	if err != nil || len(faults) > 0 {
		w.Fatalf("%v %v", faults, err)
	}
}

// seesNothingInside makes their list show no arrays, as some accounts' do.
func (w *world) seesNothingInside() {
	w.Helper()
	var list []map[string]any
	for _, o := range vendorOf(w).Objects("client") {
		delete(o, "clientFunders")
		list = append(list, o)
	}
	text, err := json.Marshal(list)
	w.must(err)
	w.Heal()
	w.Inject(loadtest.Status(200, string(text)).On("GET", "/client").Repeat(-1))
}

func funderID(t *testing.T, funder any) string {
	t.Helper()
	return funder.(map[string]any)["clientFunderId"].(json.Number).String()
}

// TestPartOfUnknownID: what was taken with its record, and whose id nobody
// knows, is not sent until a person gives it: it would be a second one.
func TestPartOfUnknownID(t *testing.T) {
	w := newWorld(t, rethinkAt(false))
	w.put("patients", patient(1, "Troy", insurance("primary", "P1")))
	w.Inject(loadtest.ResetAfter().On("POST", "/client"))
	w.must(w.night())
	client := vendorOf(w).Objects("client")[0]["clientId"].(json.Number).String()
	w.must(w.store.Resolve(w.ctx, w.run(), int64(w.number("SELECT id FROM delivery")), client, "seen", "Ana", w.clock.Now()))
	w.expect("taken", "funder", "1/primary", "held no_id")
	if text := w.message("funder", "1/primary"); !strings.Contains(text, "RETRY") {
		t.Errorf("told as %q, want what sends it again where it is not there", text)
	}
	for _, row := range []string{
		patient(1, "Rome", insurance("primary", "P1")), patient(1, "Utica", insurance("primary", "P2")),
		patient(1, "Ithaca", insurance("primary", "P2"), insurance("secondary", "P1")),
	} {
		w.put("patients", row)
		w.must(w.night())
		w.expect("its client goes", "client", "1", "updated")
		w.expect("it does not", "funder", "1/primary", "held no_id")
	}
	w.expect("beside it", "funder", "1/secondary", "blocked parent")
	if n := len(w.funders()); n != 1 {
		t.Fatalf("they hold %d funders, want the first", n)
	}
	w.give("funder", "1/primary", funderID(t, w.funders()[0]))
	w.must(w.night())
	w.expect("given its id", "funder", "1/primary", "updated")
	w.expect("beside it", "funder", "1/secondary", "created")
	if n := len(w.funders()); n != 2 {
		t.Errorf("they hold %d funders, want 2", n)
	}
	from := len(w.Journal())
	w.must(w.night())
	if sent := w.writes(from); len(sent) > 0 {
		t.Errorf("%d needless writes", len(sent))
	}
}

// TestPartThatALookDoesNotShow: of a client that the vendor loaded, and that
// differs, a look does not show its funders: none is made beside them.
func TestPartThatALookDoesNotShow(t *testing.T) {
	for _, how := range []string{"our id", "natural key", "import"} {
		t.Run(how, func(t *testing.T) {
			w := newWorld(t, rethinkAt(true))
			seed := map[string]any{"city": "Utica", "clientFunders": []any{map[string]any{"funderSequence": 1, "funderId": 501, "serviceLineIds": []any{901}}}}
			if how != "our id" {
				seed["clientExternalId"] = nil
			}
			if how == "import" {
				seed["firstName"] = "Another"
			}
			id, err := vendorOf(w).Seed("client", seeded(seed))
			w.must(err)
			w.seesNothingInside()
			w.put("patients", patient(1, "Troy", insurance("primary", "P1")))
			switch how {
			case "import":
				w.must(w.night(func(s *load.Stage) { s.VendorFirst = true }))
				w.give("client", "1", strconv.FormatInt(id, 10))
			case "natural key":
				w.must(w.night())
				w.expect("adopted", "client", "1", "held overwrite")
				w.approve("client", "1")
			}
			w.must(w.night())
			w.expect("put right", "client", "1", "updated")
			w.expect("not shown", "funder", "1/primary", "held no_id")
			if n := len(w.funders()); n != 1 {
				t.Errorf("they hold %d funders, want theirs", n)
			}
		})
	}
}

// TestPartOfAnImportedRecordThatNobodyCanBeAskedAbout may be there already, and
// is not made a second time; a person gives its id, or says that it is not there.
func TestPartOfAnImportedRecordThatNobodyCanBeAskedAbout(t *testing.T) {
	w := newWorld(t, rethinkAt(false))
	id, err := vendorOf(w).Seed("client", seeded(map[string]any{"clientExternalId": nil, "city": "Utica",
		"clientFunders": []any{map[string]any{"funderSequence": 1, "funderId": 501, "serviceLineIds": []any{901}}}}))
	w.must(err)
	w.put("patients", patient(1, "Troy", insurance("primary", "P1")))
	w.must(w.night(func(s *load.Stage) { s.VendorFirst = true }))
	w.give("client", "1", strconv.FormatInt(id, 10))
	if plan := strings.Join(w.clientPlan("1"), ", "); !strings.Contains(plan, "city: ") || strings.Contains(plan, "clientFunders") {
		t.Errorf("the plan says %s", plan)
	}
	w.must(w.night())
	w.expect("its client goes", "client", "1", "updated")
	w.expect("it may be there", "funder", "1/primary", "held no_id")
	w.must(w.night())
	w.expect("it waits", "funder", "1/primary", "held no_id")
	if n := len(w.funders()); n != 1 {
		t.Errorf("they hold %d funders, want theirs", n)
	}
	w.give("funder", "1/primary", funderID(t, w.funders()[0]))
	w.put("patients", patient(1, "Troy", insurance("primary", "P1"), insurance("secondary", "P2")))
	w.must(w.night())
	w.expect("given its id", "funder", "1/primary", "updated")
	w.expect("a new one beside it", "funder", "1/secondary", "created")
	if n := len(w.funders()); n != 2 {
		t.Errorf("they hold %d funders, want theirs and the new one", n)
	}
}

// TestPartThatAPersonLetsGo: it is not there, and goes once.
func TestPartThatAPersonLetsGo(t *testing.T) {
	w := newWorld(t, rethinkAt(false))
	id, err := vendorOf(w).Seed("client", seeded(map[string]any{"clientExternalId": nil}))
	w.must(err)
	w.put("patients", patient(1, "Troy", insurance("primary", "P1")))
	w.must(w.night(func(s *load.Stage) { s.VendorFirst = true }))
	w.give("client", "1", strconv.FormatInt(id, 10))
	w.must(w.night())
	held, err := w.store.WithoutID(w.ctx)
	w.must(err)
	if len(held) != 1 {
		t.Fatalf("%d wait for an id, want one", len(held))
	}
	w.must(w.store.Retry(w.ctx, held, "Ana Roma", "not there", w.clock.Now()))
	w.must(w.night())
	w.expect("said not to be there", "funder", "1/primary", "created")
	if n := len(w.funders()); n != 1 {
		t.Errorf("they hold %d funders, want 1", n)
	}
}

// TestImportedRecordTeaches: the update of a record whose id a person gave
// carries the ids of what a look shows inside it.
func TestImportedRecordTeaches(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	id, err := vendorOf(w).Seed("client", seeded(map[string]any{"clientExternalId": nil, "firstName": "Another",
		"clientFunders": []any{map[string]any{"funderSequence": 1, "funderId": 501, "serviceLineIds": []any{901}}}}))
	w.must(err)
	w.put("patients", patient(1, "Troy", insurance("primary", "P1")))
	w.must(w.night(func(s *load.Stage) { s.VendorFirst = true }))
	w.give("client", "1", strconv.FormatInt(id, 10))
	w.must(w.night())
	w.expect("put right", "client", "1", "updated")
	if got, want := w.theirs("funder", "1/primary"), funderID(t, w.funders()[0]); got != want || len(w.funders()) != 1 {
		t.Errorf("our funder is %s, and they hold %v", got, w.funders())
	}
}

// TestRefusedPartIsNotSentAgain with its client, until it changes or a person
// says so.
func TestRefusedPartIsNotSentAgain(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	w.put("patients", patient(1, "Troy", insurance("primary", "bad"), insurance("secondary", "P1")))
	w.must(w.night())
	w.expect("refused", "funder", "1/primary", "rejected unknown_id")
	w.put("patients", patient(1, "Rome", insurance("primary", "bad"), insurance("secondary", "P1")))
	body := w.bodySent()
	w.expect("its client changes", "client", "1", "updated")
	w.expect("refused still", "funder", "1/primary", "rejected unknown_id")
	w.expect("beside it", "funder", "1/secondary", "unchanged")
	if strings.Contains(body, `"funderSequence":1`) || !strings.Contains(body, `{"clientFunderId":`+w.theirs("funder", "1/secondary")+`,"funderSequence":2`) {
		t.Errorf("sent %s", body)
	}
	w.put("patients", patient(1, "Rome", insurance("primary", "P2"), insurance("secondary", "P1")))
	w.must(w.night())
	w.expect("cured", "funder", "1/primary", "created")
}

// TestRetryOfAPartWhoseRecordIsNotJudged: it goes once that record is judged.
func TestRetryOfAPartWhoseRecordIsNotJudged(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	w.put("patients", patient(1, "Troy", insurance("primary", "P1"), insurance("secondary", "bad")))
	w.must(w.night())
	w.expect("refused", "funder", "1/secondary", "rejected unknown_id")
	w.exec(`UPDATE target SET outcome = 'failed', cause = 'not_judged' WHERE object = 'client'`)
	w.exec(`UPDATE target SET outcome = 'rejected' WHERE source_id = '1/secondary'`)
	id := int64(w.number("SELECT id FROM target WHERE source_id = '1/secondary'"))
	w.must(w.store.Retry(w.ctx, []sql.Refused{{ID: id, Destination: w.name, Object: "funder", SourceID: "1/secondary"}}, "Ana Roma", "again", w.clock.Now()))
	from := len(w.Journal())
	w.put("patients", patient(1, "Troy", insurance("primary", "P1"), insurance("secondary", "bad")))
	w.must(w.night())
	if sent := w.writes(from); len(sent) != 1 {
		t.Errorf("%d writes after the retry, want 1", len(sent))
	}
	w.expect("refused again", "funder", "1/secondary", "rejected unknown_id")
}

// TestKnownPartThatCannotGo: an array without an entry that they hold might take
// it away there, so it stays behind as a whole.
func TestKnownPartThatCannotGo(t *testing.T) {
	for _, bad := range []string{"bad", "unmapped"} {
		w := newWorld(t, rethinkAt(true))
		w.put("patients", patient(1, "Troy", insurance("primary", "P1")))
		w.must(w.night())
		w.put("patients", patient(1, "Rome", insurance("primary", bad)))
		w.must(w.night())
		w.put("patients", patient(1, "Utica", insurance("primary", bad), insurance("secondary", "P2")))
		body := w.bodySent()
		w.expect("its client goes", "client", "1", "updated")
		w.expect("a new one waits", "funder", "1/secondary", "blocked parent")
		if strings.Contains(body, "clientFunders") {
			t.Errorf("%s: sent %s", bad, body)
		}
		w.put("patients", patient(1, "Utica", insurance("primary", "P2"), insurance("secondary", "P2")))
		w.must(w.night())
		w.expect("mended", "funder", "1/primary", "updated")
		w.expect("a new one", "funder", "1/secondary", "created")
	}
}

// TestMapToAnotherRecord: what another record acknowledged counts for none of it.
func TestMapToAnotherRecord(t *testing.T) {
	for _, city := range []string{"Rome", "Troy"} {
		t.Run(city, func(t *testing.T) {
			w := newWorld(t, rethinkAt(true))
			wrong, err := vendorOf(w).Seed("client", seeded(map[string]any{"clientExternalId": nil, "city": "Utica", "lastName": "Roma 2"}))
			w.must(err)
			right, err := vendorOf(w).Seed("client", seeded(map[string]any{"clientExternalId": nil, "city": "Utica",
				"clientFunders": []any{map[string]any{"funderSequence": 1, "funderId": 501, "serviceLineIds": []any{901}}}}))
			w.must(err)
			troy, rome := patient(1, "Troy", insurance("primary", "P1")), patient(1, "Rome", insurance("primary", "P1"))
			vendorFirst := func(s *load.Stage) { s.VendorFirst = true }
			w.give("client", "1", strconv.FormatInt(wrong, 10))
			w.put("patients", troy)
			w.must(w.night())
			w.put("patients", rome)
			w.must(w.night(vendorFirst))
			w.expect("it waits", "client", "1", "held initial_load")
			found, _, err := w.store.Decide(w.ctx, sql.Import{File: "f", By: "Ana", At: w.clock.Now(), Apply: true, RuleSize: 25,
				State: func(sql.Item) string { return "" }, Allows: func(string, sql.Item) string { return "" },
				Fault: func(string, string, string, string) string { return "" }, People: func(sql.Item) int { return 1 }},
				[]sql.Ask{{Destination: w.name, Object: "client", SourceID: "1", Verb: sql.Map, Value: strconv.FormatInt(right, 10), Outcome: "held initial_load"}})
			if w.must(err); found[0].Word != sql.Applied {
				t.Fatalf("MAP is %+v", found[0])
			}
			if city == "Troy" { // as the wrong one has it
				w.put("patients", troy)
			}
			w.must(w.night())
			for _, o := range vendorOf(w).Objects("client") {
				funders, _ := o["clientFunders"].([]any)
				if id, _ := strconv.ParseInt(fmt.Sprint(o["clientId"]), 10, 64); id == right && (o["city"] != city || len(funders) != 1) {
					t.Errorf("the right one has the city %v and %d funders, want %s and its one", o["city"], len(funders), city)
				}
			}
		})
	}
}
