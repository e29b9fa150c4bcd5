package centralreach

import (
	"errors"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/transform"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A contact is one of CentralReach's, or a body of ours. Members are found
// without regard to case: the vendor binds both casings (destinations-facts,
// B1). Values stay bytes, so that no digit of theirs is lost on the way back.
type contact map[string]jsontext.Value

var (
	errNoContact   = errors.New("the answer is no contact of CentralReach's")
	errNullContact = errors.New("the answer has a contact that is null")
)

func parseContact(body []byte) (contact, error) {
	c, err := transform.Members(body)
	if err != nil || c == nil {
		return nil, errNoContact
	}
	return c, nil
}

// parseContacts reads a list of them, of which some may be null.
func parseContacts(v []byte) (list []contact, ok bool) {
	elements, err := transform.Elements(v)
	if err != nil || elements == nil {
		return nil, false
	}
	list = make([]contact, len(elements))
	for i, e := range elements {
		if list[i], err = transform.Members(e); err != nil {
			return nil, false
		}
	}
	return list, true
}

// contactIn is the contact of a reply, which stands under contact, or bare.
// With an id it must be that one.
func contactIn(reply load.Reply, id string) (contact, error) {
	return objectIn(reply, "contact", "contactId", id)
}

// objectIn is the object of a reply, which stands under its name, in an
// envelope, or bare. With an id it must be that one.
func objectIn(reply load.Reply, name, idField, id string) (contact, error) {
	if !reply.IsJSON() {
		return nil, errNoContact
	}
	whole, err := parseContact(reply.Body)
	if err != nil {
		return nil, err
	}
	for whole.text(idField) == "" {
		if _, v, ok := whole.member(name); ok && v.Kind() == 'n' {
			return nil, errNullContact
		}
		inside := whole.enveloped(name)
		if inside == nil {
			break
		}
		whole = inside
	}
	if got := whole.identify(idField); got == "" || got == "0" || id != "" && got != id {
		return nil, errNoContact
	}
	return whole, nil
}

// envelopes are the names under which a reply may carry what it is about; none
// is a field of theirs (assumptions, Read liberally).
var envelopes = []string{"data", "result", "response", "item"}

// enveloped is the object within an envelope, or under one of the names; nil
// where there is none.
func (c contact) enveloped(names ...string) contact {
	for _, name := range append(names, envelopes...) {
		if in, ok := c.inner(name); ok {
			return in
		}
	}
	return nil
}

// identify is the object's own id, under its name or as a bare id, which then
// takes that name.
func (c contact) identify(idField string) string {
	if id := c.text(idField); id != "" {
		return id
	}
	id := c.text("id")
	if id != "" {
		_, v, _ := c.member("id")
		c.drop("id")
		c[idField] = v
	}
	return id
}

func (c contact) member(name string) (key string, v jsontext.Value, ok bool) {
	if v, ok = c[name]; ok {
		return name, v, true
	}
	for key, v := range c {
		if strings.EqualFold(key, name) {
			return key, v, true
		}
	}
	return "", nil, false
}

// text is a scalar member as text; "" if it is absent, null, or no scalar.
func (c contact) text(name string) string {
	_, v, _ := c.member(name)
	return transform.TextOf(v)
}

func (c contact) set(name string, v jsontext.Value) {
	if key, _, ok := c.member(name); ok {
		name = key
	}
	c[name] = v
}

func (c contact) drop(name string) {
	for key := range c {
		if strings.EqualFold(key, name) {
			delete(c, key)
		}
	}
}

// kept are the fields in which theirs stays where they have one: the id may be
// another system's, the e-mail is what their people log in with
// (destinations-facts, B4).
var kept = []string{"externalSystemId", "primaryEmail"}

// compare names the fields that we send and that stand otherwise there, in
// order. Replies leave null members out (B1), so one that is absent is blank
// there.
func compare(ours, theirs contact) []load.Difference {
	var differs []load.Difference
	for name := range ours {
		held := theirs.text(name)
		switch {
		case name == form, slices.Contains(kept, name) && held != "":
		case !same(name, ours.text(name), held):
			differs = append(differs, load.Difference{Field: name, Ours: ours.text(name), Theirs: held})
		}
	}
	slices.SortFunc(differs, func(a, b load.Difference) int { return strings.Compare(a.Field, b.Field) })
	return differs
}

// same compares two values in the vendor's own precision: a date comes back
// with seven fractional digits, a phone or zip may come back with its signs.
func same(name, ours, theirs string) bool {
	switch name {
	case "dateOfBirth":
		return day(ours) == day(theirs)
	case "phoneHome", "phoneCell", "zipPostalCode":
		return digits(ours) == digits(theirs)
	}
	return ours == theirs
}

func day(stamp string) string {
	if len(stamp) > 10 {
		return stamp[:10]
	}
	return stamp
}

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

// notOurs are the members of a reply that do not go back: its own id and kind,
// which the path says; the payors, which have their own endpoint, and which an
// import might take for further ones; and ContactForm, which an update must
// not carry (B3, B5; centralreach.txt, Response Codes). Everything else does go
// back as it came, isActive too: a PUT that blanks what it does not carry would
// deactivate the contact.
var notOurs = []string{"contactId", "type", "primaryPayors", "secondaryPayors", "clonedIdsJsonMaps", form}

// overlay is the body of an update: what they hold, with our fields where they
// differ.
func overlay(ours, theirs contact, differs []load.Difference) ([]byte, error) {
	for _, name := range notOurs {
		theirs.drop(name)
	}
	if ssn := theirs.text("ssn"); ssn != "" && len(digits(ssn)) != 9 {
		theirs.drop("ssn") // shown masked: it would replace the true one
	}
	for _, d := range differs {
		theirs.set(d.Field, ours[d.Field])
	}
	return json.Marshal(theirs.documented(), json.Deterministic(true))
}

// documented is a contact with its members in the casing of the documents,
// which begin small, whatever the reply's (destinations-facts, B3).
func (c contact) documented() contact {
	out := make(contact, len(c))
	for name, v := range c {
		first, size := utf8.DecodeRuneInString(name)
		out[string(unicode.ToLower(first))+name[size:]] = v
	}
	return out
}
