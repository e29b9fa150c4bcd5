package transform

import (
	"strings"
	"testing"
	"time"
)

func TestLocal(t *testing.T) {
	for _, c := range []struct{ name, zone, naive, want, fault string }{
		{"winter", "America/New_York", "2026-02-10T14:30:00", "2026-02-10T19:30:00Z", ""},
		{"summer", "America/New_York", "2026-07-10T14:30:00", "2026-07-10T18:30:00Z", ""},
		{"a space", "America/New_York", "2026-02-10 14:30:00", "2026-02-10T19:30:00Z", ""},
		{"no seconds", "America/New_York", "2026-02-10T14:30", "2026-02-10T19:30:00Z", ""},
		{"last before the gap", "America/New_York", "2026-03-08T01:59:59", "2026-03-08T06:59:59Z", ""},
		{"first of the gap", "America/New_York", "2026-03-08T02:00:00", "", "does not exist"},
		{"last of the gap", "America/New_York", "2026-03-08T02:59:59", "", "does not exist"},
		{"first after the gap", "America/New_York", "2026-03-08T03:00:00", "2026-03-08T07:00:00Z", ""},
		{"last before the repeated hour", "America/New_York", "2026-11-01T00:59:59", "2026-11-01T04:59:59Z", ""},
		{"first of the repeated hour", "America/New_York", "2026-11-01T01:00:00", "", "exists twice"},
		{"last of the repeated hour", "America/New_York", "2026-11-01T01:59:59", "", "exists twice"},
		{"first after the repeated hour", "America/New_York", "2026-11-01T02:00:00", "2026-11-01T07:00:00Z", ""},
		{"half an hour skipped", "Australia/Lord_Howe", "2026-10-04T02:15:00", "", "does not exist"},
		{"half an hour repeated", "Australia/Lord_Howe", "2026-04-05T01:31:00", "", "exists twice"},
		{"half an hour before it", "Australia/Lord_Howe", "2026-04-05T01:29:00", "2026-04-04T14:29:00Z", ""},
		{"no summer time", "America/Phoenix", "2026-03-08T02:30:00", "2026-03-08T09:30:00Z", ""},
		{"a day skipped", "Pacific/Apia", "2011-12-30T12:00:00", "", "does not exist"},
		{"with a zone", "America/New_York", "2026-02-10T14:30:00Z", "", "is not a local time"},
		{"a date", "America/New_York", "2026-02-10", "", "is not a local time"},
		{"30 February", "America/New_York", "2026-02-30T10:00:00", "", "is not a local time"},
		{"year 1", "UTC", "0001-01-01T00:00:00", "", "is not a local time"},
		{"absent", "UTC", "", "", "is not a local time"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, fault := Local(c.naive, zone(t, c.zone))
			if !strings.HasPrefix(fault, c.fault) || (fault == "") != (c.fault == "") {
				t.Fatalf("fault %q, want %q", fault, c.fault)
			}
			if fault == "" && got.UTC().Format(time.RFC3339) != c.want {
				t.Errorf("got %s, want %s", got.UTC().Format(time.RFC3339), c.want)
			}
		})
	}
}

func TestBirthDate(t *testing.T) {
	checkRule(t, (*Case).BirthDate, []ruleCase{
		{"absent", "", ""}, {"blanks", "  ", ""}, {"a date", "2019-04-05", "2019-04-05"}, {"today", "2026-03-01", "2026-03-01"},
		{"tomorrow", "2026-03-02", "!range"}, {"1880", "1880-01-01", "1880-01-01"}, {"1879", "1879-12-31", "!range"},
		{"American", "04/05/2019", "!format"}, {"stamp", "2019-04-05T00:00:00", "!format"}, {"one digit", "2019-4-5", "!format"},
	})
}

func TestBirthDateIsJudgedByThePracticesDay(t *testing.T) {
	for _, c := range []struct {
		name, zone string
		now        time.Time
		want       string
	}{
		{"tomorrow in UTC, today in Guam", "Pacific/Guam", time.Date(2026, 2, 28, 19, 0, 0, 0, time.UTC), "2026-03-01"},
		{"today in UTC, tomorrow in New York", "America/New_York", time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC), ""},
	} {
		cs := newCase(t)
		cs.Zone, cs.Now = zone(t, c.zone), c.now
		if got := cs.BirthDate("2026-03-01").Text(); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestZip(t *testing.T) {
	checkRule(t, (*Case).Zip, []ruleCase{
		{"absent", "", ""}, {"5", "00501", "00501"}, {"9", "005011234", "005011234"}, {"dash", "00501-1234", "005011234"},
		{"space", "00501 1234", "005011234"}, {"4", "0050", "!format"}, {"two dashes", "00501--1234", "!format"}, {"letters", "ABCDE", "!format"},
	})
}

func TestPhone(t *testing.T) {
	checkRule(t, (*Case).Digits10, []ruleCase{
		{"absent", "", ""}, {"American", "(555) 010-0199", "5550100199"}, {"dots", "555.010.0199", "5550100199"},
		{"country code", "+1 555 010 0199", "5550100199"}, {"11 digits, no country code", "25550100199", "!format"},
		{"9", "555 010 019", "!format"}, {"an extension", "555 010 0199 x12", "!format"}, {"other digits", "٥٥٥٠١٠٠١٩٩", ""},
	})
}

func TestNPI(t *testing.T) {
	checkRule(t, (*Case).NPI, []ruleCase{
		{"absent", "", ""}, {"the standard's own example", "1234567893", "1234567893"}, {"another", "1245319599", "1245319599"},
		{"check digit", "1234567890", "!format"}, {"two digits swapped", "1234576893", "!format"}, {"9 digits", "123456789", "!format"},
		{"11 digits", "12345678930", "!format"}, {"dashes", "123-456-7893", "!format"}, {"letters", "12345A7893", "!format"},
	})
}
