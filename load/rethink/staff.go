package rethink

import (
	"strconv"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/transform"
)

// A member of staff is a doctor with the user row that is theirs.
type staff struct {
	transform.Doctor
	User transform.User
}

// staffFields is the Staff object (destinations-facts, A6).
var staffFields = []transform.Field[staff]{
	{Name: "staffId", Type: transform.Own, From: "Rethink's answer",
		Get: func(_ staff, c *transform.Case) transform.Value { return c.OwnID("staff") }},
	{Name: "username", Type: transform.Text, Max: 100, Required: true, From: "users.username, at least 6 characters",
		Get: func(s staff, c *transform.Case) transform.Value { return username(s, c) }},
	{Name: "statusId", Type: transform.Integer, Required: true, From: "doctors.is_account_suspended", Lookup: "staffStatus",
		Get: func(s staff, c *transform.Case) transform.Value {
			suspended := strconv.FormatBool(s.Suspended.True())
			return transform.Raw(c.Lookup("staffStatus", suspended, "is_account_suspended "+suspended))
		}},
	{Name: "companyStaffId", Type: transform.Text, Max: 100, From: "doctors.id",
		Get: func(s staff, _ *transform.Case) transform.Value { return transform.String(s.ID.String()) }},
	{Name: "firstName", Type: transform.Text, Max: 100, Required: true, From: "doctors.first_name",
		Get: func(s staff, _ *transform.Case) transform.Value { return transform.String(s.FirstName.String()) }},
	{Name: "lastName", Type: transform.Text, Max: 100, Required: true, From: "doctors.last_name",
		Get: func(s staff, _ *transform.Case) transform.Value { return transform.String(s.LastName.String()) }},
}

func judgeStaff(fields []transform.Field[staff]) func(*transform.Case) []transform.Verdict {
	return func(c *transform.Case) []transform.Verdict {
		d, fault := c.AsDoctor()
		if fault != "" {
			return unreadable(fault)
		}
		if !c.RoutesDoctor(c.Source.ID) {
			return excluded(etl.CauseRoute)
		}
		return []transform.Verdict{transform.Map(fields, staff{d, c.Users[c.Source.ID]}, c)}
	}
}

// minUsername is the shortest user name that Rethink takes (A6).
const minUsername = 6

func username(s staff, c *transform.Case) transform.Value {
	name := s.User.Username.String()
	switch {
	case name == "":
		return c.Problem(etl.CodeRequired, "no row of users is this doctor's, so there is no user name; give the doctor a login in DrChrono")
	case len([]rune(name)) < minUsername:
		return c.Problem(etl.CodeRange, "username must have at least 6 characters; change it in DrChrono")
	}
	return transform.String(name)
}
