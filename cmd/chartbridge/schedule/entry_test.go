package schedule

import (
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/cmd/chartbridge/config"
	"github.com/google/go-cmp/cmp"
)

func entry(t *testing.T, spec, zone string) Entry {
	t.Helper()
	schedule, err := config.ParseCron(spec)
	if err != nil {
		t.Fatal(err)
	}
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	return Entry{Name: "nightly", Spec: spec, Cron: schedule, Zone: loc}
}

func utc(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02 15:04:05", text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestNextWhereTheClocksChange(t *testing.T) {
	for _, c := range []struct{ spec, zone, after, due, local, risk string }{
		{"30 2 * * *", "America/New_York", "2026-03-07 12:00:00", "2026-03-08 07:00:00", "2026-03-08 02:30", RiskSkipped},
		{"30 2 * * *", "America/New_York", "2026-03-08 07:00:00", "2026-03-09 06:30:00", "2026-03-09 02:30", ""},
		{"0 2 * * *", "America/New_York", "2026-03-08 06:59:59", "2026-03-08 07:00:00", "2026-03-08 02:00", RiskSkipped},
		{"0 3 * * *", "America/New_York", "2026-03-08 06:59:59", "2026-03-08 07:00:00", "2026-03-08 03:00", ""},
		{"30 1 * * *", "America/New_York", "2026-11-01 04:00:00", "2026-11-01 05:30:00", "2026-11-01 01:30", RiskRepeated},
		{"30 1 * * *", "America/New_York", "2026-11-01 05:30:00", "2026-11-02 06:30:00", "2026-11-02 01:30", ""},
		{"30 1 * * *", "America/New_York", "2026-11-01 06:10:00", "2026-11-02 06:30:00", "2026-11-02 01:30", ""},
		{"0 2 * * *", "America/New_York", "2026-11-01 04:00:00", "2026-11-01 07:00:00", "2026-11-01 02:00", ""},
		{"30 1 * * *", "Europe/London", "2026-03-28 12:00:00", "2026-03-29 01:00:00", "2026-03-29 01:30", RiskSkipped},
		{"30 1 * * *", "Europe/London", "2026-10-24 12:00:00", "2026-10-25 00:30:00", "2026-10-25 01:30", RiskRepeated},
		{"15 2 * * *", "Australia/Lord_Howe", "2026-10-03 12:00:00", "2026-10-03 15:30:00", "2026-10-04 02:15", RiskSkipped},
		{"45 1 * * *", "Australia/Lord_Howe", "2026-04-04 12:00:00", "2026-04-04 14:45:00", "2026-04-05 01:45", RiskRepeated},
		{"0 0 * * *", "America/Sao_Paulo", "2018-11-03 12:00:00", "2018-11-04 03:00:00", "2018-11-04 00:00", RiskSkipped},
		{"30 2 * * *", "UTC", "2026-03-07 12:00:00", "2026-03-08 02:30:00", "2026-03-08 02:30", ""},
		{"@every 6h", "America/New_York", "2026-03-08 01:00:00", "2026-03-08 06:00:00", "2026-03-08 01:00", ""},
		{"0 0 29 2 *", "UTC", "2026-03-08 01:00:00", "2028-02-29 00:00:00", "2028-02-29 00:00", ""},
	} {
		got, ok := entry(t, c.spec, c.zone).Next(utc(t, c.after))
		want := Occurrence{Schedule: "nightly", Due: utc(t, c.due), Local: c.local, Risk: c.risk}
		if !ok || !cmp.Equal(got, want) {
			t.Errorf("%s in %s after %s: %s", c.spec, c.zone, c.after, cmp.Diff(got, want))
		}
	}
}

// zones change their clocks by an hour, in other weeks, and by half an hour.
var zones = []string{"America/New_York", "America/Los_Angeles", "Europe/London", "Australia/Lord_Howe"}

