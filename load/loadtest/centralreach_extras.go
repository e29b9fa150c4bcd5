package loadtest

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
)

func (s *CentralReach) payorRoutes() []route {
	all, one := "contacts/clients/{id}/payors", "contacts/clients/{id}/payors/{id}"
	return []route{
		{method: "GET", pattern: "payors/accepted-insurances", object: "insurance", op: "list", do: func(c *call) reply { return page(c, s.o.Account.Insurances) }},
		{method: "GET", pattern: all, object: "payor", op: "list", do: s.with("client", listPayors)},
		{method: "POST", pattern: all, object: "payor", op: "create", do: s.with("client", s.createPayor)},
		{method: "GET", pattern: one, object: "payor", op: "find", do: s.with("client", withPayor(showPayor))},
		{method: "PUT", pattern: one, object: "payor", op: "update", do: s.with("client", withPayor(s.updatePayor))},
		{method: "POST", pattern: one + "/archive", object: "payor", op: "archive", do: s.with("client", withPayor(s.archivePayor))},
	}
}

// payorTypes are the words that lists show for payorType 1-3 (B5; the second
// and third are inferred from the first).
var payorTypes = [...]string{"", "PrimaryInsurance", "SecondaryInsurance", "TertiaryInsurance"}

func spelledPayor(p map[string]any) map[string]any {
	out := copied(p)
	if n, ok := whole(p["payorType"]); ok {
		out["payorType"] = payorTypes[n]
	}
	return out
}

func listPayors(c *call, held *contact) reply {
	var list []map[string]any
	for _, p := range held.payors {
		list = append(list, spelledPayor(p))
	}
	return page(c, list)
}

func withPayor(do func(*call, *contact, map[string]any) reply) func(*call, *contact) reply {
	return func(c *call, held *contact) reply {
		c.entry.ID = c.ids[1]
		for _, p := range held.payors {
			if fmt.Sprint(p["payorId"]) == c.ids[1] {
				return do(c, held, p)
			}
		}
		return notFound()
	}
}

func showPayor(_ *call, _ *contact, p map[string]any) reply { return fine("payor", spelledPayor(p)) }

// judgePayor wants payorType 1-3 and a plan that the account accepts (B5).
func (s *CentralReach) judgePayor(p map[string]any) []fieldError {
	var errs []fieldError
	if n, ok := whole(p["payorType"]); !ok || n < 1 || n > 3 {
		errs = append(errs, fieldError{"InvalidValue", "PayorType", "'Payor Type' must be 1, 2 or 3."})
	}
	insurance, _ := p["insurance"].(map[string]any)
	company, _ := whole(insurance["companyId"])
	plan, _ := whole(insurance["planId"])
	known := slices.ContainsFunc(s.o.Account.Insurances, func(i Insurance) bool {
		return int64(i.PlanID) == plan && (company == 0 || int64(i.CompanyID) == company)
	})
	if !known {
		errs = append(errs, fieldError{"InvalidValue", "Insurance.PlanId", "Plan is not among the accepted insurances."})
	}
	return errs
}

func (s *CentralReach) createPayor(c *call, held *contact) reply {
	sent, err := c.object()
	if err != nil {
		return s.unreadable()
	}
	if errs := s.judgePayor(sent); len(errs) > 0 {
		return invalid(errs)
	}
	sent["payorId"], sent["isArchived"] = s.next(), false
	plan := sent["insurance"].(map[string]any)["planId"]
	s.created[fmt.Sprint("payor ", c.ids[0], "|", sent["payorType"], "|", plan)]++
	held.payors = append(held.payors, sent)
	c.entry.Applied, c.entry.ID = true, fmt.Sprint(sent["payorId"])
	return fine("payor", sent)
}

// SeedPayor gives a client an insurance that somebody entered there.
func (s *CentralReach) SeedPayor(contactID string, p map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p["payorId"], p["isArchived"] = s.next(), false
	held := s.contacts[contactID]
	held.payors = append(held.payors, p)
}

