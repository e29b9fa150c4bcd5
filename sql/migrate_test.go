package sql

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"github.com/jmoiron/sqlx"
)

// written are rows as the programs of earlier schemas wrote them, by the
// schema that brought their tables. The payloads were sealed with a key of
// zeros by the first of these programs.
var written = map[int]string{
	1: `INSERT INTO run (id, trigger, started_at, finished_at, exit_code, version, rules) VALUES ('20260301T073000000Z-aa01', 'schedule', '2026-03-01T07:30:00.000Z', '2026-03-01T07:40:00.000Z', 4, '0.1', '');
INSERT INTO setting (name, value) VALUES ('seq', '7'), ('key_id', 'key 126fce6e'), ('approvers', '1');
INSERT INTO stream (endpoint, lane, watermark, state, run) VALUES ('patients', 'nightly', '2026-01-01T00:00:00', 'drained', '20260301T073000000Z-aa01');
INSERT INTO record (endpoint, source_id, seq, hash, parts, verbose, first_run, changed_run, payload) VALUES ('patients', '90001', 7, x'01', 1, 1,
  '20260301T073000000Z-aa01', '20260301T073000000Z-aa01', X'02126fce6ed0dab84f75f68e728ab06c5f4e2bb0d2a55a230b479b83a729725cb4a974dfe9fa6bc54bb03d1af0096289e2546d55abdc0edf278538a84e6ee64d2decdf42504f7d8cfcc75f492c0b4d1e109d77472a7d2a7e216ae144fbd0b8b02bfbef44f85df93138d94258b67cb16cd5d0961a870eca237d');
INSERT INTO target (id, destination, object, source_endpoint, source_id, payload, hash, outcome, run) VALUES
  (1, 'central_registry', 'discharge', 'patients', '90001', X'02126fce6e3a8ba6ff675c4feaeb9163c0e51f0339292b8097d1da8c4506c94626ce5a95b6d847a898f79b8389c6550ed06c84dab4991b00f0c5d5fc319e434104dab1c6', x'02', 'held', '20260301T073000000Z-aa01'),
  (2, 'rethink', 'client', 'patients', '90001', NULL, x'03', 'uncertain', '20260301T073000000Z-aa01');
INSERT INTO target (id, destination, object, source_endpoint, source_id, parent_id, slot, outcome, run) VALUES
  (3, 'rethink', 'funder', 'patients', '90001/primary', '90001', 'clientFunders', 'blocked', '20260301T073000000Z-aa01');
INSERT INTO problem (target, n, field, code, message, lookup, key) VALUES (3, 1, 'funderId', 'lookup', 'a sentence', 'funder', 'EX1');
INSERT INTO crosswalk (destination, object, source_id, target_id, how, run) VALUES ('rethink', 'staff', '410001', '5001', 'created', '20260301T073000000Z-aa01');
INSERT INTO delivery (target, destination, object, source_id, op, state, hash, payload, run, process, intent_at, deadline) VALUES
  (2, 'rethink', 'client', '90001', 'create', 'uncertain', x'03', X'02126fce6e38eccd992eb3936d8f55f8c8b17ee8328457c1a62b72018e39efe4dae80bb9477028aa2bb80b564230472dd25f4ea7673f4f0b4e4fe57ec7de73ba434f',
   '20260301T073000000Z-aa01', 'host/1/aa', '2026-03-01T07:35:00.000Z', '2026-03-01T07:36:00.000Z');
INSERT INTO approval (destination, object, source_id, hash, by, at, expires_at) VALUES ('central_registry', 'discharge', '90001', x'02', 'A. Person', '2026-03-01T08:00:00.000Z', '2026-03-04T08:00:00.000Z');
INSERT INTO lookup (destination, lookup, key, id, by, at) VALUES ('rethink', 'funder', 'EX2', '77', 'A. Person', '2026-03-01T08:00:00.000Z');
INSERT INTO result (run, target, outcome, cause, attempts, http_status, target_id, field, code, message) VALUES ('20260301T073000000Z-aa01', 1, 'held', 'approval', 0, 0, '', '', '', '');
INSERT INTO tally (run, destination, object, outcome, n) VALUES ('20260301T073000000Z-aa01', 'rethink', 'client', 'uncertain', 1);
INSERT INTO token (generation, state, access, refresh, seed, obtained_at, expires_at, scope) VALUES (3, 'active', x'00', x'00', x'00', '2026-03-01T07:30:00.000Z', '2026-03-03T07:30:00.000Z', '');
INSERT INTO call (at_ms, run, spender, endpoint, purpose, status) VALUES (1772350200000, '20260301T073000000Z-aa01', 'nightly', 'patients', 'page 1', 200);`,
	2:  `INSERT INTO seen (endpoint, source_id) VALUES ('patients', '90001'), ('patients backfill/bb01/1', '90001');`,
	3:  `INSERT INTO occurrence (schedule, due_at, local, state) VALUES ('nightly', '2026-03-01T07:30:00.000Z', '2026-03-01 02:30', 'ran');`,
	4:  `INSERT INTO decision (target, destination, object, source_id, verb, by, at) VALUES (1, 'central_registry', 'discharge', '90001', 'APPROVE', 'A. Person', '2026-03-01T08:00:00.000Z');`,
	5:  `INSERT INTO backfill (id, first_day, last_day, endpoints, newest, load, by, begun_at) VALUES ('20260301T090000000Z-bb01', '2025-01-01', '2025-12-31', 'appointments', 1, 0, 'A. Person', '2026-03-01T09:00:00.000Z');`,
	17: `INSERT INTO settled (destination, object, month) VALUES ('centralreach', 'event', '2026-01');`,
	28: `INSERT INTO asked (destination, object, month, person) VALUES ('centralreach', 'event', '2026-01', '7');`,
	30: `INSERT INTO left_part (destination, object, source_id) VALUES ('rethink', 'funder', '90001/secondary');`,
}

