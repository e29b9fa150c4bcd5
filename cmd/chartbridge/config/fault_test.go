package config

import (
	"errors"
	"strings"
	"testing"
)

// faultsOf parses a bad text as config.yaml and returns its faults.
func faultsOf(t *testing.T, text string, more ...string) string {
	t.Helper()
	c, err := Parse("config.yaml", []byte(text), vars(more...), noFile)
	var faults Faults
	if !errors.As(err, &faults) || c != nil {
		t.Fatalf("got config %v and error %v, want Faults alone", c != nil, err)
	}
	return err.Error()
}

const (
	badNumber     = "config.yaml:7: keep: must be a whole number above 0; write for example 30"
	badDate       = "config.yaml:7: go_live: must be a date, year-month-day; write for example 2026-01-01"
	badOverlap    = "config.yaml:7: overlap: must be a duration above 0 with its unit: h, m or s; write for example 25h"
	badQuiet      = "config.yaml:7: quiet_period: must be a duration above 0 with its unit: h, m or s; write for example 15m"
	badShare      = "config.yaml:7: brake.changed: must be a whole percentage from 0% to 100%; write for example 30%"
	badSecret     = "a secret must not stand in the file; write ${NAME} or ${file:/path}"
	badCronFields = `config.yaml:7: schedules[0].cron: must be five cron fields; write for example "30 3 * * *"`
	badWebhook    = "config.yaml:7: alerts.webhook: "
	badNoURL      = badWebhook + "must be a URL with a host; write for example https://host.example/path"
	badReference  = "config.yaml:7: lookups: has a reference that cannot be read; write ${NAME}, ${NAME:default} or ${file:/path}"
)

