package main

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/chartbridge/chartbridge/extract/drchronotest"
	"github.com/chartbridge/chartbridge/load/loadtest"
)

// Vendors are the simulated vendors on one loopback listener, with the files
// that point a practice at them. They serve `demo`, `simulate` and the tests.
type vendors struct {
	Practice     *drchronotest.Practice
	DrChrono     *drchronotest.Server
	Rethink      *loadtest.Rethink
	CentralReach *loadtest.CentralReach
	Registry     *loadtest.Registry
	URL          string
	refresh      string // DrChrono's first refresh token
	callback     string // where Rethink posts its answers; "" = it answers at once
	server       *http.Server
}

// simSchedules is a night outside of the hours that daylight saving time moves.
const simSchedules = `schedules: [{name: nightly, cron: "30 3 * * *"}]
`

// Credentials of the simulated vendors; they open nothing else.
const (
	simClient  = "demo-client"
	simSecret  = "demo-secret"
	simRefresh = "demo-refresh-token"
	simAPIKey  = "demo-api-key"
	simHashKey = "demo-hash-key"
	simSite    = "DE434055"
)

// startVendors serves the vendors on a loopback address, ":0" for any port.
func startVendors(address string, practice *drchronotest.Practice, now func() time.Time) (*vendors, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("serve the simulated vendors: %w", err)
	}
	refresh := simRefresh + "-" + randomHex(4)
	v := &vendors{Practice: practice, URL: "http://" + listener.Addr().String(), refresh: refresh,
		DrChrono: drchronotest.New(practice, drchronotest.Options{Now: now, Prefix: "/drchrono", ClientID: simClient,
			ClientSecret: simSecret, RefreshToken: refresh}),
		Rethink:      loadtest.NewRethink(loadtest.RethinkOptions{Now: now, Prefix: "/rethink", ClientID: simClient, ClientSecret: simSecret}),
		CentralReach: loadtest.NewCentralReach(loadtest.CentralReachOptions{Now: now, Prefix: "/centralreach", ClientID: simClient, ClientSecret: simSecret, APIKey: simAPIKey, OrgID: 1234}),
		Registry:     loadtest.NewRegistry(loadtest.RegistryOptions{Now: now, Prefix: "/registry", Username: simClient, Password: simSecret, HashKey: simHashKey, Sites: []string{simSite}}),
	}
	mux := http.NewServeMux()
	mux.Handle("/drchrono/", v.DrChrono)
	mux.Handle("/rethink/", v.Rethink)
	mux.Handle("/centralreach/", v.CentralReach)
	mux.Handle("/registry/", v.Registry)
	v.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	v.admit()
	v.employ()
	go func() { _ = v.server.Serve(listener) }() // ends with Close, which says so by its error
	return v, nil
}

// Close stops serving.
func (v *vendors) Close() error { return v.server.Close() }

// admit tells the registry of the practice's opioid-treatment patients.
func (v *vendors) admit() {
	ids := v.Practice.DemographicIDs()
	for _, p := range v.Practice.Rows("patients") {
		crid, admission := demographicOf(p, ids["crid"]), demographicOf(p, ids["admission"])
		birth, _ := p["date_of_birth"].(string)
		if crid != "" {
			v.Registry.Admit(crid, birth, admission, true)
		}
	}
}

// employ gives CentralReach the practice's staff: an account has them before
// anything is sent there, since each costs money.
func (v *vendors) employ() {
	logins := map[string]bool{}
	for _, u := range v.Practice.Rows("users") {
		logins[fmt.Sprint(u["doctor"])] = logins[fmt.Sprint(u["doctor"])] || u["is_doctor"] == true
	}
	for _, d := range v.Practice.Rows("doctors") {
		if id := fmt.Sprint(d["id"]); logins[id] {
			v.CentralReach.SeedEmployee(map[string]any{"externalSystemId": id, "firstName": d["first_name"], "lastName": d["last_name"],
				"primaryEmail": d["email"], "jobTitle": d["job_title"]})
		}
	}
}

func demographicOf(patient map[string]any, id int) string {
	list, _ := patient["custom_demographics"].([]any)
	for _, entry := range list {
		d, _ := entry.(map[string]any)
		if fmt.Sprint(d["field_type"]) == fmt.Sprint(id) {
			return fmt.Sprint(d["value"])
		}
	}
	return ""
}

