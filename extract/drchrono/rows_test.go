package drchrono

import (
	"testing"

	"github.com/chartbridge/chartbridge/etl"
)

// What stands around rows, or ends with a bracket too, neither hides that they
// are known nor is hidden by it.
func TestRowsAreKnownByTheirBytes(t *testing.T) {
	const rows = ` {"id":1,"a":["]"]}, {"id":2} `
	known := map[string]*etl.Page{}
	recall := func(rows []byte) (string, *etl.Page) { return string(rows), known[string(rows)] }
	bodies := []string{
		`{"next":"/a","results":[` + rows + `]}`,
		`{"results":[` + rows + `],"next":"/a"}`,
		`{"data":[` + rows + `],"next":"/a","more":[1,{"results":[]}]}`,
		` {"more":{"results":[1]},"results" : [` + rows + `] , "previous":"[x]","next":"/a" } `,
	}
	for _, body := range bodies {
		e, err := splitUnless([]byte(body), recall)
		if err != nil || e.digest != rows || e.known != nil || len(e.rows) != 2 {
			t.Errorf("%s: %d rows, named by %q, known %v, %v; want 2 by their own bytes", body, len(e.rows), e.digest, e.known, err)
		}
	}
	known[rows] = &etl.Page{Rows: 2}
	for _, body := range bodies {
		e, err := splitUnless([]byte(body), recall)
		if err != nil || e.digest != rows || e.known != known[rows] || len(e.rows) != 0 || e.next != "/a" || !e.hasRows {
			t.Errorf("%s: %+v, %v; want rows that are known, and what follows", body, e, err)
		}
	}
	for _, body := range []string{
		`{"results":[` + rows + `],"next":"/a","next":"/b"}`,
		`{"results":[` + rows + `],"data":[` + rows + `]}`,
		`{"results":[` + rows + `]]}`,
		`{"results":[` + rows + `],"next":"/a"`,
	} {
		if e, err := splitUnless([]byte(body), recall); err == nil {
			t.Errorf("%s: %+v, want no page", body, e)
		}
	}
	for _, body := range []string{
		`{"results":[{"id":1,"id":2}],"next":null}`,
		`{"results":[7],"next":null,"more":[]}`,
	} {
		if e, err := splitUnless([]byte(body), recall); err != nil || e.digest != "" || len(e.rows) != 1 {
			t.Errorf("%s: %+v, %v; want a row without a digest", body, e, err)
		}
	}
}
