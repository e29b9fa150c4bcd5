package centralreach

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/transform"
	"github.com/go-json-experiment/json"
)

// A status is ServiceStack's responseStatus (destinations-facts, B1). Its
// message may quote a patient and stands in no problem. result and failed are
// not read: they say OK beside an error.
type status struct {
	Code   string `json:"errorCode,case:ignore"`
	Words  string `json:"message,case:ignore"`
	Errors []struct {
		Code  string `json:"errorCode,case:ignore"`
		Field string `json:"fieldName,case:ignore"`
	} `json:"errors,case:ignore"`
}

func statusIn(reply load.Reply) status {
	var body struct {
		Status status `json:"responseStatus,case:ignore"`
	}
	if !reply.IsJSON() || json.Unmarshal(reply.Body, &body) != nil {
		return status{}
	}
	return body.Status
}

// classify says what an answer means (centralreach.txt, Response Codes).
func (d *Destination) classify(ctx context.Context, reply load.Reply, del etl.Delivery) load.Answer {
	a := load.Answer{Status: reply.Status, Phase: reply.Phase}
	switch {
	case reply.Status >= 200 && reply.Status < 300:
		return d.answered(a, reply, del)
	case reply.Status == http.StatusTooManyRequests:
		a.Kind, a.After = load.Throttled, reply.RetryAfter()
	case reply.Status == http.StatusUnauthorized:
		a.Kind = load.Denied
	case reply.Status == http.StatusForbidden:
		return d.forbidden(ctx, a, del)
	case reply.Status == http.StatusConflict && del.TargetID == "":
		a.Kind = load.Exists
	case definite[reply.Status]:
		a.Kind, a.Problem, a.Words = load.Rejected, d.refusal(reply, del), statusIn(reply).Words
	default:
		a.Kind = load.Unknown
	}
	return a
}

// definite are the statuses by which a request is refused before it is applied
// (reliability, 3.4).
var definite = map[int]bool{400: true, 404: true, 405: true, 409: true, 413: true, 415: true, 422: true}

func (d *Destination) answered(a load.Answer, reply load.Reply, del etl.Delivery) load.Answer {
	if reply.Status == http.StatusNoContent && del.TargetID != "" { // an update's id is known
		a.Kind, a.TargetID = load.Acknowledged, del.TargetID
		return a
	}
	name, idField := "contact", "contactId"
	if k, ok := d.kind(del.Object); ok {
		name, idField = k.name, k.id
	}
	if idField == "" {
		return plainly(a, reply, del)
	}
	got, err := objectIn(reply, name, idField, del.TargetID)
	refused := statusIn(reply).Code != ""
	switch {
	case err == nil && !refused:
		a.Kind, a.TargetID = load.Acknowledged, got.text(idField)
	case err != nil && refused:
		a.Kind, a.Problem, a.Words = load.Rejected, d.refusal(reply, del), statusIn(reply).Words
	default:
		a.Kind = load.Unknown // it may well be applied: the look-up tells
	}
	return a
}

// forbidden tells the two meanings of 403 apart: the API key, or a permission
// for this one contact. The key is wrong if the list is refused too; where that
// cannot be seen, the record is tried again.
func (d *Destination) forbidden(ctx context.Context, a load.Answer, del etl.Delivery) load.Answer {
	list, err := d.get(ctx, listPath(d.contactOf(del.Object)), nil, once)
	switch {
	case err == nil && list.Status == http.StatusForbidden:
		a.Kind = load.Denied
	case err == nil && list.Status == http.StatusOK:
		a.Kind, a.Problem = load.Rejected, notAllowed(del)
	default:
		a.Kind = load.NotSent
	}
	return a
}

func notAllowed(del etl.Delivery) etl.Problem {
	return etl.Problem{Code: "forbidden", Message: "the API user may not write this " + del.Object + "; give it the permission in CentralReach"}
}

// unlisted is the answer where a list that hangs on a contact could not be read
// before the write.
func (d *Destination) unlisted(ctx context.Context, err error, del etl.Delivery) load.Answer {
	if read := new(readError); errors.As(err, &read) {
		return d.unread(ctx, del, read.reply)
	}
	return unsent(err)
}