func (s *CentralReach) updatePayor(c *call, _ *contact, p map[string]any) reply {
	sent, err := c.object()
	if err != nil {
		return s.unreadable()
	}
	merged := s.put(p, sent, "payorId", "isArchived")
	if errs := s.judgePayor(merged); len(errs) > 0 {
		return invalid(errs)
	}
	replace(p, merged)
	c.entry.Applied = true
	return fine("payor", p)
}

// archivePayor archives, or recovers with {"isArchived": false}.
func (s *CentralReach) archivePayor(c *call, _ *contact, p map[string]any) reply {
	sent, err := c.object()
	if len(c.body) > 0 && err != nil {
		return s.unreadable()
	}
	p["isArchived"] = sent["isArchived"] != false
	c.entry.Applied = true
	return fine("payor", p)
}

func (s *CentralReach) labelRoutes() []route {
	labels, metadata := "contacts/{id}/labels", "contacts/{id}/metadata"
	return []route{
		{method: "GET", pattern: "contacts/labels", object: "label", op: "list", do: func(c *call) reply { return page(c, s.o.Account.Labels) }},
		{method: "GET", pattern: labels, object: "label", op: "list", do: s.with("", func(c *call, held *contact) reply { return page(c, held.labels) })},
		{method: "POST", pattern: labels, object: "label", op: "update", do: s.with("", s.setLabels)},
		{method: "GET", pattern: "contacts/metadata-configuration", object: "metadata", op: "list", do: func(c *call) reply { return page(c, s.o.Account.Fields) }},
		{method: "GET", pattern: metadata, object: "metadata", op: "find", do: s.with("", s.showMetadata)},
		{method: "PUT", pattern: metadata + "/{id}", object: "metadata", op: "update", do: s.with("", s.setMetadata)},
	}
}

// setLabels replaces the whole set; {"labels":[{"labelId"}]} or {"labelIds":[]}.
func (s *CentralReach) setLabels(c *call, held *contact) reply {
	sent, err := c.object()
	if err != nil {
		return s.unreadable()
	}
	list, ok := sent["labels"].([]any)
	if !ok {
		if list, ok = sent["labelIds"].([]any); !ok {
			return wrongField("Labels", "'Labels' must not be empty.")
		}
	}
	set := []Label{}
	for _, item := range list {
		if row, ok := item.(map[string]any); ok {
			item = row["labelId"]
		}
		id, _ := whole(item)
		at := slices.IndexFunc(s.o.Account.Labels, func(l Label) bool { return int64(l.ID) == id })
		if at < 0 {
			return wrongField("LabelId", "Label not found.")
		}
		set = append(set, s.o.Account.Labels[at])
	}
	held.labels, c.entry.Applied = set, true
	return fine("labels", set)
}

// valueNames say under which name a metadata value travels, by type (B5).
var valueNames = map[string]string{
	"Input": "inputValue", "Decimal": "inputValue", "TextArea": "textAreaValue", "Single": "singleSelectDefinition",
}

func (s *CentralReach) showMetadata(c *call, held *contact) reply {
	fields := []map[string]any{}
	for i, f := range s.o.Account.Fields {
		v, filled := held.metadata[strconv.Itoa(f.ID)]
		value := map[string]any{"type": f.Type}
		if filled {
			value[valueNames[f.Type]] = v
		}
		fields = append(fields, map[string]any{
			"fieldId": f.ID, "groupName": f.Group, "fieldName": f.Name, "isFilledIn": filled,
			"displayOnFacesheet": false, "sortOrder": i + 1, "metadataDefinitionAndValue": value,
		})
	}
	return reply{http.StatusOK, map[string]any{"contactId": held.fields["contactId"], "metadataFields": fields}}
}

