package centralreach

import (
	"testing"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/transform"
	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
)

var forms = lookups{"contactForm": {"client": "Client", "employee": "Employee"}}

func aPatient() fields {
	return fields{"id": 71, "first_name": "Ada", "last_name": "Roma"}
}

func bodyOf(t *testing.T, v transform.Verdict) fields {
	t.Helper()
	var got fields
	if v.Body == nil {
		return nil
	}
	if err := json.Unmarshal(v.Body, &got); err != nil {
		t.Fatalf("body: %v", err)
	}
	return got
}

func TestClientWhole(t *testing.T) {
	raw := fields{"id": 71, "first_name": "Ada", "middle_name": "maria", "last_name": "Roma", "nick_name": "Addie",
		"date_of_birth": "2015-04-05", "gender": "Female", "email": "ada@example.test", "address": "1 Elm St\nApt 2", "city": "Albany",
		"state": "ny", "zip_code": "12203-0001", "home_phone": "(555) 010-0123", "cell_phone": "1-555-010-0124",
		"responsible_party_name": "Bo Roma"}
	want := fields{"externalSystemId": "dc-71", "firstName": "Ada", "middleInitial": "M", "lastName": "Roma", "chosenName": "Addie",
		"primaryEmail": "ada@example.test", "addressLine1": "1 Elm St Apt 2", "city": "Albany", "stateProvince": "NY",
		"zipPostalCode": "122030001", "phoneHome": "5550100123", "phoneCell": "5550100124",
		"dateOfBirth": "2015-04-05T00:00:00Z", "gender": "Female", "ContactForm": "Client"}
	v := judgeClient("dc-")(newCase(t, "patients", raw, forms))[0]
	if diff := cmp.Diff(want, bodyOf(t, v)); diff != "" || v.Outcome != "" {
		t.Errorf("outcome %q, problems %v, body (-want +got):\n%s", v.Outcome, v.Problems, diff)
	}
}

func TestClientRules(t *testing.T) {
	genders := lookups{"contactForm": {"default": "Client"}, "gender": {"Male": "Male", "Other": "Female", "UNK": "X"}}
	tests := []struct {
		name, field string
		value       any
		lookups     lookups
		target      string // the field looked at
		want        any    // its value; nil: absent
		code        string // the problem's; "" = none
	}{
		{"no first name", "first_name", "", forms, "firstName", nil, etl.CodeRequired},
		{"no last name", "last_name", nil, forms, "lastName", nil, etl.CodeRequired},
		{"middle name without letters", "middle_name", "-", forms, "middleInitial", nil, ""},
		{"middle name behind a sign", "middle_name", "'élan", forms, "middleInitial", "É", ""},
		{"no birth date", "date_of_birth", "", forms, "dateOfBirth", nil, ""},
		{"born in the future", "date_of_birth", "2030-01-01", forms, "dateOfBirth", nil, etl.CodeRange},
		{"birth date in words", "date_of_birth", "April 5", forms, "dateOfBirth", nil, etl.CodeFormat},
		{"unknown state", "state", "XX", forms, "stateProvince", nil, etl.CodeFormat},
		{"state in words", "state", "New York", forms, "stateProvince", nil, etl.CodeFormat},
		{"bad zip", "zip_code", "1220", forms, "zipPostalCode", nil, etl.CodeFormat},
		{"bad home phone", "home_phone", "555-0100", forms, "phoneHome", nil, etl.CodeFormat},
		{"bad cell phone", "cell_phone", "555-0100", forms, "phoneCell", nil, etl.CodeFormat},
		{"gender as it stands", "gender", "Male", forms, "gender", "Male", ""},
		{"another gender without a lookup", "gender", "Other", forms, "gender", nil, ""},
		{"no gender", "gender", "", genders, "gender", nil, ""},
		{"gender by lookup", "gender", "Other", genders, "gender", "Female", ""},
		{"gender that the lookup lacks", "gender", "Female", genders, "gender", nil, etl.CodeLookup},
		{"gender that the lookup has wrong", "gender", "UNK", genders, "gender", nil, etl.CodeRange},
		{"form by default", "city", "Albany", genders, "ContactForm", "Client", ""},
		{"no form", "city", "Albany", lookups{}, "ContactForm", nil, etl.CodeLookup},
		{"control character", "city", "Al\u0007bany", forms, "city", nil, etl.CodeFormat},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := judgeClient("")(newCase(t, "patients", with(aPatient(), tt.field, tt.value), tt.lookups))[0]
			if tt.code == "" {
				if got := bodyOf(t, v)[tt.target]; got != tt.want || v.Outcome != "" {
					t.Errorf("got %v, outcome %q, problems %v; want %v", got, v.Outcome, v.Problems, tt.want)
				}
				return
			}
			if v.Outcome != etl.Invalid || len(v.Problems) == 0 || v.Problems[0].Code != tt.code || v.Problems[0].Field != tt.target {
				t.Errorf("outcome %q, problems %v; want invalid by %s of %s", v.Outcome, v.Problems, tt.code, tt.target)
			}
		})
	}
}