const noContact = "CentralReach has no contact with the id that we know, or the API user is not connected to it; connect it, or correct the crosswalk"

// contactOf is the kind of contact that an object is, or hangs on.
func (d *Destination) contactOf(object string) string {
	if k, ok := d.kind(object); object == employee || ok && k.onEmployees {
		return employee
	}
	return client
}

// refusal turns an error into field and cause, by an allow-list: of the
// vendor's words nothing is passed on.
func (d *Destination) refusal(reply load.Reply, del etl.Delivery) etl.Problem {
	switch reply.Status {
	case http.StatusNotFound:
		return etl.Problem{Code: "not_found", Message: notFound(del)}
	case http.StatusConflict:
		return etl.Problem{Code: etl.CodeConflict, Message: "CentralReach has another " + del.Object +
			" with this external id, or this name, e-mail and birth date; merge them there"}
	}
	s := statusIn(reply)
	word, field := s.Code, ""
	for _, e := range s.Errors {
		if field = d.fieldNamed(del.Object, e.Field); field != "" || word == "" {
			word = e.Code
		}
		if field != "" {
			break
		}
	}
	p := etl.Problem{Field: field, Code: "refused", Message: "CentralReach refused it for a reason that we do not know; look it up there"}
	if w, ok := words[strings.ToLower(word)]; ok {
		p.Code, p.Message = w.code, w.meaning
	}
	if field != "" {
		p.Message = field + ": " + p.Message
	}
	return p
}

func notFound(del etl.Delivery) string {
	switch {
	case del.Object == labels, isMetadata(del.Object): // their id is the contact's
		return noContact
	case del.Object != client && del.Object != employee && del.TargetID == "":
		return noContact
	case del.TargetID == "":
		return "CentralReach does not know the address to create it at; check centralreach.base_url"
	}
	return "CentralReach has no " + del.Object + " with the id that we know, or the API user is not connected to it; connect it, or correct the crosswalk"
}

type word struct{ code, meaning string }

// words are the error codes of ServiceStack's validators, in lower case.
var words = func() map[string]word {
	m := map[string]word{}
	for codes, w := range map[string]word{
		"notempty notnull required":                    {etl.CodeRequired, "CentralReach says that it is required"},
		"length maximumlength maxlength stringtoolong": {etl.CodeTooLong, "CentralReach says that it is too long"},
		"inclusivebetween exclusivebetween greaterthan greaterthanorequal lessthan lessthanorequal": {etl.CodeRange, "CentralReach says that it is out of range"},
		"invalidvalue email regularexpression predicate enum invalidformat creditcard":              {etl.CodeFormat, "CentralReach says that its value or form is wrong"},
		"alreadyexists conflict": {etl.CodeConflict, "CentralReach says that it exists already"},
		"notfound":               {"unknown_id", "CentralReach does not know it in this account; correct the lookups file"},
	} {
		for code := range strings.FieldsSeq(codes) {
			m[code] = w
		}
	}
	return m
}()

// fieldNamed is the field of ours that an error names, in our casing; "" for
// anything that we do not send.
func (d *Destination) fieldNamed(object, name string) string {
	columns := transform.Columns(clientFields)
	if k, ok := d.kind(object); ok {
		columns = k.columns
	} else if object == employee {
		columns = transform.Columns(employeeFields)
	}
	for _, c := range columns {
		if strings.EqualFold(c.Name, name) {
			return c.Name
		}
	}
	return ""
}

// plainly reads an answer that brings no id: no content, or JSON without an
// error.
func plainly(a load.Answer, reply load.Reply, del etl.Delivery) load.Answer {
	switch {
	case reply.IsJSON() && statusIn(reply).Code != "":
		a.Kind, a.Words = load.Rejected, statusIn(reply).Words
		a.Problem = etl.Problem{Code: "refused", Message: "CentralReach refused it for a reason that we do not know; look it up there"}
	case reply.IsJSON(), strings.TrimSpace(string(reply.Body)) == "":
		a.Kind, a.TargetID = load.Acknowledged, del.TargetID
	default:
		a.Kind = load.Unknown
	}
	return a
}
