package centralregistry

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/transform"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// alreadyDischarged is the code of a discharge of a patient who is not active.
const alreadyDischarged = "11-103"

// refusals are the codes with which a discharge is refused before it is
// recorded (destinations-facts, C), and what to do. 11-999 is not among them:
// what is unexpected may have been recorded.
var refusals = map[string]string{
	"11-001": "the registry could not read the discharge; show it to support",
	"11-002": "the registry's validation refused it; correct the fields and approve it anew",
	"11-101": "the registry does not know the site; check unique_site_id in the config",
	"11-102": "the registry does not know the patient; check the CRID and the date of birth in DrChrono",
	"11-201": "the registry rejected the discharge; ask the registry why",
}

// definite are the statuses by which a request is refused before it is applied
// (reliability, 3.4).
var definite = map[int]bool{400: true, 404: true, 413: true, 415: true, 422: true}

// nowhere are the statuses that, without a code, speak of the address and not
// of a patient: nothing was handed to whoever records discharges.
var nowhere = map[int]bool{404: true, 405: true}

// unexpected is the code that proves nothing, whatever the status beside it.
const unexpected = "11-999"

// classify says what an answer means. The registry's own code goes before the
// status, since which status comes with which code is not documented. What is
// neither a clear yes nor a clear no is unknown, and so is a 429: nothing says
// that it is sent before the discharge is handled.
func classify(reply load.Reply, del etl.Delivery) load.Answer {
	a := load.Answer{Status: reply.Status, Phase: reply.Phase, Kind: load.Unknown}
	said := parse(reply)
	_, refused := refusals[said.code]
	switch {
	case said.code == unexpected:
	case said.code == alreadyDischarged, !refused && reply.Status == http.StatusConflict:
		a.Kind, a.Problem = already(del)
	case reply.Status == http.StatusUnauthorized, reply.Status == http.StatusForbidden:
		a.Kind = load.Denied
	case nowhere[reply.Status] && said.code == "" && len(said.fields) == 0 && !said.yes:
		a.Kind, a.Problem = load.Astray, etl.Problem{Code: etl.CauseUnreached, Message: fmt.Sprintf("the registry has nothing at the address that discharges go to (HTTP %d); "+
			"correct paths.discharge or base_url of central_registry in the config", reply.Status)}
	case said.yes:
		if accepted(reply) && said.code == "" {
			a.Kind, a.TargetID = load.Acknowledged, load.Recorded
		}
	case refused, definite[reply.Status], accepted(reply) && said.invalid():
		a.Kind, a.Problem, a.Words = load.Rejected, said.problem(), said.words
	}
	return a
}

func accepted(reply load.Reply) bool { return reply.Status >= 200 && reply.Status < 300 }

// already is what it means that the patient is discharged there: the wrong
// person, or entered elsewhere. After an answer that was lost it is most
// likely that very discharge, so that the delivery stays open for a person.
func already(del etl.Delivery) (load.Kind, etl.Problem) {
	if del.Lost {
		return load.Unknown, etl.Problem{Code: alreadyDischarged, Message: "the registry says that the patient is already discharged, and the answer to an earlier request was lost, " +
			"so that one was probably applied: compare date and reason there, then `chartbridge uncertain resolve`"}
	}
	return load.Exists, etl.Problem{Code: alreadyDischarged, Field: "crid", Message: "the registry says that the patient is already discharged, and we never sent it: " +
		"the CRID may be another patient's, or the discharge was entered elsewhere; compare it there by hand"}
}

// A said is what an answer says. The vendor's sentences stand in no problem:
// they may quote a patient.
type said struct {
	yes, no bool     // "success", where it is there
	code    string   // "11-002", "" = none
	fields  []string // of ours, that it names as wrong
	words   string   // the vendor's own
}

// invalid reports whether it says no and names what is wrong, so that nothing
// was recorded although there is no code.
func (s said) invalid() bool { return s.no && s.code == "" && len(s.fields) > 0 }

func (s said) problem() etl.Problem {
	p := etl.Problem{Code: "refused", Message: "the registry refused it without a reason that we know; ask the registry why"}
	if s.code != "" {
		p.Code = s.code
	}
	if text := refusals[s.code]; text != "" {
		p.Message = text
	}
	if len(s.fields) > 0 {
		p.Field = s.fields[0]
		p.Message = strings.Join(s.fields, ", ") + ": " + p.Message
	}
	return p
}

var codeForm = regexp.MustCompile(`^1[01]-\d{3}$`)

// parse reads an answer leniently: the names in an error's body are not
// documented (destinations-facts, C). What cannot be read says nothing.
func parse(reply load.Reply) said {
	var body map[string]jsontext.Value
	if !reply.IsJSON() || json.Unmarshal(reply.Body, &body) != nil {
		return said{}
	}
	success := scalar(body["success"])
	s := said{yes: success.True(), no: strings.EqualFold(success.String(), "false"), fields: fieldsIn(body["errors"]),
		words: scalar(body["message"]).String()}
	for _, name := range []string{"code", "error_code", "errorCode", "error"} {
		if code := codeIn(body[name]); s.code == "" && code != "" {
			s.code = code
		}
	}
	return s
}

func scalar(v jsontext.Value) transform.Scalar {
	var s transform.Scalar
	if len(v) == 0 || json.Unmarshal(v, &s) != nil {
		return ""
	}
	return s
}

// codeIn finds a code that stands bare or in an object of its own.
func codeIn(v jsontext.Value) string {
	if code := scalar(v).String(); codeForm.MatchString(code) {
		return code
	}
	var inner struct {
		Code transform.Scalar `json:"code"`
	}
	if len(v) > 0 && v.Kind() == '{' && json.Unmarshal(v, &inner) == nil && codeForm.MatchString(inner.Code.String()) {
		return inner.Code.String()
	}
	return ""
}

// fieldsIn finds the names of our fields in errors, in the order of the
// dictionary: as members, or as texts that hold nothing else.
func fieldsIn(errors jsontext.Value) []string {
	var seen []string
	dec := jsontext.NewDecoder(strings.NewReader(string(errors)), jsontext.AllowDuplicateNames(true))
	for tok, err := dec.ReadToken(); err == nil; tok, err = dec.ReadToken() {
		if tok.Kind() == '"' {
			seen = append(seen, tok.String())
		}
	}
	var named []string
	for _, f := range fields(ShapeOptions{}) {
		if slices.Contains(seen, f.Name) {
			named = append(named, f.Name)
		}
	}
	return named
}
