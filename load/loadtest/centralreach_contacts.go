package loadtest

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Fields of contacts (destinations-facts B3, B4).
var (
	contactFields = strings.Fields(`externalSystemId isActive title firstName middleInitial lastName chosenName
		primaryEmail addressLine1 addressLine2 city stateProvince zipPostalCode phoneHome phoneCell dateOfBirth
		gender additionalContacts`)
	clientFields = append(strings.Fields(`guardianFirstName guardianLastName guarantorFirstName guarantorLastName
		clientDiagnosisCodes uciNumber bhpnId primaryPayors secondaryPayors`), contactFields...)
	employeeFields = append(strings.Fields(`languages credentials ssn npiNumber jobTitle company employeeType
		payTypes payCodes primaryOfficeLocation`), contactFields...)
)

// contactForms are the forms that values of contacts have, where they are not
// blank (destinations-facts B3).
var contactForms = []struct {
	field   string
	form    *regexp.Regexp
	message string
}{
	{"gender", regexp.MustCompile(`^(Male|Female)$`), "'Gender' must be Male or Female."},
	{"stateProvince", regexp.MustCompile(`^[A-Z]{2}$`), "'State Province' must be 2 letters."},
	{"phoneHome", regexp.MustCompile(`^\d{10}$`), "'Phone Home' must be 10 digits."},
	{"phoneCell", regexp.MustCompile(`^\d{10}$`), "'Phone Cell' must be 10 digits."},
	{"dateOfBirth", regexp.MustCompile(`^\d{4}-\d{2}-\d{2}(T[\d:.]+Z)?$`), "'Date Of Birth' must be an ISO-8601 date."},
	{"npiNumber", regexp.MustCompile(`^\d{10}$`), "'Npi Number' must be 10 digits."},
}

func fieldsOf(kind string) []string {
	if kind == "employee" {
		return employeeFields
	}
	return clientFields
}

// addContactRoutes adds the endpoints of clients or of employees.
func (s *CentralReach) addContactRoutes(kind, plural string, forms []string) {
	one, external := "contacts/"+kind+"/{id}", "contacts/"+kind+"/byExternalSystemId"
	s.addRoutes([]route{
		{method: "POST", pattern: "contacts/" + kind, object: kind, op: "create", do: s.createContact(kind, forms)},
		{method: "GET", pattern: "contacts/" + plural, object: kind, op: "list", do: func(c *call) reply { return page(c, s.contactsOf(kind)) }},
		{method: "GET", pattern: one, object: kind, op: "find", do: s.with(kind, showContact)},
		{method: "PUT", pattern: one, object: kind, op: "update", do: s.with(kind, s.updateContact)},
		{method: "GET", pattern: external, object: kind, op: "find", do: s.with(kind, showContact)},
		{method: "PUT", pattern: external, object: kind, op: "update", do: s.with(kind, s.updateContact)},
	})
}

// with finds the contact that a path or the query's externalSystemId names; 404
// if there is none of the kind. An empty kind takes both.
func (s *CentralReach) with(kind string, do func(*call, *contact) reply) func(*call) reply {
	return func(c *call) reply {
		var found *contact
		if len(c.ids) > 0 {
			found = s.contacts[c.ids[0]]
		} else {
			c.entry.ExternalID = c.URL.Query().Get("externalSystemId")
			found = s.byExternal(kind, c.entry.ExternalID)
		}
		if found == nil || kind != "" && found.kind != kind {
			return notFound()
		}
		if c.entry.ID == "" {
			c.entry.ID = fmt.Sprint(found.fields["contactId"])
		}
		return do(c, found)
	}
}

func (s *CentralReach) byExternal(kind, external string) *contact {
	for _, held := range s.contacts {
		if external != "" && held.kind == kind && fmt.Sprint(held.fields["externalSystemId"]) == external {
			return held
		}
	}
	return nil
}

func showContact(c *call, held *contact) reply {
	if external, ok := held.fields["externalSystemId"].(string); ok {
		c.entry.ExternalID = external
	}
	return fine("contact", held.fields)
}

func (s *CentralReach) createContact(kind string, forms []string) func(*call) reply {
	return func(c *call) reply {
		sent, err := c.object()
		if err != nil {
			return s.unreadable()
		}
		fields := canonical(sent, append([]string{"contactForm"}, fieldsOf(kind)...))
		c.entry.ExternalID, _ = fields["externalSystemId"].(string)
		errs := required(fields, "contactForm", "firstName", "lastName")
		if form, _ := fields["contactForm"].(string); form != "" && !slices.Contains(forms, form) {
			errs = append(errs, fieldError{"InvalidValue", "ContactForm", "Contact form not found."})
		}
		if errs = append(errs, malformed(fields)...); len(errs) > 0 {
			return invalid(errs)
		}
		delete(fields, "contactForm")
		if s.taken(kind, fields, nil) {
			return conflict("Record already exists.")
		}
		held := s.keep(kind, fields)
		c.entry.Applied, c.entry.ID = true, fmt.Sprint(held.fields["contactId"])
		return fine("contact", held.fields)
	}
}

