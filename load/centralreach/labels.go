package centralreach

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/transform"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// labels are a client's flags that the account has labels for. They are added
// to what the client bears there; none is ever taken away.
const labels = "labels"

var labelFields = []transform.Field[transform.Patient]{
	{Name: "contactId", Type: transform.Theirs, Required: true, From: "patients.id; in the path",
		Get: func(_ transform.Patient, c *transform.Case) transform.Value { return c.Need(client, c.Source.ID) }},
	{Name: "labelIds", Type: transform.IDs, Required: true, From: "patients.patient_flags_attached, those that are not archived and whose type the lookup label knows by its name (patients.patient_flags) or id", Lookup: "label",
		Get: func(p transform.Patient, c *transform.Case) transform.Value {
			return transform.IDList(strings.Join(labelIDs(p, c), ","))
		}},
}

func labelIDs(p transform.Patient, c *transform.Case) (ids []string) {
	for _, f := range p.Flags {
		if f.Archived.True() {
			continue
		}
		for _, key := range []string{c.FlagName(p, f.Type.String()), f.Type.String()} {
			if id, ok := c.Lookups.Find(Name, "label", key); ok && key != "" {
				ids = append(ids, id)
				break
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

func judgeLabels(c *transform.Case) []transform.Verdict {
	p, fault := c.AsPatient()
	switch {
	case fault != "":
		return one(transform.Unreadable(fault))
	case !c.RoutesPatient(p):
		return excluded(etl.CauseRoute)
	case len(labelIDs(p, c)) == 0:
		return excluded(etl.CauseNothing)
	}
	return one(transform.Map(labelFields, p, c))
}

// held reads the labels that a client bears.
func (d *Destination) held(ctx context.Context, ours contact, most int) (path string, ids []string, err error) {
	path = "/contacts/" + url.PathEscape(ours.text("contactId")) + "/labels"
	items, err := d.hanging(ctx, path, "labelId", most)
	for _, item := range items {
		ids = append(ids, item.text("labelId"))
	}
	return path, ids, err
}

// wanted are the labels that we add.
func wanted(ours contact) (ids []string) {
	_, v, _ := ours.member("labelIds")
	var list []transform.Scalar
	_ = json.Unmarshal(v, &list) // it is our own
	for _, id := range list {
		ids = append(ids, id.String())
	}
	return ids
}

func lacking(want, have []string) bool {
	return slices.ContainsFunc(want, func(id string) bool { return !slices.Contains(have, id) })
}

// findLabels: a client's labels are there as soon as the client is.
func (d *Destination) findLabels(ctx context.Context, _ etl.Delivery, ours contact) (load.Finding, error) {
	_, have, err := d.held(ctx, ours, reads)
	if err != nil {
		return load.Finding{}, err
	}
	f := load.Finding{TargetID: ours.text("contactId"), How: load.ByExternalID}
	if lacking(wanted(ours), have) {
		f.Differs = []load.Difference{{Field: labels, Ours: strings.Join(wanted(ours), ", "), Theirs: strings.Join(have, ", ")}}
	}
	return f, nil
}

// sendLabels sends the whole set, theirs and ours: it is likely to replace what
// is there (destinations-facts, B5). Both forms of it were seen in use; the
// second is tried where the first is refused.
func (d *Destination) sendLabels(ctx context.Context, del etl.Delivery) load.Answer {
	ours, err := parseContact(del.Body)
	if err != nil {
		return unbuilt
	}
	path, have, err := d.held(ctx, ours, once)
	if err != nil {
		return d.unlisted(ctx, err, del)
	}
	want := wanted(ours)
	if !lacking(want, have) {
		return load.Answer{Kind: load.Acknowledged, TargetID: del.TargetID, Status: http.StatusOK, Phase: load.PhaseAnswer}
	}
	all := slices.Compact(slices.Sorted(slices.Values(slices.Concat(have, want))))
	rows, ids := make([]string, len(all)), make([]string, len(all))
	for i, id := range all {
		ids[i] = string(number(id))
		rows[i] = `{"labelId":` + ids[i] + `}`
	}
	a := d.write(ctx, del, http.MethodPost, path, []byte(`{"labels":[`+strings.Join(rows, ",")+`]}`))
	if a.Kind == load.Rejected && a.Status == http.StatusBadRequest {
		a = d.write(ctx, del, http.MethodPost, path, []byte(`{"labelIds":[`+strings.Join(ids, ",")+`]}`))
	}
	return a
}

// number is an id as JSON: a number where it is one.
func number(id string) jsontext.Value {
	if n, err := strconv.ParseInt(id, 10, 64); err == nil && strconv.FormatInt(n, 10) == id {
		return jsontext.Value(id)
	}
	return quoted(id)
}

// quoted is a text as JSON.
func quoted(text string) jsontext.Value {
	v, _ := jsontext.AppendQuote(nil, strings.ToValidUTF8(text, "\uFFFD")) // fails for invalid UTF-8 only
	return v
}
