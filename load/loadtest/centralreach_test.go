package loadtest

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	crForm = "grant_type=client_credentials&client_id=c&client_secret=s&scope=cr-api"
	crAPI  = "/enterprise/v1/"
)

func newCentralReach(t *testing.T, o CentralReachOptions) (*CentralReach, caller) {
	t.Helper()
	o.Prefix, o.ClientID, o.ClientSecret, o.APIKey, o.OrgID = "/cr", "c", "s", "key", 77
	s := NewCentralReach(o)
	c := serve(t, s, "/cr")
	_, word := c.token(crForm)
	c.url += crAPI
	c.header = http.Header{"Content-Type": {"application/json"}, "X-Api-Key": {"key"}, "Authorization": {"Bearer " + word}}
	return s, c
}

func aContact() fields {
	return fields{
		"ContactForm": "Client", "externalSystemId": "71", "firstName": "Ada", "lastName": "Roma",
		"primaryEmail": "ada@example.test", "dateOfBirth": "2015-04-05T00:00:00Z", "gender": "Female",
		"stateProvince": "NY", "phoneCell": "5550100123",
	}
}

func TestCentralReachAuth(t *testing.T) {
	clock := newClock()
	_, c := newCentralReach(t, CentralReachOptions{Now: clock.Now})
	word := strings.TrimPrefix(c.header.Get("Authorization"), "Bearer ")
	tests := []struct {
		name, key, authorization string
		want                     int
	}{
		{"bearer", "key", "Bearer " + word, 200},
		{"bare", "key", word, 200},
		{"no key", "", "Bearer " + word, 403},
		{"wrong key", "other", "Bearer " + word, 403},
		{"no token", "key", "", 401},
		{"forged", "key", "Bearer " + word + "x", 401},
	}
	for _, tt := range tests {
		c.header.Set("x-api-key", tt.key)
		c.header.Set("Authorization", tt.authorization)
		if got, _ := c.do("GET", "contacts/clients", nil); got != tt.want {
			t.Errorf("%s: status %d, want %d", tt.name, got, tt.want)
		}
	}
	c.header.Set("x-api-key", "key")
	c.header.Set("Authorization", "Bearer "+word)
	clock.Move(time.Hour)
	status, got := c.do("POST", "contacts/client", aContact())
	if status != 500 || got["result"] != "OK" {
		t.Errorf("expired token: %d, result %v, want 500 with result OK", status, got["result"])
	}
	claims, err := base64.RawURLEncoding.DecodeString(strings.Split(word, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	got, _ = (&call{body: claims}).object()
	for name, want := range map[string]any{"iss": "https://login.centralreach.com", "exp": start.Add(time.Hour).Unix(), "sub": "90001", "orgid": 77} {
		if fmt.Sprint(got[name]) != fmt.Sprint(want) {
			t.Errorf("claim %s = %v, want %v", name, got[name], want)
		}
	}
}

func TestCentralReachContactRules(t *testing.T) {
	s, c := newCentralReach(t, CentralReachOptions{})
	tests := []struct {
		field, blames string // blames: the error's fieldName; "" = accepted
		value         any
	}{
		{"ContactForm", "ContactForm", drop},
		{"ContactForm", "ContactForm", "Employee"},
		{"firstName", "FirstName", drop},
		{"lastName", "LastName", ""},
		{"gender", "Gender", "F"},
		{"stateProvince", "StateProvince", "New York"},
		{"phoneCell", "PhoneCell", "555-010-0123"},
		{"dateOfBirth", "DateOfBirth", "04/05/2015"},
		{"dateOfBirth", "DateOfBirth", "2015-02-30"},
		{"unheardOf", "", 5},
	}
	for _, tt := range tests {
		status, got := c.do("POST", "contacts/client", with(aContact(), tt.field, tt.value))
		if tt.blames == "" {
			if status != 200 {
				t.Errorf("%s=%v: status %d, want 200", tt.field, tt.value, status)
			}
			continue
		}
		rs := got["responseStatus"].(fields)
		errs := list(rs["errors"])
		if status != 400 || len(errs) == 0 || errs[0]["fieldName"] != tt.blames || lastEntry(s).Applied {
			t.Errorf("%s=%v: %d %v, want 400 for %s", tt.field, tt.value, status, rs, tt.blames)
		}
	}
	if got, _ := c.do("POST", "contacts/client", fields{"contact": aContact()}); got != 400 {
		t.Errorf("a wrapped body: status %d, want 400", got)
	}
}

func TestCentralReachContacts(t *testing.T) {
	for _, kind := range []string{"client", "employee"} {
		t.Run(kind, func(t *testing.T) {
			s, c := newCentralReach(t, CentralReachOptions{})
			form := strings.ToUpper(kind[:1]) + kind[1:]
			body := with(with(aContact(), "ContactForm", form), "FIRSTNAME", "Ada")
			made := c.must("POST", "contacts/"+kind, with(body, "firstName", drop))["contact"].(fields)
			id, ok := whole(made["contactId"])
			if !ok || made["dateOfBirth"] != "2015-04-05T00:00:00.0000000Z" || made["firstName"] != "Ada" || made["type"] != kind {
				t.Fatalf("created %v, want a number, seven digits and any casing taken", made)
			}
			one := fmt.Sprintf("contacts/%s/%d", kind, id)
			external := "contacts/" + kind + "/byExternalSystemId?externalSystemId="
			changed := c.must("PUT", one, fields{"city": "Albany"})["contact"].(fields)
			found := c.must("GET", external+"71", nil)["contact"].(fields)
			if diff := cmp.Diff(changed, found); diff != "" || found["city"] != "Albany" || found["lastName"] != "Roma" {
				t.Errorf("found after the update (-changed +found):\n%s", diff)
			}
			c.must("PUT", external+"71", fields{"city": "Utica"})
			if e := lastEntry(s); e.ID != fmt.Sprint(id) || e.ExternalID != "71" || e.Op != "update" || !e.Applied {
				t.Errorf("entry %+v, want an applied update of 71", e)
			}
			other := map[string]string{"client": "employee", "employee": "client"}[kind]
			for _, path := range []string{external + "72", external, "contacts/" + kind + "/5", fmt.Sprintf("contacts/%s/%d", other, id)} {
				status, got := c.do("GET", path, nil)
				if status != 404 || got["result"] != "OK" {
					t.Errorf("GET %s = %d %v, want 404 with result OK", path, status, got["result"])
				}
			}
			if n := c.must("GET", "contacts/"+kind+"s", nil)["totalCount"]; fmt.Sprint(n) != "1" {
				t.Errorf("totalCount %v, want 1", n)
			}
		})
	}
}

func TestCentralReachConflict(t *testing.T) {
	s, c := newCentralReach(t, CentralReachOptions{})
	s.SeedClient(fields{"firstName": "Ada", "lastName": "Roma", "primaryEmail": "ada@example.test", "dateOfBirth": "2015-04-05"})
	if status, _ := c.do("POST", "contacts/client", aContact()); status != 409 {
		t.Errorf("same person as one there already: %d, want 409", status)
	}
	first := c.must("POST", "contacts/client", with(aContact(), "primaryEmail", "a@example.test"))["contact"].(fields)
	second := c.must("POST", "contacts/client", with(with(aContact(), "primaryEmail", drop), "externalSystemId", "72"))["contact"].(fields)
	if status, _ := c.do("POST", "contacts/client", with(aContact(), "lastName", "Rome")); status != 409 {
		t.Errorf("same external id: %d, want 409", status)
	}
	one := fmt.Sprint("contacts/client/", second["contactId"])
	if status, _ := c.do("PUT", one, fields{"externalSystemId": "71"}); status != 409 {
		t.Errorf("taking another's external id: %d, want 409", status)
	}
	if status, _ := c.do("PUT", fmt.Sprint("contacts/client/", first["contactId"]), aContact()); status != 409 {
		t.Errorf("update with a creation header: %d, want 409", status)
	}
	c.must("POST", "contacts/employee", with(aContact(), "ContactForm", "Employee"))
	if d := s.Duplicates(); d != nil {
		t.Errorf("duplicates %v, want none", d)
	}
}

func TestCentralReachReplaceOnPut(t *testing.T) {
	s, c := newCentralReach(t, CentralReachOptions{ReplaceOnPut: true})
	id := s.SeedClient(fields{"externalSystemId": "71", "firstName": "Ada", "lastName": "Roma", "city": "Albany"})
	c.must("PUT", fmt.Sprint("contacts/client/", id), fields{"firstName": "Ada", "lastName": "Rome"})
	got := s.Objects("client")[0]
	if got["externalSystemId"] != nil || got["city"] != nil || got["lastName"] != "Rome" {
		t.Errorf("held %v, want what was not sent gone", got)
	}
}

func TestCentralReachPages(t *testing.T) {
	s, c := newCentralReach(t, CentralReachOptions{})
	for i := range 5 {
		s.SeedClient(fields{"firstName": "Ada", "lastName": "Roma", "externalSystemId": fmt.Sprint(i)})
	}
	var got []string
	for p := 1; p <= 4; p++ {
		reply := c.must("GET", fmt.Sprintf("contacts/clients?page=%d&pageSize=2", p), nil)
		for _, item := range list(reply["items"]) {
			got = append(got, fmt.Sprint(p, ":", item["externalSystemId"]))
		}
		if fmt.Sprint(reply["totalCount"]) != "5" || reply["items"] == nil {
			t.Errorf("page %d: %v, want totalCount 5 and a list", p, reply)
		}
	}
	if diff := cmp.Diff([]string{"1:0", "1:1", "2:2", "2:3", "3:4"}, got); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
}
