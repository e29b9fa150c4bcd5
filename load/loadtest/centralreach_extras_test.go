package loadtest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func aPayor() fields {
	return fields{"payorType": 1, "insurance": fields{"companyId": 1001, "planId": 2001, "status": 1}}
}

func TestCentralReachPayors(t *testing.T) {
	s, c := newCentralReach(t, CentralReachOptions{})
	base := fmt.Sprintf("contacts/clients/%d/payors", s.SeedClient(fields{"firstName": "Ada", "lastName": "Roma"}))
	rows := list(c.must("GET", "payors/accepted-insurances?pageSize=200", nil)["items"])
	if len(rows) != 40 || rows[0]["planId"] == nil || rows[0]["companyId"] == nil {
		t.Errorf("accepted insurances: %d rows, first %v, want 40 flat ones", len(rows), rows[0])
	}
	for name, body := range map[string]fields{
		"type": with(aPayor(), "payorType", 4), "plan": with(aPayor(), "insurance", fields{"planId": 5}),
		"plan of another": with(aPayor(), "insurance", fields{"companyId": 1002, "planId": 2001}), "none": with(aPayor(), "insurance", drop),
	} {
		if status, _ := c.do("POST", base, body); status != 400 {
			t.Errorf("%s: status %d, want 400", name, status)
		}
	}
	made := c.must("POST", base, aPayor())["payor"].(fields)
	one := fmt.Sprint(base, "/", made["payorId"])
	c.must("PUT", one, fields{"notes": "n"})
	c.must("POST", one+"/archive", nil)
	got := c.must("GET", one, nil)["payor"].(fields)
	if got["notes"] != "n" || got["isArchived"] != true || got["payorType"] != "PrimaryInsurance" {
		t.Errorf("payor %v, want it changed, archived and its type in words", got)
	}
	c.must("POST", one+"/archive", fields{"isArchived": false})
	items := list(c.must("GET", base, nil)["items"])
	if len(items) != 1 || items[0]["isArchived"] != false {
		t.Errorf("payors %v, want one, recovered", items)
	}
	for _, path := range []string{base + "/5", "contacts/clients/5/payors"} {
		if status, _ := c.do("GET", path, nil); status != 404 {
			t.Errorf("GET %s = %d, want 404", path, status)
		}
	}
	c.must("POST", base, aPayor())
	if d := s.Duplicates(); len(d) != 1 || len(s.Objects("payor")) != 2 {
		t.Errorf("duplicates %v, want the payor that was created twice", d)
	}
}

func TestCentralReachLabels(t *testing.T) {
	s, c := newCentralReach(t, CentralReachOptions{})
	path := fmt.Sprintf("contacts/%d/labels", s.SeedClient(fields{"firstName": "Ada", "lastName": "Roma"}))
	c.must("POST", path, fields{"labels": []fields{{"labelId": 11}, {"labelId": 12}}})
	c.must("POST", path, fields{"labelIds": []int{12, 13}})
	for _, bad := range []fields{{}, {"labels": []fields{{"labelId": 99}}}} {
		if status, _ := c.do("POST", path, bad); status != 400 {
			t.Errorf("labels %v: status %d, want 400", bad, status)
		}
	}
	var got []string
	for _, l := range list(c.must("GET", path, nil)["items"]) {
		got = append(got, fmt.Sprint(l["labelId"]))
	}
	if diff := cmp.Diff([]string{"12", "13"}, got); diff != "" {
		t.Errorf("labels, replaced as a set (-want +got):\n%s", diff)
	}
	if n := len(list(c.must("GET", "contacts/labels", nil)["items"])); n != 20 {
		t.Errorf("%d labels in the account, want 20", n)
	}
}

func TestCentralReachMetadata(t *testing.T) {
	s, c := newCentralReach(t, CentralReachOptions{})
	path := fmt.Sprintf("contacts/%d/metadata", s.SeedEmployee(fields{"firstName": "Bo", "lastName": "Lin"}))
	c.must("PUT", path+"/51", fields{"inputValue": "RBT-1"})
	c.must("PUT", path+"/52", fields{"textAreaValue": "long"})
	for at, want := range map[string]int{"/53": 400, "/99": 404} {
		if status, _ := c.do("PUT", path+at, fields{"textAreaValue": "x"}); status != want {
			t.Errorf("PUT %s: status %d, want %d", at, status, want)
		}
	}
	got := list(c.must("GET", path, nil)["metadataFields"])
	value := got[0]["metadataDefinitionAndValue"].(fields)
	if got[0]["isFilledIn"] != true || value["inputValue"] != "RBT-1" || got[2]["isFilledIn"] != false {
		t.Errorf("metadata %v, want the first filled in and the third not", got[:3])
	}
	rows := list(c.must("GET", "contacts/metadata-configuration", nil)["items"])
	if len(rows) != 20 || rows[0]["fieldName"] != "Field 1" || rows[0]["type"] != "Input" {
		t.Errorf("configuration: %d rows, first %v", len(rows), rows[0])
	}
}

