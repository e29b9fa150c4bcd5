package transform

import (
	"crypto/sha256"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/chartbridge/chartbridge/etl"
)

// A Visit is an appointment of a staged patient, with its times.
type Visit struct {
	Appointment
	Start, End time.Time // in the zone of its doctor
}

// Visit reads an appointment and applies the rules that hold everywhere, in
// the order in which a person would ask; decided is its verdict if they settle
// it. aside gives a destination's own reason to leave a visit out, or "".
func (c *Case) Visit(aside func(Appointment) string) (v Visit, decided *Verdict) {
	verdict := func(d Verdict) (Visit, *Verdict) { return v, &d }
	a, fault := c.AsAppointment()
	switch {
	case fault != "":
		return verdict(Unreadable(fault))
	case !numeric(a.ID.String()): // an occurrence that DrChrono has not made real (drchrono-facts, section 4)
		return verdict(Excluded(etl.CauseVirtual))
	case a.Break.True(), a.Patient.String() == "":
		return verdict(Excluded(etl.CauseBreak))
	}
	if cause := aside(a); cause != "" {
		return verdict(Excluded(cause))
	}
	p, staged := c.Patients[a.Patient.String()]
	if staged && !c.RoutesVisit(a, p) {
		return verdict(Excluded(etl.CauseRoute))
	}
	v, known, problems := c.times(a)
	switch {
	case known && !c.Sent && v.Start.In(c.Zone).Format(time.DateOnly) < c.GoLive: // one that they hold follows its source
		return verdict(Excluded(etl.CauseBeforeLive))
	case len(problems) > 0:
		return verdict(Verdict{Outcome: etl.Invalid, Cause: problems[0].Code, Problems: problems})
	case !staged:
		return verdict(Verdict{Outcome: etl.Blocked, Cause: etl.CauseReference, Problems: []etl.Problem{{Field: "clientId",
			Code: etl.CodeReference, Message: "its patient " + strconv.Quote(a.Patient.String()) + " is not staged, or cannot be read"}}})
	}
	return v, nil
}

// Month is the month in which a visit begins, in the practice's zone.
func (c *Case) Month(v Visit) string { return v.Start.In(c.Zone).Format(etl.MonthOnly) }

// Place names a visit by who, with whom and when: two that take place there are
// not to be told apart by anything that a destination shows.
func (v Visit) Place() []byte {
	return hashed(v.Patient.String(), v.Doctor.String(), v.Start.UTC().Format(time.RFC3339))
}

// Twin is the place of a visit that takes place. One that is off is nobody's
// twin: to the place comes its own name.
func (c *Case) Twin(v Visit) []byte {
	switch {
	case v.Start.IsZero():
		return nil
	case v.Off() || c.Source.Gone:
		return append(v.Place(), hashed(c.Source.ID)...)
	}
	return v.Place()
}

func hashed(parts ...string) []byte {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x1f")))
	return sum[:16]
}

// Off reports whether a visit did not, or will not, take place.
func (a Appointment) Off() bool {
	switch strings.ToLower(a.Status.String()) { // a practice may have the word as a status of its own
	case "cancelled", "canceled", "no show", "rescheduled":
		return true
	}
	return a.Deleted.True()
}

// times reads a visit's wall clock in its doctor's zone; known is false where
// not even its day can be told.
func (c *Case) times(a Appointment) (v Visit, known bool, problems []etl.Problem) {
	zone := c.Zone
	if d, ok := c.Doctors[a.Doctor.String()]; ok && d.Timezone.String() != "" {
		loaded, ok := zoneNamed(d.Timezone.String())
		if !ok {
			return v, false, []etl.Problem{{Field: "scheduledStartTime", Code: etl.CodeFormat,
				Message: "the doctor's time zone is not a known one; correct it in DrChrono"}}
		}
		zone = loaded
	}
	start, fault := Local(a.ScheduledTime.String(), zone)
	v, known = Visit{a, start, start}, !start.IsZero()
	if fault != "" {
		code := etl.CodeDST
		if !known {
			code = etl.CodeFormat
		}
		problems = append(problems, etl.Problem{Field: "scheduledStartTime", Code: code, Message: "the visit's time " + fault})
	}
	whole, fraction, _ := strings.Cut(a.Duration.String(), ".") // 45.0 is 45
	minutes, err := strconv.Atoi(whole)
	if err != nil || strings.Trim(fraction, "0") != "" || minutes <= 0 || minutes > 24*60 {
		problems = append(problems, etl.Problem{Field: "scheduledEndTime", Code: etl.CodeRange,
			Message: "the visit's duration must be between 1 minute and 24 hours"})
	}
	v.End = v.Start.Add(time.Duration(minutes) * time.Minute)
	return v, known, problems
}

// zones holds the zones that were asked for. To read a zone's file for each
// visit would take longer than all the rest of its judgement.
var zones sync.Map // name -> *time.Location

// zoneNamed gives the zone of that name in the IANA database.
func zoneNamed(name string) (zone *time.Location, ok bool) {
	if known, ok := zones.Load(name); ok {
		return known.(*time.Location), true
	}
	zone, err := time.LoadLocation(name)
	if err != nil || zone == time.Local { // "Local" would be this machine's zone
		return nil, false
	}
	zones.Store(name, zone)
	return zone, true
}

func numeric(id string) bool { return id != "" && strings.Trim(id, "0123456789") == "" }
