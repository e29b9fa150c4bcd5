package config

import (
	"encoding/json"
	"time"
)

// DrChrono is the source and what we may ask of it.
type DrChrono struct {
	// BaseURL has /api/... and /o/token/ below it and may have a path prefix.
	// Default https://app.drchrono.com. No slash at its end.
	BaseURL string `yaml:"base_url"`
	// ClientID and ClientSecret are the practice's own API application. Required.
	ClientID     string `yaml:"client_id"`
	ClientSecret Secret `yaml:"client_secret"`
	// RefreshToken is the first one; later ones live in the database. Default
	// empty: `auth login` gets it. It counts again only when it differs from
	// the one that the database was seeded with.
	RefreshToken Secret `yaml:"refresh_token"`
	// CallsPerHour is the quota of one QuotaWindow. Default 500.
	CallsPerHour int `yaml:"calls_per_hour"`
	// QuotaWindow is aligned to the wall clock. Default 1h.
	QuotaWindow time.Duration `yaml:"quota_window"`
	// CallsPerTenMin keeps below the vendor's burst limit. Default 290.
	CallsPerTenMin int `yaml:"calls_per_10min"`
	// CallsPerSecond is politeness. Default 8.
	CallsPerSecond int `yaml:"calls_per_second"`
	// NightlyReserve is the number of calls that a backfill leaves alone in
	// windows in which a schedule falls due or a run is active. Default 300.
	NightlyReserve int `yaml:"nightly_reserve"`
	// Bulk is auto or never: whether bulk reads may be used. Default auto.
	Bulk string `yaml:"bulk"`
	// Endpoints are the ones to read. Default empty: what the enabled
	// destinations need.
	Endpoints []string `yaml:"endpoints"`
}

// Route says whose records go to a destination; ids and flags are text.
type Route struct {
	// Offices, Doctors and Profiles are DrChrono ids of offices, doctors and
	// appointment profiles.
	Offices  []string `yaml:"offices"`
	Doctors  []string `yaml:"doctors"`
	Profiles []string `yaml:"profiles"`
	// PatientFlags are names or ids of types of DrChrono's patient flags.
	PatientFlags []string `yaml:"patient_flags"`
	// Demographics maps the name or id of a custom demographic to accepted values.
	Demographics map[string][]string `yaml:"demographics"`
}

// Empty reports whether the route lets everybody through.
func (r Route) Empty() bool {
	return len(r.Offices)+len(r.Doctors)+len(r.Profiles)+len(r.PatientFlags)+len(r.Demographics) == 0
}

// Constants maps object to field to a scalar as JSON text: further fields
// that an account needs.
type Constants map[string]map[string]json.RawMessage

// Names maps object to a field's name in our tables to the account's name.
type Names map[string]map[string]string

// Rethink is the ABA destination with an appointment calendar.
type Rethink struct {
	// Enabled must be said where the block is present; false where it is not.
	Enabled bool `yaml:"enabled"`
	// Route says who goes there. Default: everybody.
	Route Route `yaml:"route"`
	// InitialLoad is vendor (the first run only matches) or api (it creates).
	// Default vendor, because Rethink's own import is how practices start.
	InitialLoad string `yaml:"initial_load"`
	// BaseURL is given to the practice at implementation. Required if enabled.
	BaseURL string `yaml:"base_url"`
	// TokenURL is the OAuth token endpoint. Default
	// https://id.rethinkbehavioralhealth.com/connect/token.
	TokenURL string `yaml:"token_url"`
	// ClientID and ClientSecret are the account's. Required if enabled.
	ClientID     string `yaml:"client_id"`
	ClientSecret Secret `yaml:"client_secret"`
	// Paths are the objects' paths below BaseURL.
	Paths RethinkPaths `yaml:"paths"`
	// Readback says that a GET with datetimestamp can be asked what Rethink
	// holds. Default true; false: uncertain creates wait for a person.
	Readback bool `yaml:"readback"`
	// InFlight is the number of requests at once, 1 to 64. Default 4.
	InFlight int `yaml:"in_flight"`
	// Constants may hold client, staff and appointment. Default empty.
	Constants Constants `yaml:"constants"`
	// Names are the account's own, by object and by the name that we would send,
	// of fields whose published name is cut off or only likely. Default empty.
	Names Names `yaml:"names"`
	// Callback is the receiver of Rethink's asynchronous answers.
	Callback Callback `yaml:"callback"`
}

