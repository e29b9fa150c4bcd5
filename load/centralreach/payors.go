package centralreach

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// owner is the member of a mapped payor that names its client, in the path.
const owner = "clientId"

func payorsPath(ours contact) string {
	return "/contacts/clients/" + url.PathEscape(ours.text(owner)) + "/payors"
}

// nested is a mapped body as it is sent: names with dots as objects within
// objects, laid over what is there, and without what the path says.
func nested(ours, theirs contact) (contact, error) {
	if theirs == nil {
		theirs = contact{}
	}
	for _, name := range slices.Sorted(maps.Keys(ours)) {
		if name == owner {
			continue
		}
		if err := theirs.put(strings.Split(name, "."), ours[name]); err != nil {
			return nil, err
		}
	}
	return theirs, nil
}

// put sets a member within objects within objects.
func (c contact) put(path []string, v jsontext.Value) error {
	if len(path) == 1 {
		c.set(path[0], v)
		return nil
	}
	inner, _ := c.inner(path[0])
	if inner == nil {
		inner = contact{}
	}
	if err := inner.put(path[1:], v); err != nil {
		return err
	}
	text, err := json.Marshal(inner, json.Deterministic(true))
	if err != nil {
		return fmt.Errorf("build a payor: %w", err)
	}
	c.set(path[0], text)
	return nil
}

func (c contact) inner(name string) (contact, bool) {
	_, v, ok := c.member(name)
	var in contact
	if !ok || v.Kind() != '{' || json.Unmarshal(v, &in) != nil {
		return nil, false
	}
	return in, true
}

// at is a scalar within objects within objects; "" where it is absent.
func (c contact) at(path string) string {
	first, rest, deeper := strings.Cut(path, ".")
	if !deeper {
		return c.text(first)
	}
	in, ok := c.inner(first)
	if !ok {
		return ""
	}
	return in.at(rest)
}

// payorTypes are the words that lists show for payorType (destinations-facts,
// B5; the second and third are inferred from the first).
var payorTypes = []string{"", "PrimaryInsurance", "SecondaryInsurance", "TertiaryInsurance"}

func payorType(text string) string {
	for n, word := range payorTypes {
		if n > 0 && strings.EqualFold(strings.TrimSuffix(word, "Insurance"), strings.TrimSuffix(text, "Insurance")) {
			return strconv.Itoa(n)
		}
	}
	return text
}

// comparePayors names the fields that we send and that stand otherwise there.
func comparePayors(ours, theirs contact) []load.Difference {
	var differs []load.Difference
	for name := range ours {
		a, b := ours.text(name), theirs.at(name)
		switch {
		case name == owner, name == "payorType" && a == payorType(b), strings.HasSuffix(name, "birthDate") && day(a) == day(b):
		case a != b:
			differs = append(differs, load.Difference{Field: name, Ours: a, Theirs: b})
		}
	}
	slices.SortFunc(differs, func(a, b load.Difference) int { return strings.Compare(a.Field, b.Field) })
	return differs
}

// payorsOf reads a client's payors of the type of ours. The list may show them
// shortened (destinations-facts, B5), so one without its insurance is read by
// itself.
func (d *Destination) payorsOf(ctx context.Context, ours contact) (list []contact, err error) {
	items, err := d.hanging(ctx, payorsPath(ours), "payorId", reads)
	for _, theirs := range items {
		if _, whole := theirs.inner("insurance"); whole || payorType(theirs.text("payorType")) != ours.text("payorType") {
			list = append(list, theirs)
			continue
		}
		id := theirs.text("payorId")
		path := payorsPath(ours) + "/" + url.PathEscape(id)
		reply, err := d.get(ctx, path, nil, reads)
		if err != nil {
			return nil, err
		}
		if theirs, err = objectIn(reply, "payor", "payorId", id); reply.Status != http.StatusOK || err != nil {
			return nil, unexpected(path, reply)
		}
		list = append(list, theirs)
	}
	return list, err
}

// findPayor looks among the client's payors: by the id that we know, else by
// type and plan. Another current one of that type is somebody's work: a person
// decides. What was archived there is not made anew.
func (d *Destination) findPayor(ctx context.Context, del etl.Delivery, ours contact) (load.Finding, error) {
	items, err := d.payorsOf(ctx, ours)
	if err != nil {
		return load.Finding{}, err
	}
	var f load.Finding
	for _, theirs := range items {
		id, sameType := theirs.text("payorId"), payorType(theirs.text("payorType")) == ours.text("payorType")
		samePlan := theirs.at("insurance.planId") == ours.text("insurance.planId")
		switch {
		case id == del.TargetID, del.TargetID == "" && sameType && samePlan && theirs.text("isArchived") != "true":
			if f.TargetID != "" {
				f.Candidates = append(f.Candidates, f.TargetID, id)
			}
			f.TargetID, f.Differs = id, comparePayors(ours, theirs)
		case del.TargetID == "" && sameType && (samePlan || theirs.text("isArchived") != "true" && theirs.at("insurance.status") != "2"):
			f.Candidates = append(f.Candidates, id)
		}
	}
	switch {
	case len(f.Candidates) > 0 && (f.TargetID == "" || len(f.Candidates) > 1):
		return load.Finding{How: load.ByNaturalKey, Candidates: f.Candidates}, nil
	case f.TargetID != "":
		return load.Finding{TargetID: f.TargetID, How: load.ByNaturalKey, Differs: f.Differs}, nil
	}
	return load.Finding{Proved: true}, nil // the client's own list was shown, and does not hold it
}

// sendPayor creates a payor, or puts our fields over what they hold.
func (d *Destination) sendPayor(ctx context.Context, del etl.Delivery) load.Answer {
	ours, err := parseContact(del.Body)
	if err != nil {
		return unbuilt
	}
	path, method := payorsPath(ours), http.MethodPost
	var theirs contact
	if del.TargetID != "" {
		path, method = path+"/"+url.PathEscape(del.TargetID), http.MethodPut
		reply, err := d.get(ctx, path, nil, once)
		if err != nil {
			return unsent(err)
		}
		theirs, err = objectIn(reply, "payor", "payorId", del.TargetID)
		if reply.Status != http.StatusOK || err != nil {
			return d.unread(ctx, del, reply)
		}
		if len(comparePayors(ours, theirs)) == 0 {
			return load.Answer{Kind: load.Acknowledged, TargetID: del.TargetID, Status: reply.Status, Phase: load.PhaseAnswer}
		}
		for _, name := range []string{"payorId", "contactId", "isArchived"} { // the path says so, or archive does
			theirs.drop(name)
		}
	}
	whole, err := nested(ours, theirs)
	if err != nil {
		return unbuilt
	}
	return d.writeJSON(ctx, del, method, path, whole)
}
