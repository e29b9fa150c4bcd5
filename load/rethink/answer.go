package rethink

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/transform"
)

// classify says what an answer means. A 200 can carry a refusal, of the record
// or of an object inside it (rethink.txt, Error Handling).
func (d *Destination) classify(reply load.Reply, del etl.Delivery) load.Answer {
	a := load.Answer{Status: reply.Status, Phase: reply.Phase}
	switch {
	case reply.Status == http.StatusTooManyRequests:
		a.Kind, a.After = load.Throttled, reply.RetryAfter()
	case reply.Status == http.StatusUnauthorized, reply.Status == http.StatusForbidden:
		a.Kind = load.Denied
	case reply.Status == http.StatusNoContent && updatesOnly(del):
		a.Kind, a.TargetID = load.Acknowledged, del.TargetID
	case reply.Status >= 200 && reply.Status < 300:
		return d.answered(a, reply, del)
	case reply.Status == http.StatusConflict && del.TargetID == "" && exists(messageIn(reply)):
		a.Kind = load.Exists
	case astray(reply, del):
		a.Kind, a.Problem = load.Astray, etl.Problem{Code: etl.CauseUnreached, Message: fmt.Sprintf("Rethink has nothing at the address for %s (HTTP %d); "+
			"correct rethink.paths.%[1]s or base_url in the config", del.Object, reply.Status)}
	case definite[reply.Status], reply.Status == http.StatusConflict && exists(messageIn(reply)):
		a.Words = messageIn(reply)
		a.Kind, a.Problem = load.Rejected, d.o.Names.refusal(a.Words, del.Object)
	default:
		a.Kind = load.Unknown
	}
	return a
}

// definite are the statuses by which a request is refused before it is applied
// (reliability, 3.4).
var definite = map[int]bool{400: true, 404: true, 405: true, 413: true, 415: true, 422: true}

// astray reports whether an answer without a word of Rethink's speaks of the
// address: a record that is created has no id that could be unknown there.
func astray(reply load.Reply, del etl.Delivery) bool {
	return (reply.Status == http.StatusNotFound && del.TargetID == "" || reply.Status == http.StatusMethodNotAllowed) && messageIn(reply) == ""
}

// updatesOnly reports whether a delivery creates nothing, so that no id is
// missing where the answer has no content: neither the record nor one inside it.
func updatesOnly(del etl.Delivery) bool {
	if del.Op != etl.Update || del.TargetID == "" {
		return false
	}
	ours := sent(del)
	if ours == nil {
		return false
	}
	for _, n := range del.Needs {
		path := strings.Split(n.Path, ".")
		if len(path) != 3 {
			continue
		}
		if child, ok := ours.at(path[0], path[1]); ok && child.id(path[2]) == "" {
			return false
		}
	}
	return true
}

// idField is where an object's own id stands.
var idField = map[string]string{"client": "clientId", "staff": "staffId", "appointment": "appointmentId"}

func (d *Destination) answered(a load.Answer, reply load.Reply, del etl.Delivery) load.Answer {
	obj, err := parseObject(reply)
	if err != nil {
		a.Kind = load.Unknown // it may well be applied: the look-up tells
		return a
	}
	switch ticket := ticket(obj); {
	case ticket != "" && d.o.CallbackWait > 0:
		a.Kind, a.Ticket, a.After = load.Accepted, ticket, d.o.CallbackWait
	case ticket != "":
		a.Kind, a.Heard = load.Unknown, d.o.Readback // nobody hears the callback: the look-up tells
	default:
		return d.judged(a, obj.unwrap(idField[del.Object]), del)
	}
	return a
}

// judged says what the object means that answers a delivery.
func (d *Destination) judged(a load.Answer, obj object, del etl.Delivery) load.Answer {
	id := obj.id(idField[del.Object])
	switch message := obj.text("ErrorMessage"); {
	case message != "" && id != "" && del.TargetID == "":
		a.Kind, a.Heard, a.Problem = load.Unknown, true, idAndError(id)
	case message != "":
		a.Kind, a.Problem, a.Words = load.Rejected, d.o.Names.refusal(message, del.Object), message
	case del.TargetID != "" && id != "" && id != del.TargetID:
		a.Kind = load.Unknown // another record than the one we meant: the look-up tells
	case id != "":
		a.Kind, a.TargetID, a.Inside = load.Acknowledged, id, d.insideAnswers(obj, del)
	default:
		return d.refusedInside(a, obj, del)
	}
	return a
}

// idAndError says of a create what nobody documents: an error beside an id. A
// record that is refused has none (rethink.txt, Error Handling), so it may be
// there, and must not be created again.
func idAndError(id string) etl.Problem {
	p := etl.Problem{Code: "id_and_error", Message: "Rethink answered with an error, and with an id, so it may be there"}
	if transform.IsID(id) { // what is none may be a patient's value
		p.Message += " as " + id
	}
	return p
}

// refusedInside is the answer where an object has no id and no error of its
// own: it was refused for one inside it, or accepted for later, or it says
// something that nobody documents.
func (d *Destination) refusedInside(a load.Answer, obj object, del etl.Delivery) load.Answer {
	for _, nested := range d.insideAnswers(obj, del) {
		if nested.Problem.Message != "" {
			a.Kind, a.Problem, a.Words = load.Rejected, nested.Problem, nested.Words
			return a
		}
	}
	a.Kind = load.Unknown
	return a
}

// sent is what a delivery brought; nil is no object.
func sent(del etl.Delivery) object {
	if list, err := parseList(del.Body); err == nil && len(list) == 1 {
		return list[0]
	}
	return nil
}

// insideAnswers reads the answers for what travelled inside.
func (d *Destination) insideAnswers(obj object, del etl.Delivery) map[string]load.Nested {
	inside := map[string]load.Nested{}
	var ours object
	for _, n := range del.Needs {
		path := strings.Split(n.Path, ".")
		if len(path) != 3 || !n.Optional {
			continue
		}
		if ours == nil {
			ours = sent(del)
		}
		child, ok := obj.echoed(ours, path[0], path[1])
		if !ok {
			continue
		}
		answer := load.Nested{TargetID: child.id(path[2])}
		if message := child.text("ErrorMessage"); message != "" {
			answer.Problem, answer.Words = d.o.Names.refusal(message, n.Object), message
		}
		inside[n.Path] = answer
	}
	return inside
}
