package transform

import (
	"regexp"
	"slices"
)

// sourceWord is a word of a field's From that names a member of DrChrono's:
// "patients.first_name", or "patients.*_insurance.insurance_payer_id".
var sourceWord = regexp.MustCompile(`[a-z][a-z0-9_]*(?:\.[a-z0-9_*]+)+`)

// Reads are the members that the field comes from, as its From names them. So
// the sentence that documents a field also says which of DrChrono's changes
// touch it.
func (c Column) Reads() []string {
	list := sourceWord.FindAllString(c.From, -1)
	slices.Sort(list)
	return slices.Compact(list)
}
