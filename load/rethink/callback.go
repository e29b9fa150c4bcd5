package rethink

import (
	"strings"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
)

// Headers of a callback (assumptions, Rethink, asynchronous mode).
const (
	CallbackType        = "X-Rethink-Type"        // client, staff, appointment
	CallbackTransaction = "X-Rethink-Transaction" // as the answer to the POST named it
)

// ticket is the transaction of a record that was only accepted: its answer
// comes by a callback. An answer with an id or an error is the answer itself.
func ticket(obj object) string {
	obj = obj.unwrap("transactionId")
	if obj.text("ErrorMessage") != "" {
		return ""
	}
	for _, field := range idField {
		if obj.id(field) != "" {
			return ""
		}
	}
	return obj.text("transactionId")
}

// CallbackObject is the object that a callback's type names, in any casing; ""
// is none of ours.
func CallbackObject(kind string) string {
	kind = strings.ToLower(strings.TrimSpace(kind))
	if _, ok := idField[kind]; ok {
		return kind
	}
	return ""
}

// Called reads the finished object that a callback brought. One that bears
// another external id than the record that we sent speaks of another.
func (d *Destination) Called(del etl.Delivery, body []byte) load.Answer {
	a := load.Answer{Kind: load.Unknown, Phase: load.PhaseAnswer, Status: 200}
	list, err := parseList(body)
	if err != nil || len(list) != 1 {
		return a
	}
	obj := list[0].unwrap(idField[del.Object])
	field := d.o.Names.external(del.Object)
	if external := obj.text(field); external != "" {
		ours, err := parseList(del.Body)
		if err != nil || ours[0].text(field) != external {
			return a
		}
	}
	return d.judged(a, obj, del)
}
