package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/load/loadtest"
	"github.com/chartbridge/chartbridge/sql"
)

func decodeJSON[T any](t *testing.T, text string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("not JSON: %v\n%s", err, text)
	}
	return v
}

func (s *site) discharges() []sql.WaitingDischarge {
	s.t.Helper()
	stdout, _ := s.mustRun(exitDone, "discharges", "list", "--output", "json")
	return decodeJSON[[]sql.WaitingDischarge](s.t, stdout)
}

func (s *site) waiting() (held []sql.WaitingDischarge) {
	for _, d := range s.discharges() {
		if d.Cause == "approval" {
			held = append(held, d)
		}
	}
	return held
}

func TestADischargeGoesOnceAndOnlyApproved(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.set("  unique_site_id", "  approvers: 2\n  unique_site_id")
	s.mustRun(exitAttention, "run")
	if n := s.v.Registry.Calls()["create discharge"]; n != 0 {
		t.Fatalf("%d discharges were sent without approval", n)
	}
	waiting := s.waiting()
	if len(waiting) == 0 {
		t.Fatal("no discharge waits for approval")
	}
	d := waiting[0]
	if _, says := s.mustRun(exitUsage, "discharges", "approve", d.ID, "--hash", "00", "--as", "Ada Roma"); strings.HasSuffix(says, "refused\n") {
		t.Errorf("it says %q, and not what to do", says)
	}
	s.mustRun(exitUsage, "discharges", "approve", d.ID, "--as", "Ada Roma")
	s.mustRun(exitUsage, "discharges", "approve", d.ID, "--hash", d.Hash)
	out, _ := s.mustRun(exitDone, "discharges", "approve", d.ID, "--hash", d.Hash, "--as", "Ada Roma", "--output", "json")
	if got := decodeJSON[map[string]any](t, out); got["id"] != d.ID || got["approved_by"] != "Ada Roma" || got["approvers"] != 2.0 {
		t.Errorf("its receipt is %v", got)
	}
	if got := s.waiting()[0].Message; !strings.HasPrefix(got, "1 of 2 people have approved") {
		t.Errorf("the list says as JSON: %s", got)
	}
	first := strings.ToUpper(d.Hash[:12])
	again, _ := s.mustRun(exitDone, "discharges", "approve", d.ID, "--hash", first, "--as", "Ａda Roma") // the same person twice is one
	if !strings.Contains(again, "1 of 2 people, another one has to") {
		t.Errorf("approved by the same person again, it says %q", again)
	}
	for _, wrong := range []string{d.Hash[:11], d.Hash[:11] + "x", d.Hash + "0"} {
		s.mustRun(exitUsage, "discharges", "approve", d.ID, "--hash", wrong, "--as", "Bo Lin")
	}
	s.mustRun(exitAttention, "run")
	if n := len(s.v.Registry.Objects("discharge")); n != 0 {
		t.Fatalf("%d discharges went with one of two approvals", n)
	}
	s.mustRun(exitDone, "discharges", "approve", d.ID, "--hash", d.Hash, "--as", "Bo Lin")
	third, _ := s.mustRun(exitDone, "discharges", "approve", d.ID, "--hash", d.Hash, "--as", "Cy Dunn")
	if list := s.waiting()[0].Message; !strings.Contains(third, ": 3 people (2 are needed), the next run") || !strings.HasPrefix(list, "3 people (2 are needed) have approved") {
		t.Errorf("with one approval more than needed they say\n%s%s", third, list)
	}
	s.mustRun(exitAttention, "run")
	s.mustRun(exitAttention, "run")
	if n := len(s.v.Registry.Objects("discharge")); n != 1 {
		t.Errorf("the registry holds %d discharges, want the approved one", n)
	}
}

