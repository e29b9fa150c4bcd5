package main

import (
	"context"
	"errors"

	"github.com/chartbridge/chartbridge/cmd/chartbridge/config"
	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/sql"
	"github.com/chartbridge/chartbridge/transform"
)

// wrongID says why a text cannot be a destination's id of an object; "" where it
// can. What is no id may be a patient's name: it is not repeated.
func (list destinations) wrongID(destination, object, id string) string {
	if shape, ok := list.shapeOf(destination, object); !ok || !shape.NumberIDs || transform.IsID(id) {
		return ""
	}
	return "that is no id of " + destination + ": its ids are whole numbers, such as 7000001"
}

// wrongValue says why a text cannot be what a lookup gives; "" where it can.
func (list destinations) wrongValue(destination, lookup, id string) string {
	if valued[destination+" "+kindOf(lookup).name] != "" { // no id stands there
		return ""
	}
	for _, d := range list {
		for _, shape := range d.shapes {
			for _, c := range shape.Columns {
				numbers := c.Type == transform.Integer || c.Type == transform.IDs
				if d.name != destination || !numbers || config.Normal(c.Lookup) != config.Normal(lookup) {
					continue
				}
				if fault := c.Type.Fault(id); fault != "" {
					return "what lookup " + c.Lookup + " gives " + fault
				}
			}
		}
	}
	return ""
}

// wrongFor is the fault of an id that a MAP gives a record, or of what it gives a
// lookup.
func (list destinations) wrongFor(destination, object, lookup, id string) string {
	if lookup != "" {
		return list.wrongValue(destination, lookup, id)
	}
	return list.wrongID(destination, object, id)
}

// checkResolved refuses what cannot be the id of an uncertain delivery, with look
// also where the destination shows no such record, or another one. Where it shows
// nothing, as when it is down, the person's word stands, and that is said.
func (p *practice) checkResolved(ctx context.Context, delivery int64, id string, look bool) error {
	d, err := p.store.UncertainDelivery(ctx, delivery)
	if errors.Is(err, sql.ErrRefused) {
		return nil // whoever settles it says so
	}
	if err != nil {
		return err
	}
	enabled := p.destinations()
	if wrong := enabled.wrongID(d.Destination, d.Object, id); wrong != "" {
		return usageError{errors.New("--present: " + wrong)}
	}
	for _, to := range enabled {
		looker, ok := to.sender().(load.Looker)
		if to.name != d.Destination || !ok || !look {
			continue
		}
		fault, err := looker.Look(ctx, d, id)
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			p.log.WithError(err).Warnf("%s could not be asked whether it is there: your word is taken as it is", d.Destination)
		}
		if fault != "" {
			return usageError{errors.New("--present: " + fault + "; give its own id, or --no-look if you know better")}
		}
	}
	return nil
}
