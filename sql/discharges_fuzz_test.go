package sql

import (
	"os"
	"testing"
)

// FuzzDischarges puts any bytes before the readers of the journal: they never
// panic, and what was written before a torn line is still known.
func FuzzDischarges(f *testing.F) {
	whole := `{"at":"2026-01-01T00:00:00Z","destination":"d","object":"discharge","source_id":"1","payload_hash":"00","state":"intent"}` + "\n"
	f.Add([]byte(whole))
	f.Add([]byte(whole[:40]))
	f.Add([]byte("{}\n\x00\xff\n[1]"))
	s := &Store{journal: f.TempDir()}
	f.Fuzz(func(t *testing.T, rest []byte) {
		if err := os.WriteFile(s.dischargesPath(), append([]byte(whole), rest...), 0o600); err != nil {
			t.Fatal(err)
		}
		known, err := s.readDischarges()
		if err == nil && known[[3]string{"d", "discharge", "1"}].State == "" {
			t.Errorf("the discharge before %q is forgotten", rest)
		}
	})
}