func TestALostAnswerOfADischargeIsNeverSentAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.mustRun(exitAttention, "run")
	d := s.waiting()[0]
	s.mustRun(exitDone, "discharges", "approve", d.ID, "--hash", d.Hash, "--as", "Ada Roma")
	s.set("drchrono:", "quiet_period: 1ms\ndrchrono:")
	s.v.Registry.Inject(loadtest.ResetAfter().On("POST", "/discharge"))
	for range 3 {
		s.mustRun(exitAttention, "run")
	}
	if n := len(s.v.Registry.Objects("discharge")); n != 1 {
		t.Fatalf("the registry holds %d discharges, want 1", n)
	}
	stdout, _ := s.mustRun(exitDone, "uncertain", "list", "--output", "json")
	open := decodeJSON[[]sql.UncertainDelivery](t, stdout)
	if len(open) != 1 {
		t.Fatalf("%d deliveries are uncertain, want 1", len(open))
	}
	if stdout, _ := s.mustRun(exitDone, "uncertain", "list"); !strings.Contains(stdout, "nobody: resolve it") {
		t.Errorf("the list does not say that nobody asks after a discharge:\n%s", stdout)
	}
	if stdout, _ := s.mustRun(exitDone, "discharges", "list"); !strings.Contains(stdout, "never sent again") {
		t.Errorf("the list does not say what to do:\n%s", stdout)
	}
	id := fmt.Sprint(open[0].ID)
	s.mustRun(exitUsage, "uncertain", "resolve", id, "--present", "recorded", "--as", "Ada Roma")
	s.mustRun(exitUsage, "uncertain", "resolve", id, "--present", "--absent", "--evidence", "portal", "--as", "Ada Roma")
	s.mustRun(exitUsage, "uncertain", "resolve", id, "--present", "recorded", "--absent", "--evidence", "portal", "--as", "Ada Roma")
	crid := fmt.Sprint(s.v.Registry.Objects("discharge")[0]["crid"])
	s.mustRun(exitDone, "uncertain", "resolve", id, "--present", crid, "--evidence", "seen in the portal", "--as", "Ada Roma")
	if links, _ := s.mustRun(exitDone, "crosswalk", "list", "--destination", "central_registry", "--output", "json"); strings.Contains(links, crid) || !strings.Contains(links, "recorded") {
		t.Errorf("a CRID that a person gives for an id is kept:\n%s", links)
	}
	for _, args := range [][]string{{}, {"--output", "json"}} {
		hidden, _ := s.mustRun(exitDone, append([]string{"audit", "list"}, args...)...)
		shown, _ := s.mustRun(exitDone, append([]string{"audit", "list", "--phi", "full"}, args...)...)
		if strings.Contains(hidden, "portal") || !strings.Contains(hidden, "resolve") || !strings.Contains(shown, "portal") {
			t.Errorf("the audit log shows\n%s\nand with phi\n%s", hidden, shown)
		}
	}
	s.mustRun(exitUsage, "audit", "list", "--phi", "masked")
	stdout, _ = s.mustRun(exitDone, "uncertain", "list")
	if !strings.Contains(stdout, "Every delivery has its answer") {
		t.Errorf("after the person's word:\n%s", stdout)
	}
	s.mustRun(exitAttention, "run")
	if n := len(s.v.Registry.Objects("discharge")); n != 1 {
		t.Errorf("the registry holds %d discharges, want 1", n)
	}
}

func TestTheBrakeHoldsAndPushReleases(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.set("drchrono:\n", "brake: {after: 5}\ndrchrono:\n")
	s.mustRun(exitAttention, "run")
	for _, p := range s.v.Practice.Rows("patients") {
		s.v.Practice.Patch("patients", p["id"].(json.Number).String(), map[string]any{"city": "Newtown"})
	}
	before := s.v.Rethink.Calls()["update client"]
	_, stderr := s.mustRun(exitFailed, "run")
	if n := s.v.Rethink.Calls()["update client"] - before; n != 0 {
		t.Fatalf("%d clients were updated in spite of the brake", n)
	}
	if !strings.Contains(stderr, "brake") {
		t.Errorf("the brake is not named:\n%s", stderr)
	}
	stdout, _ := s.mustRun(exitDone, "plan", "--output", "json")
	p := decodeJSON[plan](t, stdout)
	updates := 0
	for _, step := range p.Steps {
		if step.Destination == "rethink" && step.Object == "client" && step.Does == "update" {
			updates++
			if len(step.Changes) != 1 || step.Changes[0].Field != "city" {
				t.Errorf("changes are %v, want the city alone", step.Changes)
			}
		}
	}
	s.mustRun(exitUsage, "push", "--plan", "0011223344556677")
	s.mustRun(exitAttention, "push", "--plan", p.Hash)
	if n := s.v.Rethink.Calls()["update client"] - before; n != updates || n == 0 {
		t.Errorf("%d clients were updated, the plan said %d", n, updates)
	}
	s.mustRun(exitUsage, "push", "--plan", p.Hash)
}

func TestPlanShowsNoValueUnasked(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.mustRun(exitAttention, "run")
	s.v.Practice.Patch("patients", goodPatient(t, s.v.Practice), map[string]any{"city": "Canarytown"})
	s.mustRun(exitDone, "run", "--only", "extract")
	masked, _ := s.mustRun(exitDone, "plan")
	full, _ := s.mustRun(exitDone, "plan", "--phi", "full")
	if strings.Contains(masked, "Canarytown") || !strings.Contains(masked, "city") {
		t.Errorf("plan shows:\n%s", masked)
	}
	for _, want := range []string{"blocked", "waits for staff ", " 0 to discharge, ", "left alone: ", " unchanged, ", " invalid"} {
		if !strings.Contains(masked, want) {
			t.Errorf("plan lacks %q:\n%s", want, masked)
		}
	}
	asJSON, _ := s.mustRun(exitDone, "plan", "--output", "json")
	if p := decodeJSON[plan](t, asJSON); len(p.Left) == 0 || len(p.Steps) == 0 {
		t.Errorf("plan as JSON has %d steps, and left alone %v", len(p.Steps), p.Left)
	}
	if !strings.Contains(full, "Canarytown") || !strings.Contains(full, " -> ") {
		t.Errorf("plan --phi full shows:\n%s", full)
	}
}

