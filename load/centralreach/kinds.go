package centralreach

import (
	"context"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/transform"
)

// A kind is an object that is no contact itself: it hangs on one, or on the
// schedule. Another one joins by an entry in Destination.kind.
type kind struct {
	columns     []transform.Column
	name, id    string // of the object and its id in replies; "" = an answer without an error is all there is
	find        func(context.Context, etl.Delivery, contact) (load.Finding, error)
	findAll     func(context.Context, []etl.Delivery) ([]load.Finding, error) // instead of find
	send        func(context.Context, etl.Delivery) load.Answer
	onEmployees bool
}

// kind gives the kind of an object; ok is false for a contact.
func (d *Destination) kind(object string) (k kind, ok bool) {
	switch {
	case isPayor(object):
		return kind{columns: transform.Columns(payorFields), name: "payor", id: "payorId", find: d.findPayor, send: d.sendPayor}, true
	case isMetadata(object):
		return kind{columns: transform.Columns(metadataFields(nil, "")), find: d.findMetadata, send: d.sendMetadata}, true
	case object == labels:
		return kind{columns: transform.Columns(labelFields), find: d.findLabels, send: d.sendLabels}, true
	case object == claimSettings:
		return kind{columns: transform.Columns(claimFields), name: "claimSettings", id: "claimSettingsId", find: d.findClaims, send: d.sendClaims, onEmployees: true}, true
	case object == cancellation:
		return kind{columns: transform.Columns(cancellationFields), findAll: d.findEvents, send: d.cancel}, true
	case object == task:
		return kind{columns: transform.Columns(taskFields), name: task, id: "taskId", findAll: d.findTasks, send: d.sendTask}, true
	}
	return k, false
}
