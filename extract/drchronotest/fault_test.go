package drchronotest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestFaultsActOnceAndWhereTheyMatch(t *testing.T) {
	x := serve(t, Options{})
	x.s.Inject(Status(On("patients"), 2, 503, `{"detail":"away"}`))
	x.get("/api/doctors", 200)
	x.get("/api/patients", 503)
	x.get("/api/patients/90000011", 503)
	x.get("/api/patients", 200)
}

func TestFaultsThatSpoil(t *testing.T) {
	x := serve(t, Options{})
	body := func(f Fault) (string, error) {
		x.s.Inject(f)
		_, b, err := x.do("GET", "/api/doctors")
		return string(b), err
	}
	if b, err := body(BrokenJSON(nil, 0)); err != nil || json.Valid([]byte(b)) {
		t.Errorf("BrokenJSON: valid JSON, %v", err)
	}
	if b, err := body(HTML200(nil, 0)); err != nil || !strings.HasPrefix(b, "<html>") {
		t.Errorf("HTML200: no HTML, %v", err)
	}
	if b, err := body(NoResults(nil, 0)); err != nil || b != `{"detail":"maintenance"}` {
		t.Errorf("NoResults: %s, %v", b, err)
	}
	if b, err := body(Truncated(nil, 0)); err == nil || len(b) == 0 {
		t.Errorf("Truncated: %d bytes, %v, want some bytes and an error", len(b), err)
	}
	if b, err := body(GzipBomb(nil, 0, 1<<22)); err != nil || len(b) < 1<<22 {
		t.Errorf("GzipBomb: %d bytes, %v", len(b), err)
	}
	if b, err := body(ForeignNext(nil, 0, "elsewhere.test")); err != nil || !strings.Contains(b, `"next":"http://elsewhere.test/api/doctors`) {
		t.Errorf("ForeignNext: next does not point elsewhere, %v", err)
	}
	x.get("/api/doctors", 200)
}

func TestRepeatedPage(t *testing.T) {
	x := serve(t, Options{})
	x.s.Inject(RepeatedPage(On("patients"), 2))
	one := x.get("/api/patients?page_size=5", 200)
	two := x.get(*one.Next, 200)
	three := x.get(*two.Next, 200)
	if !slices.Equal(ids(one.Results), ids(two.Results)) || slices.Equal(ids(two.Results), ids(three.Results)) {
		t.Error("the second page should repeat the first, the third not")
	}
}

func TestCutConnections(t *testing.T) {
	x := serve(t, Options{})
	x.s.Inject(Reset(On("doctors"), -1))
	if _, _, err := x.do("GET", "/api/doctors"); err == nil {
		t.Error("Reset: want an error")
	}
	x.s.ClearFaults()
	x.get("/api/doctors", 200)
	if i := slices.IndexFunc(x.s.Calls(), func(c Call) bool { return c.Status == 0 }); i < 0 {
		t.Error("the journal has no call without a status")
	}
}

// The server has refreshed, and the client never hears of it: its tokens are
// both dead.
func TestLostReplyToARefresh(t *testing.T) {
	x := serve(t, Options{})
	x.s.Inject(LostReply(OnToken, 1))
	form := url.Values{"grant_type": {"refresh_token"}, "client_id": {"app"}, "client_secret": {"secret"}, "refresh_token": {x.refresh}}
	if resp, err := http.PostForm(x.url+"/o/token/", form); err == nil {
		t.Errorf("status %d, want an error", resp.StatusCode)
	}
	if got := x.s.Refreshes(); got != 2 {
		t.Errorf("Refreshes = %d, want 2", got)
	}
	x.get("/api/doctors", 401)
	if status, _ := x.trade("refresh_token", x.refresh, nil); status != 401 {
		t.Errorf("the old refresh token: %d, want 401", status)
	}
}
