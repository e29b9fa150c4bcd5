package transform

import "time"

// Lookups turns DrChrono's values into a destination's ids.
type Lookups interface {
	// Find gives the id for a key; ok is false where there is none.
	Find(destination, lookup, key string) (id string, ok bool)
	// Has reports whether the destination has that lookup at all.
	Has(destination, lookup string) bool
}

// A Constant is a further field that an account needs, from the config.
type Constant struct{ Name, JSON string }

// An Env is what the rules of one run look at beside the record: values only,
// which nothing changes while records are judged.
type Env struct {
	Destination string
	Object      string
	Now         time.Time // the run's instant
	Zone        *time.Location
	GoLive      string // YYYY-MM-DD; earlier visits are excluded
	Lookups     Lookups
	Route       Route
	Constants   map[string][]Constant // by object
	Related
}

// Related is what the shapes read beside their own record.
type Related struct {
	Doctors     map[string]Doctor       // by id
	Users       map[string]User         // of doctors, by the doctor's id
	Patients    map[string]Patient      // of the records at hand, by id
	Medications map[string][]Medication // of the patients at hand
	Taken       map[string]bool         // twins of the visits at hand that are off: another visit takes place there
	ByProfile   map[string]bool         // patients with a visit of a routed profile; nil = not asked
	Named       Named                   // by the route
}
