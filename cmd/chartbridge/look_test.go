package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/load/loadtest"
	"github.com/chartbridge/chartbridge/sql"
)

// TestPresentIsLookedAt: an id that a person gives for an unanswered record is not
// believed where the destination shows another record there, or none; where it
// shows nothing, the person's word stands.
func TestPresentIsLookedAt(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.v.Rethink.Inject(loadtest.ResetAfter().On("POST", "/client").Repeat(2))
	s.mustRun(exitAttention, "run")
	stdout, _ := s.mustRun(exitDone, "uncertain", "list", "--output", "json")
	open := decodeJSON[[]sql.UncertainDelivery](t, stdout)
	if len(open) != 2 || open[0].Object != "client" || open[1].Object != "client" {
		t.Fatalf("uncertain are %v, want two clients", open)
	}
	own, other := "", ""
	for _, c := range s.v.Rethink.Objects("client") {
		if id := c["clientId"].(json.Number).String(); fmt.Sprint(c["clientExternalId"]) == open[0].SourceID {
			own = id
		} else {
			other = id
		}
	}
	resolve := func(exit int, present string, more ...string) string {
		args := []string{"uncertain", "resolve", fmt.Sprint(open[0].ID), "--present", present, "--evidence", "seen", "--as", "Ada Roma"}
		_, stderr := s.mustRun(exit, append(args, more...)...)
		return stderr
	}
	if text := resolve(exitUsage, other); !strings.Contains(text, "another one of ours") {
		t.Errorf("of another record's id it says %s", text)
	}
	if text := resolve(exitUsage, "999999"); !strings.Contains(text, "shows no record") {
		t.Errorf("of an id of nothing it says %s", text)
	}
	second := fmt.Sprint(open[1].ID)
	s.mustRun(exitUsage, "uncertain", "resolve", second, "--present", "999999", "--evidence", "seen", "--as", "Ada Roma")
	s.mustRun(exitDone, "uncertain", "resolve", second, "--present", "999999", "--evidence", "seen", "--as", "Ada Roma", "--no-look")
	s.v.Rethink.Inject(loadtest.Status(403, `{}`).On("GET", "/client").Repeat(-1))
	if text := resolve(exitDone, own); !strings.Contains(text, "could not be asked") {
		t.Errorf("where it cannot be seen it says %s", text)
	}
	if links, _ := s.mustRun(exitDone, "crosswalk", "export", "--object", "client"); !strings.Contains(links, ","+open[0].SourceID+","+own+"\n") {
		t.Errorf("the crosswalk is\n%s", links)
	}
}
