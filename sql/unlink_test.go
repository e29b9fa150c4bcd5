package sql

import (
	"testing"

	"github.com/chartbridge/chartbridge/etl"
)

// TestCorrectedLinkForgetsWhatIsNotToldNow: the id of an authorization whose record
// does not say now whose it is, of a part that is not in the source, and what they
// held of that. What bears another record's name stays.
func TestCorrectedLinkForgetsWhatIsNotToldNow(t *testing.T) {
	l := openLedger(t, "client")
	_, err := l.StagePage(t.Context(), l.run, etl.Cursor{Endpoint: "patient_authorizations", Lane: "nightly", State: etl.StreamOpen},
		[]etl.Row{{ID: "5", Patient: "1", Hash: []byte("a"), Raw: []byte(`{}`)}, {ID: "6", Patient: "2", Hash: []byte("a"), Raw: []byte(`{}`)}}, false)
	l.must(err)
	var put []etl.Target
	for _, id := range []string{"5", "6"} {
		put = append(put, etl.Target{Destination: "there", Object: "authorization", Slot: "authorizations",
			Source: etl.Ref{Endpoint: "patient_authorizations", ID: id}, Outcome: etl.Invalid})
	}
	l.must(l.PutTargets(t.Context(), l.run, put, nil))
	l.must(l.SetJudged(t.Context(), "there", "funder", 1, ""))
	l.exec(`INSERT INTO left_part VALUES ('there', 'funder', '1/primary', x'01', x'02'), ('there', 'funder', '10/primary', x'01', x'02')`)
	for _, id := range []string{"client 1", "authorization 5", "authorization 6", "funder 1/primary", "funder 1/secondary", "funder 10/primary"} {
		l.exec(`INSERT INTO crosswalk VALUES ('there', substr(?1, 1, instr(?1, ' ') - 1), substr(?1, instr(?1, ' ') + 1), '7' || ?1, 'created', 'r0')`, id)
	}
	faults, err := l.Import(t.Context(), []Link{{Destination: "there", Object: "client", SourceID: "1", TargetID: "77"}}, true, "ana", l.now)
	if err != nil || len(faults) > 0 {
		t.Fatalf("%v, %v", faults, err)
	}
	if got := l.text(`SELECT group_concat(object || ' ' || source_id) FROM (SELECT * FROM crosswalk ORDER BY object, source_id)`); got != "authorization 6,client 1,funder 10/primary" {
		t.Errorf("linked are %s", got)
	}
	if got := l.text(`SELECT group_concat(source_id || (acked_hash IS NOT NULL) || (carrier_hash IS NOT NULL)) FROM (SELECT * FROM left_part ORDER BY source_id)`); got != "1/primary00,1/secondary00,10/primary11" {
		t.Errorf("of what left they hold %s", got)
	}
	if got := l.text(`SELECT group_concat(source_id || coalesce(hex(acked_hash), '-') || '.') FROM (SELECT * FROM target WHERE object = 'authorization' AND acked_hash IS NOT NULL)`); got != "5." {
		t.Errorf("held when they map are %s, want that of record 5", got)
	}
}
