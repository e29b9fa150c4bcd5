package rethink

import (
	"testing"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/transform"
	"github.com/google/go-cmp/cmp"
)

func TestVisitMapsEveryField(t *testing.T) {
	e := env(t)
	e.Lookups = parseLookups(t, allLookups+"  service: {\"501\": 91}\n  location: {\"3001\": 41}\n  placeOfService: {\"3001\": 12}\n")
	v := verdict(t, e, "appointment", aVisit)
	want := map[string]string{"appointmentTypeId": "1", "date": `"2026-02-10"`, "scheduledStartTime": `"19:30"`, "scheduledEndTime": `"20:30"`,
		"payCodeId": "31", "serviceId": "91", "locationId": "41", "placeOfServiceId": "12", "appointmentStatusId": "1"}
	if diff := cmp.Diff(want, fields(t, v)); diff != "" {
		t.Error("body (-want +got)\n" + diff)
	}
	needs := []etl.Need{{Path: "appointmentId", Object: "appointment", ID: "306500001", Optional: true},
		{Path: "staffId", Object: "staff", ID: "2001"}, {Path: "clientId", Object: "client", ID: "90001"}}
	if diff := cmp.Diff(needs, v.Needs); diff != "" {
		t.Error("needs (-want +got)\n" + diff)
	}
}

func TestVisitLookups(t *testing.T) {
	checkFields(t, "appointment", aVisit, []fieldCase{
		{"unknown profile", row{"profile": 999}, "appointmentTypeId", "!lookup"},
		{"unknown profile", row{"profile": 999}, "payCodeId", "!lookup"},
		{"no profile", row{"profile": nil}, "appointmentTypeId", "!lookup"},
		{"unknown status", row{"status": "Left early"}, "appointmentStatusId", "!lookup"},
		{"Complete uses the lookup's id", row{"status": "Complete"}, "appointmentStatusId", "2"},
		{"no doctor", row{"doctor": nil}, "staffId", "!required"},
		{"billable", row{}, "tagId", ""},
		{"non-billable", row{"profile": 502}, "tagId", "61"},
	})
	e := env(t)
	e.Lookups = parseLookups(t, without(allLookups, "tag:"))
	if got := outcomeOf(t, verdict(t, e, "appointment", aVisit.with(row{"profile": 502})), "tagId"); got != "!lookup" {
		t.Errorf("a non-billable visit without a tag is %s, want !lookup", got)
	}
	e.Lookups = parseLookups(t, "rethink: {appointmentType: {\"501\": 4}, payCode: {\"501\": 1}}")
	if got := outcomeOf(t, verdict(t, e, "appointment", aVisit), "appointmentTypeId"); got != "!range" {
		t.Errorf("appointment type 4 is %s, want !range", got)
	}
}

func TestBlankStatusKeys(t *testing.T) {
	for _, key := range []string{`""`, "blank"} {
		for _, status := range []any{"", nil} {
			e := env(t)
			e.Lookups = parseLookups(t, without(allLookups, "appointmentStatus:")+"  appointmentStatus: {"+key+": 7}\n")
			if got := outcomeOf(t, verdict(t, e, "appointment", aVisit.with(row{"status": status})), "appointmentStatusId"); got != "7" {
				t.Errorf("status %v with the lookup's key %s is %s, want 7", status, key, got)
			}
		}
	}
}

func TestVisitTimes(t *testing.T) {
	for _, c := range []struct{ name, zone, stamp, date, start, end string }{
		{"winter", "America/New_York", "2026-02-10T14:30:00", "2026-02-10", "19:30", "20:30"},
		{"summer", "America/New_York", "2026-07-10T14:30:00", "2026-07-10", "18:30", "19:30"},
		{"past midnight UTC: the practice's date", "America/New_York", "2026-02-10T20:00:00", "2026-02-10", "01:00", "02:00"},
		{"last minute of the day", "America/New_York", "2026-02-10T23:59:00", "2026-02-10", "04:59", "05:59"},
		{"a doctor in Los Angeles", "America/Los_Angeles", "2026-02-10T14:30:00", "2026-02-10", "22:30", "23:30"},
		{"late in Los Angeles is the next day here", "America/Los_Angeles", "2026-02-10T22:00:00", "2026-02-11", "06:00", "07:00"},
		{"early in Guam is the day before here", "Pacific/Guam", "2026-02-10T09:00:00", "2026-02-09", "23:00", "00:00"},
		{"half an hour off", "Asia/Kolkata", "2026-02-10T14:30:00", "2026-02-10", "09:00", "10:00"},
		{"no zone: the practice's", "", "2026-02-10T14:30:00", "2026-02-10", "19:30", "20:30"},
		{"a space for the T", "America/New_York", "2026-02-10 14:30:00", "2026-02-10", "19:30", "20:30"},
		{"across the gap", "America/New_York", "2026-03-08T01:30:00", "2026-03-08", "06:30", "07:30"},
		{"the gap of another zone", "America/Los_Angeles", "2026-03-08T03:30:00", "2026-03-08", "10:30", "11:30"},
		{"the gap that Phoenix does not have", "America/Phoenix", "2026-03-08T02:30:00", "2026-03-08", "09:30", "10:30"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := env(t)
			e.Doctors["2001"] = transform.Doctor{Timezone: transform.Scalar(c.zone)}
			got := fields(t, verdict(t, e, "appointment", aVisit.with(row{"scheduled_time": c.stamp})))
			if got["date"] != `"`+c.date+`"` || got["scheduledStartTime"] != `"`+c.start+`"` || got["scheduledEndTime"] != `"`+c.end+`"` {
				t.Errorf("%s %s-%s, want %s %s-%s", got["date"], got["scheduledStartTime"], got["scheduledEndTime"], c.date, c.start, c.end)
			}
		})
	}
}

