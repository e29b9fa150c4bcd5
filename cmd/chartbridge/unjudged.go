package main

import (
	"context"

	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/load/centralregistry"
	"github.com/chartbridge/chartbridge/transform"
)

// judges is what judges a destination's records.
func (p *practice) judges(d destination) (*transform.Stage, error) {
	if p.mapless != nil {
		return nil, p.mapless
	}
	rules, err := p.rules(d)
	return &transform.Stage{Store: p.store, Env: d.env, Shapes: d.shapes, Rules: rules}, err
}

// unjudged gives what changed, or whose rules changed, since it was judged for a
// destination, of what might be sent.
func (p *practice) unjudged(ctx context.Context, d destination) (load.Records, error) {
	stage, err := p.judges(d)
	if err != nil {
		return nil, err
	}
	list := load.Records{}
	err = stage.Unjudged(ctx, func(shape transform.Shape, rows []int64) error {
		ids, err := p.store.MappedOf(ctx, d.name, shape.Object, rows)
		list.Add(shape.Object, ids...)
		return err
	})
	return list, err
}

// unjudgedDischarges gives the ids of discharges that changed since they were
// judged. Where nothing can be judged nothing is sent either, and none is named.
func (p *practice) unjudgedDischarges(ctx context.Context) (map[string]bool, error) {
	if p.mapless != nil {
		return nil, nil
	}
	for _, d := range p.destinations() {
		if d.name == centralregistry.Name {
			list, err := p.unjudged(ctx, d)
			return list["discharge"], err
		}
	}
	return nil, nil
}
