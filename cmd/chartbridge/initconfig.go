package main

import (
	"fmt"
	"slices"
	"strings"
)

// A variable is an environment variable that a starting config names.
type variable struct {
	name, what string
	like       string // an invented value that fits
}

// A startBlock is a destination's block in a starting config. Only what has no
// default, or must be decided, stands in it; config.example.yaml has the rest.
type startBlock struct {
	block     string
	variables []variable
}

var sourceVariables = []variable{
	{"DRCHRONO_CLIENT_ID", "of the practice's API application in DrChrono", "id"},
	{"DRCHRONO_CLIENT_SECRET", "of the same; a secret", "secret"},
}

var starts = map[string]startBlock{
	"rethink": {`
rethink:
  enabled: true
%s  # vendor: the first run only matches, and the rest is held until
  # crosswalk import, or push --plan. api: it creates.
  initial_load: vendor
  # Both given at implementation.
  base_url: ${RETHINK_BASE_URL}
  client_id: ${RETHINK_CLIENT_ID}
  client_secret: ${RETHINK_CLIENT_SECRET}
  # Further fields that your account needs, by object, for example
  # {client: {}, staff: {}, appointment: {}, authorization: {}}.
  constants: {}
`, []variable{
		{"RETHINK_BASE_URL", "given at implementation; https", "https://rethink.example"},
		{"RETHINK_CLIENT_ID", "of the account", "id"},
		{"RETHINK_CLIENT_SECRET", "of the account; a secret", "secret"},
	}},
	"centralreach": {`
centralreach:
  enabled: true
%s  client_id: ${CENTRALREACH_CLIENT_ID}
  client_secret: ${CENTRALREACH_CLIENT_SECRET}
  api_key: ${CENTRALREACH_API_KEY}
  # Must equal the token's orgid before anything is written.
  org_id: ${CENTRALREACH_ORG_ID}
  # Creating an employee costs money each month.
  create_employees: false
  write: {clients: true, employees: true}
`, []variable{
		{"CENTRALREACH_CLIENT_ID", "of the account", "id"},
		{"CENTRALREACH_CLIENT_SECRET", "of the account; a secret", "secret"},
		{"CENTRALREACH_API_KEY", "of the account; a secret", "key"},
		{"CENTRALREACH_ORG_ID", "the organisation's number", "1234"},
	}},
	"central_registry": {`
central_registry:
  enabled: true
%s  base_url: ${REGISTRY_BASE_URL}
  username: ${REGISTRY_USERNAME}
  password: ${REGISTRY_PASSWORD}
  hash_key: ${REGISTRY_HASH_KEY}
  # The authorised person; the name goes out as discharge_user_name.
  first_name: ${REGISTRY_FIRST_NAME}
  last_name: ${REGISTRY_LAST_NAME}
  unique_site_id: ${REGISTRY_SITE_ID}
  # Named people who must approve each discharge: 1 or 2.
  approvers: 1
`, []variable{
		{"REGISTRY_BASE_URL", "the registry's address; https", "https://registry.example"},
		{"REGISTRY_USERNAME", "of the site", "name"},
		{"REGISTRY_PASSWORD", "of the site; a secret", "secret"},
		{"REGISTRY_HASH_KEY", "of the site; a secret", "secret"},
		{"REGISTRY_FIRST_NAME", "of the authorised person", "Ada"},
		{"REGISTRY_LAST_NAME", "of the authorised person", "Roma"},
		{"REGISTRY_SITE_ID", "two capital letters and six digits", "DE434055"},
	}},
}

// startOrder is the order of the blocks.
var startOrder = []string{"rethink", "centralreach", "central_registry"}

// variables are those that the config names, in its order.
func (f initFlags) variables() []variable {
	list := slices.Clone(sourceVariables)
	for _, name := range startOrder {
		if slices.Contains(f.destinations, name) {
			list = append(list, starts[name].variables...)
		}
	}
	return list
}

func (f initFlags) compose() string {
	var b strings.Builder
	fmt.Fprintf(&b, startHead, f.practice, f.timezone)
	if f.goLive != "" || len(f.destinations) > 0 {
		fmt.Fprintf(&b, "\n# Visits before this date are never sent.\ngo_live: %q\n", f.goLive)
	}
	b.WriteString(startPlaces)
	for _, name := range startOrder {
		if slices.Contains(f.destinations, name) {
			fmt.Fprintf(&b, starts[name].block, f.route(name))
		}
	}
	if len(f.destinations) == 0 {
		b.WriteString(startNowhere)
	}
	b.WriteString(startTail)
	return b.String()
}

// route is a destination's empty route where one must be thought about: with
// the registry beside it, an empty one sends opioid-treatment patients there.
func (f initFlags) route(name string) string {
	if name == "central_registry" || !slices.Contains(f.destinations, "central_registry") {
		return ""
	}
	return "  # Who goes there; all empty means everybody. With the Central Registry on,\n" +
		"  # give it a filter: patients in opioid treatment must not be disclosed here\n" +
		"  # without their consent (42 CFR Part 2). chartbridge check counts them.\n" +
		"  route: {offices: [], doctors: [], profiles: [], patient_flags: [], demographics: {}}\n"
}

const startHead = `# Chartbridge. The keys that a practice must decide; config.example.yaml in the
# source explains all of them with their defaults.
# ${NAME} is an environment variable, ${file:/path} a file's content. A secret
# may be given only so; a file that its owner alone can read is better.
# Relative paths start at this file's folder.

practice: %q

# DrChrono's stamps carry no zone: a wrong one moves visits to another day.
# An IANA zone, such as America/New_York.
timezone: %q
`

const startPlaces = `
# The staging database and nothing else.
data_dir: ./data

# Each run's workbook and results.
output_dir: ./out

# Seals what is stored. Keep a copy apart from the backups.
encryption_key: ${file:key}

# The ids that belong to your accounts: chartbridge lookups template.
lookups: ./lookups.yaml

drchrono:
  client_id: ${DRCHRONO_CLIENT_ID}
  client_secret: ${DRCHRONO_CLIENT_SECRET}
  # The first token, where you have one; chartbridge auth login gets it.
  refresh_token: ${DRCHRONO_REFRESH_TOKEN:}
`

const startNowhere = `
# Where records go: rethink, centralreach, central_registry. chartbridge init
# --destinations writes their blocks, config.example.yaml explains them.
`

const startTail = `
schedules:
  # In the practice's zone. Not between 01:00 and 03:00, which daylight saving
  # time skips or repeats.
  - {name: nightly, cron: "30 3 * * *"}
`

const emptyLookups = `# The ids that your accounts give to DrChrono's values: destination, lookup,
# value: id. Fill it with what ` + "`chartbridge lookups template`" + ` prints.
`
