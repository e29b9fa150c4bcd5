package load_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/load/centralreach"
	"github.com/chartbridge/chartbridge/load/loadtest"
)

// attached is a client with flags, one of whose types has a label, and a custom
// demographic. The words beside a flag are no name.
func attached(city, value string) string {
	return patient(1, city, flagTypes, `"patient_flags_attached":[{"flag_type":81,"flag_text":"call first"},{"flag_type":83,"flag_text":"Old"},{"flag_type":82,"archived":true}]`,
		fmt.Sprintf(`"custom_demographics":[{"field_type":801,"value":%q}]`, value))
}

const flagTypes = `"patient_flags":[{"id":81,"name":"VIP"},{"id":82,"name":"Old"},{"id":83,"name":"Unknown"}]`

// attachedAt is an account that takes what hangs on contacts.
func attachedAt(t *testing.T, c *clock) account {
	start := centralReachWith(false, centralreach.Write{Clients: true, Employees: true, Labels: true, Metadata: true, ClaimSettings: true})
	a := start(t, c)
	a.ids["label"] = map[string]string{"VIP": "12", "Old": "13"}
	a.ids["metadata"] = map[string]string{"801": "51", "802": "52"}
	a.ids["customIdentifier"] = map[string]string{"7/4": "CAQH 1", "7/5": "L-1", "8/66": "x"}
	return a
}

func onClient(vendor *loadtest.CentralReach, client string) string {
	labels, metadata := vendor.Attached(client)
	return fmt.Sprint(labels, metadata)
}

// TestWhatHangsOnContacts: labels are added to theirs, a metadata field is
// written and somebody's value in it is not overwritten, and identifiers become
// claim settings once.
func TestWhatHangsOnContacts(t *testing.T) {
	w := newWorld(t, attachedAt)
	vendor := w.oracle.(*loadtest.CentralReach)
	for _, id := range []string{"7", "8"} {
		vendor.SeedEmployee(map[string]any{"externalSystemId": id, "firstName": "Bo", "lastName": "Lin " + id, "primaryEmail": "bo." + id + "@example.com"})
		w.put("doctors", fmt.Sprintf(`{"id":%s,"first_name":"Bo","last_name":"Lin %s","email":"bo.%s@example.com","is_account_suspended":false}`, id, id, id))
		w.put("users", fmt.Sprintf(`{"id":100%s,"doctor":%s,"username":"bo.lin.%s","is_doctor":true}`, id, id, id))
	}
	w.put("patients", attached("Troy", "blue"))
	w.Inject(loadtest.ResetAfter().On("POST", "/claim-settings"))
	w.must(w.night())
	w.expect("labels", "labels", "1", "updated")
	w.expect("metadata", "metadata_51", "1", "updated")
	w.expect("unanswered", "claim_settings", "7", "uncertain no_answer")
	w.expect("no such identifier", "claim_settings", "8", "invalid range")
	w.Heal()
	w.clock.Move(rested)
	w.must(w.night())
	w.expect("settled", "claim_settings", "7", "created")
	if list := vendor.Objects("claim-setting"); len(list) != 1 {
		t.Errorf("they hold %d claim settings, want 1", len(list))
	}
	client := w.theirs("client", "1")
	if got := onClient(vendor, client); got != "[12] map[51:blue]" {
		t.Errorf("they hold labels and metadata %s", got)
	}

	before := len(w.writes(0))
	w.must(w.night())
	if n := len(w.writes(0)) - before; n != 0 {
		t.Errorf("the same again made %d writes", n)
	}

	vendor.SetLabels(client, 15)
	w.put("patients", attached("Troy", "green"))
	w.must(w.night())
	w.expect("another value", "metadata_51", "1", "updated")
	if got := onClient(vendor, client); got != "[15] map[51:green]" {
		t.Errorf("they hold labels and metadata %s", got)
	}
}

// TestLabelsInTheOtherForm: where {labels} is refused, {labelIds} is sent; and a
// field of the type TextArea takes its value under its own name.
func TestLabelsInTheOtherForm(t *testing.T) {
	w := newWorld(t, attachedAt)
	w.put("patients", patient(1, "Troy", flagTypes, `"patient_flags_attached":[{"flag_type":81}]`, `"custom_demographics":[{"field_type":802,"value":"blue"}]`))
	w.Inject(loadtest.Status(400, `{"responseStatus":{"errorCode":"ArgumentException"}}`).On("POST", "/labels"))
	w.must(w.night())
	w.expect("labels", "labels", "1", "updated")
	w.expect("metadata", "metadata_52", "1", "updated")
	if got := onClient(w.oracle.(*loadtest.CentralReach), w.theirs("client", "1")); got != "[12] map[52:blue]" {
		t.Errorf("they hold labels and metadata %s", got)
	}
}

