package loadtest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// CentralReachOptions say how a simulated CentralReach behaves.
type CentralReachOptions struct {
	Now          func() time.Time // nil: a clock that stands still
	Prefix       string           // path before /connect/token and /enterprise/v1
	ClientID     string           // "" takes any, as does an empty secret
	ClientSecret string
	APIKey       string // "" takes any, but one must be there
	OrgID        int    // the token's orgid; 0 = 1234
	ReplaceOnPut bool   // PUT blanks what it does not carry; else it stays
	Account      *CentralReachAccount
}

// CentralReachAccount holds what an organization has configured.
type CentralReachAccount struct {
	ClientForms, EmployeeForms []string // names of contact forms
	Insurances                 []Insurance
	Labels                     []Label
	Fields                     []MetadataField
	CancelReasons              []CancelReason
}

// An Insurance is a row of payors/accepted-insurances, which are flat.
type Insurance struct {
	CompanyID   int    `json:"companyId"`
	CompanyName string `json:"companyName"`
	PlanID      int    `json:"planId"`
	PlanName    string `json:"planName"`
}

// A Label is a row of contacts/labels.
type Label struct {
	ID     int    `json:"labelId"`
	Name   string `json:"name"`
	Parent int    `json:"parentLabelId,omitempty"`
}

// A MetadataField is a row of contacts/metadata-configuration; Type is Input,
// TextArea, Single or Decimal.
type MetadataField struct {
	ID    int    `json:"fieldId"`
	Group string `json:"groupName"`
	Name  string `json:"fieldName"`
	Type  string `json:"type"`
}

// A CancelReason is a row of schedule/settings/cancel-reasons.
type CancelReason struct {
	ID   int    `json:"cancelReasonId"`
	Name string `json:"name"`
}

// DefaultCentralReachAccount has the forms "Client" and "Employee", plans
// 2001-2040 of companies 1001-1040, labels 11-30, metadata fields 51-70 (odd
// ones Input, even ones TextArea) and cancel reasons 1-10.
func DefaultCentralReachAccount() *CentralReachAccount {
	a := &CentralReachAccount{ClientForms: []string{"Client"}, EmployeeForms: []string{"Employee"}}
	for i := 1; i <= 40; i++ {
		a.Insurances = append(a.Insurances, Insurance{1000 + i, fmt.Sprintf("Company %d", i), 2000 + i, fmt.Sprintf("Plan %d", i)})
	}
	for i := 1; i <= 20; i++ {
		kinds := [2]string{"TextArea", "Input"}
		a.Labels = append(a.Labels, Label{ID: 10 + i, Name: fmt.Sprintf("Label %d", i)})
		a.Fields = append(a.Fields, MetadataField{50 + i, "Credentials", fmt.Sprintf("Field %d", i), kinds[i%2]})
	}
	for i := 1; i <= 10; i++ {
		a.CancelReasons = append(a.CancelReasons, CancelReason{i, fmt.Sprintf("Reason %d", i)})
	}
	return a
}

// CentralReach is a simulated CentralReach: tokens at <prefix>/connect/token,
// the API below <prefix>/enterprise/v1 (destinations-facts B2).
type CentralReach struct {
	*Server
	o        CentralReachOptions
	contacts map[string]*contact
	settings map[string]map[string]any // claim settings by id
	tasks    []map[string]any
	events   []*Event
}

type contact struct {
	kind     string // "client" or "employee"
	fields   map[string]any
	payors   []map[string]any
	labels   []Label
	metadata map[string]any // value by field id
}

// NewCentralReach returns a CentralReach that holds no contacts yet.
func NewCentralReach(o CentralReachOptions) *CentralReach {
	if o.Account == nil {
		o.Account = DefaultCentralReachAccount()
	}
	if o.OrgID == 0 {
		o.OrgID = 1234
	}
	s := &CentralReach{
		Server: newServer(o.Now, o.Prefix), o: o,
		contacts: map[string]*contact{}, settings: map[string]map[string]any{},
	}
	s.failure = func(status int, msg string) any {
		return stackError(strings.ReplaceAll(http.StatusText(status), " ", ""), msg)
	}
	s.guard = s.authorize
	s.routes = []route{{
		method: http.MethodPost, pattern: "/connect/token", object: "token", op: "login", open: true,
		do: s.grant(o.ClientID, o.ClientSecret, "cr-api", s.jwt),
	}}
	s.addContactRoutes("client", "clients", o.Account.ClientForms)
	s.addContactRoutes("employee", "employees", o.Account.EmployeeForms)
	s.addRoutes(s.payorRoutes())
	s.addRoutes(s.labelRoutes())
	s.addRoutes(s.claimRoutes())
	s.addRoutes(s.scheduleRoutes())
	s.addRoutes(s.taskRoutes())
	return s
}