// oneKey holds lines to add to the base, so that the first of them is line 7.
var oneKey = []struct{ add, want string }{
	{"keep: 0", badNumber}, {"keep: -1", badNumber}, {"keep: 1.5", badNumber}, {"keep: many", badNumber},
	{`keep: "30"`, badNumber}, {"keep: 010", badNumber}, {"keep: 1_0", badNumber}, {"keep: true", badNumber},
	{"keep: ${ID}", badNumber}, {"keep: 99999999999", badNumber},
	{"keep: [3]", "config.yaml:7: keep: must be one value, not a list or a block"},
	{"keep: {a: 3}", "config.yaml:7: keep: must be one value, not a list or a block"},
	{"overlap: 25", badOverlap}, {"overlap: 1d", badOverlap}, {"overlap: -1h", badOverlap},
	{"quiet_period: 0s", badQuiet},
	{"brake: {changed: 30}", badShare}, {"brake: {changed: 101%}", badShare}, {"brake: {changed: 2.5%}", badShare},
	{"brake: 30%", "config.yaml:7: brake: must be a block of keys; write each key: value on a line of its own"},
	{"go_live: 2026-02-30", badDate}, {"go_live: 01/02/2026", badDate},
	{"kep: 3", `config.yaml:7: kep: unknown key; did you mean "keep"?`},
	{"nonsense: 3", "config.yaml:7: nonsense: unknown key"},
	{"brake: {chnaged: 30%}", `config.yaml:7: brake.chnaged: unknown key; did you mean "changed"?`},
	{"\"a b\": 3", "config.yaml:7: (unprintable key): unknown key"},
	{"practice: q", "config.yaml:7: practice: stands twice, first on line 1; remove one"},
	{"brake:\n\tchanged: 30%", "config.yaml:8: not YAML: a tab stands where YAML wants spaces; indent with spaces alone"},
	{"? [a]\n: 3", "config.yaml:7: has a key that is no text"},
	{"keep: &a 3", "config.yaml:7: an anchor is not accepted here; write the value out"},
	{"keep: !!int 3", "config.yaml:7: a tag is not accepted here; write the value out"},
	{"---\nkeep: 3", "config.yaml:7: a second document begins here; keep one and remove the line ---"},
	{"lookups: ${NONE}", "config.yaml:7: lookups: the environment variable NONE is not set; set it, or write ${NONE:} to do without"},
	{"lookups: ${", badReference}, {"lookups: ${}", badReference}, {"lookups: ${a-b}", badReference},
	{"lookups: ${file:}", badReference}, {"lookups: ${A:${B}}", badReference}, {"lookups: x${ID", badReference},
	{"lookups: ${file:none}", "config.yaml:7: lookups: cannot read the file none: file does not exist"},
	{"lookups: ${BYTES}", "config.yaml:7: lookups: the environment variable BYTES is not UTF-8 text"},
	{"output_dir: data/out", "config.yaml:7: output_dir: lies in data_dir, which holds the staging database and nothing else; choose a folder beside it"},
	{"workbook: {phi: all}", "config.yaml:7: workbook.phi: must be one of none, masked, full"},
	{"workbook: {passphrase: hunter2}", "config.yaml:7: workbook.passphrase: " + badSecret},
	{"rethink: {enabled: false, callback: {secret: hunter2}}", "config.yaml:7: rethink.callback.secret: " + badSecret},
	{"rethink: {}", "config.yaml:7: rethink.enabled: is missing or empty; write enabled: true or enabled: false"},
	{"rethink: {enabled: false, callback: {enabled: true, secret: \"${SECRET}\"}}", "config.yaml:7: rethink.callback.public_url: is missing or empty; needed because this is enabled"},
	{"rethink: {enabled: false, base_url: 'https://h.example/?a'}", "config.yaml:7: rethink.base_url: must not have a query or a fragment; end it with the path"},
	{"rethink: {enabled: false, callback: {enabled: true, secret: \"${SECRET}\"}}", "config.yaml:7: rethink.callback.public_url: is missing or empty; needed because this is enabled"},
	{"rethink: {enabled: false, base_url: 'https://h.example/?a'}", "config.yaml:7: rethink.base_url: must not have a query or a fragment; end it with the path"},
	{"rethink: {enabled: false, callback: {wait: 30}}", "config.yaml:7: rethink.callback.wait: must be a duration above 0 with its unit: h, m or s; write for example 30m"},
	{"rethink: {enabled: yes}", "config.yaml:7: rethink.enabled: must be true or false; write it without quotes"},
	{"rethink: {enabled: false, in_flight: 65}", "config.yaml:7: rethink.in_flight: must be a whole number from 1 to 64; write for example 4"},
	{"rethink: {enabled: false, initial_load: both}", "config.yaml:7: rethink.initial_load: must be one of vendor, api"},
	{"rethink: {enabled: false, paths: {staff: api}}", "config.yaml:7: rethink.paths.staff: must be a path that begins with one slash; write for example /api/client"},
	{"rethink: {enabled: false, route: {offices: 12}}", "config.yaml:7: rethink.route.offices: must be a list; write for example [101, 102]"},
	{"rethink: {enabled: false, route: {offices: [1, ~]}}", "config.yaml:7: rethink.route.offices[1]: must not be empty"},
	{"rethink: {enabled: false, route: {demographics: {A: []}}}", "config.yaml:7: rethink.route.demographics.A: must not be empty; name the values that match"},
	{"rethink: {enabled: false, constants: {clint: {}}}", `config.yaml:7: rethink.constants.clint: unknown key; did you mean "client"?`},
	{"rethink: {enabled: false, names: {client: {clientExternalID: a}}}", `config.yaml:7: rethink.names.client.clientExternalID: unknown key; did you mean "clientExternalId"?`},
	{"rethink: {enabled: false, names: {staff: {companyStaffId: 'a-b'}}}", "config.yaml:7: rethink.names.staff.companyStaffId: must be the name of a field, of letters, digits and _; write it exactly as Rethink does: its names are case-sensitive"},
	{"rethink: {enabled: false, names: {staff: {companyStaffId: username}}}", "config.yaml:7: rethink.names.staff.companyStaffId: is the name of another field that is sent; ask Rethink for the name; leave the key out where it is the same"},
	{"rethink: {enabled: false, constants: {client: {a: 007}}}", "config.yaml:7: rethink.constants.client.a: is a number that JSON cannot hold; quote it if it is a text"},
	{"rethink: {enabled: false, constants: {client: {a: }}}", "config.yaml:7: rethink.constants.client.a: must be a text, a number, true or false; remove the key to send nothing"},
	{"rethink: {enabled: false, constants: {client: {a: [1]}}}", "config.yaml:7: rethink.constants.client.a: must be one value, not a list or a block"},
	{"central_registry: {enabled: false, approvers: 3}", "config.yaml:7: central_registry.approvers: must be a whole number from 1 to 2; write for example 1"},
	{"central_registry: {enabled: false, unique_site_id: de434055}", "config.yaml:7: central_registry.unique_site_id: must be two capital letters and six digits; write for example DE434055"},
	{"central_registry: {enabled: false, hash_algorithm: crc}", "config.yaml:7: central_registry.hash_algorithm: must be one of sha256, sha384, sha512, sha1, md5, sha512/256, sha3-256"},
	{"serve: {listen: localhost}", "config.yaml:7: serve.listen: must be host:port; write for example 127.0.0.1:8080"},
	{"alerts: {webhook: http://10.0.0.1/x}", badWebhook + "must not be http: it would travel in the clear; write https://"},
	{"alerts: {webhook: http://localhost.example}", badWebhook + "must not be http: it would travel in the clear; write https://"},
	{"alerts: {webhook: https://u:hunter2@h.example}", badWebhook + "must not hold a user name or password; remove what stands before the @"},
	{"alerts: {webhook: ftp://h.example}", badWebhook + "must begin with https://"},
	{"alerts: {webhook: h.example}", badNoURL}, {"alerts: {webhook: 'https://'}", badNoURL}, {"alerts: {webhook: 'https://h:99999'}", badNoURL},
	{"schedules: nightly", `config.yaml:7: schedules: must be a list; write for example - {name: nightly, cron: "30 3 * * *"}`},
	{"schedules: [{name: n}]", "config.yaml:7: schedules[0].cron: is missing or empty; a schedule has both"},
	{"schedules: [{name: n, cron: '@daily', x: 1}]", "config.yaml:7: schedules[0].x: unknown key"},
	{"schedules: [{name: n, cron: '@daily'}, {name: n, cron: '@daily'}]", "config.yaml:7: schedules[1].name: another schedule has this name; choose another"},
	{"schedules: [{name: n, cron: '30 2 * *'}]", badCronFields}, {"schedules: [{name: n, cron: '@every -1h'}]", badCronFields},
	{"schedules: [{name: n, cron: 'TZ=0'}]", "config.yaml:7: schedules[0].cron: must not name a zone: schedules are in the practice's; remove TZ= and set timezone"},
	{"schedules: [{name: n, cron: 'CRON_TZ=UTC 1 1 * * *'}]", "config.yaml:7: schedules[0].cron: must not name a zone: schedules are in the practice's; remove TZ= and set timezone"},
	{"schedules: [{name: n, cron: '0 0 30 2 *'}]", "config.yaml:7: schedules[0].cron: never falls due; name a day that exists"},
}

