package centralregistry

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/transform"
)

// A dose is what is known of the final one.
type dose struct {
	code  int         // the registry's; 0 = it cannot be told, which fault or lacks explains
	fault etl.Problem // code and message only
	lacks []string    // keys that the lookup medication would need
	rows  []course    // the medications that it may have been
	row   *course     // the one that it was
}

// charted reports whether DrChrono holds a medication for the episode.
func (d dose) charted() bool { return len(d.rows) > 0 }

// A course is one medication of the kind that the registry asks after.
type course struct {
	drug
	bad            bool   // the lookup gives it a code that is not the registry's
	began, stopped string // YYYY-MM-DD, "" = not said
	quantity, unit string
	inactive       bool
}

// finalDose finds the medication of the final dose. Nothing is guessed: where
// several could be meant, the practice corrects its chart.
func finalDose(c *transform.Case, d discharge) dose {
	if date := d.Date.day(); date == "" || date < d.Admission.day() {
		return dose{} // which one was the last cannot be told, and the date is problem enough
	}
	all, ok := courses(c)
	if !ok {
		return dose{rows: all, fault: etl.Problem{Code: etl.CodeFormat,
			Message: "medication cannot be told: a medication has a date that is not YYYY-MM-DD; correct it in DrChrono"}}
	}
	rows := last(inEpisode(all, d), d.Date.day())
	if len(rows) == 0 {
		return noDose(c, d)
	}
	return judgeRows(rows, d.Date.day())
}

// courses reads the patient's medications of the kind; ok is false where a
// date of theirs cannot be read.
func courses(c *transform.Case) (list []course, ok bool) {
	ok = true
	for _, m := range c.Medications[c.Source.ID] {
		drug, bad := drugOf(c, m.Name.String())
		if transform.Blank(m.Name) || !drug.kind {
			continue
		}
		row := course{drug: drug, bad: bad, quantity: m.DosageQuantity.String(), unit: m.DosageUnits.String(),
			inactive: strings.EqualFold(m.Status.String(), "inactive")}
		for _, date := range []struct {
			from transform.Scalar
			to   *string
		}{{m.Prescribed, &row.began}, {m.Started, &row.began}, {m.Stopped, &row.stopped}} {
			ok = readDay(date.from, date.to) && ok
		}
		list = append(list, row)
	}
	return list, ok
}

// readDay reads a date of a medication, with or without a time; a blank one
// leaves what is there.
func readDay(s transform.Scalar, to *string) bool {
	text, _, _ := strings.Cut(s.String(), "T")
	if text == "" {
		return true
	}
	if _, err := time.Parse(time.DateOnly, text); err != nil {
		return false
	}
	*to = text
	return true
}

// inEpisode leaves out what ended before the admission and what began after
// the discharge: the document speaks of this episode.
func inEpisode(all []course, d discharge) []course {
	admission, discharged := d.Admission.day(), d.Date.day()
	return slices.DeleteFunc(all, func(r course) bool {
		return admission != "" && r.stopped != "" && r.stopped < admission ||
			discharged != "" && r.began > discharged
	})
}

// last keeps the courses that ran at the discharge, or else those that ended
// last before it and those of which only is known that they ended.
func last(rows []course, discharged string) []course {
	latest := ""
	for _, r := range rows {
		latest = max(latest, r.end(discharged))
	}
	return slices.DeleteFunc(slices.Clone(rows), func(r course) bool {
		return r.end(discharged) != latest && (latest == discharged || !r.endUnknown())
	})
}

// end is the last day on which a course is known to have run. One that was
// not stopped ran at the discharge, unless it is marked inactive.
func (r course) end(discharged string) string {
	switch {
	case r.endUnknown():
		return r.began
	case r.stopped == "", r.stopped > discharged:
		return discharged
	}
	return r.stopped
}

func (r course) endUnknown() bool { return r.stopped == "" && r.inactive }

// judgeRows tells the code where all that it may have been have the same one,
// and the row where one of them took the others' place.
func judgeRows(rows []course, discharged string) dose {
	d := dose{rows: rows, code: rows[0].code}
	for _, r := range rows {
		switch {
		case r.bad:
			d.fault = etl.Problem{Code: etl.CodeRange, Message: "medication: lookup " + medicationLookup +
				" gives a code that the registry has not for a medication; correct the lookups file"}
		case r.code == 0:
			d.lacks = append(d.lacks, r.key)
		case r.code != d.code && d.code != 0:
			d.fault = etl.Problem{Code: etl.CodeConflict, Message: "medication: several different ones ran at the end, and only one can be the final dose's; give the others their stop date in DrChrono"}
		}
	}
	slices.Sort(d.lacks)
	d.lacks = slices.Compact(d.lacks)
	if d.fault.Code != "" || len(d.lacks) > 0 {
		d.code = 0
	}
	newest := slices.MaxFunc(rows, func(a, b course) int { return strings.Compare(a.began, b.began) })
	rivals := 0
	for _, r := range rows {
		if r.began == newest.began || r.began == "" || r.besides(newest, discharged) {
			rivals++
		}
	}
	if rivals == 1 {
		d.row = &newest
	}
	return d
}