func conflict(msg string) reply { return reply{http.StatusConflict, stackError("Conflict", msg)} }

// keep puts a new contact in; a duplicate would show in Duplicates.
func (s *CentralReach) keep(kind string, fields map[string]any) *contact {
	fields["contactId"], fields["type"] = s.next(), kind
	if fields["isActive"] == nil {
		fields["isActive"] = true // the import activates what it creates (B6)
	}
	spellBirth(fields)
	held := &contact{kind: kind, fields: fields, metadata: map[string]any{}}
	s.contacts[fmt.Sprint(fields["contactId"])] = held
	if external := fields["externalSystemId"]; !blank(external) {
		s.created[kind+" "+fmt.Sprint(external)]++
	}
	return held
}

// spellBirth writes a date of birth with seven fractional digits, as replies do.
func spellBirth(fields map[string]any) {
	text, _ := fields["dateOfBirth"].(string)
	if len(text) >= len(time.DateOnly) {
		fields["dateOfBirth"] = text[:len(time.DateOnly)] + "T00:00:00.0000000Z"
	}
}

func required(fields map[string]any, names ...string) []fieldError {
	var errs []fieldError
	for _, name := range names {
		if blank(fields[name]) {
			errs = append(errs, fieldError{"NotEmpty", upper(name), "'" + upper(name) + "' must not be empty."})
		}
	}
	return errs
}

func upper(name string) string { return strings.ToUpper(name[:1]) + name[1:] }

func malformed(fields map[string]any) []fieldError {
	var errs []fieldError
	for _, f := range contactForms {
		if v := fields[f.field]; !blank(v) && !f.form.MatchString(fmt.Sprint(v)) {
			errs = append(errs, fieldError{"InvalidValue", upper(f.field), f.message})
		}
	}
	if birth, _ := fields["dateOfBirth"].(string); len(birth) >= len(time.DateOnly) {
		if _, err := time.Parse(time.DateOnly, birth[:len(time.DateOnly)]); err != nil && len(errs) == 0 {
			errs = append(errs, fieldError{"InvalidValue", "DateOfBirth", "'Date Of Birth' is not a day of the calendar."})
		}
	}
	return errs
}

// taken reports whether another contact of the kind has the same external id,
// or the same last name, primary e-mail and birth date (B6).
func (s *CentralReach) taken(kind string, fields map[string]any, self *contact) bool {
	for _, held := range s.contacts {
		if held == self || held.kind != kind {
			continue
		}
		external := fields["externalSystemId"]
		if !blank(external) && fmt.Sprint(external) == fmt.Sprint(held.fields["externalSystemId"]) {
			return true
		}
		if who := person(fields); self == nil && who != "" && who == person(held.fields) {
			return true
		}
	}
	return false
}

func person(fields map[string]any) string {
	birth, _ := fields["dateOfBirth"].(string)
	if blank(fields["lastName"]) || blank(fields["primaryEmail"]) || len(birth) < len(time.DateOnly) {
		return ""
	}
	return strings.ToLower(fmt.Sprint(fields["lastName"], "|", fields["primaryEmail"], "|", birth[:len(time.DateOnly)]))
}

// updateContact changes what was sent. A body that carries the creation header
// ContactForm is an import of a record that exists: 409 (Response Codes).
func (s *CentralReach) updateContact(c *call, held *contact) reply {
	sent, err := c.object()
	if err != nil {
		return s.unreadable()
	}
	fields := canonical(sent, append([]string{"contactForm"}, fieldsOf(held.kind)...))
	if !blank(fields["contactForm"]) {
		return conflict("Record already exists. Remove user creation headers.")
	}
	merged := map[string]any{"contactId": held.fields["contactId"], "type": held.kind, "isActive": held.fields["isActive"]}
	for name, v := range held.fields {
		if !s.o.ReplaceOnPut {
			merged[name] = v
		}
	}
	for name, v := range fields {
		merged[name] = v
	}
	errs := append(required(merged, "firstName", "lastName"), malformed(merged)...)
	if len(errs) > 0 {
		return invalid(errs)
	}
	if s.taken(held.kind, merged, held) {
		return conflict("Record already exists.")
	}
	spellBirth(merged)
	held.fields, c.entry.Applied = merged, true
	return showContact(c, held)
}

func (s *CentralReach) contactsOf(kind string) []map[string]any {
	list := []map[string]any{}
	for _, held := range s.contacts {
		if held.kind == kind {
			list = append(list, held.fields)
		}
	}
	return byID(list, "contactId")
}

// SeedClient puts a client in who was there before, and returns the contact id.
// No rule is checked; the external id counts for Duplicates.
func (s *CentralReach) SeedClient(fields map[string]any) int64 { return s.seed("client", fields) }

// SeedEmployee is SeedClient for an employee.
func (s *CentralReach) SeedEmployee(fields map[string]any) int64 { return s.seed("employee", fields) }

func (s *CentralReach) seed(kind string, fields map[string]any) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, _ := whole(s.keep(kind, copied(fields)).fields["contactId"])
	return id
}