func TestAYearRunsOnceEachLocalDate(t *testing.T) {
	for _, zone := range zones {
		for _, spec := range []string{"30 2 * * *", "30 1 * * *", "0 2 * * *", "45 1 * * *", "0 0 * * *", "59 23 * * *", "15 4 * * *"} {
			e := entry(t, spec, zone)
			from := time.Date(2025, 12, 31, 23, 59, 59, 0, e.Zone)
			count := map[string]int{}
			for _, o := range e.Due(from, from.AddDate(1, 0, 0)) {
				count[o.Due.In(e.Zone).Format(time.DateOnly)]++
			}
			for day := from.AddDate(0, 0, 1); day.Year() == 2026; day = day.AddDate(0, 0, 1) {
				if got := count[day.Format(time.DateOnly)]; got != 1 {
					t.Errorf("%s in %s on %s: %d occurrences, want 1", spec, zone, day.Format(time.DateOnly), got)
				}
			}
			if len(count) != 365 {
				t.Errorf("%s in %s: %d dates, want 365", spec, zone, len(count))
			}
		}
	}
}

// A schedule of every quarter of an hour is what it is on the wall: what is
// skipped falls together, what is repeated runs the first time.
func TestQuartersOverAChange(t *testing.T) {
	e := entry(t, "*/15 * * * *", "America/New_York")
	for _, c := range []struct {
		date string
		want int
	}{{"2026-03-08", 23 * 4}, {"2026-11-01", 24 * 4}, {"2026-06-01", 24 * 4}} {
		start, err := time.ParseInLocation(time.DateOnly, c.date, e.Zone)
		if err != nil {
			t.Fatal(err)
		}
		if got := len(e.Due(start.Add(-time.Second), start.AddDate(0, 0, 1).Add(-time.Second))); got != c.want {
			t.Errorf("%s: %d occurrences, want %d", c.date, got, c.want)
		}
	}
}

// A clock that was in the year 2000 at boot must not fill the database.
func TestDueIsBounded(t *testing.T) {
	now := utc(t, "2026-05-05 12:00:00")
	long := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	for spec, want := range map[string]int{"30 2 * * *": 400, "*/15 * * * *": mostMissed} {
		missed := entry(t, spec, "America/New_York").Due(long, now)
		if len(missed) != want {
			t.Errorf("%s: %d missed, want %d", spec, len(missed), want)
		}
		if newest := missed[len(missed)-1].Due; now.Sub(newest) > 24*time.Hour {
			t.Errorf("%s: the newest is of %s", spec, newest)
		}
	}
	if missed := entry(t, "30 2 * * *", "UTC").Due(now, long); len(missed) > 0 {
		t.Errorf("a clock that went back: %d missed, want none", len(missed))
	}
}

func TestRisky(t *testing.T) {
	now := utc(t, "2026-05-05 12:00:00")
	for spec, want := range map[string]string{"30 2 * * *": "2027-03-14 02:30", "30 1 * * *": "2026-11-01 01:30", "15 4 * * *": "", "0 * * * *": ""} {
		if o, _ := entry(t, spec, "America/New_York").Risky(now); o.Local != want {
			t.Errorf("%s: risky at %q, want %q", spec, o.Local, want)
		}
	}
}

func TestLongestGapAndUpcoming(t *testing.T) {
	now := utc(t, "2026-05-05 12:00:00")
	weekly, daily := entry(t, "0 4 * * 0", "UTC"), entry(t, "30 4 * * *", "UTC")
	weekly.Name = "weekly"
	if got, want := LongestGap([]Entry{weekly}, now), 7*24*time.Hour; got != want {
		t.Errorf("weekly: longest gap %s, want %s", got, want)
	}
	var got []string
	for _, o := range Upcoming([]Entry{weekly, daily}, now, 6) {
		got = append(got, o.Schedule+" "+o.Local)
	}
	want := []string{"nightly 2026-05-06 04:30", "nightly 2026-05-07 04:30", "nightly 2026-05-08 04:30", "nightly 2026-05-09 04:30",
		"weekly 2026-05-10 04:00", "nightly 2026-05-10 04:30"}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Error(diff)
	}
	if gap := LongestGap(nil, now); gap != 0 || len(Upcoming(nil, now, 3)) != 0 {
		t.Errorf("no entries: gap %s", gap)
	}
}
