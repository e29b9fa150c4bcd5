package loadtest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// apply judges one object and those nested in it, and returns what is to be
// kept of it, nil if it is refused. It writes ids and error messages into sent,
// which is the reply (rethink.txt, Error Handling). A nested object that is
// refused does not fail the one that it lies in; one that is refused takes all
// that lies in it along.
func (s *Rethink) apply(sh *shape, sent, parent map[string]any, find func(id string) map[string]any) map[string]any {
	delete(sent, "ErrorMessage")
	var old map[string]any
	if !blank(sent[sh.id]) {
		_, ok := whole(sent[sh.id])
		if old = find(fmt.Sprint(sent[sh.id])); !ok {
			return refuse(sh, sent, notNumber)
		} else if old == nil {
			return refuse(sh, sent, sh.unknown)
		}
	}
	kept := merge(sh, sent, old)
	if msg := s.judge(sh, sent, kept, old, parent); msg != "" {
		return refuse(sh, sent, msg)
	}
	if old == nil {
		kept[sh.id] = s.next()
		if key := sh.key(kept, parent); key != "" {
			s.created[sh.object+" "+key]++
		}
	}
	sent[sh.id] = kept[sh.id]
	for _, n := range sh.nested {
		s.applyAll(n, sent, kept)
	}
	return kept
}

// applyAll applies the nested objects of one array. Those held that are not
// sent stay as they are.
func (s *Rethink) applyAll(n *shape, sent, kept map[string]any) {
	list, _ := sent[n.array].([]any)
	have, _ := kept[n.array].([]any)
	have = slices.Clone(have)
	place := func(id string) int {
		return slices.IndexFunc(have, func(h any) bool { return fmt.Sprint(h.(map[string]any)[n.id]) == id })
	}
	for _, item := range list {
		fields := item.(map[string]any) // judge has seen to it
		got := s.apply(n, fields, kept, func(id string) map[string]any {
			if at := place(id); at >= 0 {
				return have[at].(map[string]any)
			}
			return nil
		})
		if got == nil {
			continue
		}
		if at := place(fmt.Sprint(got[n.id])); at >= 0 {
			have[at] = got
		} else {
			have = append(have, got)
		}
	}
	if have != nil {
		kept[n.array] = have
	}
}

// merge lays what was sent over what is held, nested arrays apart. A field that
// was not sent keeps its value.
func merge(sh *shape, sent, old map[string]any) map[string]any {
	kept := map[string]any{}
	maps.Copy(kept, old)
	for name, v := range sent {
		nested := slices.ContainsFunc(sh.nested, func(n *shape) bool { return n.array == name })
		if !nested {
			kept[name] = v
		}
	}
	return kept
}

// judge returns the first thing wrong, in the order of the dictionary. What is
// required must be there at a create; an update may leave it out, not blank it.
func (s *Rethink) judge(sh *shape, sent, kept, old, parent map[string]any) string {
	for _, r := range sh.rules {
		v, there := sent[r.name]
		switch {
		case r.required && blank(v) && (there || old == nil):
			return r.name + " is required."
		case blank(v):
			continue
		}
		if msg := r.judge(v, s.o.Account); msg != "" {
			return msg
		}
	}
	for _, n := range sh.nested {
		if v := sent[n.array]; v != nil && !allObjects(v) {
			return "Invalid Format - " + n.array + " must be a list of objects."
		}
	}
	if sh.check != nil {
		return sh.check(s, kept, parent)
	}
	return ""
}

func allObjects(v any) bool {
	list, ok := v.([]any)
	return ok && !slices.ContainsFunc(list, func(item any) bool {
		_, ok := item.(map[string]any)
		return !ok
	})
}

// refuse writes the null id and the message; what lies in the object gets null
// ids too, as none of it was kept.
func refuse(sh *shape, sent map[string]any, msg string) map[string]any {
	sent[sh.id] = nil
	if msg != "" {
		sent["ErrorMessage"] = msg
	}
	for _, n := range sh.nested {
		list, _ := sent[n.array].([]any)
		for _, item := range list {
			if fields, ok := item.(map[string]any); ok {
				refuse(n, fields, "")
			}
		}
	}
	return nil
}

// checkAuthorization wants the funder to be one of the client's first (A4).
func checkAuthorization(_ *Rethink, merged, client map[string]any) string {
	if d, ok := merged["diagnosis"].(map[string]any); ok {
		if code, _ := d["diagnosisCode"].(string); len(code) > 10 {
			return "diagnosisCode length exceeded"
		}
	}
	funders, _ := client["clientFunders"].([]any)
	for _, f := range funders {
		if f.(map[string]any)["funderId"] == merged["funderId"] {
			return ""
		}
	}
	return "funderId does not exist for the client."
}

func checkUsername(s *Rethink, merged, _ map[string]any) string {
	name, _ := merged["username"].(string)
	for id, r := range s.held["staff"] {
		other, _ := r.fields["username"].(string)
		if strings.EqualFold(name, other) && id != fmt.Sprint(merged["staffId"]) {
			return "Username already exists in the system"
		}
	}
	return ""
}

func checkAppointment(s *Rethink, merged, _ map[string]any) string {
	kind, _ := whole(merged["appointmentTypeId"])
	tag, tagged := whole(merged["tagId"])
	billable := slices.Contains(s.o.Account.BillableTags, int(tag))
	switch {
	case s.held["staff"][fmt.Sprint(merged["staffId"])] == nil:
		return noStaff
	case s.held["client"][fmt.Sprint(merged["clientId"])] == nil:
		return noClient
	case kind == 2 && !tagged:
		return "tagId is required."
	case tagged && len(s.o.Account.BillableTags) > 0 && kind != 3 && billable != (kind == 1):
		return "Tag does not match the Appointment Type." // the vendor's text is not known
	}
	return ""
}