// writtenBefore: the decision log had another shape before schema 4.
const writtenBefore = `INSERT INTO decision (target, verb, by, at) VALUES (1, 'APPROVE', 'A. Person', '2026-03-01T08:00:00.000Z');`

// A database of every earlier schema gets what came later, and keeps its rows,
// its open deliveries and what the database refuses.
func TestMigratesFromEverySchema(t *testing.T) {
	entries, err := schemaFiles.ReadDir("schema")
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= len(entries); n++ {
		t.Run(entries[n-1].Name(), func(t *testing.T) {
			dir := t.TempDir()
			writeSchema(t, dir, n)
			looksMigrated(t, openAt(t, dir, "a"), version(entries[n-1]), version(entries[len(entries)-1]))
		})
	}
}

// writeSchema makes a database as the program of the first n schema files left it.
func writeSchema(t *testing.T, dir string, n int) {
	t.Helper()
	db := openPool(filepath.Join(dir, FileName), "immediate", nil, 1)
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	entries, err := schemaFiles.ReadDir("schema")
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i <= n; i++ {
		text, err := schemaFiles.ReadFile("schema/" + entries[i-1].Name())
		if err != nil {
			t.Fatal(err)
		}
		mustExec(t, db, string(text))
		mustExec(t, db, written[version(entries[i-1])])
		if i == 1 && n < 4 {
			mustExec(t, db, writtenBefore)
		}
	}
	mustExec(t, db, fmt.Sprintf("PRAGMA user_version = %d", version(entries[n-1])))
}

func mustExec(t *testing.T, db *sqlx.DB, text string) {
	t.Helper()
	if _, err := db.Exec(text); err != nil {
		t.Fatal(err)
	}
}

