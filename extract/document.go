package extract

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/url"
	"strings"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract/drchrono"
)

// documents reads one document for each staged patient (ccda and qrda1 are
// XML, onpatient_access is a list; drchrono-v4, Patients). Each costs a call,
// so only a person asks for them, and an open pass goes on at the patient at
// which it stopped. A patient without one (404) is passed over.
func (s *Stage) documents(ctx context.Context, run etl.Run, e Endpoint) error {
	c, err := s.Store.Cursor(ctx, e.Name, Nightly)
	if err != nil {
		return err
	}
	ids, err := s.Store.IDs(ctx, "patients")
	if err != nil {
		return err
	}
	from := c.Next
	_, c = s.begin(e, c)
	for i, id := range ids {
		if e.path(id) < from { // ids come in the order of text, and so do paths
			continue
		}
		rows, err := s.document(ctx, e, id)
		if err != nil {
			c.Next = e.path(id)
			return s.fail(ctx, run, c, err)
		}
		c.Next, c.State = "", etl.StreamDrained
		if i+1 < len(ids) {
			c.Next, c.State = e.path(ids[i+1]), etl.StreamOpen
		}
		if c, err = s.Store.StagePage(ctx, run, c, rows, false); err != nil {
			return err
		}
		if s.OnPage != nil {
			s.OnPage(c)
		}
	}
	return nil
}

// path is where one patient's document is.
func (e Endpoint) path(patient string) string {
	return "/api/" + strings.Replace(e.Name, ":id", url.PathEscape(patient), 1)
}

// document reads one patient's document as a record, if there is one; its id
// is the patient's.
func (s *Stage) document(ctx context.Context, e Endpoint, patient string) ([]etl.Row, error) {
	raw, _, err := s.Pager.Get(ctx, e.Name, e.path(patient))
	var status *drchrono.StatusError
	if errors.As(err, &status) && status.Kind == drchrono.KindMissing {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(raw)
	return []etl.Row{{ID: patient, Patient: patient, Hash: sum[:hashSize], Raw: raw}}, nil
}
