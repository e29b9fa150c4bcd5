package reports

import (
	"encoding/json"
	"time"

	"github.com/chartbridge/chartbridge/etl"
)

// Visits as the workbook compares them.

// A fate is what became of a record at one destination.
type fate struct {
	outcome       etl.Outcome
	cause, target string
}

// readFates reads [[destination, object, outcome, cause, target id]].
func readFates(text string) map[key]fate {
	var rows [][5]string
	fates := map[key]fate{}
	if json.Unmarshal([]byte(text), &rows) == nil {
		for _, r := range rows {
			fates[key{r[0], r[1]}] = fate{etl.Outcome(r[2]), r[3], r[4]}
		}
	}
	return fates
}

// An event is a visit as a destination holds it.
type event struct {
	client, provider string
	start, end       time.Time
}

func readEvent(text string) (e event) {
	var body struct{ Client, Provider, Start, End scalar }
	if text == "" || json.Unmarshal([]byte(text), &body) != nil {
		return e
	}
	return event{string(body.Client), string(body.Provider), instant(string(body.Start)), instant(string(body.End))}
}

// minutesThere is how long a visit is that a destination acknowledged or holds:
// by startDate and endDate (CentralReach), or by scheduledStartTime and
// scheduledEndTime, HH:MM (Rethink). ok is false where it says neither.
func minutesThere(text string) (minutes int, ok bool) {
	var body struct {
		Start scalar `json:"startDate"`
		End   scalar `json:"endDate"`
		From  scalar `json:"scheduledStartTime"`
		To    scalar `json:"scheduledEndTime"`
	}
	if json.Unmarshal([]byte(text), &body) != nil {
		return 0, false
	}
	if start, end := instant(string(body.Start)), instant(string(body.End)); !start.IsZero() && !end.IsZero() {
		return int(end.Sub(start).Minutes()), true
	}
	from, err1 := time.Parse("15:04", firstOf(string(body.From), 5))
	to, err2 := time.Parse("15:04", firstOf(string(body.To), 5))
	if err1 != nil || err2 != nil {
		return 0, false
	}
	const day = 24 * 60
	return (int(to.Sub(from).Minutes()) + day) % day, true
}
