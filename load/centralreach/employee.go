package centralreach

import (
	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/transform"
)

// A member of staff is a doctor with the row of users that is theirs.
type staff struct {
	transform.Doctor
	User     transform.User
	HasUser  bool
	External string
	Creates  bool // the config lets us create employees
}

// employeeFields is the body of contacts/employee (destinations-facts, B4).
// The user name has no field there.
var employeeFields = []transform.Field[staff]{
	{Name: "externalSystemId", Type: transform.Text, Required: true, From: "the configured prefix and doctors.id",
		Get: func(s staff, _ *transform.Case) transform.Value { return transform.String(s.External) }},
	{Name: "firstName", Type: transform.Text, Required: true, From: "doctors.first_name",
		Get: func(s staff, _ *transform.Case) transform.Value { return transform.String(s.FirstName.String()) }},
	{Name: "lastName", Type: transform.Text, Required: true, From: "doctors.last_name",
		Get: func(s staff, _ *transform.Case) transform.Value { return transform.String(s.LastName.String()) }},
	{Name: "primaryEmail", Type: transform.Text, Required: true, From: "users.email, else doctors.email; theirs stays where they have one",
		Get: func(s staff, c *transform.Case) transform.Value { return userMail(s, c) }},
	{Name: "phoneCell", Type: transform.Text, Max: 10, From: "doctors.cell_phone, 10 digits",
		Get: func(s staff, c *transform.Case) transform.Value { return c.Digits10(s.CellPhone) }},
	{Name: "npiNumber", Type: transform.Text, Max: 10, From: "doctors.npi_number; none is made up",
		Get: func(s staff, c *transform.Case) transform.Value { return c.NPI(s.NPI) }},
	{Name: "jobTitle", Type: transform.Text, From: "doctors.job_title",
		Get: func(s staff, _ *transform.Case) transform.Value { return transform.String(s.JobTitle.String()) }},
	{Name: form, Type: transform.Text, From: "lookup contactForm, key employee; only in creates, and only where the config allows them", Lookup: "contactForm",
		Get: func(s staff, c *transform.Case) transform.Value {
			if !s.Creates {
				return transform.Value{}
			}
			return contactForm(c, employee)
		}},
}

// judgeEmployee maps every doctor. Whom the config does not let us create is
// kept up to date where CentralReach has them and excluded elsewhere: an active
// employee costs the practice money each month (B6).
func judgeEmployee(prefix string, creates bool) func(*transform.Case) []transform.Verdict {
	return func(c *transform.Case) []transform.Verdict {
		d, fault := c.AsDoctor()
		switch {
		case fault != "":
			return one(transform.Unreadable(fault))
		case !c.RoutesDoctor(c.Source.ID):
			return excluded(etl.CauseRoute)
		}
		user, ok := c.Users[c.Source.ID]
		return one(transform.Map(employeeFields, staff{d, user, ok, prefix + c.Source.ID, creates}, c))
	}
}

func userMail(s staff, c *transform.Case) transform.Value {
	if !s.HasUser {
		return c.Problem(etl.CodeRequired, "no row of users is this doctor's, so there is no e-mail; give the doctor a login in DrChrono")
	}
	if mail := s.User.Email.String(); mail != "" {
		return transform.String(mail)
	}
	return transform.String(s.Doctor.Email.String()) // the document's users carry none
}
