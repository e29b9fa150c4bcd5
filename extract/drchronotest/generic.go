package drchronotest

import (
	"fmt"
	"strconv"
)

// genericRows is how many rows an endpoint has that nothing else fills.
const genericRows = 3

// makeGeneric fills every list endpoint that is still empty with rows built
// from the document's keys.
func (p *Practice) makeGeneric() {
	for n, name := range Endpoints() {
		s := specs[name]
		if s.table != name || len(p.table(name).rows) > 0 {
			continue
		}
		for i := range genericRows {
			p.add(name, p.generic(s, 2000001+n*1000, i))
		}
	}
}

func (p *Practice) generic(s *spec, first, i int) fields {
	visit := &p.table("appointments").rows[i]
	at := stamp(p.ago(1, 90))
	m := fields{"_id": strconv.Itoa(first + i), "_updated_at": at, "_when": stamp(p.now.AddDate(0, 0, -10*(i+1)))}
	for _, k := range s.keys {
		m[k.name] = genericValue(s.name, k, i, at)
	}
	refs := map[string]any{
		"id": first + i, "appointment": int(number(visit.id)), "appointment_id": int(number(visit.id)),
		"patient": int(visit.patient), "patient_id": int(visit.patient), "doctor": int(visit.doctor), "ordering_doctor": int(visit.doctor),
		"office": int(visit.office), "profile": firstProfile, "practice_group": 500001, "user": firstUser, "created_by": firstUser,
	}
	for _, k := range s.keys {
		if v, ok := refs[k.name]; ok {
			m[k.name] = v
		}
	}
	if s.name == "clinical_notes" {
		m["_id"] = visit.id
		m["clinical_note_sections"] = []fields{{"clinical_note_template": 91, "name": "HPI", "values": []fields{}}}
		m["signee"] = fields{"locked_by": "", "supervisor_locked_by": ""}
	}
	return m
}

func genericValue(endpoint string, k specKey, i int, at string) any {
	switch k.kind {
	case "integer":
		return i + 1
	case "boolean":
		return false
	case "timestamp":
		return at
	case "date":
		return at[:len(dateLayout)]
	case "time":
		return "09:00:00"
	case "decimal", "float":
		return fmt.Sprintf("%d.00", 10*(i+1))
	case "array":
		return []any{}
	case "object":
		return fields{}
	case "file":
		return nil
	case "url":
		return "https://example.test/" + endpoint
	}
	return fmt.Sprintf("%s %d", k.name, i+1)
}
