package transform_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/google/go-cmp/cmp"
)

func TestFirstRunJudgesEverything(t *testing.T) {
	p := aDay(t)
	p.wantJudged(map[string]int{"staff": 2, "funder": 3, "authorization": 1, "client": 3, "appointment": 3})
	p.want(p.client("11"), etl.Failed, etl.CauseNotSent)
	p.want(p.visit("21"), etl.Failed, etl.CauseNotSent)
	p.judge()
	p.wantJudged(nil)
}

func TestOnlyWhatChangedIsJudgedAgain(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*practice)
		want   map[string]int
	}{
		{"nothing new on the page", func(p *practice) { p.pull("patients", aPatient(11, "Lin")) }, nil},
		{"a visit", func(p *practice) { p.pull("appointments", aVisit(23, 12, 2)) }, map[string]int{"appointment": 1}},
		{"a patient, with visits and authorizations", func(p *practice) { p.pull("patients", aPatient(11, "Linn")) },
			map[string]int{"funder": 1, "client": 1, "authorization": 1, "appointment": 2}},
		{"a patient without any", func(p *practice) { p.pull("patients", aPatient(13, "Pope")) }, map[string]int{"funder": 1, "client": 1}},
		{"an authorization: its client carries it", func(p *practice) { p.pull("patient_authorizations", anAuthorization(32, 12)) },
			map[string]int{"authorization": 1, "client": 1}},
		{"a doctor: their own visits", func(p *practice) { p.pull("doctors", row{"id": 2, "first_name": "Bea"}) },
			map[string]int{"staff": 1, "appointment": 1}},
		{"a user: any doctor's", func(p *practice) {
			p.pull("users", row{"id": 9001, "doctor": 1, "username": "someone", "is_doctor": true})
		},
			map[string]int{"staff": 2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := aDay(t)
			c.change(p)
			p.judge()
			p.wantJudged(c.want)
		})
	}
}

func TestChangedRulesJudgeEverything(t *testing.T) {
	p := aDay(t)
	p.stage.Rules = "2"
	p.judge()
	p.wantJudged(map[string]int{"staff": 2, "funder": 3, "authorization": 1, "client": 3, "appointment": 3})
	p.judge()
	p.wantJudged(nil)
}

func TestInvalidIsJudgedAgainEachRun(t *testing.T) {
	p := aDay(t)
	wrong := aPatient(12, "Roe")
	wrong["gender"], wrong["primary_insurance"] = "UNK", insured("unknown")
	p.pull("patients", wrong)
	p.judge()
	for range 2 {
		p.judge()
		p.wantJudged(map[string]int{"client": 1, "funder": 1})
		p.want(p.client("12"), etl.Invalid, etl.CodeLookup)
		p.want(p.funder("12/primary"), etl.Invalid, etl.CodeLookup)
	}
	p.pull("patients", aPatient(12, "Roe"))
	p.judge()
	p.want(p.client("12"), etl.Failed, etl.CauseNotSent)
	if got := p.client("12").Problems; len(got) > 0 {
		t.Errorf("the mended record keeps its problems: %v", got)
	}
	p.judge()
	p.wantJudged(nil)
}

// A row without an id goes by its content: after its next change it would look
// like another, and be created again.
func TestRecordsWithoutAnIDAreNotSent(t *testing.T) {
	p := aDay(t)
	for endpoint, r := range map[string]row{"patients": aPatient(0, "Roe"), "doctors": {"first_name": "Bea", "last_name": "Lin"},
		"patient_authorizations": anAuthorization(0, 12), "appointments": aVisit(0, 12, 2)} {
		delete(r, "id")
		p.pull(endpoint, r)
	}
	p.judge()
	for object, endpoint := range map[string]string{"client": "patients", "staff": "doctors", "authorization": "patient_authorizations", "appointment": "appointments"} {
		list, err := p.store.All(t.Context(), endpoint)
		p.must(err)
		at := slices.IndexFunc(list, func(s etl.Source) bool { return strings.HasPrefix(s.ID, etl.NoID) })
		p.want(p.target(object, endpoint, list[at].ID), etl.Failed, etl.CauseUnreadable)
	}
}

// What a complete read does not show any more is not sent where it never was:
// DrChrono has deleted it. What they hold stays as it is.
func TestWhatIsGoneIsNotSent(t *testing.T) {
	authorization := func(p *practice) etl.Target { return p.target("authorization", "patient_authorizations", "31") }
	for _, sent := range []bool{false, true} {
		p := aDay(t)
		if sent {
			p.send("client", load.Acknowledged)
		}
		p.full = true
		p.pull("patient_authorizations", anAuthorization(32, 12))
		p.judge()
		if sent {
			if a, c := authorization(p), p.client("11"); !a.Outcome.Acknowledged() || !c.Outcome.Acknowledged() {
				t.Errorf("what they hold is %s, and its client %s; want both to stay", a.Outcome, c.Outcome)
			}
			continue
		}
		p.want(authorization(p), etl.Excluded, etl.CauseDeleted)
		for _, d := range p.due("client") {
			if d.SourceID == "11" && strings.Contains(string(d.Body), "authorizations") {
				t.Errorf("its client still carries it: %s", d.Body)
			}
		}
		p.pull("patient_authorizations", anAuthorization(31, 11), anAuthorization(32, 12))
		p.judge()
		p.want(authorization(p), etl.Failed, etl.CauseNotSent)
	}
}