// TestTwoDemographicsForOneField: either fills the field, and neither is dropped
// where they differ.
func TestTwoDemographicsForOneField(t *testing.T) {
	w := newWorld(t, func(t *testing.T, c *clock) account {
		return centralReachOf(t, c, false, centralreach.Write{Clients: true, Metadata: true}, map[string]string{"801": "51", "803": "51"})
	})
	given := func(id int, values string) {
		w.put("patients", patient(id, "Troy", `"custom_demographics":[`+values+`]`))
	}
	given(1, `{"field_type":801,"value":"blue"}`)
	given(2, `{"field_type":803,"value":"red"}`)
	given(3, `{"field_type":801,"value":"red"},{"field_type":803,"value":"red"}`)
	given(4, `{"field_type":801,"value":"blue"},{"field_type":803,"value":"red"}`)
	given(5, `{"field_type":801,"value":""},{"field_type":803,"value":null}`)
	w.must(w.night())
	for id, want := range map[string]string{"1": "updated", "2": "updated", "3": "updated", "4": "invalid conflict", "5": "excluded nothing"} {
		w.expect("first night", "metadata_51", id, want)
	}
	for id, want := range map[string]string{"1": "[] map[51:blue]", "2": "[] map[51:red]", "3": "[] map[51:red]", "4": "[] map[]"} {
		if got := onClient(reach(w), w.theirs("client", id)); got != want {
			t.Errorf("client %s: they hold %s, want %s", id, got, want)
		}
	}
}

// TestAContactThatIsNotShown: what hangs on a contact that the API user is not
// connected to, or may not read, is that one record's trouble.
func TestAContactThatIsNotShown(t *testing.T) {
	gone := loadtest.Status(404, `{"responseStatus":{"errorCode":"NotFound","message":"Requested record not found."}}`)
	none := loadtest.Status(403, `{"responseStatus":{"errorCode":"Forbidden","message":"Insufficient permissions."}}`)
	for _, tt := range []struct {
		fault                   loadtest.Fault
		payor, labels, metadata string
		told                    string
	}{
		{gone, "rejected", "rejected", "rejected", "no contact with the id"},
		{none, "held candidates", "held candidates", "held candidates", ""},
	} {
		w := newWorld(t, everythingAt)
		w.put("patients", patient(1, "Troy"), patient(2, "Troy"))
		w.must(w.night())
		strange := w.theirs("client", "2")
		tt.fault.Match = func(r *http.Request) bool {
			return strings.Contains(r.URL.Path, "/"+strange+"/")
		}
		w.Inject(tt.fault.Repeat(-1))
		hung := []string{flagTypes, `"patient_flags_attached":[{"flag_type":81}]`, `"custom_demographics":[{"field_type":801,"value":"blue"}]`, insurance("primary", "P1")}
		w.put("patients", patient(1, "Troy", hung...), patient(2, "Troy", hung...))
		for range 2 {
			w.clock.Move(24 * time.Hour)
			w.must(w.night())
			w.expect("not shown", "primary_payor", "2", tt.payor)
			w.expect("not shown", "labels", "2", tt.labels)
			w.expect("not shown", "metadata_51", "2", tt.metadata)
		}
		for _, object := range []string{"labels", "metadata_51"} {
			if got := w.message(object, "2"); !strings.Contains(got, tt.told) {
				t.Errorf("%s: the message is %q, want it to say %q", object, got, tt.told)
			}
		}
		for _, object := range []string{"primary_payor", "labels", "metadata_51"} {
			w.expect("the other", object, "1", "unchanged")
		}
	}
}

// everythingAt is an account that takes payors too.
func everythingAt(t *testing.T, c *clock) account {
	a := centralReachWith(false, centralreach.Write{Clients: true, Payors: true, Labels: true, Metadata: true})(t, c)
	a.ids["label"] = map[string]string{"VIP": "12"}
	a.ids["metadata"] = map[string]string{"801": "51", "802": "52"}
	return a
}

// TestMetadataOfSomebodyElse: a value that is there already waits for a person.
func TestMetadataOfSomebodyElse(t *testing.T) {
	w := newWorld(t, attachedAt)
	vendor := w.oracle.(*loadtest.CentralReach)
	w.put("patients", patient(1, "Troy"))
	w.must(w.night())
	client := w.theirs("client", "1")
	vendor.SetMetadata(client, 51, "red")
	vendor.SetLabels(client, 15)
	w.put("patients", attached("Troy", "blue"))
	w.must(w.night(func(s *load.Stage) { s.Brake = load.Brake{Changed: 100, Rejected: 100} }))
	w.expect("theirs", "metadata_51", "1", "held overwrite")
	w.expect("theirs and ours", "labels", "1", "updated")
	if got := onClient(vendor, client); got != "[12 15] map[51:red]" {
		t.Errorf("they hold labels and metadata %s", got)
	}
}