func TestVisitTimesThatCannotBeTold(t *testing.T) {
	for _, c := range []struct{ name, zone, stamp, want string }{
		{"gap", "America/New_York", "2026-03-08T02:30:00", "!dst"},
		{"gap of another zone", "Europe/Berlin", "2026-03-29T02:30:00", "!dst"},
		{"repeated hour", "America/New_York", "2026-11-01T01:30:00", "!dst"},
		{"repeated hour of another zone", "America/Los_Angeles", "2026-11-01T01:00:00", "!dst"},
		{"repeated half hour", "Australia/Lord_Howe", "2026-04-05T01:45:00", "!dst"},
		{"date alone", "America/New_York", "2026-02-10", "!format"},
		{"absent", "America/New_York", "", "!format"},
		{"rubbish", "America/New_York", "soon", "!format"},
		{"with a zone", "America/New_York", "2026-02-10T14:30:00Z", "!format"},
		{"year 1", "UTC", "0001-01-01T00:00:00", "!format"},
		{"no such zone", "America/Nowhere", "2026-02-10T14:30:00", "!format"},
		{"this machine's zone", "Local", "2026-02-10T14:30:00", "!format"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := env(t)
			e.Doctors["2001"] = transform.Doctor{Timezone: transform.Scalar(c.zone)}
			v := verdict(t, e, "appointment", aVisit.with(row{"scheduled_time": c.stamp}))
			if got := outcomeOf(t, v, "scheduledStartTime"); got != c.want || v.Outcome != etl.Invalid {
				t.Errorf("%s, scheduledStartTime is %s, want invalid %s", v.Outcome, got, c.want)
			}
		})
	}
}

func TestDurations(t *testing.T) {
	checkFields(t, "appointment", aVisit, []fieldCase{
		{"1 minute", row{"duration": 1}, "scheduledEndTime", `"19:31"`},
		{"as text", row{"duration": "45"}, "scheduledEndTime", `"20:15"`},
		{"as a decimal", row{"duration": "45.00"}, "scheduledEndTime", `"20:15"`},
		{"half a minute", row{"duration": "45.5"}, "scheduledEndTime", "!range"},
		{"a day", row{"duration": 1440}, "scheduledEndTime", `"19:30"`},
		{"more than a day", row{"duration": 1441}, "scheduledEndTime", "!range"},
		{"0", row{"duration": 0}, "scheduledEndTime", "!range"},
		{"negative", row{"duration": -15}, "scheduledEndTime", "!range"},
		{"absent", row{"duration": nil}, "scheduledEndTime", "!range"},
		{"rubbish", row{"duration": "an hour"}, "scheduledEndTime", "!range"},
	})
}

