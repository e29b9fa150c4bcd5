package load_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/load/centralregistry"
	"github.com/chartbridge/chartbridge/load/loadtest"
)

// registryAt starts a simulated Central Registry that knows one patient.
func registryAt(t *testing.T, clock *clock) account {
	t.Helper()
	vendor := loadtest.NewRegistry(loadtest.RegistryOptions{Now: clock.Now, Username: "user", Password: "word", HashKey: "hash key"})
	vendor.Admit(crid, birth, "2026-01-10", true)
	server := httptest.NewServer(vendor)
	t.Cleanup(server.Close)
	return account{oracle: vendor, server: server, name: centralregistry.Name,
		open: func(down string) load.Destination {
			base := server.URL
			if down != "" {
				base = down
			}
			return centralregistry.New(centralregistry.Options{BaseURL: base, LoginPath: "/login", DischargePath: "/discharge", Username: "user",
				Password: "word", FirstName: "Cy", LastName: "Dunn", SiteID: "DE434055", InFlight: 4, Clock: clock})
		}}
}

const (
	crid  = "000000001"
	birth = "1990-05-06"
)

// discharge stages the discharge of the patient, as its judge would.
func (w *world) discharge(reason int) {
	w.Helper()
	mac := hmac.New(sha256.New, []byte("hash key"))
	mac.Write([]byte(birth))
	body := fmt.Sprintf(`{"discharge_user_name":"Cy Dunn","unique_site_id":"DE434055","crid":%q,"identification_hash":%q,
		"discharge_date":"2026-02-20","discharge_reason":%d,"dose_through_date":"2026-02-20","medication":1,"dosage":60}`,
		crid, hex.EncodeToString(mac.Sum(nil)), reason)
	w.must(w.store.PutTargets(w.ctx, w.run(), []etl.Target{{Destination: w.name, Object: "discharge",
		Source: etl.Ref{Endpoint: "patients", ID: "1"}, Payload: []byte(body), Hash: []byte(body), Outcome: etl.Failed, Cause: etl.CauseNotSent}}, nil))
}

// is holds the discharge's outcome and cause.
func (w *world) is(when, want string) {
	w.Helper()
	if w.number(`SELECT count(*) FROM target WHERE outcome || ' ' || cause LIKE ?`, want+"%") != 1 {
		w.Errorf("%s: the discharge is not %s, but: %s", when, want, w.message("discharge", "1"))
	}
}

func newRegistryWorld(t *testing.T, approvers int) *world {
	t.Helper()
	w := newWorld(t, registryAt)
	w.must(w.store.SetApprovers(w.ctx, approvers))
	w.discharge(3)
	return w
}

// TestFinalContract: a discharge is sent once, after a person's word. One whose
// answer was lost is never sent again by the machine.
func TestFinalContract(t *testing.T) {
	final := append([]mishap{{name: "nothing", fate: again, fault: loadtest.Fault{When: loadtest.After, Do: func(*loadtest.Exchange) {}}}}, mishaps...)
	for _, m := range final {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			if m.name == "429" {
				m.fate = lost // nothing says that it was not handled
			}
			w := newRegistryWorld(t, 1)
			w.must(w.night())
			w.is("before", "held approval")
			if sent := w.writes(0); len(sent) > 0 {
				t.Fatalf("%d writes without approval", len(sent))
			}
			w.approve("discharge", "1")
			contender{object: "discharge", write: "/discharge", askable: true, refusal: `{"success":false,"code":"11-002","errors":{}}`}.strike(w, etl.Create, m)
			from := len(w.Journal())
			if m.fate == unready {
				from = 0
			}
			for range 3 {
				w.clock.Move(rested)
				w.stayApproved()
				w.must(w.night())
			}
			switch m.fate {
			case lost, landed:
				w.is("for good", "uncertain no_answer")
			case refused:
				w.is("for good", "rejected")
			default:
				w.is("for good", "unchanged")
			}
			if sent := w.writes(from); m.fate == unready && len(sent) != 1 || m.fate != unready && len(sent) > 0 {
				t.Errorf("%d writes after the night of the mishap", len(sent))
			}
		})
	}
}