// writeFiles writes config, lookups and key into dir, gives the config's path,
// and keeps what is there: a new key would seal the database of an earlier
// start for good. The refresh token alone is new at each start, since the
// vendor forgot those that the database holds.
func (v *vendors) writeFiles(dir, goLive string) (string, error) {
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return "", fmt.Errorf("make a key: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make the folder: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "refresh-token"), []byte(v.refresh+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("write the refresh token: %w", err)
	}
	config := filepath.Join(dir, "config.yaml")
	for path, text := range map[string]string{
		config:                             v.configText(goLive),
		filepath.Join(dir, "lookups.yaml"): v.lookupsText(),
		filepath.Join(dir, "key"):          base64.StdEncoding.EncodeToString(key) + "\n",
		filepath.Join(dir, "secret"):       simSecret + "\n",
		filepath.Join(dir, "api-key"):      simAPIKey + "\n",
		filepath.Join(dir, "hash-key"):     simHashKey + "\n",

		filepath.Join(dir, "callback-secret"): simSecret + "\n",
	} {
		if err := writeNew(path, text); err != nil && !errors.Is(err, fs.ErrExist) {
			return "", err
		}
	}
	return config, nil
}

func (v *vendors) configText(goLive string) string {
	callback, serve := v.callbackText()
	return fmt.Sprintf(`# Points at the simulated vendors. Everything in it is synthetic.
practice: demo-practice
timezone: %[2]s
go_live: %[3]s
data_dir: ./data
output_dir: ./out
encryption_key: ${file:key}
lookups: ./lookups.yaml
`+simSchedules+`drchrono:
  base_url: %[1]s/drchrono
  client_id: %[4]s
  client_secret: ${file:secret}
  refresh_token: ${file:refresh-token}
rethink:
  enabled: true
  initial_load: api
  base_url: %[1]s/rethink
  token_url: %[1]s/rethink/connect/token
  client_id: %[4]s
  client_secret: ${file:secret}
  constants:
    authorization: {authorizationSubmissionTypeID: 1}
%[6]scentralreach:
  enabled: true
  base_url: %[1]s/centralreach/enterprise/v1
  token_url: %[1]s/centralreach/connect/token
  client_id: %[4]s
  client_secret: ${file:secret}
  api_key: ${file:api-key}
  org_id: 1234
central_registry:
  enabled: true
  base_url: %[1]s/registry
  username: %[4]s
  password: ${file:secret}
  hash_key: ${file:hash-key}
  first_name: Ada
  last_name: Roma
  unique_site_id: %[5]s
%[7]s`, v.URL, drchronotest.Zone, goLive, simClient, simSite, callback, serve)
}

// lookupsText is what the simulated accounts hand out, by DrChrono's values.
func (v *vendors) lookupsText() string {
	var b strings.Builder
	table := func(name string, keys []string, id func(i int) any) {
		fmt.Fprintf(&b, "  %s:\n", name)
		for i, key := range keys {
			fmt.Fprintf(&b, "    %q: %v\n", key, id(i))
		}
	}
	from := func(first int) func(int) any { return func(i int) any { return first + i } }
	var payers, offices, profiles []string
	for _, p := range v.Practice.Payers() {
		payers = append(payers, p.ID)
	}
	for _, o := range v.Practice.Offices() {
		offices = append(offices, fmt.Sprint(o.ID))
	}
	billable := v.Practice.Profiles()
	for _, p := range billable {
		profiles = append(profiles, fmt.Sprint(p.ID))
	}
	b.WriteString("rethink:\n")
	table("clientStatus", []string{"A", "I", "D"}, from(101))
	table("staffStatus", []string{"false", "true"}, from(201))
	table("gender", []string{"Male", "Female", "Other"}, from(1))
	table("state", states, from(1))
	table("funder", payers, from(501))
	table("appointmentType", profiles, func(i int) any {
		if billable[i].Billable {
			return 1
		}
		return 2
	})
	table("service", profiles, from(601))
	table("payCode", profiles, from(301))
	table("tag", profiles, from(401))
	table("location", offices, from(701))
	table("placeOfService", offices, from(801))
	statuses := []string{"", "Not Confirmed", "Confirmed", "Arrived", "Checked In", "In Room", "In Session", "Complete", "Cancelled", "No Show", "Rescheduled"}
	ids := []int{1, 1, 1, 1, 1, 1, 1, 2, 5, 5, 4} // destinations-facts, A7 and D
	table("appointmentStatus", statuses, func(i int) any { return ids[i] })
	table("cancellationType", []string{"Cancelled", "No Show", "Rescheduled"}, from(21))
	b.WriteString("  serviceLine: {default: 901}\n  caseManager: {default: 951}\n")
	b.WriteString("centralreach:\n  contactForm: {default: Client}\n")
	table("insurancePlan", payers, func(i int) any { return fmt.Sprintf("%d/%d", 1001+i, 2001+i) })
	b.WriteString("central_registry:\n  medication: {\"buprenorphine/naloxone\": 2}\n")
	demographics := v.Practice.DemographicIDs()
	fmt.Fprintf(&b, "  customDemographics: {crid: %d, admissionDate: %d, dischargeReason: %d, dischargeDate: %d, doseThroughDate: %d}\n",
		demographics["crid"], demographics["admission"], demographics["discharge_reason"], demographics["discharge_date"], demographics["dose_through"])
	return b.String()
}

// states are the simulated account's, in the order of their ids. Rethink's own
// order is not documented.
var states = strings.Fields("AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY DC PR")
