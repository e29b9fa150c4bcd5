package centralreach

import (
	"slices"
	"strings"
	"unicode"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/transform"
)

// A patient is DrChrono's, with the external id that it bears there.
type patient struct {
	transform.Patient
	External string
}

// clientFields is the body of contacts/client (destinations-facts, B3), bare,
// not wrapped in contact. guardianFirstName and guardianLastName are left out:
// DrChrono has one name of a responsible party, and how to split it, and
// whether that is a guardian, would be a guess.
var clientFields = []transform.Field[patient]{
	{Name: "externalSystemId", Type: transform.Text, Required: true, From: "the configured prefix and patients.id",
		Get: func(p patient, _ *transform.Case) transform.Value { return transform.String(p.External) }},
	{Name: "firstName", Type: transform.Text, Required: true, From: "patients.first_name",
		Get: func(p patient, _ *transform.Case) transform.Value { return transform.String(p.FirstName.String()) }},
	{Name: "middleInitial", Type: transform.Text, Max: 1, From: "patients.middle_name, its first letter",
		Get: func(p patient, _ *transform.Case) transform.Value {
			return transform.String(initial(p.MiddleName.String()))
		}},
	{Name: "lastName", Type: transform.Text, Required: true, From: "patients.last_name",
		Get: func(p patient, _ *transform.Case) transform.Value { return transform.String(p.LastName.String()) }},
	{Name: "chosenName", Type: transform.Text, From: "patients.nick_name",
		Get: func(p patient, _ *transform.Case) transform.Value { return transform.String(p.NickName.String()) }},
	{Name: "primaryEmail", Type: transform.Text, From: "patients.email; theirs stays where they have one",
		Get: func(p patient, _ *transform.Case) transform.Value { return transform.String(p.Email.String()) }},
	{Name: "addressLine1", Type: transform.Text, From: "patients.address",
		Get: func(p patient, _ *transform.Case) transform.Value { return transform.String(p.Address.String()) }},
	{Name: "city", Type: transform.Text, From: "patients.city",
		Get: func(p patient, _ *transform.Case) transform.Value { return transform.String(p.City.String()) }},
	{Name: "stateProvince", Type: transform.Text, Max: 2, From: "patients.state",
		Get: func(p patient, c *transform.Case) transform.Value { return state(p, c) }},
	{Name: "zipPostalCode", Type: transform.Text, Max: 9, From: "patients.zip_code, without the dash",
		Get: func(p patient, c *transform.Case) transform.Value { return c.Zip(p.Zip) }},
	{Name: "phoneHome", Type: transform.Text, Max: 10, From: "patients.home_phone, 10 digits",
		Get: func(p patient, c *transform.Case) transform.Value { return c.Digits10(p.HomePhone) }},
	{Name: "phoneCell", Type: transform.Text, Max: 10, From: "patients.cell_phone, 10 digits",
		Get: func(p patient, c *transform.Case) transform.Value { return c.Digits10(p.CellPhone) }},
	{Name: "dateOfBirth", Type: transform.Stamp, From: "patients.date_of_birth, midnight UTC",
		Get: func(p patient, c *transform.Case) transform.Value { return birth(p.BirthDate, c) }},
	{Name: "gender", Type: transform.Text, From: "patients.gender, where it is Male or Female or the lookup says so", Lookup: "gender",
		Get: func(p patient, c *transform.Case) transform.Value { return gender(p, c) }},
	{Name: form, Type: transform.Text, Required: true, From: "lookup contactForm, key client; only in creates", Lookup: "contactForm",
		Get: func(_ patient, c *transform.Case) transform.Value { return contactForm(c, client) }},
}

func judgeClient(prefix string) func(*transform.Case) []transform.Verdict {
	return func(c *transform.Case) []transform.Verdict {
		p, fault := c.AsPatient()
		if fault != "" {
			return one(transform.Unreadable(fault))
		}
		if !c.RoutesPatient(p) {
			return excluded(etl.CauseRoute)
		}
		return one(transform.Map(clientFields, patient{p, prefix + c.Source.ID}, c))
	}
}

// initial is the first letter of a name; "" where it has none.
func initial(name string) string {
	i := strings.IndexFunc(name, unicode.IsLetter)
	if i < 0 {
		return ""
	}
	return strings.ToUpper(string([]rune(name[i:])[0]))
}

// birth maps a date of birth as B3 has it: midnight UTC, whatever the zone.
func birth(date transform.Scalar, c *transform.Case) transform.Value {
	day := c.BirthDate(date)
	if day.Absent() {
		return day
	}
	return transform.String(day.Text() + "T00:00:00Z")
}

// gender maps to the two values that CentralReach takes; another one is left
// out unless the account's lookup turns it into one of these.
func gender(p patient, c *transform.Case) transform.Value {
	g := p.Gender.String()
	known := c.Lookups.Has(Name, "gender")
	switch {
	case transform.Blank(p.Gender):
		return transform.Value{}
	case known:
		v := transform.String(c.Lookup("gender", g, `gender "`+g+`"`))
		if v.Absent() || binary(v.Text()) {
			return v
		}
		return c.Wrong(v, etl.CodeRange, "gender must be Male or Female")
	case binary(g):
		return transform.String(g)
	}
	return transform.Value{}
}

func binary(g string) bool { return g == "Male" || g == "Female" }

// states are the two-letter codes of the US Postal Service (Publication 28,
// appendix B): states, the district, territories and military posts.
var states = strings.Fields(`AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH
	NJ NM NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY AS GU MP PR VI FM MH PW AA AE AP`)

func state(p patient, c *transform.Case) transform.Value {
	s := strings.ToUpper(p.State.String())
	if s != "" && !slices.Contains(states, s) {
		return c.Problem(etl.CodeFormat, "stateProvince must be the two letters of a US state; correct it in DrChrono")
	}
	return transform.String(s)
}