func (s *CentralReach) addRoutes(routes []route) {
	for _, r := range routes {
		r.pattern = "/enterprise/v1/" + r.pattern
		s.routes = append(s.routes, r)
	}
}

// testKey signs the tokens (HS256); the real ones are RS256.
const testKey = "chartbridge-simulated-centralreach"

// jwt issues an access token (centralreach.txt, Authentication).
func (s *CentralReach) jwt() string {
	part := func(v map[string]any) string {
		raw, _ := json.Marshal(v) // texts and numbers: cannot fail
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	now := s.now()
	signed := part(map[string]any{"alg": "HS256", "typ": "JWT"}) + "." + part(map[string]any{
		"iss": "https://login.centralreach.com", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
		"sub": "90001", "orgid": s.o.OrgID, "jti": s.next(),
	})
	mac := hmac.New(sha256.New, []byte(testKey))
	mac.Write([]byte(signed))
	return signed + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// authorize follows the table of response codes: a missing or wrong key is
// 403, a bad token 401, an expired one 500. The token may stand bare.
func (s *CentralReach) authorize(c *call) *reply {
	var refusal reply
	key := c.Header.Get("x-api-key")
	t, known := s.tokens[strings.TrimPrefix(c.Header.Get("Authorization"), "Bearer ")]
	switch {
	case key == "" || s.o.APIKey != "" && key != s.o.APIKey:
		refusal = s.fail(http.StatusForbidden, "Missing or incorrect API Key in Header.")
	case !known:
		refusal = s.fail(http.StatusUnauthorized, "Unauthorized Request, invalid credentials.")
	case !s.now().Before(t.expires):
		refusal = s.fail(http.StatusInternalServerError, "Internal Server Error.")
	default:
		return nil
	}
	return &refusal
}

type fieldError struct {
	Code    string `json:"errorCode"`
	Field   string `json:"fieldName"`
	Message string `json:"message"`
}

// stackError is an error body of ServiceStack. Its result says OK all the
// same, as recorded (destinations-facts B1).
func stackError(code, msg string, errs ...fieldError) map[string]any {
	if errs == nil {
		errs = []fieldError{}
	}
	return map[string]any{
		"result": "OK", "failed": false,
		"responseStatus": map[string]any{"errorCode": code, "message": msg, "errors": errs},
	}
}

func invalid(errs []fieldError) reply {
	return reply{http.StatusBadRequest, stackError(errs[0].Code, errs[0].Message, errs...)}
}

func wrongField(field, msg string) reply {
	return invalid([]fieldError{{"InvalidValue", field, msg}})
}

func (s *CentralReach) unreadable() reply {
	return s.fail(http.StatusBadRequest, "Bad Request, empty request, invalid format.")
}

func notFound() reply {
	return reply{http.StatusNotFound, stackError("NotFound", "Requested record not found.")}
}

// fine is a reply that carries one thing under its name.
func fine(name string, thing any) reply {
	return reply{http.StatusOK, map[string]any{name: thing, "result": "OK", "responseStatus": map[string]any{}}}
}

// page cuts a list by page (from 1) and pageSize (50 unless given, 200 at
// most), and says how many there are in all.
func page[T any](c *call, list []T) reply {
	number := func(name string, other int) int {
		n, err := strconv.Atoi(c.URL.Query().Get(name))
		if err != nil || n < 1 {
			return other
		}
		return n
	}
	size := min(number("pageSize", 50), 200)
	from := min((number("page", 1)-1)*size, len(list))
	items := list[from:min(from+size, len(list))]
	if items == nil {
		items = []T{}
	}
	return reply{http.StatusOK, map[string]any{"items": items, "totalCount": len(list)}}
}

// canonical names the fields of a body as the vendor does, which takes any
// casing and drops what it does not know, as well as nulls.
func canonical(sent map[string]any, names []string) map[string]any {
	out := map[string]any{}
	for name, v := range sent {
		for _, known := range names {
			if v != nil && strings.EqualFold(name, known) {
				out[known] = v
			}
		}
	}
	return out
}
