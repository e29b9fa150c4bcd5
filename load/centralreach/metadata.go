package centralreach

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/transform"
)

// metadata is one metadata field of a client, an object for each field that the
// lookup metadata names: a request writes one field (destinations-facts, B5).
const metadata = "metadata_"

func isMetadata(object string) bool { return strings.HasPrefix(object, metadata) }

// metadataObjects are the objects of the fields, each with the custom demographics
// of DrChrono's that fill it: several where doctors have one of their own each.
func (o Options) metadataObjects() (objects []string, demographics map[string][]string) {
	demographics = map[string][]string{}
	for _, demographic := range slices.Sorted(maps.Keys(o.Metadata)) {
		object := metadata + o.Metadata[demographic]
		demographics[object] = append(demographics[object], demographic)
	}
	return slices.Sorted(maps.Keys(demographics)), demographics
}

// metadataFields says what a field is mapped from.
func metadataFields(demographics []string, field string) []transform.Field[transform.Patient] {
	return []transform.Field[transform.Patient]{
		{Name: "contactId", Type: transform.Theirs, Required: true, From: "patients.id; in the path",
			Get: func(_ transform.Patient, c *transform.Case) transform.Value { return c.Need(client, c.Source.ID) }},
		{Name: "fieldId", Type: transform.Text, Required: true, From: "lookup metadata; in the path", Lookup: "metadata",
			Get: func(transform.Patient, *transform.Case) transform.Value { return transform.String(field) }},
		{Name: "value", Type: transform.Text, Required: true, From: "patients.custom_demographics, the one of id " + strings.Join(demographics, " or "),
			Get: func(p transform.Patient, c *transform.Case) transform.Value {
				values := filled(p, demographics)
				if len(values) > 1 {
					return c.Problem(etl.CodeConflict, "the custom demographics "+strings.Join(demographics, " and ")+" all go to metadata field "+field+
						" and have different values; correct them in DrChrono, or keep one in the lookup metadata")
				}
				return values[0]
			}},
	}
}

// filled are the different values that a patient has in custom demographics.
func filled(p transform.Patient, demographics []string) (values []transform.Value) {
	for _, demographic := range demographics {
		if v := transform.String(p.Demographic(demographic)); !v.Absent() && !slices.Contains(values, v) {
			values = append(values, v)
		}
	}
	return values
}

func judgeMetadata(demographics []string, field string) func(*transform.Case) []transform.Verdict {
	fields := metadataFields(demographics, field)
	return func(c *transform.Case) []transform.Verdict {
		p, fault := c.AsPatient()
		switch {
		case fault != "":
			return one(transform.Unreadable(fault))
		case !c.RoutesPatient(p):
			return excluded(etl.CauseRoute)
		case len(filled(p, demographics)) == 0:
			return excluded(etl.CauseNothing)
		}
		return one(transform.Map(fields, p, c))
	}
}

// A slot is a metadata field of a contact: what it holds, and under which name
// a value is sent.
type slot struct {
	holds, name string
	there       bool
}

// slot reads one field of a contact's metadata.
func (d *Destination) slot(ctx context.Context, ours contact, most int) (s slot, path string, err error) {
	path = "/contacts/" + url.PathEscape(ours.text("contactId")) + "/metadata"
	items, err := d.items(ctx, path, nil, "fieldId", most)
	for _, item := range items {
		if item.text("fieldId") != ours.text("fieldId") {
			continue
		}
		in, _ := item.inner("metadataDefinitionAndValue")
		s = slot{there: true}
		switch kind := in.text("type"); kind {
		case "Input", "Decimal":
			s.name = "inputValue"
		case "TextArea":
			s.name = "textAreaValue"
		}
		if s.name != "" {
			s.holds = in.text(s.name)
		}
	}
	return s, path + "/" + url.PathEscape(ours.text("fieldId")), err
}

// findMetadata: a field is there as soon as the client is. What somebody else
// put into it is overwritten only when a person says so.
func (d *Destination) findMetadata(ctx context.Context, del etl.Delivery, ours contact) (load.Finding, error) {
	s, _, err := d.slot(ctx, ours, reads)
	if err != nil && !isGone(err) { // the write is answered for that one record
		return load.Finding{}, err
	}
	f := load.Finding{TargetID: ours.text("contactId"), How: load.ByExternalID}
	if s.holds != ours.text("value") {
		f.Differs = []load.Difference{{Field: "value", Ours: ours.text("value"), Theirs: s.holds}}
		if s.holds != "" && del.TargetID == "" {
			f.How = load.ByNaturalKey
		}
	}
	return f, nil
}

func (d *Destination) sendMetadata(ctx context.Context, del etl.Delivery) load.Answer {
	ours, err := parseContact(del.Body)
	if err != nil {
		return unbuilt
	}
	s, path, err := d.slot(ctx, ours, once)
	switch {
	case err != nil:
		return d.unlisted(ctx, err, del)
	case s.name == "":
		return load.Answer{Kind: load.Rejected, Status: http.StatusOK, Phase: load.PhaseAnswer, Problem: etl.Problem{Field: "fieldId", Code: "unknown_id",
			Message: s.unfit() + "; correct the lookup metadata"}}
	case s.holds == ours.text("value"):
		return load.Answer{Kind: load.Acknowledged, TargetID: del.TargetID, Status: http.StatusOK, Phase: load.PhaseAnswer}
	}
	return d.writeJSON(ctx, del, http.MethodPut, path, contact{s.name: ours["value"]})
}

// unfit says why a field takes no value of ours.
func (s slot) unfit() string {
	if s.there {
		return "the metadata field is of a type that takes no text"
	}
	return "CentralReach has no metadata field of this id"
}
