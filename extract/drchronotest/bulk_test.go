package drchronotest

import (
	"net/http"
	"testing"
	"time"
)

func TestBulkList(t *testing.T) {
	x := serve(t, Options{Bulk: true})
	resp, body, err := x.do(http.MethodPost, "/api/appointments_list?page=2&page_size=150&order_by=id&show_archived=true&verbose=true")
	if err != nil || resp.StatusCode != 201 {
		t.Fatalf("POST: %v, %v", resp, err)
	}
	uuid := decode(t, body)["uuid"].(string)
	poll := func(want int) map[string]any {
		resp, body, err := x.do(http.MethodGet, "/api/appointments_list?uuid="+uuid)
		if err != nil || resp.StatusCode != want {
			t.Fatalf("GET: %v, %v, want %d", resp, err, want)
		}
		return decode(t, body)
	}
	if m := poll(200); m["status"] != "In progress" || len(m["results"].([]any)) != 0 {
		t.Errorf("first poll: %v with %d rows", m["status"], len(m["results"].([]any)))
	}
	m := poll(200)
	pages, rows := m["pagination"].(map[string]any), m["results"].([]any)
	if m["status"] != "Complete" || pages["count"] != 400.0 || pages["pages"] != 3.0 || len(rows) != 150 {
		t.Errorf("second poll: %v, %v, %d rows", m["status"], pages, len(rows))
	}
	if _, ok := rows[0].(map[string]any)["vitals"]; !ok {
		t.Error("verbose keys are absent")
	}
	x.clock.add(time.Hour)
	poll(404)
}

func TestBulkIsNotOfferedUnasked(t *testing.T) {
	x := serve(t, Options{})
	if resp, _, err := x.do(http.MethodPost, "/api/patients_list"); err != nil || resp.StatusCode != 404 {
		t.Errorf("POST patients_list: %v, %v, want 404", resp, err)
	}
}
