package centralreach

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"golang.org/x/sync/errgroup"
)

// unseen stands for the id of a contact that is there and that we may not see:
// a person decides, since to create it would make a second one.
const unseen = "not visible to the API user"

// Find looks for records by our external id, then by the exact natural key.
func (d *Destination) Find(ctx context.Context, object string, ds []etl.Delivery) ([]load.Finding, error) {
	if k, ok := d.kind(object); ok && k.findAll != nil {
		return k.findAll(ctx, ds)
	}
	findings := make([]load.Finding, len(ds))
	var unseen atomic.Int32
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(max(1, d.o.InFlight))
	for i, del := range ds {
		g.Go(func() error {
			f, err := d.find(ctx, object, del)
			if isItsOwn(err) && ctx.Err() == nil && unseen.Add(1) <= unreadMost {
				f, err = load.Finding{Unseen: err}, nil
			}
			findings[i] = f
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return findings, nil
}

// isItsOwn reports whether a look may have failed for the one contact alone: a few
// such cost no other record the night.
func isItsOwn(err error) bool {
	var grant *load.GrantError
	var read *readError
	switch {
	case err == nil, errors.As(err, &grant), errors.Is(err, ErrOrganization), errors.Is(err, load.ErrSlowDown):
		return false
	case errors.As(err, &read):
		return read.reply.Status != http.StatusUnauthorized
	}
	return true
}

func (d *Destination) find(ctx context.Context, object string, del etl.Delivery) (load.Finding, error) {
	ours, err := parseContact(del.Body)
	if err != nil {
		return load.Finding{}, fmt.Errorf("read our own %s %s", object, del.SourceID)
	}
	if k, ok := d.kind(object); ok {
		f, err := k.find(ctx, del, ours)
		if isHidden(err) {
			return load.Finding{Candidates: []string{unseen}}, nil
		}
		return f, err
	}
	var s sight
	if del.TargetID != "" {
		s, err = d.look(ctx, contactPath(object, del.TargetID), nil, del.TargetID)
	} else {
		s, err = d.lookExternal(ctx, object, ours.text("externalSystemId"))
	}
	switch {
	case err != nil:
		return load.Finding{}, err
	case s.hidden:
		return load.Finding{Candidates: []string{unseen}}, nil
	case s.contact != nil:
		return load.Finding{TargetID: s.contact.text("contactId"), How: load.ByExternalID, Differs: compare(ours, s.contact)}, nil
	}
	l, err := d.list(ctx, object)
	if err != nil {
		return load.Finding{}, err
	}
	if s.wordless && l.bears(ours.text("externalSystemId")) {
		return load.Finding{}, fmt.Errorf("GET %s answers HTTP 404 for a contact that the list shows, so it cannot be asked", externalPath(object))
	}
	if del.TargetID != "" {
		return load.Finding{Proved: l.size > 0}, nil
	}
	f, err := d.findNatural(ctx, object, ours, l)
	if err == nil && f.TargetID == "" && len(f.Candidates) == 0 && d.hasConflict(object, del.SourceID) {
		f = load.Finding{Candidates: []string{unseen}} // never posted again (destinations-facts, B6)
	}
	return f, err
}

// findNatural looks among the contacts of the list. The list gives the match,
// the contact itself what it holds: a list's rows may be shortened.
func (d *Destination) findNatural(ctx context.Context, object string, ours contact, l *list) (load.Finding, error) {
	matches, doubtful := d.candidates(ours, l.byNatural[naturalKey(object, ours)])
	if len(matches)+len(doubtful) == 0 {
		for _, r := range l.byImport[importKey(ours)] {
			doubtful = append(doubtful, r.id)
		}
	}
	if len(matches)+len(doubtful) == 0 {
		return load.Finding{Proved: l.size > 0}, nil
	}
	if len(matches) != 1 || len(doubtful) > 0 {
		return load.Finding{How: load.ByNaturalKey, Candidates: append(matches, doubtful...)}, nil
	}
	s, err := d.look(ctx, contactPath(object, matches[0]), nil, matches[0])
	if err != nil || s.contact == nil {
		return load.Finding{How: load.ByNaturalKey, Candidates: matches}, err
	}
	return load.Finding{TargetID: matches[0], How: load.ByNaturalKey, Differs: compare(ours, s.contact)}, nil
}

// candidates sorts those of the same natural key by their external id. One
// that bears another id of ours is a twin, not this record. Where our ids have
// no prefix, an id of digits may be ours or another system's: a person decides.
func (d *Destination) candidates(ours contact, rows []row) (matches, doubtful []string) {
	prefix := d.o.ExternalIDPrefix
	for _, r := range rows {
		switch {
		case r.external == "" || r.external == ours.text("externalSystemId"):
			matches = append(matches, r.id)
		case prefix != "" && strings.HasPrefix(r.external, prefix):
		case prefix == "" && digits(r.external) == r.external:
			doubtful = append(doubtful, r.id)
		default:
			matches = append(matches, r.id)
		}
	}
	return matches, doubtful
}

// A sight is what a look at one contact showed; the zero sight is none there.
type sight struct {
	contact  contact
	hidden   bool // it is there, or may be, and we may not see it
	wordless bool // nothing there, by a 404 without the vendor's own words
}

func (d *Destination) lookExternal(ctx context.Context, object, external string) (sight, error) {
	s, err := d.look(ctx, externalPath(object), url.Values{"externalSystemId": {external}}, "")
	if err == nil && s.contact != nil && s.contact.text("externalSystemId") != external {
		return sight{}, fmt.Errorf("GET %s answers another contact than the one asked for, so it cannot be asked", externalPath(object))
	}
	return s, err
}

// look reads one contact. A 404 says that it is not there, in the vendor's own
// words or in none (assumptions, CentralReach), and so does a look by our id
// that shows no content, null, or an empty list; a gateway's page says nothing.
func (d *Destination) look(ctx context.Context, path string, query url.Values, id string) (sight, error) {
	reply, err := d.get(ctx, path, query, reads)
	if err != nil {
		return sight{}, err
	}
	code := statusIn(reply).Code
	switch {
	case reply.Status == http.StatusNotFound && (len(reply.Body) == 0 || reply.IsJSON()):
		return sight{wordless: code == ""}, nil
	case reply.Status == http.StatusForbidden:
		return sight{hidden: true}, nil
	case id == "" && (reply.Status == http.StatusNoContent || reply.Status == http.StatusOK && nothing(reply.Body)):
		return sight{wordless: true}, nil
	case reply.Status != http.StatusOK || code != "":
		return sight{}, unexpected(path, reply)
	}
	c, err := contactIn(reply, id)
	if errors.Is(err, errNoContact) && id == "" {
		c, err = soleIn(reply)
	}
	switch {
	case errors.Is(err, errNullContact) && id == "":
		return sight{wordless: true}, nil
	case err != nil:
		return sight{}, unexpected(path, reply)
	}
	return sight{contact: c}, nil
}

// nothing reports whether a body shows no record.
func nothing(body []byte) bool {
	text := bytes.TrimSpace(body)
	return len(text) == 0 || string(text) == "null"
}

// soleIn is the contact of a reply that is a list of one.
func soleIn(reply load.Reply) (contact, error) {
	list, _, err := parseItems(reply, "contactId")
	switch {
	case err != nil || len(list) > 1:
		return nil, errNoContact
	case len(list) == 0:
		return nil, errNullContact
	}
	return list[0], nil
}

// naturalKey identifies a person without ids, never by a name alone: a client
// by names and date of birth, an employee by names and e-mail. "" where a part
// is missing.
func naturalKey(object string, c contact) string {
	last := day(c.text("dateOfBirth"))
	if object == employee {
		last = c.text("primaryEmail")
	}
	parts := []string{c.text("firstName"), c.text("lastName"), last}
	if slices.Contains(parts, "") {
		return ""
	}
	return strings.ToLower(strings.Join(parts, "\x1f"))
}

// importKey is what CentralReach's import takes for one person: last name,
// e-mail and birth date (destinations-facts, B6). Twins who share their
// parent's address are one by it: to create the second would fail, or
// overwrite the first. "" where a part is missing.
func importKey(c contact) string {
	parts := []string{c.text("lastName"), c.text("primaryEmail"), day(c.text("dateOfBirth"))}
	if slices.Contains(parts, "") {
		return ""
	}
	return strings.ToLower(strings.Join(parts, "\x1f"))
}

// MergeKey is the importKey of a body.
func (d *Destination) MergeKey(object string, body []byte) string {
	if object != client && object != employee {
		return ""
	}
	ours, err := parseContact(body)
	if err != nil {
		return ""
	}
	return importKey(ours)
}
