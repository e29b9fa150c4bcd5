package drchronotest

import "time"

// billedPer: one in so many completed, billable visits has a line item; half
// of these are paid.
const billedPer = 4

func (p *Practice) makeBilling() {
	t := p.table("appointments")
	for i := range t.rows[:p.visits] {
		r := &t.rows[i]
		if r.status == "Complete" && text(t.value(r, "billing_status")) != "" && p.chance(billedPer) {
			p.lineItem(r)
		}
	}
}

func (p *Practice) lineItem(r *row) {
	id, visit := p.id("line_items", firstLineItem), int(number(r.id))
	day := time.Unix(r.when, 0).UTC()
	posted := p.notAfterNow(day.Add(6 * time.Hour))
	paid := p.chance(2)
	m := fields{
		"id": id, "appointment": visit, "patient": int(r.patient), "doctor": int(r.doctor), "code": "97153",
		"description": "Adaptive behavior treatment", "quantity": "4.00", "price": "120.00", "billed": "120.00",
		"balance_ins": "120.00", "balance_total": "120.00", "billing_status": "Bill Insurance",
		"service_date": date(day), "posted_date": stamp(posted), "updated_at": stamp(posted),
	}
	if paid {
		for k, v := range map[string]string{
			"allowed": "100.00", "adjustment": "20.00", "ins1_paid": "100.00", "ins_total": "100.00", "paid_total": "100.00",
			"balance_ins": "0.00", "balance_total": "0.00", "billing_status": "Paid in Full",
		} {
			m[k] = v
		}
		at := p.notAfterNow(posted.AddDate(0, 0, 14))
		m["updated_at"] = stamp(at)
		p.transaction(id, visit, r, at)
	}
	p.add("line_items", m)
}

func (p *Practice) transaction(item, visit int, r *row, at time.Time) {
	p.add("transactions", fields{
		"id": p.id("transactions", firstTransaction), "line_item": item, "appointment": visit,
		"patient": int(r.patient), "doctor": int(r.doctor), "ins_paid": "100.00", "adjustment": "20.00",
		"trace_number": "T" + p.digits(6), "check_date": date(at),
		"posted_date": stamp(at), "created_at": stamp(at), "updated_at": stamp(at),
	})
}
