package rethink

import (
	"cmp"

	"github.com/chartbridge/chartbridge/transform"
)

// Names are an account's own names, by object and by the name in our field
// tables, of fields whose published name is cut off or only likely (assumptions,
// Rethink).
type Names map[string]map[string]string

// of is the name of a field in this account.
func (n Names) of(object, name string) string { return cmp.Or(n[object][name], name) }

// externalFields are where our id stands; an appointment has none (assumptions,
// Rethink).
var externalFields = map[string]string{"client": "clientExternalId", "staff": "companyStaffId"}

// external is where our id stands in this account; "" = nowhere.
func (n Names) external(object string) string { return n.of(object, externalFields[object]) }

// renamed is a field table with an account's names.
func renamed[T any](fields []transform.Field[T], object string, n Names) []transform.Field[T] {
	list := make([]transform.Field[T], len(fields))
	for i, f := range fields {
		f.Name = n.of(object, f.Name)
		list[i] = f
	}
	return list
}
