package transform_test

import (
	"context"
	"slices"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/transform"
)

// dirtyStore notes which reasons to judge clients named which of their rows,
// and which were judged.
type dirtyStore struct {
	transform.Store
	named  map[string][]int64 // by reason
	judged []string           // patients
}

// note is add, which notes what it adds.
func (s *dirtyStore) note(reason, endpoint string, add func(row int64)) func(row int64) {
	return func(row int64) {
		if add(row); endpoint == "patients" {
			s.named[reason] = append(s.named[reason], row)
		}
	}
}

func (s *dirtyStore) Changed(ctx context.Context, endpoint string, since int64, add func(row int64)) error {
	return s.Store.Changed(ctx, endpoint, since, s.note("changed", endpoint, add))
}

func (s *dirtyStore) ChangedByPatient(ctx context.Context, endpoint, other string, since int64, add func(row int64)) error {
	return s.Store.ChangedByPatient(ctx, endpoint, other, since, s.note("by patient", endpoint, add))
}

func (s *dirtyStore) ChangedByDoctor(ctx context.Context, endpoint, other string, since int64, add func(row int64)) error {
	return s.Store.ChangedByDoctor(ctx, endpoint, other, since, s.note("by doctor", endpoint, add))
}

func (s *dirtyStore) Unsettled(ctx context.Context, destination, object, endpoint string, add func(row int64)) error {
	return s.Store.Unsettled(ctx, destination, object, endpoint, s.note("unsettled", endpoint, add))
}

func (s *dirtyStore) Uncarried(ctx context.Context, destination, object, endpoint string, add func(row int64)) error {
	return s.Store.Uncarried(ctx, destination, object, endpoint, s.note("uncarried", endpoint, add))
}

func (s *dirtyStore) Records(ctx context.Context, rows []int64) ([]etl.Source, error) {
	sources, err := s.Store.Records(ctx, rows)
	for _, src := range sources {
		s.judged = append(s.judged, src.ID)
	}
	return sources, err
}

// A record is judged once, in the order of the rows, for however many reasons.
func TestWhatIsNamedTwiceIsJudgedOnce(t *testing.T) {
	p := newPractice(t)
	shapes := p.stage.Shapes
	client := shapes[slices.IndexFunc(shapes, func(s transform.Shape) bool { return s.Object == "client" })]
	client.Uses = append(slices.Clone(client.Uses), transform.Use{Endpoint: "doctors", By: transform.ByDoctor})
	parts := slices.DeleteFunc(slices.Clone(shapes), func(s transform.Shape) bool { return s.Inside != "client" })
	patient := func(id, doctor int, gender string) row {
		r := aPatient(id, "Lin")
		r["doctor"], r["gender"] = doctor, gender
		return r
	}
	p.pull("doctors", aDoctor(1), aDoctor(2))
	p.pull("users", aUser(1))
	p.pull("patients", patient(11, 2, "Female"), patient(12, 2, "UNK"), patient(13, 2, "Female"), patient(14, 1, "UNK"),
		patient(15, 1, "Female"), patient(16, 1, "Female"), patient(17, 1, "Female"), patient(18, 1, "Female"))
	p.stage.Shapes = append(parts, client)
	p.judge()
	p.send("client", load.Acknowledged)
	p.begin("r2")

	p.pull("patients", patient(16, 1, "Male"), patient(13, 2, "Male"))
	p.pull("patient_authorizations", anAuthorization(31, 13), anAuthorization(32, 15))
	p.pull("doctors", row{"id": 2, "first_name": "Bea"})
	p.skip("funder", "11/primary")
	p.skip("funder", "18/primary")
	p.stage.Shapes = parts
	p.judge()
	store := &dirtyStore{Store: p.store, named: map[string][]int64{}}
	p.stage.Store, p.stage.Shapes = store, append(parts, client)
	p.judge()

	for reason, want := range map[string]int{"changed": 2, "by patient": 2, "by doctor": 3, "unsettled": 2, "uncarried": 4} {
		if got := len(store.named[reason]); got != want {
			t.Errorf("%d rows are named as %s, want %d", got, reason, want)
		}
	}
	if want := []string{"11", "12", "13", "14", "15", "16", "18"}; !slices.Equal(store.judged, want) {
		t.Errorf("the patients %v were judged, want %v", store.judged, want)
	}
}