// A doctor whom a complete read does not show any more is judged all the same:
// visits that stand need him.
func TestPeopleWhoAreGoneAreJudged(t *testing.T) {
	p := aDay(t)
	p.full = true
	p.pull("doctors", aDoctor(1))
	p.judge()
	p.want(p.target("staff", "doctors", "2"), etl.Failed, etl.CauseNotSent)
}

func TestPartsThatVanishAreDropped(t *testing.T) {
	p := newPractice(t)
	two := aPatient(11, "Lin")
	two["secondary_insurance"] = insured("60055")
	p.pull("patients", two)
	p.judge()
	p.want(p.funder("11/primary"), etl.Failed, etl.CauseNotSent)
	p.want(p.funder("11/secondary"), etl.Failed, etl.CauseNotSent)
	p.pull("patients", aPatient(11, "Lin"))
	p.judge()
	p.want(p.funder("11/primary"), etl.Failed, etl.CauseNotSent)
	if got := p.funder("11/secondary"); got.ID != 0 {
		t.Errorf("the funder of an insurance that is gone is still %s", got.Outcome)
	}
	if n, err := p.store.SourceCount(t.Context(), "patients", true); err != nil || n != 1 {
		t.Errorf("staging counts %d parts (%v), want 1", n, err)
	}
}

func TestChildrenTravelInTheirParentsBody(t *testing.T) {
	p := aDay(t)
	two := aPatient(12, "Roe")
	two["secondary_insurance"] = insured("60055")
	p.pull("patients", two)
	p.judge()
	bodies, paths := map[string]string{}, map[string][]string{}
	for _, d := range p.due("client") {
		bodies[d.SourceID] = string(d.Body)
		for _, n := range d.Needs {
			paths[d.SourceID] = append(paths[d.SourceID], n.Path+" = "+n.Object+" "+n.ID)
		}
	}
	const about = `{"firstName":"Bo","lastName":"%s","dateOfBirth":"2019-04-05","genderID":2,"clientExternalId":"%s"`
	wantBodies := map[string]string{
		"11": fmt.Sprintf(about, "Lin", "11") + `,"authorizations":[{"authorizationSubmissionTypeID":1,"funderId":900,"authStartDate":"2026-01-01",` +
			`"authEndDate":"2026-06-30","authorizationNumber":"A1"}],"clientFunders":[{"funderSequence":1,"funderId":900,"serviceLineIds":[71]}]}`,
		"12": fmt.Sprintf(about, "Roe", "12") + `,"clientFunders":[{"funderSequence":1,"funderId":900,"serviceLineIds":[71]},` +
			`{"funderSequence":2,"funderId":901,"serviceLineIds":[71]}]}`,
		"13": fmt.Sprintf(about, "Poe", "13") + `,"clientFunders":[{"funderSequence":1,"funderId":900,"serviceLineIds":[71]}]}`,
	}
	if diff := cmp.Diff(wantBodies, bodies); diff != "" {
		t.Error("bodies (-want +got)\n" + diff)
	}
	wantPaths := []string{"clientId = client 12", "clientFunders.0.clientFunderId = funder 12/primary", "clientFunders.1.clientFunderId = funder 12/secondary"}
	if diff := cmp.Diff(wantPaths, paths["12"]); diff != "" {
		t.Error("needs (-want +got)\n" + diff)
	}
}

func TestAnInvalidChildStaysBehind(t *testing.T) {
	p := newPractice(t)
	r := aPatient(11, "Lin")
	r["primary_insurance"] = insured("unknown")
	p.pull("patients", r)
	p.judge()
	p.want(p.funder("11/primary"), etl.Invalid, etl.CodeLookup)
	due := p.due("client")
	if len(due) != 1 || len(due[0].Needs) != 1 {
		t.Fatalf("%d clients are due, want 1 that carries nothing", len(due))
	}
	p.lookups(strings.Replace(lookups, "funder: {", "funder: {unknown: 902, ", 1))
	p.stage.Rules = "2"
	p.judge()
	if due := p.due("client"); len(due) != 1 || len(due[0].Needs) != 2 {
		t.Error("the funder does not travel once its lookup is there")
	}
}