func TestVisitsAside(t *testing.T) {
	noStatus := without(without(allLookups, "appointmentStatus:"), "cancellationType:")
	for _, c := range []struct {
		name    string
		change  row
		sent    bool
		lookups string
		outcome etl.Outcome
		cause   string
	}{
		{"a visit", row{}, false, allLookups, "", ""},
		{"virtual id", row{"id": "306500001_20260210"}, false, allLookups, etl.Excluded, etl.CauseVirtual},
		{"no id", row{"id": nil}, false, allLookups, etl.Excluded, etl.CauseVirtual},
		{"id as a number", row{"id": 306500001}, false, allLookups, "", ""},
		{"id of 25 digits", row{"id": "1234567890123456789012345"}, false, allLookups, "", ""},
		{"break", row{"appt_is_break": true}, false, allLookups, etl.Excluded, etl.CauseBreak},
		{"no patient", row{"patient": nil}, false, allLookups, etl.Excluded, etl.CauseBreak},
		{"a break after sending", row{"appt_is_break": true}, true, allLookups, etl.Held, etl.CauseNoVisit},
		{"no patient after sending", row{"patient": nil}, true, allLookups, etl.Held, etl.CauseNoVisit},
		{"deleted, never sent", row{"deleted_flag": true}, false, allLookups, etl.Excluded, etl.CauseDeleted},
		{"before go-live", row{"scheduled_time": "2025-12-31T23:30:00"}, false, allLookups, etl.Excluded, etl.CauseBeforeLive},
		{"before go-live, and they hold it", row{"scheduled_time": "2025-12-31T23:30:00"}, true, allLookups, "", ""},
		{"the day of go-live", row{"scheduled_time": "2026-01-01T00:00:00"}, false, allLookups, "", ""},
		{"a repeated hour before go-live", row{"scheduled_time": "2025-11-02T01:30:00"}, false, allLookups, etl.Excluded, etl.CauseBeforeLive},
		{"unknown patient", row{"patient": 90099}, false, allLookups, etl.Blocked, etl.CauseReference},
		{"cancelled, never sent, no status ids", row{"status": "Cancelled"}, false, noStatus, etl.Excluded, etl.CauseCalledOff},
		{"cancelled in another case, never sent, no status ids", row{"status": "cancelled "}, false, noStatus, etl.Excluded, etl.CauseCalledOff},
		{"cancelled after sending, no status ids", row{"status": "Cancelled"}, true, noStatus, etl.Held, etl.CauseStatusID},
		{"no-show after sending, no status ids", row{"status": "No Show"}, true, noStatus, etl.Held, etl.CauseStatusID},
		{"rescheduled after sending, no status ids", row{"status": "Rescheduled"}, true, noStatus, etl.Held, etl.CauseStatusID},
		{"deleted after sending, no status ids", row{"deleted_flag": true}, true, noStatus, etl.Held, etl.CauseStatusID},
		{"sent, and still on", row{}, true, noStatus, "", ""},
		{"cancelled after sending, its key is unknown", row{"status": "Cancelled"}, true,
			noStatus + "  appointmentStatus: {\"\": 1}\n", etl.Held, etl.CauseStatusID},
		{"cancelled after sending, its reason is unknown", row{"status": "Cancelled"}, true,
			without(allLookups, "cancellationType:") + "  cancellationType: {No Show: 82}\n", etl.Held, etl.CauseStatusID},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := env(t)
			e.Lookups = parseLookups(t, c.lookups)
			v := one(t, verdicts(t, e, "appointment", aVisit.with(c.change), c.sent))
			if v.Outcome != c.outcome || v.Cause != c.cause {
				t.Errorf("%q %q %v, want %q %q", v.Outcome, v.Cause, v.Problems, c.outcome, c.cause)
			}
			if c.outcome != "" && v.Body != nil {
				t.Error("it has a body to send all the same")
			}
		})
	}
}

func TestVisitsCalledOffAfterSending(t *testing.T) {
	for _, c := range []struct {
		name             string
		change           row
		lookups          string
		status, cancelBy string
	}{
		{"cancelled", row{"status": "Cancelled"}, allLookups, "5", "81"},
		{"no-show", row{"status": "No Show"}, allLookups, "5", "82"},
		{"rescheduled", row{"status": "Rescheduled"}, allLookups, "4", "83"},
		{"deleted counts as cancelled", row{"deleted_flag": true, "status": "Confirmed"}, allLookups, "5", "81"},
		{"deleted has its own id", row{"deleted_flag": true}, without(without(allLookups, "appointmentStatus:"), "cancellationType:") +
			"  appointmentStatus: {Deleted: 6}\n  cancellationType: {Deleted: 84}\n", "6", "84"},
		{"on again", row{"status": "Confirmed"}, allLookups, "1", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := env(t)
			e.Lookups = parseLookups(t, c.lookups)
			got := fields(t, one(t, verdicts(t, e, "appointment", aVisit.with(c.change), true)))
			if got["appointmentStatusId"] != c.status || got["cancellationTypeId"] != c.cancelBy {
				t.Errorf("status %s, cancellation %s; want %s, %s", got["appointmentStatusId"], got["cancellationTypeId"], c.status, c.cancelBy)
			}
		})
	}
}