// besides reports whether a course is known to have run as long as another one
// that began after it, and did not end where that one began: a change of the
// dose, or the parts of one that was split, cannot be told apart.
func (r course) besides(later course, discharged string) bool {
	return !r.endUnknown() && !later.endUnknown() && r.end(discharged) == later.end(discharged) && (r.stopped == "" || r.stopped > later.began)
}

// noDose is for a patient without a medication of the kind. Only the reason
// that says so proves that none was given; otherwise a chart that lacks the
// medication, or that we may not read, would be reported as a treatment
// without one. The lookup's key "none" lets a practice say which code it means.
func noDose(c *transform.Case, d discharge) dose {
	code, found, bad := mapped(c, noneKey, []int{noneGiven, noneAdministered})
	admission := d.Admission.day()
	switch {
	case bad:
		return dose{fault: etl.Problem{Code: etl.CodeRange,
			Message: "medication: lookup " + medicationLookup + " must give 7 or 12 for none; correct the lookups file"}}
	case d.Code == notAdmitted && !found:
		return dose{code: noneGiven}
	case !found:
		return dose{fault: etl.Problem{Code: etl.CodeRequired, Message: "medication is required and DrChrono holds none of the registry's kinds for this episode; " +
			"add it there, or let lookup " + medicationLookup + " say with the key none which code (7 or 12) means that no dose was given"}}
	case d.Code != notAdmitted && admission != "" && d.DoseThrough.day() > admission:
		return dose{fault: etl.Problem{Code: etl.CodeConflict, Message: "medication: a dose-through date after the admission says that a dose was given, " +
			"and DrChrono holds no medication of the registry's kinds; correct one of the two there"}}
	}
	return dose{code: code}
}

// mapped is what the lookup medication says of a key; bad where that is none
// of the codes allowed.
func mapped(c *transform.Case, key string, allowed []int) (code int, found, bad bool) {
	id, found := c.Lookups.Find(c.Destination, medicationLookup, key)
	if !found {
		return 0, false, false
	}
	code, err := strconv.Atoi(strings.TrimSpace(id))
	return code, true, err != nil || !slices.Contains(allowed, code)
}

// dosageForm: up to 3 digits with up to 2 decimals. Zeros that change nothing
// are not counted: DrChrono may keep quantities as decimals of fixed length.
var dosageForm = regexp.MustCompile(`^0*(\d{1,3}|\d{1,3}\.\d{1,2})$|^0*(\d{1,3}\.\d{1,2})0+$`)

var milligrams = []string{"mg", "mgs", "milligram", "milligrams"}

// dosage is the final dose in milligrams, as decimal text.
func dosage(d discharge, c *transform.Case) transform.Value {
	none := d.Dose.code == noneGiven || d.Dose.code == noneAdministered
	switch {
	case none, !d.Dose.charted():
		return transform.Raw("0") // where the medication has a problem, nothing is sent anyway
	case d.Dose.row == nil && d.Dose.code == 0:
		return transform.Raw("0")
	case d.Dose.row == nil:
		return c.Problem(etl.CodeConflict, "dosage: several rows of this medication ran at the end; give those that had ended their stop date in DrChrono, or leave one, with the total if the dose was split")
	}
	row := d.Dose.row
	unit := strings.TrimSuffix(strings.ToLower(row.unit), ".")
	if !slices.Contains(milligrams, unit) {
		return c.Problem(etl.CodeRange, "dosage must be in mg, and the medication's dosage_units say something else or nothing; correct it in DrChrono")
	}
	if row.quantity == "" {
		return c.Problem(etl.CodeRequired, "dosage is required and the medication has no dosage_quantity; fill it in in DrChrono")
	}
	return milligramsOf(row.quantity, c)
}

func milligramsOf(quantity string, c *transform.Case) transform.Value {
	form := dosageForm.FindStringSubmatch(quantity)
	if form == nil {
		return c.Problem(etl.CodeFormat, "dosage must be a number of up to 3 digits with up to 2 decimals; correct dosage_quantity in DrChrono")
	}
	amount := form[1] + form[2]
	if strings.Trim(amount, "0.") == "" {
		return c.Problem(etl.CodeConflict, "dosage is 0 although a medication was given; correct dosage_quantity in DrChrono")
	}
	return transform.Raw(amount)
}
