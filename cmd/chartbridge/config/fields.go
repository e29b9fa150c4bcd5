package config

import (
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// config reads the top level. The order is that of the file.
func (b *block) config(c *Config) {
	b.text("practice", &c.Practice, "")
	set(b, "timezone", &c.Timezone, nil, parseZone)
	b.checked("go_live", &c.GoLive, "", checkDate)
	b.location("data_dir", &c.DataDir, "./data")
	b.beside("journal_dir", &c.JournalDir, c.DataDir+".journal")
	b.location("output_dir", &c.OutputDir, "./out")
	b.secret("encryption_key", &c.EncryptionKey, checkKey)
	b.location("lookups", &c.Lookups, "./lookups.yaml")
	c.LookupsAt = b.at("lookups")
	b.duration("overlap", &c.Overlap, 25*time.Hour, true)
	b.duration("quiet_period", &c.QuietPeriod, 15*time.Minute, false)
	b.duration("run_limit", &c.RunLimit, 6*time.Hour, false)
	b.child("brake", func(b *block) { b.brake(&c.Brake) })
	b.number("keep", &c.Keep, 30, 1, 0)
	b.child("workbook", func(b *block) {
		b.choice("phi", &c.Workbook.PHI, "masked", "none", "masked", "full")
		b.secret("passphrase", &c.Workbook.Passphrase, anySecret)
	})
	b.child("drchrono", func(b *block) { b.drchrono(&c.DrChrono) })
	b.child("rethink", func(b *block) { b.rethink(&c.Rethink) })
	b.child("centralreach", func(b *block) { b.centralreach(&c.CentralReach) })
	b.child("central_registry", func(b *block) { b.registry(&c.CentralRegistry) })
	b.child("serve", func(b *block) {
		b.checked("listen", &c.Serve.Listen, "127.0.0.1:8080", checkListen)
		b.duration("stale_after", &c.Serve.StaleAfter, 26*time.Hour, false)
	})
	b.child("alerts", func(b *block) {
		b.checked("webhook", &c.Alerts.Webhook, "", checkURL)
		b.text("command", &c.Alerts.Command, "")
	})
	b.schedules("schedules", &c.Schedules)
	b.whole(c)
}

// whole checks what concerns several keys.
func (b *block) whole(c *Config) {
	b.require("every config names it", "practice")
	b.require("write for example America/New_York", "timezone")
	b.require("write ${NAME} or ${file:/path}, or the word off to store in the clear", "encryption_key")
	if len(c.Destinations()) > 0 {
		b.require("an enabled destination needs the date before which visits are excluded", "go_live")
	}
	for _, file := range b.r.secretFiles {
		if within(file, c.DataDir) {
			b.r.warn("the secret in " + file + " lies in data_dir: whoever gets the database gets it too; keep it elsewhere")
		}
	}
	if within(c.JournalDir, c.DataDir) {
		b.fault("journal_dir", bad("lies in data_dir, which a restored backup replaces", "choose a folder beside it, best on another disk"))
	}
	if within(c.OutputDir, c.DataDir) {
		b.fault("output_dir", bad("lies in data_dir, which holds the staging database and nothing else",
			"choose a folder beside it"))
	}
	if d := c.DrChrono; d.NightlyReserve > d.CallsPerHour {
		c.CallWarnings = append(c.CallWarnings, "drchrono.nightly_reserve ("+strconv.Itoa(d.NightlyReserve)+") is more than drchrono.calls_per_hour ("+
			strconv.Itoa(d.CallsPerHour)+"): a backfill stands still in windows with a schedule")
	}
}

// within reports whether a folder is another one or lies below it.
func within(folder, other string) bool {
	relative, err := filepath.Rel(other, folder)
	return err == nil && relative != ".." && !strings.HasPrefix(relative, ".."+string(filepath.Separator))
}

func (b *block) brake(c *Brake) {
	b.percent("changed", &c.Changed, 30)
	b.percent("rejected", &c.Rejected, 20)
	b.number("after", &c.After, 50, 0, 0)
}

func (b *block) drchrono(c *DrChrono) {
	b.base("base_url", &c.BaseURL, "https://app.drchrono.com")
	b.text("client_id", &c.ClientID, "")
	b.secret("client_secret", &c.ClientSecret, anySecret)
	b.secret("refresh_token", &c.RefreshToken, anySecret)
	b.number("calls_per_hour", &c.CallsPerHour, 500, 1, 0)
	b.duration("quota_window", &c.QuotaWindow, time.Hour, false)
	b.number("calls_per_10min", &c.CallsPerTenMin, 290, 1, 0)
	b.number("calls_per_second", &c.CallsPerSecond, 8, 1, 0)
	b.number("nightly_reserve", &c.NightlyReserve, 300, 0, 0)
	b.choice("bulk", &c.Bulk, "auto", "auto", "never")
	b.eachOf("endpoints", &c.Endpoints, checkEndpoint)
	b.require("DrChrono gives it to the practice's API application", "client_id", "client_secret")
}

// base takes a URL to which paths are added, and leaves no slash at its end.
func (b *block) base(key string, to *string, byDefault string) {
	b.checked(key, to, byDefault, checkBase)
	*to = strings.TrimRight(*to, "/")
}

// enabled must be said: a block that is present and says nothing could mean
// either, and one of the two sends patients.
func (b *block) enabled(to *bool) {
	b.flag("enabled", to, false)
	if b.given {
		b.require("write enabled: true or enabled: false", "enabled")
	}
}

const whyEnabled = "needed because this is enabled"

func (b *block) route(key string, c *Route) {
	b.child(key, func(b *block) {
		b.texts("offices", &c.Offices)
		b.texts("doctors", &c.Doctors)
		b.texts("profiles", &c.Profiles)
		b.texts("patient_flags", &c.PatientFlags)
		b.textLists("demographics", &c.Demographics)
	})
}

func (b *block) rethink(c *Rethink) {
	b.enabled(&c.Enabled)
	b.route("route", &c.Route)
	b.choice("initial_load", &c.InitialLoad, "vendor", "vendor", "api")
	b.base("base_url", &c.BaseURL, "")
	b.checked("token_url", &c.TokenURL, "https://id.rethinkbehavioralhealth.com/connect/token", checkURL)
	b.text("client_id", &c.ClientID, "")
	b.secret("client_secret", &c.ClientSecret, anySecret)
	b.child("paths", func(b *block) {
		b.checked("client", &c.Paths.Client, "/api/client", checkPath)
		b.checked("staff", &c.Paths.Staff, "/api/staff", checkPath)
		b.checked("appointment", &c.Paths.Appointment, "/api/appointment", checkPath)
	})
	b.flag("readback", &c.Readback, true)
	b.number("in_flight", &c.InFlight, 4, 1, 64)
	b.constants("constants", &c.Constants, "client", "staff", "appointment", "funder", "authorization")
	b.names("names", &c.Names)
	b.child("callback", func(b *block) { b.callback(&c.Callback) })
	if c.Enabled {
		b.require(whyEnabled, "base_url", "client_id", "client_secret")
	}
}

func (b *block) callback(c *Callback) {
	b.flag("enabled", &c.Enabled, false)
	b.checked("public_url", &c.PublicURL, "", checkURL)
	b.secret("secret", &c.Secret, anySecret)
	b.duration("wait", &c.Wait, 30*time.Minute, false)
	if c.Enabled {
		b.require(whyEnabled, "public_url", "secret")
	}
}

func (b *block) centralreach(c *CentralReach) {
	b.enabled(&c.Enabled)
	b.route("route", &c.Route)
	b.choice("initial_load", &c.InitialLoad, "api", "vendor", "api")
	b.base("base_url", &c.BaseURL, "https://partners-api.centralreach.com/enterprise/v1")
	b.checked("token_url", &c.TokenURL, "https://login.centralreach.com/connect/token", checkURL)
	b.text("client_id", &c.ClientID, "")
	b.secret("client_secret", &c.ClientSecret, anySecret)
	b.secret("api_key", &c.APIKey, anySecret)
	b.text("org_id", &c.OrgID, "")
	b.text("external_id_prefix", &c.ExternalIDPrefix, "")
	b.flag("create_employees", &c.CreateEmployees, false)
	b.number("in_flight", &c.InFlight, 4, 1, 64)
	b.child("write", func(b *block) {
		b.flag("clients", &c.Write.Clients, true)
		b.flag("employees", &c.Write.Employees, true)
		b.flag("payors", &c.Write.Payors, false)
		b.flag("metadata", &c.Write.Metadata, false)
		b.flag("labels", &c.Write.Labels, false)
		b.flag("claim_settings", &c.Write.ClaimSettings, false)
		b.flag("cancel", &c.Write.Cancel, false)
		b.flag("tasks", &c.Write.Tasks, false)
	})
	if c.Enabled {
		b.require(whyEnabled, "client_id", "client_secret", "api_key", "org_id")
	}
}

func (b *block) registry(c *CentralRegistry) {
	b.enabled(&c.Enabled)
	b.base("base_url", &c.BaseURL, "")
	b.child("paths", func(b *block) {
		b.checked("login", &c.Paths.Login, "/login", checkPath)
		b.checked("discharge", &c.Paths.Discharge, "/discharge", checkPath)
	})
	b.text("username", &c.Username, "")
	b.secret("password", &c.Password, anySecret)
	b.secret("hash_key", &c.HashKey, anySecret)
	b.choice("hash_algorithm", &c.HashAlgorithm, "sha256",
		"sha256", "sha384", "sha512", "sha1", "md5", "sha512/256", "sha3-256")
	b.text("first_name", &c.FirstName, "")
	b.text("last_name", &c.LastName, "")
	b.checked("unique_site_id", &c.UniqueSiteID, "", checkSite)
	b.number("approvers", &c.Approvers, 1, 1, 2)
	if c.Enabled {
		b.require(whyEnabled, "base_url", "username", "password", "hash_key",
			"first_name", "last_name", "unique_site_id")
	}
}
