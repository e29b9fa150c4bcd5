package reports

import (
	"crypto/sha256"
	"encoding/base32"
	"strings"
)

var itemColumn = column{"Item", kindID, "The break's own id: the same record with the same problem bears it every night."}

// itemID is the fingerprint of a break: 50 bits of what makes it the same one
// in every run (destination, object, source id, outcome, cause, field, code).
func itemID(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x1f")))
	return base32.StdEncoding.EncodeToString(sum[:])[:10]
}
