package loadtest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// RegistryOptions say how a simulated Central Registry behaves.
type RegistryOptions struct {
	Now      func() time.Time // nil: a clock that stands still
	Prefix   string           // path before /login and /discharge
	Username string           // "" takes any, as does an empty password
	Password string
	HashKey  string        // the secret of identification_hash, HMAC-SHA256
	Sites    []string      // known unique_site_ids; none: all that are well formed
	Life     time.Duration // of a token; 0 = one hour
}

// Registry is a simulated Central Registry, Discharge API 1.1.3: POST
// <prefix>/login and <prefix>/discharge.
type Registry struct {
	*Server
	o        RegistryOptions
	patients map[string]*patient // by CRID
}

type patient struct {
	birth, admit string // YYYY-MM-DD
	dosed        bool
	discharge    map[string]any // nil while active
}

// NewRegistry returns a registry that knows no patient yet.
func NewRegistry(o RegistryOptions) *Registry {
	if o.Life == 0 {
		o.Life = time.Hour
	}
	s := &Registry{Server: newServer(o.Now, o.Prefix), o: o, patients: map[string]*patient{}}
	s.failure = func(_ int, msg string) any {
		return map[string]any{"success": false, "message": msg, "errors": map[string]string{}}
	}
	s.guard = s.authorize
	s.routes = []route{
		{method: http.MethodPost, pattern: "/login", object: "token", op: "login", open: true, do: s.login},
		{method: http.MethodPost, pattern: "/discharge", object: "discharge", op: "create", do: s.discharge},
	}
	return s
}

// Admit makes a patient active there: CRID, birth and admit date (YYYY-MM-DD),
// and whether any dose was given in this episode. An earlier one with the same
// CRID is forgotten.
func (s *Registry) Admit(crid, birthDate, admitDate string, dosed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.patients[crid] = &patient{birth: birthDate, admit: admitDate, dosed: dosed}
}

// Objects returns copies of the discharges ("discharge") in order of CRIDs, as
// they were sent; numbers are json.Number.
func (s *Registry) Objects(object string) []map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []map[string]any{}
	for _, p := range s.patients {
		if p.discharge != nil && object == "discharge" {
			list = append(list, copied(p.discharge))
		}
	}
	slices.SortFunc(list, func(a, b map[string]any) int {
		return strings.Compare(fmt.Sprint(a["crid"]), fmt.Sprint(b["crid"]))
	})
	return list
}

func refusal(status int, code, msg string, errs map[string]string) reply {
	if errs == nil {
		errs = map[string]string{}
	}
	return reply{status, map[string]any{"success": false, "message": msg, "code": code, "errors": errs}}
}

func (s *Registry) authorize(c *call) *reply {
	word, bearer := strings.CutPrefix(c.Header.Get("Authorization"), "Bearer ")
	t, known := s.tokens[word]
	if bearer && known && s.now().Before(t.expires) {
		return nil
	}
	r := s.fail(http.StatusUnauthorized, "Unauthenticated.")
	return &r
}

// login gives a token to one person at one site (the document, Login).
func (s *Registry) login(c *call) reply {
	name, password, basic := c.BasicAuth()
	if !basic || s.o.Username != "" && name != s.o.Username || s.o.Password != "" && password != s.o.Password {
		return s.fail(http.StatusUnauthorized, "Unauthenticated.")
	}
	sent, err := c.object()
	if err != nil {
		return s.fail(http.StatusBadRequest, "The payload is empty or cannot be read.")
	}
	errs := judgeAll(loginRules, sent)
	site, _ := sent["unique_site_id"].(string)
	if len(errs) == 0 && !s.knows(site) {
		errs["unique_site_id"] = "The site is not known."
	}
	if len(errs) > 0 {
		return reply{http.StatusUnprocessableEntity, map[string]any{"success": false, "message": "Validation failed.", "errors": errs}}
	}
	word := "registry-" + digest(fmt.Sprint(site, s.next()))
	expires := s.now().Add(s.o.Life).UTC().Truncate(time.Second)
	s.tokens[word] = token{subject: site, expires: expires}
	c.entry.Applied = true
	return reply{http.StatusOK, map[string]any{"success": true, "token": word, "expires": expires.Format(time.RFC3339)}}
}

func (s *Registry) knows(site string) bool {
	return len(s.o.Sites) == 0 || slices.Contains(s.o.Sites, site)
}

// discharge ends a patient's episode, once and for all. Codes are those of
// destinations-facts C: first the payload, then site, patient and state, then
// what only the registry can compare.
func (s *Registry) discharge(c *call) reply {
	sent, err := c.object()
	if err != nil {
		return refusal(http.StatusBadRequest, "11-001", "The payload is empty or cannot be read.", nil)
	}
	crid, _ := sent["crid"].(string)
	c.entry.ExternalID = crid
	if errs := s.judge(sent); len(errs) > 0 {
		return refusal(http.StatusUnprocessableEntity, "11-002", "Validation failed.", errs)
	}
	site, _ := sent["unique_site_id"].(string)
	word := strings.TrimPrefix(c.Header.Get("Authorization"), "Bearer ")
	p := s.patients[crid]
	switch {
	case !s.knows(site) || s.tokens[word].subject != site:
		return refusal(http.StatusNotFound, "11-101", "The site could not be resolved.", nil)
	case p == nil:
		return refusal(http.StatusNotFound, "11-102", "The patient was not found.", nil)
	case p.discharge != nil:
		return refusal(http.StatusConflict, "11-103", "The patient has already been discharged.", nil)
	}
	if errs := s.compare(sent, p); len(errs) > 0 {
		return refusal(http.StatusUnprocessableEntity, "11-002", "Validation failed.", errs)
	}
	s.created["discharge "+crid]++
	p.discharge = sent
	c.entry.Applied, c.entry.ID = true, crid
	return reply{http.StatusOK, map[string]any{"success": true, "message": "Discharge recorded successfully."}}
}

// compare checks what depends on the patient as known there.
func (s *Registry) compare(sent map[string]any, p *patient) map[string]string {
	errs := map[string]string{}
	mac := hmac.New(sha256.New, []byte(s.o.HashKey))
	mac.Write([]byte(p.birth))
	if sent["identification_hash"] != hex.EncodeToString(mac.Sum(nil)) {
		errs["identification_hash"] = "The identification hash does not match the patient."
	}
	// Dates of this form sort as text.
	if day, _ := sent["discharge_date"].(string); day < p.admit {
		errs["discharge_date"] = "The discharge date must not be before the admit date."
	}
	if day, _ := sent["dose_through_date"].(string); day < p.admit {
		errs["dose_through_date"] = "The dose through date must not be before the admit date."
	}
	if reason, _ := whole(sent["discharge_reason"]); reason == notAdmitted && p.dosed {
		errs["discharge_reason"] = "The reason is only allowed if no medication was given."
	}
	return errs
}
