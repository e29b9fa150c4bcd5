package load_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/load/loadtest"
	"github.com/chartbridge/chartbridge/load/rethink"
	"github.com/chartbridge/chartbridge/transform"
)

// rethinkAt starts a simulated Rethink; readback says whether it can be asked.
func rethinkAt(readback bool) func(*testing.T, *clock) account { return rethinkAnswering(readback, 0) }

// rethinkAnswering starts one that answers by callbacks, each within wait; 0 =
// at once.
func rethinkAnswering(readback bool, wait time.Duration) func(*testing.T, *clock) account {
	return func(t *testing.T, clock *clock) account {
		t.Helper()
		vendor := loadtest.NewRethink(loadtest.RethinkOptions{Now: clock.Now, ClientID: "id", ClientSecret: "secret", NoReadback: !readback})
		server := httptest.NewServer(vendor)
		t.Cleanup(server.Close)
		return account{oracle: vendor, server: server, name: rethink.Name, shapes: rethink.Shapes(nil), ids: rethinkIDs(), calls: wait > 0,
			open: func(down string) load.Destination {
				base := server.URL
				if down != "" {
					base = down
				}
				return rethink.New(rethink.Options{BaseURL: base, TokenURL: server.URL + "/connect/token", ClientID: "id",
					ClientSecret: "secret", Readback: readback, CallbackWait: wait, InFlight: 4, Clock: clock,
					Paths: map[string]string{"client": "/api/client", "staff": "/api/staff", "appointment": "/api/appointment"}})
			}}
	}
}

func rethinkIDs() lookups {
	return lookups{
		"gender": {"Male": "1", "Female": "2"}, "state": {"NY": "33"}, "staffStatus": {"false": "201", "true": "202"},
		"funder": {"P1": "501", "P2": "502", "bad": "999"}, "serviceLine": {"default": "901"},
		"appointmentType": {"7": "1"}, "payCode": {"7": "301"},
	}
}

// vendorOf is the simulated Rethink itself, to seed it and look into it.
func vendorOf(w *world) *loadtest.Rethink { return w.oracle.(*loadtest.Rethink) }

// A patient of the practice; further members follow as JSON.
func patient(id int, city string, more ...string) string {
	return fmt.Sprintf(`{"id":%d,"first_name":"Ada","last_name":"Roma %d","date_of_birth":"2015-04-%02d","gender":"Female","city":%q%s}`,
		id, id, id%28+1, city, strings.Join(append([]string{""}, more...), ","))
}

func insurance(place, payer string) string {
	return fmt.Sprintf(`"%s_insurance":{"insurance_company":"Payer %s","insurance_payer_id":"%s","insurance_id_number":"M1"}`, place, payer, payer)
}

func doctor(id int) (row, user string) {
	return fmt.Sprintf(`{"id":%d,"first_name":"Bo","last_name":"Lin %d","is_account_suspended":false}`, id, id),
		fmt.Sprintf(`{"id":%d,"doctor":%d,"username":"bo.lin.%d","is_doctor":true}`, 1000+id, id, id)
}

func visit(id, patient, doctor int, at string) string {
	return fmt.Sprintf(`{"id":%d,"patient":%d,"doctor":%d,"profile":7,"office":1,"duration":60,"scheduled_time":%q,"status":"Confirmed","appt_is_break":false}`,
		id, patient, doctor, at)
}

// practice stages one of each: staff, client, visit.
func (w *world) practice() {
	w.Helper()
	row, user := doctor(5)
	w.put("doctors", row)
	w.put("users", user)
	w.put("patients", patient(1, "Troy"))
	w.put("appointments", visit(9, 1, 5, "2026-03-03T09:00:00"))
}

var _ transform.Lookups = lookups{}

func jsonNumber(id string) json.Number { return json.Number(id) }

// TestAcceptedWithoutACallback: where nobody hears the callback, what was only
// accepted is asked after; such an answer is no sign that the vendor is down.
func TestAcceptedWithoutACallback(t *testing.T) {
	w := newWorld(t, rethinkAt(true))
	vendorOf(w).SetAsync(true, "")
	w.practice()
	w.put("patients", patients(1, 40, "Rome")...)
	for range 4 { // staff and clients are created and found, then visits
		w.must(w.night())
		w.clock.Move(2 * quiet)
	}
	if n := w.count("uncertain", ""); n != 0 {
		t.Errorf("%d records are uncertain, want none", n)
	}
	w.expect("after four nights", "client", "40", "unchanged")
	w.expect("after four nights", "appointment", "9", "unchanged")
}
