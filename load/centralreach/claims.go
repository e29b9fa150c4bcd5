package centralreach

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/transform"
	"github.com/go-json-experiment/json"
)

// claimSettings are an employee's custom identifiers for claims
// (destinations-facts, B2). DrChrono has none of them: the lookup
// customIdentifier gives them, by doctor id/identifier id.
const claimSettings = "claim_settings"

// isIdentifier holds an id against the document's table of custom identifiers; 30 is
// not among them (centralreach.txt, Custom Identifiers).
func isIdentifier(id int) bool { return id >= 1 && id <= 36 && id != 30 }

// mostIdentifiers bounds the ids that the lookup is asked for.
const mostIdentifiers = 99

var claimFields = []transform.Field[transform.Doctor]{
	{Name: "contactId", Type: transform.Theirs, Required: true, From: "doctors.id; in the path",
		Get: func(_ transform.Doctor, c *transform.Case) transform.Value { return c.Need(employee, c.Source.ID) }},
	{Name: "identifiers", Type: transform.Texts, Required: true, From: "lookup customIdentifier, by doctor id/identifier id", Lookup: "customIdentifier",
		Get: func(_ transform.Doctor, c *transform.Case) transform.Value { return identifierList(c) }},
}

// identifiersOf are a doctor's identifiers by their ids.
func identifiersOf(c *transform.Case) map[int]string {
	m := map[int]string{}
	for id := 1; id <= mostIdentifiers; id++ {
		if value, ok := c.Lookups.Find(Name, "customIdentifier", fmt.Sprintf("%s/%d", c.Source.ID, id)); ok {
			m[id] = value
		}
	}
	return m
}

// identifierList is a doctor's identifiers as a list of "id value".
func identifierList(c *transform.Case) transform.Value {
	var list []string
	all := identifiersOf(c)
	for _, id := range slices.Sorted(maps.Keys(all)) {
		if !isIdentifier(id) {
			return c.Problem(etl.CodeRange, fmt.Sprintf("CentralReach has no custom identifier %d; correct the lookup customIdentifier", id))
		}
		list = append(list, fmt.Sprintf("%d %s", id, all[id]))
	}
	return transform.TextList(list)
}

func judgeClaims(c *transform.Case) []transform.Verdict {
	d, fault := c.AsDoctor()
	switch {
	case fault != "":
		return one(transform.Unreadable(fault))
	case !c.RoutesDoctor(c.Source.ID):
		return excluded(etl.CauseRoute)
	case len(identifiersOf(c)) == 0:
		return excluded(etl.CauseNothing)
	}
	return one(transform.Map(claimFields, d, c))
}

func claimsPath(ours contact) string {
	return "/contacts/employees/" + url.PathEscape(ours.text("contactId")) + "/claim-settings"
}

// pairs are identifiers by their ids.
func pairs(list []string) map[string]string {
	m := map[string]string{}
	for _, text := range list {
		id, value, _ := strings.Cut(text, " ")
		m[id] = value
	}
	return m
}

func ourIdentifiers(ours contact) map[string]string {
	_, v, _ := ours.member("identifiers")
	var list []string
	_ = json.Unmarshal(v, &list) // it is our own
	return pairs(list)
}

func theirRows(theirs contact) (rows []contact) {
	_, v, _ := theirs.member("identifiers")
	_ = json.Unmarshal(v, &rows) // what is no list holds none
	return rows
}

func theirIdentifiers(theirs contact) map[string]string {
	m := map[string]string{}
	for _, r := range theirRows(theirs) {
		m[r.text("identifierId")] = r.text("value")
	}
	return m
}

// overIdentifiers puts our identifiers over rows of theirs, whose other members
// stay.
func overIdentifiers(rows []contact, ours map[string]string) []contact {
	for _, id := range keysOf(ours) {
		i := slices.IndexFunc(rows, func(r contact) bool { return r.text("identifierId") == id })
		if i < 0 {
			i, rows = len(rows), append(rows, contact{"identifierId": number(id)})
		}
		rows[i].set("value", quoted(ours[id]))
	}
	return rows
}

// findClaims: settings that hold one of our identifiers are ours to complete.
// Several, or other values in them, are a person's to decide on.
func (d *Destination) findClaims(ctx context.Context, del etl.Delivery, ours contact) (load.Finding, error) {
	items, err := d.hanging(ctx, claimsPath(ours), "claimSettingsId", reads)
	if err != nil {
		return load.Finding{}, err
	}
	want, found := ourIdentifiers(ours), []contact(nil)
	for _, item := range items {
		have := theirIdentifiers(item)
		shared := slices.ContainsFunc(keysOf(want), func(id string) bool { return have[id] != "" })
		if item.text("claimSettingsId") == del.TargetID || del.TargetID == "" && shared {
			found = append(found, item)
		}
	}
	if len(found) == 0 {
		return load.Finding{Proved: true}, nil
	}
	f := load.Finding{How: load.ByNaturalKey}
	if len(found) > 1 {
		for _, item := range found {
			f.Candidates = append(f.Candidates, item.text("claimSettingsId"))
		}
		return f, nil
	}
	f.TargetID = found[0].text("claimSettingsId")
	have := theirIdentifiers(found[0])
	if slices.ContainsFunc(keysOf(want), func(id string) bool { return have[id] != want[id] }) {
		f.Differs = []load.Difference{{Field: "identifiers", Ours: fmt.Sprint(want), Theirs: fmt.Sprint(have)}}
	}
	return f, nil
}

func keysOf(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }

// sendClaims creates settings, or puts ours over theirs.
func (d *Destination) sendClaims(ctx context.Context, del etl.Delivery) load.Answer {
	ours, err := parseContact(del.Body)
	if err != nil {
		return unbuilt
	}
	var rows []contact
	whole, method := contact{}, http.MethodPost
	if del.TargetID != "" {
		items, err := d.hanging(ctx, claimsPath(ours), "claimSettingsId", once)
		if err != nil {
			return d.unlisted(ctx, err, del)
		}
		i := slices.IndexFunc(items, func(c contact) bool { return c.text("claimSettingsId") == del.TargetID })
		if i < 0 {
			return load.Answer{Kind: load.Rejected, Status: http.StatusOK, Phase: load.PhaseAnswer, Problem: etl.Problem{Code: "not_found", Message: notFound(del)}}
		}
		rows, whole, method = theirRows(items[i]), items[i], http.MethodPut
	}
	list, err := json.Marshal(overIdentifiers(rows, ourIdentifiers(ours)), json.Deterministic(true))
	if err != nil {
		return unbuilt
	}
	whole.set("identifiers", list)
	return d.writeJSON(ctx, del, method, claimsPath(ours), whole)
}
