// Package config holds the configuration and the lookups file: their fields,
// their defaults, and the strict reading that reports every fault at once.
package config

import (
	"encoding/base64"
	"time"
)

// Config is everything that an operator decides. Each field says its unit,
// its default and its reason; config.example.yaml says the same to the
// operator. A flag wins over CHARTBRIDGE_*, which wins over the file, which
// wins over the default.
type Config struct {
	// Practice names the practice on workbooks and in logs. Required.
	Practice string `yaml:"practice"`
	// Timezone is the practice's zone. Required, because DrChrono's stamps
	// carry no zone and a guess would move visits to another day.
	Timezone *time.Location `yaml:"timezone"`
	// GoLive is a date, YYYY-MM-DD; earlier visits are excluded. Required with
	// a destination enabled, so that history is never sent by accident.
	GoLive string `yaml:"go_live"`
	// DataDir is the folder of the staging database and of nothing else.
	// Default ./data. Absolute, or relative to the config file's folder.
	DataDir string `yaml:"data_dir"`
	// JournalDir is the folder of what a restored database must not forget: how
	// often something was sent, and the discharges that went. Default data_dir
	// with ".journal" after it. It may not lie within DataDir, which a restore
	// replaces.
	JournalDir string `yaml:"journal_dir"`
	// OutputDir is the folder of the runs' files. Default ./out. It may not
	// lie within DataDir, because analysts read it and DataDir is sealed off.
	OutputDir string `yaml:"output_dir"`
	// EncryptionKey is 32 bytes in base64, or "off". Required, so that nobody
	// stores patients in the clear without having written so. See Key.
	EncryptionKey Secret `yaml:"encryption_key"`
	// Lookups is the path of the lookups file. Default ./lookups.yaml.
	Lookups string `yaml:"lookups"`
	// LookupsAt is where Lookups was said, by file, line and key; zero where it
	// is the default.
	LookupsAt Fault `yaml:"-"`
	// Overlap is how far an incremental read reaches back before the last one.
	// Default 25h: a day, and the hour that the end of DST repeats.
	Overlap time.Duration `yaml:"overlap"`
	// QuietPeriod is how long an uncertain outcome rests before the
	// destination is asked after it. Default 15m, for a slow write to land.
	QuietPeriod time.Duration `yaml:"quiet_period"`
	// RunLimit ends a run that hangs. Default 6h: from night until morning.
	RunLimit time.Duration `yaml:"run_limit"`
	// Brake stops a run whose changes look like an accident.
	Brake Brake `yaml:"brake"`
	// Keep is the number of nights whose runs and workbooks are kept. Default 30.
	Keep int `yaml:"keep"`
	// Workbook says what the reconciliation workbook shows.
	Workbook Workbook `yaml:"workbook"`
	// DrChrono is the source.
	DrChrono DrChrono `yaml:"drchrono"`
	// Rethink is a destination, off when its block is absent.
	Rethink Rethink `yaml:"rethink"`
	// CentralReach is a destination, off when its block is absent.
	CentralReach CentralReach `yaml:"centralreach"`
	// CentralRegistry is a destination, off when its block is absent.
	CentralRegistry CentralRegistry `yaml:"central_registry"`
	// Serve configures the daemon.
	Serve Serve `yaml:"serve"`
	// Alerts says who is told when a run ends badly.
	Alerts Alerts `yaml:"alerts"`
	// Schedules says when the daemon runs. Default: nightly at 02:30; an empty
	// list means never.
	Schedules []Schedule `yaml:"schedules"`

	// Warnings are what is allowed but unwise, one sentence each, without any
	// value of a key.
	Warnings []string `yaml:"-"`
	// CallWarnings are likewise for who reads from DrChrono, or checks.
	CallWarnings []string `yaml:"-"`
}

// Brake holds the shares of an object's records beyond which a run stops.
type Brake struct {
	// Changed is the share of known records that a run may change. Default 30%.
	Changed Percent `yaml:"changed"`
	// Rejected is the share of sent records that may be rejected. Default 20%.
	Rejected Percent `yaml:"rejected"`
	// After is the number of records below which shares are not judged,
	// because a share of few says nothing: known ones for Changed, sent ones
	// for Rejected. Default 50.
	After int `yaml:"after"`
}

// Percent is a whole share of a hundred, 0 to 100, written "30%".
type Percent int

// Workbook says what the reconciliation workbook shows.
type Workbook struct {
	// PHI is none, masked or full. Default masked.
	PHI string `yaml:"phi"`
	// Passphrase encrypts the workbook. Default empty: not encrypted.
	Passphrase Secret `yaml:"passphrase"`
}

// Serve configures the daemon.
type Serve struct {
	// Listen is host:port of health, metrics and the callback receiver.
	// Default 127.0.0.1:8080, so that nothing is exposed by accident.
	Listen string `yaml:"listen"`
	// StaleAfter is the age of the last good run at which /healthz turns bad.
	// Default 26h: a day, and two hours of grace.
	StaleAfter time.Duration `yaml:"stale_after"`
}

// Alerts says who is told. Both are off by default.
type Alerts struct {
	// Webhook is a URL that gets a POST without PHI. Default empty.
	Webhook string `yaml:"webhook"`
	// Command is run with the summary on its input, without a shell, split at
	// blanks. Default empty.
	Command string `yaml:"command"`
}

// Schedule is one entry of the daemon's timetable.
type Schedule struct {
	// Name is unique among the schedules. Required.
	Name string `yaml:"name"`
	// Cron has five fields or a descriptor, read in the practice's zone; see
	// ParseCron. Required.
	Cron string `yaml:"cron"`
}

// Key returns the 32 bytes of the encryption key; ok is false when it is off.
func (c *Config) Key() (key []byte, ok bool) {
	key, err := base64.StdEncoding.DecodeString(c.EncryptionKey.Reveal())
	return key, err == nil && len(key) == keyBytes
}

// Destinations names the enabled destinations, as the config spells them.
func (c *Config) Destinations() []string {
	var names []string
	for _, d := range []struct {
		name string
		on   bool
	}{
		{"rethink", c.Rethink.Enabled},
		{"centralreach", c.CentralReach.Enabled},
		{"central_registry", c.CentralRegistry.Enabled},
	} {
		if d.on {
			names = append(names, d.name)
		}
	}
	return names
}
