package sql

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/chartbridge/chartbridge/etl"
)

// Judged is how far a shape has judged, and by which rules.
func (s *Store) Judged(ctx context.Context, destination, object string) (seq int64, rules string, err error) {
	err = s.db.QueryRowxContext(ctx, query("judged"), destination, object).Scan(&seq, &rules)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, "", nil
	}
	return seq, rules, wrap(err, "read how far %s %s has judged", destination, object)
}

// SetJudged saves how far a shape has judged.
func (s *Store) SetJudged(ctx context.Context, destination, object string, seq int64, rules string) error {
	_, err := s.db.ExecContext(ctx, query("set-judged"), destination, object, seq, rules)
	return wrap(err, "save how far %s %s has judged", destination, object)
}

// MaxSeq is the newest change number.
func (s *Store) MaxSeq(ctx context.Context) (seq int64, err error) {
	err = s.db.GetContext(ctx, &seq, query("max-seq"))
	return seq, wrap(err, "read the newest change number")
}

// Drained reports whether an endpoint was ever read to its end.
func (s *Store) Drained(ctx context.Context, endpoint string) (yes bool, err error) {
	err = s.db.GetContext(ctx, &yes, query("drained"), endpoint)
	return yes, wrap(err, "ask whether %s was read", endpoint)
}

// AnyChanged reports whether anything of an endpoint changed since a change number.
func (s *Store) AnyChanged(ctx context.Context, endpoint string, since int64) (yes bool, err error) {
	err = s.db.GetContext(ctx, &yes, query("any-changed"), endpoint, since)
	return yes, wrap(err, "ask whether %s changed", endpoint)
}

// Changed adds the rows of an endpoint that changed since a change number.
func (s *Store) Changed(ctx context.Context, endpoint string, since int64, add func(row int64)) error {
	return s.rows(ctx, add, "changed", endpoint, since)
}

// ChangedByPatient adds an endpoint's rows whose patient has a changed row in another.
func (s *Store) ChangedByPatient(ctx context.Context, endpoint, other string, since int64, add func(row int64)) error {
	return s.rows(ctx, add, "changed-by-patient", endpoint, other, since)
}

// ChangedByDoctor adds an endpoint's rows whose doctor has a changed row in another.
func (s *Store) ChangedByDoctor(ctx context.Context, endpoint, other string, since int64, add func(row int64)) error {
	return s.rows(ctx, add, "changed-by-doctor", endpoint, other, since)
}

// Unsettled adds the rows to judge again although they did not change.
func (s *Store) Unsettled(ctx context.Context, destination, object, endpoint string, add func(row int64)) error {
	return s.rows(ctx, add, "unsettled", destination, object, endpoint)
}

// Uncarried adds the rows of carriers of which a part came, went or changed since
// they were judged.
func (s *Store) Uncarried(ctx context.Context, destination, object, endpoint string, add func(row int64)) error {
	return s.rows(ctx, add, "uncarried", destination, object, endpoint)
}

// SetCarried notes that all of those were judged.
func (s *Store) SetCarried(ctx context.Context, destination, object string) error {
	_, err := s.db.ExecContext(ctx, query("set-carried"), destination, object)
	return wrap(err, "note that every %s %s carries its parts", destination, object)
}

// ReleaseCarriers makes carriers due again that were taken without an array in
// which a part waits, once nothing keeps that array back.
func (s *Store) ReleaseCarriers(ctx context.Context, run etl.Run, destination, part, carrier, endpoint string) error {
	_, err := s.db.ExecContext(ctx, query("release-carriers"), run.ID, destination, part, carrier, endpoint)
	return wrap(err, "look for what can go with %s %s by now", destination, carrier)
}

func (s *Store) rows(ctx context.Context, add func(row int64), name string, args ...any) error {
	list, err := s.db.QueryContext(ctx, query(name), args...)
	if err != nil {
		return fmt.Errorf("list rows (%s): %w", name, err)
	}
	defer list.Close()
	for list.Next() {
		var row int64
		if err := list.Scan(&row); err != nil {
			return fmt.Errorf("list rows (%s): %w", name, err)
		}
		add(row)
	}
	return wrap(list.Err(), "list rows (%s)", name)
}

// Records reads the records of those rows.
func (s *Store) Records(ctx context.Context, rows []int64) ([]etl.Source, error) {
	return s.sources(ctx, "records-by-row", jsonList(rows))
}

