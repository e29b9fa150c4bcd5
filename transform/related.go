package transform

import (
	"context"
	"slices"

	"github.com/chartbridge/chartbridge/etl"
)

// readPractice reads the doctors, and the users that are doctors.
func (s *Stage) readPractice(ctx context.Context) (map[string]Doctor, map[string]User, error) {
	doctors, users := map[string]Doctor{}, map[string]User{}
	list, err := s.Store.All(ctx, "doctors")
	if err != nil {
		return nil, nil, err
	}
	for _, src := range list {
		if d, fault := decode[Doctor](src.Raw); fault == "" {
			doctors[src.ID] = d
		}
	}
	if list, err = s.Store.All(ctx, "users"); err != nil {
		return nil, nil, err
	}
	for _, src := range list {
		// A member of staff's "doctor" is their physician: only a doctor's own
		// row counts (drchrono-v4, /api/users).
		if u, fault := decode[User](src.Raw); fault == "" && !src.Gone && u.IsDoctor.True() {
			users[u.Doctor.String()] = u
		}
	}
	return doctors, users, nil
}

// readProfiles finds the patients with a visit of a routed profile. It reads
// every appointment, and only where the config routes by profile.
func (s *Stage) readProfiles(ctx context.Context) error {
	if len(s.Env.Route.Profiles) == 0 {
		return nil
	}
	s.Env.ByProfile = map[string]bool{}
	return EachRecord(ctx, s.Store, "appointments", func(src etl.Source) {
		if a, fault := decode[Appointment](src.Raw); fault == "" && slices.Contains(s.Env.Route.Profiles, a.Profile.String()) {
			s.Env.ByProfile[a.Patient.String()] = true
		}
	})
}

// readRelated reads, for the records at hand, the patients and medications that
// the shape uses, and which visits are taken.
func (s *Stage) readRelated(ctx context.Context, shape Shape, sources []etl.Source, env *Env) (err error) {
	patients := patientsOf(sources)
	if shape.uses("patients") {
		if err := s.readPatients(ctx, patients, env); err != nil {
			return err
		}
	}
	if shape.uses("medications") {
		if env.Medications, err = byPatient[Medication](ctx, s.Store, "medications", patients); err != nil {
			return err
		}
	}
	if shape.Beside != "" {
		return s.readTaken(ctx, shape, sources, env)
	}
	return nil
}

// readTaken looks for the visits that take place instead of those at hand that
// are off. It reads no other record.
func (s *Stage) readTaken(ctx context.Context, shape Shape, sources []etl.Source, env *Env) error {
	var twins [][]byte
	for _, src := range sources {
		c := &Case{Env: env, Source: src}
		a, fault := c.AsAppointment()
		if fault != "" || !a.Off() {
			continue
		}
		if v, known, _ := c.times(a); known {
			twins = append(twins, v.Place())
		}
	}
	env.Taken = map[string]bool{}
	if len(twins) == 0 {
		return nil
	}
	taken, err := s.Store.Twins(ctx, shape.Destination, shape.Beside, twins)
	for _, twin := range taken {
		env.Taken[string(twin)] = true
	}
	return err
}

// byPatient reads an endpoint's rows of those patients that can be read and are
// not gone.
func byPatient[T any](ctx context.Context, store Store, endpoint string, patients []string) (map[string][]T, error) {
	list, err := store.ByPatient(ctx, endpoint, patients)
	if err != nil {
		return nil, err
	}
	rows := map[string][]T{}
	for _, src := range list {
		if row, fault := decode[T](src.Raw); fault == "" && !src.Gone {
			rows[src.Patient] = append(rows[src.Patient], row)
		}
	}
	return rows, nil
}

// keptPatients bounds how many decoded patients stay at hand between chunks.
const keptPatients = 1000

func (s *Stage) readPatients(ctx context.Context, ids []string, env *Env) error {
	if len(s.Env.Patients) > keptPatients || s.Env.Patients == nil {
		s.Env.Patients = map[string]Patient{}
	}
	env.Patients = s.Env.Patients
	unread := slices.DeleteFunc(ids, func(id string) bool { _, ok := env.Patients[id]; return ok })
	if len(unread) == 0 {
		return nil
	}
	list, err := s.Store.ByID(ctx, "patients", unread)
	if err != nil {
		return err
	}
	read, faults := make([]Patient, len(list)), make([]string, len(list))
	etl.OnAll(len(list), func(i int) { read[i], faults[i] = patient(list[i]) })
	for i, src := range list {
		if faults[i] == "" {
			env.Patients[src.ID] = read[i]
		}
	}
	return nil
}

func (s Shape) uses(endpoint string) bool {
	return slices.ContainsFunc(s.Uses, func(u Use) bool { return u.Endpoint == endpoint })
}

func patientsOf(sources []etl.Source) []string {
	var list []string
	for _, s := range sources {
		if s.Patient != "" {
			list = append(list, s.Patient)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}