func (s *CentralReach) setMetadata(c *call, held *contact) reply {
	at := slices.IndexFunc(s.o.Account.Fields, func(f MetadataField) bool { return strconv.Itoa(f.ID) == c.ids[1] })
	if at < 0 {
		return notFound()
	}
	sent, err := c.object()
	if err != nil {
		return s.unreadable()
	}
	name := valueNames[s.o.Account.Fields[at].Type]
	v, there := sent[name]
	if !there {
		return wrongField(upper(name), "'"+upper(name)+"' must not be empty.")
	}
	held.metadata[c.ids[1]], c.entry.Applied = v, true
	if blank(v) {
		delete(held.metadata, c.ids[1])
	}
	return fine("fieldId", s.o.Account.Fields[at].ID)
}

func (s *CentralReach) claimRoutes() []route {
	path := "contacts/employees/{id}/claim-settings"
	return []route{
		{method: "GET", pattern: path, object: "claim-setting", op: "list", do: s.with("employee", func(c *call, _ *contact) reply { return page(c, s.settingsOf(c.ids[0])) })},
		{method: "POST", pattern: path, object: "claim-setting", op: "create", do: s.with("employee", s.setClaim)},
		{method: "PUT", pattern: path, object: "claim-setting", op: "update", do: s.with("employee", s.setClaim)},
		{method: "DELETE", pattern: path, object: "claim-setting", op: "delete", do: s.with("employee", s.dropClaim)},
	}
}

func (s *CentralReach) settingsOf(contactID string) []map[string]any {
	var list []map[string]any
	for _, set := range s.settings {
		if fmt.Sprint(set["contactId"]) == contactID {
			list = append(list, set)
		}
	}
	return byID(list, "claimSettingsId")
}

// setClaim creates, or with PUT and claimSettingsId replaces. An identifierId
// is one of the table of custom identifiers: 1-36, without 30.
func (s *CentralReach) setClaim(c *call, held *contact) reply {
	sent, err := c.object()
	if err != nil {
		return s.unreadable()
	}
	identifiers, _ := sent["identifiers"].([]any)
	for _, item := range identifiers {
		row, _ := item.(map[string]any)
		if id, _ := whole(row["identifierId"]); id < 1 || id > 36 || id == 30 {
			return wrongField("IdentifierId", "Custom identifier not found.")
		}
	}
	if c.Method == http.MethodPost {
		sent["claimSettingsId"] = s.next()
		s.created[fmt.Sprint("claim-setting ", c.ids[0], "|", digest(string(c.body))[:16])]++
	}
	id := fmt.Sprint(sent["claimSettingsId"])
	if old := s.settings[id]; c.Method == http.MethodPut && (old == nil || old["contactId"] != held.fields["contactId"]) {
		return notFound()
	}
	sent["contactId"] = held.fields["contactId"]
	s.settings[id], c.entry.ID, c.entry.Applied = sent, id, true
	return fine("claimSettings", sent)
}

func (s *CentralReach) dropClaim(c *call, held *contact) reply {
	id := c.URL.Query().Get("claimSettingsId")
	if old := s.settings[id]; old == nil || old["contactId"] != held.fields["contactId"] {
		return notFound()
	}
	delete(s.settings, id)
	c.entry.ID, c.entry.Applied = id, true
	return fine("claimSettingsId", id)
}

// Attached are the ids of a contact's labels, in order, and its metadata by
// field.
func (s *CentralReach) Attached(contactID string) (labels []int, metadata map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	held := s.contacts[contactID]
	for _, l := range held.labels {
		labels = append(labels, l.ID)
	}
	slices.Sort(labels)
	return labels, copied(held.metadata)
}

// SetLabels is somebody there who gives a contact other labels.
func (s *CentralReach) SetLabels(contactID string, ids ...int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.contacts[contactID].labels = nil
	for _, l := range s.o.Account.Labels {
		if slices.Contains(ids, l.ID) {
			s.contacts[contactID].labels = append(s.contacts[contactID].labels, l)
		}
	}
}

// SetMetadata is somebody there who fills in a metadata field.
func (s *CentralReach) SetMetadata(contactID string, field int, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.contacts[contactID].metadata[strconv.Itoa(field)] = value
}
