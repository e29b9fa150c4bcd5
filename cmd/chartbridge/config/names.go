package config

import (
	"regexp"
	"slices"
	"strings"
)

// unsure are Rethink's fields whose published name is cut off or only likely: an
// account may have its own. published are the others, which no such name may
// repeat.
var (
	rethinkObjects = []string{"client", "staff", "appointment"}
	unsure         = map[string][]string{
		"client":      {"clientExternalId", "clientStatusId", "locationId"},
		"staff":       {"companyStaffId"},
		"appointment": {"serviceId", "locationId", "placeOfServiceId", "appointmentStatusId", "cancellationTypeId"},
	}
	published = map[string]string{
		"client":      "clientId firstName middleName lastName dateOfBirth genderID addressStreet city stateId zipCode clientFunders authorizations",
		"staff":       "staffId username statusId firstName lastName",
		"appointment": "appointmentId appointmentTypeId date scheduledStartTime scheduledEndTime staffId payCodeId tagId clientId",
	}
)

// names reads the account's own names of fields; those that are as ours are left
// out.
func (b *block) names(key string, to *Names) {
	*to = Names{}
	b.child(key, func(b *block) {
		for _, object := range rethinkObjects {
			b.child(object, func(b *block) { b.fieldNames(object, *to) })
		}
	})
}

func (b *block) fieldNames(object string, to Names) {
	taken := strings.Fields(published[object])
	for _, field := range unsure[object] {
		name := ""
		b.checked(field, &name, field, checkFieldName)
		if slices.ContainsFunc(taken, func(t string) bool { return strings.EqualFold(t, name) }) {
			b.fault(field, bad("is the name of another field that is sent", "ask Rethink for the name; leave the key out where it is the same"))
		}
		taken = append(taken, name)
		if name == field || name == "" {
			continue
		}
		if to[object] == nil {
			to[object] = map[string]string{}
		}
		to[object][field] = name
	}
}

var fieldName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,99}$`)

func checkFieldName(text string) *Fault {
	if !fieldName.MatchString(text) {
		return bad("must be the name of a field, of letters, digits and _", "write it exactly as Rethink does: its names are case-sensitive")
	}
	return nil
}
