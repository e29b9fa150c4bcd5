package main

import "context"

// refreshLookups reads the lookups file anew and lays above it what decisions
// mapped. A run never goes by the file alone: it would take every MAP back.
func (p *practice) refreshLookups(ctx context.Context) error {
	if err := p.readLookups(); err != nil {
		return err
	}
	return p.overlay(ctx)
}
