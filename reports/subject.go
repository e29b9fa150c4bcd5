package reports

import (
	"iter"
	"strings"
)

// A subject is a record as it is shown: the source record, the patient that it
// belongs to, what it maps to.
type subject struct {
	id                   string
	record, person, body *document
}

// slot is which of a patient's insurances the id names.
func (s subject) slot() string {
	_, slot, _ := strings.Cut(s.id, "/")
	return slot
}

func (s subject) insurance() insurance {
	switch s.slot() {
	case "secondary", "secondary_insurance":
		return s.record.Secondary
	case "tertiary", "tertiary_insurance":
		return s.record.Tertiary
	}
	return s.record.Primary
}

// subjects opens the record of each row, and its patient. A query gives both
// sealed, in five columns from at on: endpoint, id and payload of the record, id
// and payload of the patient. The subject takes the place of the first of them.
func (b *book) subjects(from iter.Seq2[[]any, error], at int) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for in, err := range from {
			if err == nil {
				in[at], err = b.subject(str(in[at]), str(in[at+1]), blob(in[at+2]), str(in[at+3]), blob(in[at+4]))
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(in, nil) {
				return
			}
		}
	}
}

func (b *book) subject(endpoint, id string, raw []byte, patient string, person []byte) (s subject, err error) {
	if s.record, err = b.document(endpoint, id, raw); err != nil {
		return s, err
	}
	if s.person = s.record; endpoint != "patients" {
		s.person, err = b.document("patients", patient, person)
	}
	return s, err
}

// documentsMax is how many records are kept at hand.
const documentsMax = 4096

// document reads a record once for as long as it is at hand: most rows are
// visits, many of each patient, and each stands on several sheets.
func (b *book) document(endpoint, id string, sealed []byte) (*document, error) {
	if sealed == nil {
		return blank, nil
	}
	of := [2]string{endpoint, id}
	if d := b.documents[of]; d != nil {
		return d, nil
	}
	text, err := b.snap.OpenRecord(endpoint, id, sealed)
	if err != nil {
		return nil, err
	}
	if len(b.documents) == documentsMax {
		clear(b.documents)
	}
	d := read(text)
	b.documents[of] = d
	return d, nil
}
