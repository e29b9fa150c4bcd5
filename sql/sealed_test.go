package sql

import (
	"slices"
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract/drchrono"
	"github.com/chartbridge/chartbridge/load"
)

// digests are the BLOB columns that hold a hash, by name.
var digests = []string{"hash", "acked_hash", "refused_hash", "twin_hash", "source_hash", "carrier_hash", "seed", "prev"}

// A column that can hold anybody's value is sealed, and named in the list that
// a change of key goes by.
func TestEveryBlobIsSealedOrAHash(t *testing.T) {
	s := openAt(t, t.TempDir(), "a")
	var blobs []struct{ Table, Column string }
	err := s.db.Select(&blobs, `SELECT m.name AS "table", c.name AS "column" FROM sqlite_schema m, pragma_table_info(m.name) c WHERE m.type = 'table' AND c.type = 'BLOB'`)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, b := range blobs {
		listed := slices.ContainsFunc(SealedColumns, func(c SealedColumn) bool { return c.Table == b.Table && c.Column == b.Column })
		if listed {
			found++
		}
		if listed == slices.Contains(digests, b.Column) {
			t.Errorf("%s.%s: in SealedColumns %v; it must be there, or be a hash", b.Table, b.Column, listed)
		}
	}
	if found != len(SealedColumns) {
		t.Errorf("the schema has %d of the %d sealed columns", found, len(SealedColumns))
	}
}

// fillSealed writes a row into every sealed column.
func fillSealed(t *testing.T, s *Store) {
	t.Helper()
	ctx, run := t.Context(), etl.Run{ID: "r1", At: noon}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	rows := []etl.Row{{ID: "1", Hash: []byte("h"), Raw: []byte(`{"id":1,"first_name":"Wren"}`)}, {ID: "2", Hash: []byte("h2"), Raw: []byte(`{"id":2}`)}}
	_, err := s.StagePage(ctx, run, etl.Cursor{Endpoint: "patients", Lane: "nightly", State: etl.StreamOpen}, rows, false)
	must(err)
	var long []etl.Row // enough for a dictionary
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		long = append(long, etl.Row{ID: id, Hash: []byte(id), Raw: []byte(`{"id":"` + id + `","note":"` + strings.Repeat("Wren ", dictionarySize/20) + `"}`)})
	}
	_, err = s.StagePage(ctx, run, etl.Cursor{Endpoint: "offices", Lane: "nightly", State: etl.StreamOpen}, long, false)
	must(err)
	must(s.PutTargets(ctx, run, []etl.Target{{Destination: "there", Object: "client", Source: etl.Ref{Endpoint: "patients", ID: "1"},
		Payload: []byte(`{"a":"Wren"}`), Hash: []byte("h1"), Outcome: etl.Failed, Cause: etl.CauseNotSent}}, nil))
	d := etl.Delivery{TargetRow: 1, Destination: "there", Object: "client", SourceID: "1", Op: etl.Create, Hash: []byte("h1"), Body: []byte(`{"a":"Wren"}`)}
	ids, err := s.Commit(ctx, run, nil, nil, []load.Intent{{Delivery: d, At: noon, Deadline: noon}})
	must(err)
	d.ID = ids[0]
	_, err = s.Commit(ctx, run, []load.Done{{Delivery: d, Answer: load.Answer{Kind: load.Acknowledged, TargetID: "77"}, At: noon}}, nil, nil)
	must(err)
	must(s.PutTargets(ctx, run, []etl.Target{{Destination: "there", Object: "client", Source: etl.Ref{Endpoint: "patients", ID: "2"},
		Payload: []byte(`{}`), Hash: []byte("h2"), Outcome: etl.Failed, Cause: etl.CauseNotSent}}, nil))
	refused := etl.Delivery{TargetRow: 2, Destination: "there", Object: "client", SourceID: "2", Op: etl.Create, Hash: []byte("h2"), Body: []byte(`{}`)}
	ids, err = s.Commit(ctx, run, nil, nil, []load.Intent{{Delivery: refused, At: noon, Deadline: noon}})
	must(err)
	refused.ID = ids[0]
	_, err = s.Commit(ctx, run, []load.Done{{Delivery: refused, Answer: load.Answer{Kind: load.Rejected, Words: "Wren is required."}, At: noon}}, nil, nil)
	must(err)
	must(s.SetCompared(ctx, run, "there", "client", load.Found{Extra: []load.Extra{{TargetID: "9", Client: "8"}},
		Differs: []load.Differs{{TargetRow: 2, SourceID: "2", Fields: []load.Difference{{Field: "a", Ours: "Wren", Theirs: "WREN"}}}}}))
	must(s.TakeCallback(ctx, "there", "client", "tx-9", []byte(`{"a":"Wren"}`), noon))
	for generation := range int64(2) {
		must((&Tokens{Store: s, Clock: &clock{now: noon}}).Save(ctx, drchrono.Token{Generation: generation, Access: "wren-access", Refresh: "wren-refresh"}))
	}
}

// What is written opens at the place that the list names.
func TestSealedColumnsOpen(t *testing.T) {
	s := openAt(t, t.TempDir(), "a")
	fillSealed(t, s)
	for _, c := range SealedColumns {
		var got []string
		if err := s.db.Select(&got, "SELECT "+c.opened()+" FROM "+c.Table+" WHERE length("+c.Column+") > 1"); err != nil {
			t.Errorf("%s.%s: %v", c.Table, c.Column, err)
		}
		if len(got) == 0 {
			t.Errorf("%s.%s: no row to open", c.Table, c.Column)
		}
	}
}