type knownRow struct {
	ID       int64
	SourceID string `db:"source_id"`
	Outcome  etl.Outcome
	Cause    string
	Hash     []byte
	Parent   string `db:"parent_id"`
	Month    string
	Twin     []byte `db:"twin_hash"`
	Acked    []byte `db:"acked_hash"`
	Refused  []byte `db:"refused_hash"`
	Refusal  string
	Attempts int
	Sent     bool
	Skip     bool
}

// Known gives the targets of those records by source id, without payloads.
// With parts, it gives all that the records hold.
func (s *Store) Known(ctx context.Context, destination, object string, sources []etl.Source, parts bool) (map[string]etl.Target, error) {
	known := map[string]etl.Target{}
	if len(sources) == 0 {
		return known, nil
	}
	name, ids := "known", make([]string, len(sources))
	if parts {
		name = "known-parts"
	}
	for i, src := range sources {
		ids[i] = src.ID
	}
	var rows []knownRow
	if err := s.db.SelectContext(ctx, &rows, query(name), destination, object, sources[0].Endpoint, jsonList(ids)); err != nil {
		return nil, fmt.Errorf("read known targets: %w", err)
	}
	problems, err := s.problems(ctx, rows)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		why, err := parseRefusal(r.Refusal)
		if err != nil {
			return nil, err
		}
		known[r.SourceID] = etl.Target{ID: r.ID, Outcome: r.Outcome, Cause: r.Cause, Hash: r.Hash, Parent: r.Parent, Month: r.Month, Twin: r.Twin,
			AckedHash: r.Acked, Refused: r.Refused, Refusal: why, Attempts: r.Attempts, Sent: r.Sent, Skip: r.Skip, Problems: problems[r.ID]}
	}
	return known, nil
}

// parseRefusal reads why a payload was refused; "" is that none was.
func parseRefusal(text string) (why etl.Refusal, err error) {
	if text == "" {
		return why, nil
	}
	return why, wrap(json.Unmarshal([]byte(text), &why), "read why a payload was refused")
}

func (s *Store) problems(ctx context.Context, rows []knownRow) (map[int64][]etl.Problem, error) {
	ids := make([]int64, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	var list []struct {
		Target int64
		etl.Problem
	}
	if err := s.db.SelectContext(ctx, &list, query("problems-of"), jsonList(ids)); err != nil {
		return nil, fmt.Errorf("read problems: %w", err)
	}
	byTarget := map[int64][]etl.Problem{}
	for _, p := range list {
		byTarget[p.Target] = append(byTarget[p.Target], p.Problem)
	}
	return byTarget, nil
}

// Inside gives what travels inside those parents and maps, by slot and id.
func (s *Store) Inside(ctx context.Context, destination, object string, parents []string) (map[string][]etl.Target, error) {
	var rows []struct {
		ID       int64
		Object   string
		SourceID string `db:"source_id"`
		Parent   string `db:"parent_id"`
		Slot     string
		Payload  []byte
		Needs    string
	}
	if err := s.db.SelectContext(ctx, &rows, query("inside"), destination, object, jsonList(parents)); err != nil {
		return nil, fmt.Errorf("read what travels inside: %w", err)
	}
	inside := map[string][]etl.Target{}
	for _, r := range rows {
		payload, err := s.seal.Open(r.Payload, "target", destination, r.Object, r.SourceID)
		if err != nil {
			return nil, err
		}
		needs, err := parseNeeds(r.Needs)
		if err != nil {
			return nil, err
		}
		inside[r.Parent] = append(inside[r.Parent], etl.Target{ID: r.ID, Object: r.Object, Slot: r.Slot, Payload: payload, Needs: needs})
	}
	return inside, nil
}

// Twins gives those of the twins that an object's targets have.
func (s *Store) Twins(ctx context.Context, destination, object string, twins [][]byte) (taken [][]byte, err error) {
	list := make([]string, len(twins))
	for i, twin := range twins {
		list[i] = hex.EncodeToString(twin)
	}
	err = s.db.SelectContext(ctx, &taken, query("twins"), destination, object, jsonList(list))
	return taken, wrap(err, "look for visits of the same people and time")
}

// wrap adds what was being done to an error, if there is one.
func wrap(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf(format+": %w", append(args, err)...)
}

// RoutedOut counts the records of an object that the route keeps away; 0 where
// it lets any in.
func (s *Store) RoutedOut(ctx context.Context, destination, object string) (n int, err error) {
	err = s.db.GetContext(ctx, &n, query("routed-out"), destination, object)
	return n, wrap(err, "count what the route of %s keeps away", destination)
}
