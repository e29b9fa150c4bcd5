package rethink

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/transform"
)

// Look says why an id that a person gives cannot be a delivery's record: it is not
// there, or plainly another's; "" where it can, or where nobody can be asked. GET
// with the id answers that one record (assumptions, Rethink).
func (d *Destination) Look(ctx context.Context, del etl.Delivery, id string) (fault string, err error) {
	const notThere = "Rethink shows no record with that id"
	if !d.o.Readback {
		return "", nil
	}
	reply, err := d.get(ctx, del.Object, url.Values{idField[del.Object]: {id}})
	if reply.Status == http.StatusNotFound {
		return notThere, nil
	}
	if err != nil {
		return "", err
	}
	list, err := parseRead(del.Object, reply.Body)
	if err != nil && messageIn(reply) == "" {
		return "", fmt.Errorf("look at a %s: %w", del.Object, err)
	}
	ours := object(sent(del))
	for _, entry := range list {
		theirs, _ := transform.Members(entry)
		if object(theirs).id(idField[del.Object]) == id {
			return d.another(del.Object, ours, theirs), nil
		}
	}
	return notThere, nil
}

// another says why a record there is plainly not ours: it bears another external
// id of ours or, where it bears none, another natural key.
func (d *Destination) another(name string, ours, theirs object) string {
	external := d.o.Names.external(name)
	switch a, b := naturalKey(name, ours), naturalKey(name, theirs); {
	case othersRecord(external, theirs, ours):
		return "the record with that id is another one of ours there: it bears another id of DrChrono's"
	case external != "" && theirs.text(external) != "":
	case a != "" && b != "" && a != b:
		return "the record with that id is another one: what tells records of its kind apart (a person's name and birth date or user name, a visit's people and start) is not ours"
	}
	return ""
}