// TestAWrongIdNamesLookupAndKey: it is in the lookups that it is corrected.
func TestAWrongIdNamesLookupAndKey(t *testing.T) {
	client := newCase(t, "patients", with(aPatient(), "gender", "UNK"), lookups{"contactForm": {"default": "Client"}, "gender": {"UNK": "X"}})
	visit := newCase(t, "appointments", fields{"id": 5}, lookups{"placeOfService": {"12": "27"}})
	place := []transform.Field[transform.Visit]{{Name: "placeOfServiceId", Type: transform.Integer, Get: placeOfService}}
	for want, problems := range map[string][]etl.Problem{
		"range gender UNK":        judgeClient("")(client)[0].Problems,
		"range placeOfService 12": transform.Map(place, transform.Visit{Appointment: transform.Appointment{Office: "12"}}, visit).Problems,
	} {
		if len(problems) != 1 || problems[0].Code+" "+problems[0].Lookup+" "+problems[0].Key != want {
			t.Errorf("problems %v, want %s", problems, want)
		}
	}
}

func TestClientCollectsProblems(t *testing.T) {
	raw := fields{"id": 71, "state": "XX", "cell_phone": "1"}
	v := judgeClient("")(newCase(t, "patients", raw, forms))[0]
	var got []string
	for _, p := range v.Problems {
		got = append(got, p.Field)
	}
	if diff := cmp.Diff([]string{"firstName", "lastName", "stateProvince", "phoneCell"}, got); diff != "" {
		t.Errorf("problems of (-want +got):\n%s", diff)
	}
}

func TestRoute(t *testing.T) {
	c := newCase(t, "patients", with(aPatient(), "doctor", 5), forms)
	c.Route = transform.Route{Doctors: []string{"6"}}
	if v := judgeClient("")(c)[0]; v.Outcome != etl.Excluded || v.Cause != etl.CauseRoute {
		t.Errorf("client %q %q, want excluded by route", v.Outcome, v.Cause)
	}
	c = newCase(t, "doctors", aPatient(), forms)
	c.Route = transform.Route{Doctors: []string{"6"}}
	if v := judgeEmployee("", true)(c)[0]; v.Outcome != etl.Excluded || v.Cause != etl.CauseRoute {
		t.Errorf("employee %q %q, want excluded by route", v.Outcome, v.Cause)
	}
}

func TestUnreadable(t *testing.T) {
	for _, judge := range []func(*transform.Case) []transform.Verdict{judgeClient(""), judgeEmployee("", true)} {
		v := judge(newCase(t, "patients", fields{"first_name": fields{}}, forms))[0]
		if v.Outcome != etl.Failed || v.Cause != etl.CauseUnreadable {
			t.Errorf("outcome %q %q, want failed, unreadable", v.Outcome, v.Cause)
		}
	}
}