func TestAVendorLoadsFirst(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.set("  initial_load: api\n", "  initial_load: vendor\n")
	id := goodPatient(t, s.v.Practice)
	s.mustRun(exitAttention, "run")
	if n := len(s.v.Rethink.Objects("client")); n != 0 {
		t.Fatalf("%d clients were created before the vendor's load", n)
	}
	theirs, err := s.v.Rethink.Seed("client", s.mapped("client", id))
	if err != nil {
		t.Fatal(err)
	}
	links := filepath.Join(s.dir, "links.csv")
	text := fmt.Sprintf("destination,object,source_id,target_id\nrethink,client,%s,%d\n", id, theirs)
	if err := os.WriteFile(links, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s.mustRun(exitDone, "crosswalk", "import", links, "--as", "Ada Roma")
	exported, _ := s.mustRun(exitDone, "crosswalk", "export", "--destination", "rethink")
	if exported != text {
		t.Errorf("export gives\n%s, want\n%s", exported, text)
	}
	s.mustRun(exitAttention, "run")
	if twice := s.v.Rethink.Duplicates(); len(twice) > 0 {
		t.Errorf("created twice: %v", twice)
	}
	if n := len(s.v.Rethink.Objects("client")); n < 2 {
		t.Errorf("Rethink holds %d clients: the import did not release the rest", n)
	}
	conflict := strings.Replace(text, fmt.Sprint(theirs), "999", 1)
	if err := os.WriteFile(links, []byte(conflict), 0o600); err != nil {
		t.Fatal(err)
	}
	_, stderr := s.mustRun(exitUsage, "crosswalk", "import", links, "--as", "Ada Roma")
	if !strings.Contains(stderr, "line 2") {
		t.Errorf("the conflict's line is not named:\n%s", stderr)
	}
}

// mapped is what a patient's client holds at the vendor: its own names.
func (s *site) mapped(object, id string) map[string]any {
	s.t.Helper()
	p, err := openPractice(s.t.Context(), &shared{config: s.config, logLevel: "error", logFormat: "text", stderr: os.Stderr})
	if err != nil {
		s.t.Fatal(err)
	}
	defer p.close()
	due, err := p.store.Due(s.t.Context(), "rethink", object, 0, 100000, p.clock.Now())
	if err != nil {
		s.t.Fatal(err)
	}
	for _, d := range due {
		if d.SourceID == id {
			return decodeJSON[map[string]any](s.t, string(d.Body))
		}
	}
	s.t.Fatalf("%s %s is not due", object, id)
	return nil
}

func TestRejectsAreRetriedOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.v.Rethink.Inject(loadtest.Status(422, `{"ErrorMessage":"lastName length exceeded"}`).On("POST", "/client"))
	s.mustRun(exitAttention, "run")
	rejected := func() (list []sql.Refused) {
		stdout, _ := s.mustRun(exitDone, "rejects", "list", "--output", "json")
		for _, r := range decodeJSON[[]sql.Refused](t, stdout) {
			if r.Outcome == "rejected" {
				list = append(list, r)
			}
		}
		return list
	}
	first := rejected()
	if len(first) != 1 || first[0].Field != "lastName" || first[0].Code != "too_long" {
		t.Fatalf("rejected: %+v, want one for lastName, too_long", first)
	}
	s.mustRun(exitAttention, "run")
	if again := rejected(); len(again) != 1 || again[0].Refusals != 1 || again[0].FirstAt == "" || again[0].LastAt != again[0].FirstAt {
		t.Fatalf("an unchanged reject did not stay one, refused once: %+v", again)
	}
	if text, _ := s.mustRun(exitDone, "rejects", "list"); !strings.Contains(text, "too_long") || strings.Contains(text, "length exceeded") {
		t.Errorf("the causes, without the vendor's words:\n%s", text)
	}
	if text, _ := s.mustRun(exitDone, "rejects", "list", "--phi", "full"); !strings.Contains(text, "lastName length exceeded") {
		t.Errorf("the vendor's words are missing:\n%s", text)
	}
	s.mustRun(exitUsage, "rejects", "retry", first[0].SourceID, "77", "--as", "Ada Roma")
	if again := rejected(); len(again) != 1 {
		t.Errorf("a retry of one that is not there changed the others: %+v", again)
	}
	s.mustRun(exitDone, "rejects", "retry", first[0].SourceID, "--as", "Ada Roma")
	s.mustRun(exitAttention, "run")
	if left := rejected(); len(left) != 0 {
		t.Errorf("after the retry: %+v", left)
	}
}

// TestAfterAPlanDischargesWait: what the plan holds stands as held.
func TestAfterAPlanDischargesWait(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.mustRun(exitDone, "run", "--only", "extract")
	s.mustRun(exitDone, "plan")
	if stdout, _ := s.mustRun(exitDone, "discharges", "list", "--output", "json"); !strings.Contains(stdout, `"held"`) || strings.Contains(stdout, `"failed"`) {
		t.Errorf("after a plan:\n%s", stdout)
	}
}