func looksMigrated(t *testing.T, s *Store, from, newest int) {
	t.Helper()
	for query, want := range map[string]string{
		"PRAGMA user_version":                                   fmt.Sprint(newest),
		"SELECT count(*) FROM run":                              "1",
		"SELECT exit_code FROM run":                             "4",
		"SELECT part FROM run":                                  "0",
		"SELECT part_names FROM record":                         "primary",
		"SELECT parts FROM record":                              "1",
		"SELECT run FROM origin":                                "20260301T073000000Z-aa01",
		"SELECT count(*) FROM target":                           "3",
		"SELECT key FROM problem":                               "EX1",
		"SELECT target_id FROM crosswalk":                       "5001",
		"SELECT state FROM delivery":                            "uncertain",
		"SELECT by FROM approval":                               "A. Person",
		"SELECT id FROM lookup":                                 "77",
		"SELECT n FROM tally":                                   "1",
		"SELECT generation FROM token":                          "3",
		"SELECT destination || object || source_id FROM result": "central_registrydischarge90001",
		"SELECT verb || destination || source_id FROM decision": "APPROVEcentral_registry90001",
		"SELECT count(*) FROM occurrence":                       fmt.Sprint(min(1, from/3)),
		"SELECT count(*) FROM backfill":                         fmt.Sprint(min(1, from/5)),
		"SELECT count(*) FROM settled":                          "0", // schema 28 has each month read once more
		"SELECT count(*) FROM shown":                            fmt.Sprint(2 * min(1, from/2)),
		"SELECT count(*) FROM asked":                            fmt.Sprint(min(1, from/28)),
		"SELECT count(*) FROM left_part":                        fmt.Sprint(min(1, from/30)),
		"SELECT unseal(payload, 'record', endpoint, source_id) ->> 'id' FROM record":                                      "90001",
		"SELECT unseal(payload, 'target', destination, object, source_id) ->> 'dischargeReason' FROM target WHERE id = 1": "3",
		"SELECT unseal(payload, 'delivery', destination, object, source_id) ->> 'firstName' FROM delivery":                "Ada",
	} {
		var got string
		if err := s.db.Get(&got, query); err != nil || got != want {
			t.Errorf("%s: %q (%v), want %q", query, got, err, want)
		}
	}
	if err := s.Check(context.Background()); err != nil {
		t.Error(err)
	}
	var broken []string
	if err := s.db.Select(&broken, "SELECT \"table\" FROM pragma_foreign_key_check"); err != nil || len(broken) > 0 {
		t.Errorf("rows of %v point nowhere (%v)", broken, err)
	}
	const again = `INSERT INTO delivery (target, destination, object, source_id, op, state, hash, payload, run, process, intent_at, deadline)
SELECT target, destination, object, source_id, op, 'intent', hash, payload, run, process, intent_at, deadline FROM delivery`
	if _, err := s.db.Exec(again); err == nil {
		t.Error("the migrated database takes a second live create")
	}
	const unapproved = `INSERT INTO delivery (target, destination, object, source_id, op, state, hash, payload, run, process, intent_at, deadline)
VALUES (1, 'central_registry', 'discharge', '90001', 'discharge', 'intent', x'09', x'00', 'r', 'p', '2026-03-02T08:00:00.000Z', '2026-03-02T08:01:00.000Z')`
	if _, err := s.db.Exec(unapproved); err == nil {
		t.Error("the migrated database takes a discharge that nobody approved")
	}
}

// Several processes may open a database at once that is new, or older than they.
func TestOpenedByManyAtOnce(t *testing.T) {
	for _, n := range []int{0, 1, 20} {
		t.Run(fmt.Sprint("from schema ", n), func(t *testing.T) {
			dir := t.TempDir()
			if n > 0 {
				writeSchema(t, dir, n)
			}
			seal, err := NewSealer(make([]byte, 32))
			if err != nil {
				t.Fatal(err)
			}
			var all sync.WaitGroup
			for range 6 {
				all.Go(func() {
					s, err := Open(context.Background(), dir, seal, "a")
					if err != nil {
						t.Error(err)
						return
					}
					if err := s.Close(); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
		})
	}
}
