package reports

import (
	"context"
	"fmt"
	"strings"
	"testing"

	store "github.com/chartbridge/chartbridge/sql"
)

// An opening is a snapshot that counts how often each record is opened.
type opening struct {
	*store.Snapshot
	n map[string]int
}

func (o opening) OpenRecord(endpoint, id string, sealed []byte) ([]byte, error) {
	o.n[endpoint+" "+id]++
	return o.Snapshot.OpenRecord(endpoint, id, sealed)
}

// opened writes a run's files and tells how often each record was opened.
func (f *fixture) opened(level Level) (n map[string]int, err error) {
	f.t.Helper()
	snap, err := f.store.Snapshot(context.Background())
	if err != nil {
		f.t.Fatal(err)
	}
	defer func() {
		if err := snap.Close(); err != nil {
			f.t.Error(err)
		}
	}()
	n = map[string]int{}
	_, err = Write(context.Background(), opening{snap, n}, f.options(f.t.TempDir(), level))
	return n, err
}

// A visit stands on several sheets, and its patient beside many visits.
func TestARecordIsOpenedOnce(t *testing.T) {
	f := newFixture(t, 30)
	n, err := f.opened(LevelMasked)
	if err != nil {
		t.Fatal(err)
	}
	if len(n) < 60 {
		t.Errorf("%d records were opened, want those of all patients and visits", len(n))
	}
	for record, n := range n {
		if n != 1 {
			t.Errorf("%s was opened %d times", record, n)
		}
	}
	if n, err := f.opened(LevelNone); err != nil || len(n) > 0 {
		t.Errorf("with none %d records were opened: %v", len(n), err)
	}
}

func TestRecordsAtHandAreBounded(t *testing.T) {
	b := newBook(&report{snap: madeUp{}}, nil, "")
	for i := range documentsMax + 10 {
		d, err := b.document("patients", fmt.Sprint(i), fmt.Appendf(nil, `{"last_name":"Roma %d"}`, i))
		if err != nil || string(d.LastName) != fmt.Sprint("Roma ", i) {
			t.Fatalf("record %d is read as %q: %v", i, d.LastName, err)
		}
	}
	if len(b.documents) > documentsMax {
		t.Errorf("%d records are kept", len(b.documents))
	}
}

// A record that was changed behind our back is no blank one.
func TestARecordThatDoesNotOpenKeepsTheFilesFromBeingWritten(t *testing.T) {
	f := newFixture(t, 30)
	f.exec(`UPDATE record SET payload = (SELECT payload FROM record WHERE endpoint = 'doctors' LIMIT 1) WHERE endpoint = 'patients' AND source_id = '90021'`)
	if _, err := f.opened(LevelMasked); err == nil || !strings.Contains(err.Error(), "belongs to another row") {
		t.Errorf("got %v", err)
	}
}
