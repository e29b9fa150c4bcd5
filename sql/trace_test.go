package sql

import (
	"context"
	"errors"
	"testing"
)

func TestTraceQueriesPrepare(t *testing.T) {
	s := openReportStore(t)
	for _, name := range []string{"trace-record", "trace-versions", "trace-targets", "trace-deliveries", "trace-results", "trace-decisions",
		"trace-approvals", "trace-audit", "trace-bodies", "audit-newest", "lacking-lookups", "backup-counts"} {
		stmt, err := s.read.Prepare(query(name))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err := stmt.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTraceTakesARecordAndItsParts(t *testing.T) {
	s, ctx := openReportStore(t), context.Background()
	for _, q := range []string{
		`INSERT INTO record (endpoint, source_id, seq, hash, first_run, changed_run, payload) VALUES ('patients', '9', 2, x'02', 'r1', 'r2', x'00'),
			('patients', '90', 1, x'01', 'r1', 'r1', x'00')`,
		`INSERT INTO version (endpoint, source_id, seq, hash, updated_at, run) VALUES ('patients', '9', 1, x'01', '', 'r1')`,
		`INSERT INTO target (destination, object, source_endpoint, source_id, parent_id, outcome, run) VALUES
			('rethink', 'client', 'patients', '9', '', 'created', 'r1'), ('rethink', 'funder', 'patients', '9/primary', '9', 'created', 'r1'),
			('rethink', 'client', 'patients', '90', '', 'created', 'r1'), ('rethink', 'funder', 'patients', '90/primary', '90', 'created', 'r1')`,
		`INSERT INTO crosswalk (destination, object, source_id, target_id, how, run) VALUES ('rethink', 'funder', '9/primary', '77', 'created', 'r1')`,
		`INSERT INTO result (run, target, outcome, cause, attempts, http_status, target_id, field, code, message, hash) VALUES ('r1', 1, 'created', '', 1, 200, '', '', '', '', NULL), ('r1', 3, 'created', '', 1, 200, '', '', '', '', NULL)`,
		`INSERT INTO call (at_ms, run, spender, endpoint, purpose) VALUES (1, 'r1', 'nightly', 'patients', 'page')`,
	} {
		if _, err := s.db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	life, err := s.Trace(ctx, "patients", "9/primary")
	if err != nil {
		t.Fatal(err)
	}
	if got := len(life.Versions); got != 2 || life.Versions[0].Hash != "01" || life.Versions[0].Calls != 1 || life.Versions[1].Hash != "02" {
		t.Errorf("got versions %+v, want 01 with one call, then 02", life.Versions)
	}
	if got := len(life.Targets); got != 2 {
		t.Fatalf("got %d targets, want the client and its funder: %+v", got, life.Targets)
	}
	if client, funder := life.Targets[0], life.Targets[1]; len(client.Results) != 1 || len(funder.Results) != 0 || funder.TargetID != "77" {
		t.Errorf("got client %+v and funder %+v", client, funder)
	}
	if _, err := s.Trace(ctx, "patients", "8"); !errors.Is(err, ErrNotStaged) {
		t.Errorf("got %v, want ErrNotStaged", err)
	}
}
