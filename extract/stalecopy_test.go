package extract_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/extract/drchronotest"
)

// A record that one drain shows twice is kept as its newest stamp says, whatever
// page bears it: a page may come from a server that lags behind.
func TestAStaleCopyOnALaterPage(t *testing.T) {
	const older, newer = `{"id":1,"city":"Oldtown","updated_at":"2026-02-01T10:00:00"}`, `{"id":1,"city":"Newtown","updated_at":"2026-02-02T10:00:00"}`
	for _, tt := range []struct{ name, first, second string }{{"newer first", newer, older}, {"older first", older, newer}} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, newPractice())
			pages := func() {
				on := drchronotest.On("patients")
				w.vendor.Inject(answer(on, 1, fmt.Sprintf(`{"next":"%s/api/patients?cursor=b","results":[%s]}`, w.web.URL, tt.first)))
				w.vendor.Inject(answer(on, 1, fmt.Sprintf(`{"next":null,"results":[%s,{"id":2}]}`, tt.second)))
			}
			for range 2 {
				pages()
				w.good("patients")
				if got := string(w.staged("patients")["1"].Raw); !strings.Contains(got, "Newtown") {
					t.Errorf("staged %s, want the newer copy", got)
				}
			}
			if c := w.cursor("patients"); c.Watermark != "" {
				t.Errorf("watermark %q, want it to stay: others may have been passed over", c.Watermark)
			}
		})
	}
}