func TestEmployee(t *testing.T) {
	doctor := fields{"id": 71, "first_name": "Bo", "last_name": "Lin", "email": "doctor@example.test", "cell_phone": "555-010-0123",
		"npi_number": "1234567893", "group_npi_number": "1000000004", "job_title": "BCBA"}
	whole := fields{"externalSystemId": "dc-71", "firstName": "Bo", "lastName": "Lin", "primaryEmail": "bo@example.test",
		"phoneCell": "5550100123", "npiNumber": "1234567893", "jobTitle": "BCBA", "ContactForm": "Employee"}
	user := transform.User{Doctor: "71", Email: "bo@example.test"}
	tests := []struct {
		name    string
		raw     fields
		user    *transform.User
		creates bool
		sent    bool
		want    fields
		outcome etl.Outcome
		cause   string
	}{
		{"whole", doctor, &user, true, false, whole, "", ""},
		{"creating off", doctor, &user, false, true, with(whole, "ContactForm", nil), "", ""},
		{"no row of users", doctor, nil, true, false, nil, etl.Invalid, etl.CodeRequired},
		{"no e-mail at the user", doctor, &transform.User{}, true, false, with(whole, "primaryEmail", "doctor@example.test"), "", ""},
		{"no e-mail", with(doctor, "email", nil), &transform.User{}, true, false, nil, etl.Invalid, etl.CodeRequired},
		{"no NPI", with(doctor, "npi_number", nil), &user, true, false, with(whole, "npiNumber", nil), "", ""},
		{"bad NPI", with(doctor, "npi_number", "1234567890"), &user, true, false, nil, etl.Invalid, etl.CodeFormat},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newCase(t, "doctors", tt.raw, forms)
			c.Sent = tt.sent
			if tt.user != nil {
				c.Users = map[string]transform.User{"71": *tt.user}
			}
			v := judgeEmployee("dc-", tt.creates)(c)[0]
			if diff := cmp.Diff(tt.want, bodyOf(t, v)); diff != "" || v.Outcome != tt.outcome || v.Cause != tt.cause {
				t.Errorf("outcome %q %q %v, body (-want +got):\n%s", v.Outcome, v.Cause, v.Problems, diff)
			}
		})
	}
}

func TestOnlyTheConfigLetsEmployeesBeCreated(t *testing.T) {
	for _, creates := range []bool{false, true} {
		objects := New(Options{CreateEmployees: creates, Write: Write{Employees: true}}).Objects()
		if objects[0].NoCreate == creates {
			t.Errorf("creating %v: NoCreate is %v", creates, objects[0].NoCreate)
		}
	}
}

func TestShapesFollowWrite(t *testing.T) {
	for _, tt := range []struct {
		write Write
		want  []string
	}{
		{Write{Clients: true, Employees: true}, []string{"employee", "client", "event"}},
		{Write{Clients: true}, []string{"client"}},
		{Write{}, nil},
	} {
		o := Options{Write: tt.write}
		var shapes, objects []string
		for _, s := range Shapes(o) {
			shapes = append(shapes, s.Object)
		}
		for _, obj := range New(o).Objects() {
			objects = append(objects, obj.Name)
		}
		if diff := cmp.Diff(tt.want, shapes) + cmp.Diff(tt.want, objects); diff != "" {
			t.Errorf("%+v: objects (-want +got):\n%s", tt.write, diff)
		}
	}
}

// A payor's dates go as all others do, and a relation as the word that
// CentralReach shows, not as DrChrono's code for it.
func TestPayorOfASubscriber(t *testing.T) {
	plans := lookups{"insurancePlan": {"60054": "1001/2001"}}
	for relation, want := range map[string]any{"19": "Child", "01": "Spouse", "18": "Self", "Child": "Child", "53": nil, "G8": nil, "": nil} {
		raw := aPatient()
		raw["primary_insurance"] = fields{"insurance_company": "Example Mutual", "insurance_payer_id": "60054",
			"subscriber_date_of_birth": "1985-06-07", "patient_relationship_to_subscriber": relation}
		v := judgePayor("primary")(newCase(t, "patients", raw, plans))[0]
		got := bodyOf(t, v)
		if got["insurance.patientInfo.relationType"] != want || got["insurance.subscriberInfo.birthDate"] != "1985-06-07T00:00:00Z" {
			t.Errorf("relation %q: %v %v, want %v and midnight UTC", relation, v.Problems, got, want)
		}
	}
}
