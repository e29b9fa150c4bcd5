package main

import (
	"slices"
	"strings"

	"github.com/chartbridge/chartbridge/transform"
)

// checkConstants tells of constants that each record needs and the config does
// not give, and of those whose names differ from a field's in case alone: any
// other name is a further field that the account wants.
func (c *preflight) checkConstants() {
	for _, d := range c.destinations() {
		for _, shape := range d.shapes {
			given := d.env.Constants[shape.Object]
			at := d.name + ".constants." + shape.Object
			for _, column := range shape.Columns {
				is := func(k transform.Constant) bool { return k.Name == column.Name }
				if slices.ContainsFunc(given, is) {
					continue
				}
				if column.Required && column.From == "constant" {
					c.warn("constants", "write it there, or every "+shape.Object+" is invalid and goes nowhere", "%s: %s is missing", at, column.Name)
				}
				for _, k := range given {
					if strings.EqualFold(k.Name, column.Name) {
						c.warn("constants", "write "+column.Name, "%s: %s is no field there", at, k.Name)
					}
				}
			}
		}
	}
}

// checkIdle tells what a destination's settings leave undone.
func (c *preflight) checkIdle() {
	for _, d := range c.destinations() {
		for _, idle := range d.idle {
			c.warn("write", "switch on what it hangs on, or leave it so where that is meant", "%s", idle)
		}
	}
}
