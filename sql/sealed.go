package sql

import "strings"

// A SealedColumn holds blobs of a Sealer's; one of a single byte, such as a spent
// token, was forgotten on purpose.
type SealedColumn struct {
	Table, Column string
	Place         []string // SQL expressions that name a row's place, as Seal and unseal take it
}

// SealedColumns lists every column whose blobs are sealed, each with the place
// that its rows are sealed for. A change of key goes by this list, and a test
// holds it against the schema: a new BLOB is named here, or is a hash.
var SealedColumns = []SealedColumn{
	{"record", "payload", []string{"'record'", "endpoint", "source_id"}},
	{"target", "payload", []string{"'target'", "destination", "object", "source_id"}},
	{"target", "acked_payload", []string{"'target'", "destination", "object", "source_id"}},
	{"target", "words", []string{"'target'", "destination", "object", "source_id"}},
	{"delivery", "payload", []string{"'delivery'", "destination", "object", "source_id"}},
	{"difference", "payload", []string{"'difference'", "destination", "object", "source_id"}},
	{"extra", "payload", []string{"'extra'", "destination", "object", "target_id"}},
	{"callback", "payload", []string{"'callback'", "destination", "object", "transaction_id"}},
	{"token", "access", []string{"'token'", "'access'", "CAST(generation AS TEXT)"}},
	{"token", "refresh", []string{"'token'", "'refresh'", "CAST(generation AS TEXT)"}},
	{"dictionary", "payload", []string{"'dictionary'", "CAST(id AS TEXT)"}}, // the last: the others open with it
}

// opened is the SQL expression that opens the column.
func (c SealedColumn) opened() string {
	return "unseal(" + c.Column + ", " + strings.Join(c.Place, ", ") + ")"
}
