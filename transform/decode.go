package transform

import "github.com/chartbridge/chartbridge/etl"

// Decoders for the dictionaries that stand with the destinations: each gives
// the record and, if it cannot be read, what is wrong.

// AsDoctor reads a row of /api/doctors.
func (c *Case) AsDoctor() (Doctor, string) { return decode[Doctor](c.Source.Raw) }

// AsPatient reads a row of /api/patients.
func (c *Case) AsPatient() (Patient, string) { return patient(c.Source) }

func patient(src etl.Source) (Patient, string) {
	p, fault := decode[Patient](src.Raw)
	p.Parts = src.Parts
	return p, fault
}

// AsAppointment reads a row of /api/appointments.
func (c *Case) AsAppointment() (Appointment, string) { return decode[Appointment](c.Source.Raw) }

// As reads the record into a destination's own view of it.
func As[T any](c *Case) (T, string) { return decode[T](c.Source.Raw) }
