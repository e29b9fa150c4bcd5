package rethink

import "testing"

func TestClockOf(t *testing.T) {
	for text, want := range map[string]string{
		"09:30": "09:30", "9:30": "09:30", "09:30:00": "09:30", "09:30:15.000": "09:30", "9:30 AM": "09:30", "9:30 pm": "21:30", "12:05AM": "00:05",
		"2026-03-03T09:30:00Z": "09:30", "2026-03-03T04:30:00-05:00": "09:30", "2026-03-03T09:30:00": "09:30", " 09:30 ": "09:30",
		"": "", "half past nine": "", "930": "", "25:00": "", "09:61:00": "", "1772530200": "",
	} {
		if got := clockOf(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
	for text, want := range map[string]string{"2026-03-03": "2026-03-03", "2026-03-03T00:00:00": "2026-03-03", "03/03/2026": "", "": "", "2026-13-03": ""} {
		if got := dayOf(text); got != want {
			t.Errorf("%q is the day %q, want %q", text, got, want)
		}
	}
}