func TestFaultsOfOneKey(t *testing.T) {
	for _, tt := range oneKey {
		t.Run(tt.add, func(t *testing.T) {
			got := faultsOf(t, base+tt.add+"\n", "BYTES", "\xff")
			if got != tt.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, tt.want)
			}
			if strings.Contains(got, "hunter2") {
				t.Error("a value is repeated")
			}
		})
	}
}

// TestFaultsTogether reports all at once, by line, the environment's first.
func TestFaultsTogether(t *testing.T) {
	got := faultsOf(t, `timezone: Local
encryption_key: hunter2
drchrono:
  base_url: http://app.drchrono.com
  client_secret: x${SECRET:hunter2}
  calls_per_hour: 0
rethink:
  enabled: true
centralreach: {enabled: true}
central_registry:
  enabled: true
  password: a${SECRET}
`, "CHARTBRIDGE_KEEP", "hunter2")
	want := `environment: CHARTBRIDGE_KEEP: must be a whole number above 0; write for example 30
config.yaml:1: go_live: is missing or empty; an enabled destination needs the date before which visits are excluded
config.yaml:1: practice: is missing or empty; every config names it
config.yaml:1: timezone: must be a time zone of the IANA list; write for example America/New_York
config.yaml:2: encryption_key: a secret must not stand in the file; write ${NAME} or ${file:/path}
config.yaml:3: drchrono.client_id: is missing or empty; DrChrono gives it to the practice's API application
config.yaml:4: drchrono.base_url: must not be http: it would travel in the clear; write https://
config.yaml:5: drchrono.client_secret: a secret must not stand in the file; write ${NAME} or ${file:/path}
config.yaml:6: drchrono.calls_per_hour: must be a whole number above 0; write for example 500
config.yaml:7: rethink.base_url: is missing or empty; needed because this is enabled
config.yaml:7: rethink.client_id: is missing or empty; needed because this is enabled
config.yaml:7: rethink.client_secret: is missing or empty; needed because this is enabled
config.yaml:9: centralreach.api_key: is missing or empty; needed because this is enabled
config.yaml:9: centralreach.client_id: is missing or empty; needed because this is enabled
config.yaml:9: centralreach.client_secret: is missing or empty; needed because this is enabled
config.yaml:9: centralreach.org_id: is missing or empty; needed because this is enabled
config.yaml:10: central_registry.base_url: is missing or empty; needed because this is enabled
config.yaml:10: central_registry.first_name: is missing or empty; needed because this is enabled
config.yaml:10: central_registry.hash_key: is missing or empty; needed because this is enabled
config.yaml:10: central_registry.last_name: is missing or empty; needed because this is enabled
config.yaml:10: central_registry.unique_site_id: is missing or empty; needed because this is enabled
config.yaml:10: central_registry.username: is missing or empty; needed because this is enabled
config.yaml:12: central_registry.password: a secret must not stand in the file; write ${NAME} or ${file:/path}`
	if got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// A default of nothing is no way out where a value must be.
func TestAVariableThatIsNeededMustBeSet(t *testing.T) {
	got := faultsOf(t, strings.Replace(base, "${SECRET}", "${NONE}", 1)+"  refresh_token: ${TOKEN}\n")
	if want := "the environment variable NONE is not set; set it\n"; !strings.Contains(got, want) {
		t.Errorf("got:\n%s\nwant %q", got, want)
	}
	if want := "the environment variable TOKEN is not set; set it, or write ${TOKEN:} to do without"; !strings.Contains(got, want) {
		t.Errorf("got:\n%s\nwant %q", got, want)
	}
}

func TestGoodURLs(t *testing.T) {
	for _, u := range []string{"https://h.example", "https://h.example:8443/a?b=c", "http://localhost:1", "http://LOCALHOST", "http://127.8.9.1/x", "http://[::1]:80"} {
		if fault := checkURL(u); fault != nil {
			t.Errorf("checkURL(%q): got %v", u, fault)
		}
	}
}

func TestEncryptionKey(t *testing.T) {
	withKey := func(key string) string { return strings.Replace(base, "${KEY}", key, 1) }
	for _, text := range []string{withKey("off"), withKey(`"off"`)} {
		if _, ok := mustParse(t, text).Key(); ok {
			t.Error("Key of off: got ok")
		}
	}
	mustParse(t, base, "CHARTBRIDGE_ENCRYPTION_KEY", testKey)
	const not = "encryption_key: must be 32 bytes in base64, or the word off; make one with: openssl rand -base64 32"
	for _, value := range []string{"hunter2", testKey[:40], testKey + "AAAA", "false"} {
		if got := faultsOf(t, base, "KEY", value); got != "config.yaml:3: "+not {
			t.Errorf("got %s", got)
		}
	}
	if got := faultsOf(t, withKey("${KEY:off}")); !strings.Contains(got, "off must not be a default") {
		t.Errorf("a default of off: got %s", got)
	}
}

// A file of a secret that holds nothing is named: it would pass for a secret
// that nobody wants, and a workbook without a passphrase is not encrypted.
func TestAnEmptySecretFileIsNamed(t *testing.T) {
	empty := func(string) ([]byte, error) { return []byte("\n"), nil }
	_, err := Parse("/etc/cb/config.yaml", []byte(base+"workbook: {passphrase: \"${file:pass}\"}\n"), vars(), empty)
	if want := "workbook.passphrase: the file /etc/cb/pass is empty"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
}

// A name that DrChrono has no list for is told with the other faults, by line.
func TestEndpointsAreThoseThatThereAre(t *testing.T) {
	got := faultsOf(t, base+"  endpoints: [patients, patient, nosuch]\nkeep: 0\n")
	want := `config.yaml:7: drchrono.endpoints[1]: is none of DrChrono's endpoints; did you mean "patients"?
config.yaml:7: drchrono.endpoints[2]: is none of DrChrono's endpoints; ` + "`chartbridge endpoints` shows them" + `
config.yaml:8: keep: must be a whole number above 0; write for example 30`
	if got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}