func TestCentralReachClaimSettings(t *testing.T) {
	s, c := newCentralReach(t, CentralReachOptions{})
	path := fmt.Sprintf("contacts/employees/%d/claim-settings", s.SeedEmployee(fields{"firstName": "Bo", "lastName": "Lin"}))
	setting := func(id int) fields { return fields{"identifiers": []fields{{"identifierId": id, "value": "v"}}} }
	for _, id := range []int{0, 30, 37} {
		if status, _ := c.do("POST", path, setting(id)); status != 400 {
			t.Errorf("identifier %d: status %d, want 400", id, status)
		}
	}
	made := c.must("POST", path, setting(4))["claimSettings"].(fields)
	c.must("PUT", path, with(setting(5), "claimSettingsId", made["claimSettingsId"]))
	if status, _ := c.do("PUT", path, with(setting(5), "claimSettingsId", 5)); status != 404 {
		t.Errorf("unknown settings: status %d, want 404", status)
	}
	items := list(c.must("GET", path, nil)["items"])
	if len(items) != 1 || fmt.Sprint(list(items[0]["identifiers"])[0]["identifierId"]) != "5" {
		t.Errorf("claim settings %v, want one with identifier 5", items)
	}
	c.must("DELETE", fmt.Sprint(path, "?claimSettingsId=", made["claimSettingsId"]), nil)
	if n := len(s.Objects("claim-setting")); n != 0 {
		t.Errorf("%d claim settings left, want 0", n)
	}
}

func TestCentralReachSchedule(t *testing.T) {
	s, c := newCentralReach(t, CentralReachOptions{})
	at := func(day, hour int) Event {
		from := time.Date(2026, 3, day, hour, 0, 0, 0, time.UTC)
		return Event{ProviderID: 8, ClientID: 9, Start: from, End: from.Add(time.Hour)}
	}
	ids := s.Seed(at(1, 9), at(2, 23), at(3, 0), Event{ProviderID: 7, ClientID: 9, Start: start, End: start})
	for path, want := range map[string]int{
		"by-provider?providerId=8&startDate=2026-03-01&endDate=2026-03-02":                     2,
		"by-provider?providerId=8&startDate=2026-03-01T10:00:00Z&endDate=2026-03-03T00:00:00Z": 2,
		"by-appointment-with?clientId=9&startDate=2026-03-01&endDate=2026-03-31":               4,
		"by-appointment-with?clientId=5&startDate=2026-03-01&endDate=2026-03-31":               0,
		"services/unconverted": 4,
	} {
		got := c.must("GET", "schedule/events/"+path, nil)
		if len(list(got["items"])) != want || fmt.Sprint(got["totalCount"]) != fmt.Sprint(want) {
			t.Errorf("%s: %d events, want %d", path, len(list(got["items"])), want)
		}
	}
	for path, want := range map[string]int{"by-provider": 400, "by-provider?providerId=8&startDate=x": 400} {
		if status, _ := c.do("GET", "schedule/events/"+path, nil); status != want {
			t.Errorf("%s: status %d, want %d", path, status, want)
		}
	}
	cancel := func(id int64, reason int) int {
		status, _ := c.do("POST", fmt.Sprintf("schedule/events/%d/cancel", id), fields{"cancelReasonId": reason})
		return status
	}
	if got := [3]int{cancel(ids[0], 99), cancel(5, 1), cancel(ids[0], 1)}; got != [3]int{400, 404, 200} {
		t.Errorf("cancel: statuses %v, want 400, 404, 200", got)
	}
	if e := s.Events()[0]; !e.Canceled || e.CancelReason != 1 {
		t.Errorf("event %+v, want it canceled for reason 1", e)
	}
	if n := len(list(c.must("GET", "schedule/settings/cancel-reasons", nil)["items"])); n != 10 {
		t.Errorf("%d cancel reasons, want 10", n)
	}
}

func TestCentralReachTasks(t *testing.T) {
	s, c := newCentralReach(t, CentralReachOptions{})
	id := s.SeedClient(fields{"firstName": "Ada", "lastName": "Roma"})
	one := c.must("POST", fmt.Sprintf("contacts/%d/tasks", id), fields{"title": "Enter visit 5"})["task"].(fields)
	made := c.must("POST", "tasks/bulk-create", fields{"tasks": []fields{{"title": "a", "contactId": id}, {"title": "b"}}})
	if n := len(list(made["tasks"])); n != 2 {
		t.Errorf("%d tasks made, want 2", n)
	}
	for name, body := range map[string]any{"none": fields{}, "untitled": fields{"tasks": []fields{{"title": "c"}, {}}}, "text": "x"} {
		if status, _ := c.do("POST", "tasks/bulk-create", body); status != 400 {
			t.Errorf("%s: status %d, want 400", name, status)
		}
	}
	c.must("PUT", fmt.Sprint("tasks/", one["taskId"]), fields{"isCompleted": true})
	got := list(c.must("GET", "tasks", nil)["items"])
	if len(got) != 3 || got[0]["isCompleted"] != true || fmt.Sprint(got[0]["contactId"]) != fmt.Sprint(id) {
		t.Errorf("tasks %v, want three, the first done", got)
	}
	c.must("POST", fmt.Sprintf("contacts/%d/tasks", id), fields{"title": "a"})
	if d := s.Duplicates(); len(d) != 1 {
		t.Errorf("duplicates %v, want the task that was created twice", d)
	}
	if n := s.Calls()["create task"]; n != 6 {
		t.Errorf("%d creates of tasks counted, want 6", n)
	}
}