// stayApproved lets the approval live on, so that it is not its death that
// keeps the discharge from being sent.
func (w *world) stayApproved() {
	w.Helper()
	w.exec(`UPDATE approval SET expires_at = '2027-01-01T00:00:00.000Z'`)
}

func TestTwoApprovers(t *testing.T) {
	w := newRegistryWorld(t, 2)
	two := func(s *load.Stage) { s.Approvers = 2 }
	w.must(w.night(two))
	w.approve("discharge", "1")
	w.must(w.night(two))
	w.is("one of two", "held approval")
	w.exec(`UPDATE approval SET by = 'ben'`)
	w.approve("discharge", "1")
	w.must(w.night(two))
	w.is("two of two", "created")
}

// TestApprovalDies after its time, and where the payload changes.
func TestApprovalDies(t *testing.T) {
	w := newRegistryWorld(t, 1)
	w.approve("discharge", "1")
	w.clock.Move(73 * time.Hour)
	w.must(w.night())
	w.is("too late", "held approval")
	w.exec(`DELETE FROM approval`)
	w.approve("discharge", "1")
	w.discharge(4)
	w.must(w.night())
	w.is("changed", "held approval")
	if sent := w.writes(0); len(sent) > 0 {
		t.Errorf("%d writes, want none", len(sent))
	}
	w.discharge(3)
	w.must(w.night())
	w.is("the very payload again, within the 72 hours", "created")
}

// TestAfterFinal: a discharge that was recorded is never changed, nor sent
// again.
func TestAfterFinal(t *testing.T) {
	w := newRegistryWorld(t, 1)
	w.approve("discharge", "1")
	w.must(w.night())
	w.is("approved", "created")
	w.discharge(4)
	w.approve("discharge", "1")
	w.must(w.night())
	w.is("changed after it was recorded", "held after_final")
	if sent := w.writes(0); len(sent) != 1 {
		t.Errorf("%d writes, want the first only", len(sent))
	}
}

// TestAlreadyDischarged: 11-103 on a first send is a question for a person, and
// no approval answers it.
func TestAlreadyDischarged(t *testing.T) {
	w := newRegistryWorld(t, 1)
	w.Inject(loadtest.Status(409, `{"success":false,"code":"11-103","errors":{}}`).On("POST", "/discharge"))
	w.approve("discharge", "1")
	for range 2 {
		w.must(w.night())
		w.is("discharged elsewhere", "held 11-103")
	}
	if sent := w.writes(0); len(sent) != 1 {
		t.Errorf("%d writes, want one", len(sent))
	}
}

// TestAlreadyDischargedAfterALostAnswer: where a person let it go again, 11-103
// says that the lost one was probably applied: it stays open for a person.
func TestAlreadyDischargedAfterALostAnswer(t *testing.T) {
	w := newRegistryWorld(t, 1)
	w.Inject(loadtest.ResetAfter().On("POST", "/discharge"))
	w.approve("discharge", "1")
	w.must(w.night())
	w.is("lost", "uncertain no_answer")
	open, err := w.store.UncertainDeliveries(w.ctx)
	w.must(err)
	w.must(w.store.Resolve(w.ctx, w.run(), open[0].ID, "", "the registry shows no discharge", "ann", w.clock.Now()))
	w.must(w.night())
	w.is("sent again, once", "uncertain no_answer")
	if text := w.message("discharge", "1"); !strings.Contains(text, "probably applied") || !strings.Contains(text, "uncertain resolve") {
		t.Errorf("message %q, want what it means and what to do", text)
	}
	w.clock.Move(rested)
	w.stayApproved()
	w.must(w.night())
	w.is("for good", "uncertain no_answer")
	if sent := w.writes(0); len(sent) != 2 {
		t.Errorf("%d writes, want the two that a person let go", len(sent))
	}
}