// RethinkPaths are the paths of the objects below the base URL.
type RethinkPaths struct {
	Client      string `yaml:"client"`      // default /api/client
	Staff       string `yaml:"staff"`       // default /api/staff
	Appointment string `yaml:"appointment"` // default /api/appointment
}

// Callback is the receiver of Rethink's asynchronous answers: `serve`, or a run
// where nobody serves.
type Callback struct {
	// Enabled is false by default: the account decides whether it answers so.
	Enabled bool `yaml:"enabled"`
	// PublicURL is where Rethink reaches serve.listen; the secret is its last
	// part, or is appended. Required if enabled.
	PublicURL string `yaml:"public_url"`
	// Secret authenticates the caller. Required if enabled.
	Secret Secret `yaml:"secret"`
	// Wait is how long an accepted record waits for its answer. Default 30m.
	Wait time.Duration `yaml:"wait"`
}

// CentralReach is the ABA destination with employees and billing.
type CentralReach struct {
	// Enabled must be said where the block is present; false where it is not.
	Enabled bool `yaml:"enabled"`
	// Route says who goes there. Default: everybody.
	Route Route `yaml:"route"`
	// InitialLoad is vendor or api, as for Rethink. Default api.
	InitialLoad string `yaml:"initial_load"`
	// BaseURL defaults to https://partners-api.centralreach.com/enterprise/v1.
	BaseURL string `yaml:"base_url"`
	// TokenURL defaults to https://login.centralreach.com/connect/token.
	TokenURL string `yaml:"token_url"`
	// ClientID, ClientSecret and APIKey are the account's. Required if enabled.
	ClientID     string `yaml:"client_id"`
	ClientSecret Secret `yaml:"client_secret"`
	APIKey       Secret `yaml:"api_key"`
	// OrgID must equal the token's orgid before the first write, so that no
	// patient lands in another organisation. Required if enabled.
	OrgID string `yaml:"org_id"`
	// ExternalIDPrefix stands before our ids in theirs. Default empty.
	ExternalIDPrefix string `yaml:"external_id_prefix"`
	// CreateEmployees is false by default: each costs the practice money a month.
	CreateEmployees bool `yaml:"create_employees"`
	// InFlight is the number of requests at once, 1 to 64. Default 4.
	InFlight int `yaml:"in_flight"`
	// Write says what may be written there.
	Write CentralReachWrite `yaml:"write"`
}

// CentralReachWrite says what may be written; what the vendor bills or other
// people maintain is off by default.
type CentralReachWrite struct {
	Clients       bool `yaml:"clients"`        // default true
	Employees     bool `yaml:"employees"`      // default true
	Payors        bool `yaml:"payors"`         // default false
	Metadata      bool `yaml:"metadata"`       // default false
	Labels        bool `yaml:"labels"`         // default false
	ClaimSettings bool `yaml:"claim_settings"` // default false
	Cancel        bool `yaml:"cancel"`         // default false
	Tasks         bool `yaml:"tasks"`          // default false
}

// CentralRegistry is where an opioid-treatment programme reports discharges.
type CentralRegistry struct {
	// Enabled must be said where the block is present; false where it is not.
	Enabled bool `yaml:"enabled"`
	// BaseURL is the registry's. Required if enabled.
	BaseURL string `yaml:"base_url"`
	// Paths are below BaseURL.
	Paths RegistryPaths `yaml:"paths"`
	// Username, Password and HashKey are the site's. Required if enabled.
	Username string `yaml:"username"`
	Password Secret `yaml:"password"`
	HashKey  Secret `yaml:"hash_key"`
	// HashAlgorithm is that of the identification hash, an HMAC: one of
	// sha256 sha384 sha512 sha1 md5 sha512/256 sha3-256. Default sha256.
	HashAlgorithm string `yaml:"hash_algorithm"`
	// FirstName and LastName are the authorised person's, also the
	// discharge_user_name. Required if enabled.
	FirstName string `yaml:"first_name"`
	LastName  string `yaml:"last_name"`
	// UniqueSiteID is two capitals and six digits. Required if enabled.
	UniqueSiteID string `yaml:"unique_site_id"`
	// Approvers is the number of named people that each discharge needs, 1 or
	// 2. Default 1.
	Approvers int `yaml:"approvers"`
}

// RegistryPaths are the paths below the registry's base URL.
type RegistryPaths struct {
	Login     string `yaml:"login"`     // default /login
	Discharge string `yaml:"discharge"` // default /discharge
}