func TestUnreadableRecordsFail(t *testing.T) {
	p := aDay(t)
	p.put("patients", etl.Row{ID: "11", Patient: "11", Hash: []byte("x"), Raw: []byte(`{"id":11`), Fault: "it has a name twice"})
	odd := aPatient(12, "Roe")
	odd["first_name"] = []string{"Bo"}
	p.pull("patients", odd)
	p.judge()
	for _, id := range []string{"11", "12"} {
		p.want(p.client(id), etl.Failed, etl.CauseUnreadable)
	}
	p.want(p.funder("12/primary"), etl.Failed, etl.CauseUnreadable)
	p.want(p.funder("11/primary"), etl.Failed, etl.CauseUnreadable) // the part that it had when it could be read
	p.judge()
	p.wantJudged(map[string]int{"client": 2, "funder": 2})
	p.pull("patients", aPatient(11, "Lin"), aPatient(12, "Roe"))
	p.judge()
	p.want(p.client("11"), etl.Failed, etl.CauseNotSent)
	p.want(p.funder("11/primary"), etl.Failed, etl.CauseNotSent)
}

func TestWithoutUsersStaffFailAndAreNotInvalid(t *testing.T) {
	p := newPractice(t)
	p.pull("doctors", aDoctor(1))
	p.judge()
	p.want(p.target("staff", "doctors", "1"), etl.Failed, etl.CauseUnavailable)
	p.judge()
	p.want(p.target("staff", "doctors", "1"), etl.Failed, etl.CauseUnavailable)
	p.pull("users", aUser(1))
	p.judge()
	p.want(p.target("staff", "doctors", "1"), etl.Failed, etl.CauseNotSent)
}

func TestOptionalEndpointIsNotWaitedFor(t *testing.T) {
	p := newPractice(t)
	p.pull("patients", aPatient(11, "Lin"))
	p.judge() // patient_authorizations was never read
	p.want(p.client("11"), etl.Failed, etl.CauseNotSent)
}

func TestOnlyADoctorsOwnUserIsTheirs(t *testing.T) {
	p := newPractice(t)
	p.pull("doctors", aDoctor(1))
	clerk := aUser(1)
	clerk["is_doctor"] = false
	p.pull("users", clerk)
	p.judge()
	p.want(p.target("staff", "doctors", "1"), etl.Invalid, etl.CodeRequired)
}

func TestBlockedVisitGoesOnceItsPatientIsStaged(t *testing.T) {
	p := aDay(t)
	p.pull("appointments", aVisit(25, 14, 1))
	p.judge()
	p.want(p.visit("25"), etl.Blocked, etl.CauseReference)
	p.pull("patients", aPatient(14, "Doe"))
	p.judge()
	p.want(p.visit("25"), etl.Failed, etl.CauseNotSent)
}

func TestFirstVisitOfARoutedProfileLetsThePatientIn(t *testing.T) {
	p := newPractice(t)
	p.stage.Env.Route.Profiles = []string{"502"}
	p.pull("doctors", aDoctor(1))
	p.pull("patients", aPatient(11, "Lin"), aPatient(12, "Roe"))
	p.pull("appointments", aVisit(21, 11, 1), aVisit(22, 12, 1))
	p.judge()
	p.want(p.client("11"), etl.Excluded, etl.CauseRoute)
	p.want(p.funder("11/primary"), etl.Excluded, etl.CauseRoute)
	routed := aVisit(23, 11, 1)
	routed["profile"] = 502
	p.pull("appointments", routed)
	p.judge()
	p.want(p.client("11"), etl.Failed, etl.CauseNotSent)
	p.want(p.funder("11/primary"), etl.Failed, etl.CauseNotSent)
	p.want(p.visit("23"), etl.Failed, etl.CauseNotSent)
	p.want(p.visit("21"), etl.Excluded, etl.CauseRoute)
	p.want(p.client("12"), etl.Excluded, etl.CauseRoute)
}

func TestARunSeesPatientsAsTheyAreNow(t *testing.T) {
	p := aDay(t)
	p.stage.Env.Route.Offices = []string{"3001"}
	p.stage.Rules = "2"
	p.judge()
	p.want(p.visit("21"), etl.Excluded, etl.CauseRoute)
	here, visit := aPatient(11, "Lin"), aVisit(21, 11, 1)
	here["offices"], visit["office"] = []int{3001}, 3001
	p.pull("patients", here)
	p.pull("appointments", visit)
	p.judge()
	p.want(p.visit("21"), etl.Failed, etl.CauseNotSent)
}

func TestChunks(t *testing.T) {
	p := newPractice(t)
	var rows []row
	for id := range 1001 {
		rows = append(rows, aPatient(10000+id, "Lin"))
	}
	p.pull("patients", rows...)
	p.judge()
	for _, want := range []string{"client 500/1001", "client 1000/1001", "client 1001/1001"} {
		if !slices.Contains(p.chunks, want) {
			t.Errorf("OnChunk did not tell %q, but %v", want, p.chunks)
		}
	}
	if due := p.due("client"); len(due) != 1000 { // due lists a page at a time
		t.Errorf("%d clients are due on the first page, want 1000", len(due))
	}
}
