package sql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/jmoiron/sqlx"
)

// A Trace is one source record's life: what was staged, what it became at each
// destination, and who decided what. It holds no payload. Evidence and
// comments that a person wrote are free text, which may name a patient.
// Hashes are hex, instants UTC text.
type Trace struct {
	Record   TraceRecord    `json:"record"`
	Versions []TraceVersion `json:"versions"` // oldest first; the last one is the current
	Targets  []TraceTarget  `json:"targets"`
	Audit    []AuditLine    `json:"audit"`
}

// A TraceRecord is a staged record without its payload.
type TraceRecord struct {
	Endpoint   string `json:"endpoint"`
	SourceID   string `db:"source_id" json:"source_id"`
	Hash       string `json:"hash"`
	UpdatedAt  string `db:"updated_at" json:"updated_at"` // the vendor's stamp, as sent
	Patient    string `json:"patient"`                    // id
	Doctor     string `json:"doctor"`                     // id
	Parts      int    `json:"parts"`
	Gone       bool   `json:"gone"`
	Deleted    string `json:"deleted"` // what says that it is deleted: a member of it, a full read, or a log's endpoint
	Fault      string `json:"fault"`
	FirstRun   string `db:"first_run" json:"first_run"`
	ChangedRun string `db:"changed_run" json:"changed_run"`
}

// A TraceVersion is one content that the record had.
type TraceVersion struct {
	Seq        int64  `json:"seq"`
	Hash       string `json:"hash"`
	UpdatedAt  string `db:"updated_at" json:"updated_at"`
	Run        string `json:"run"`
	RunStarted string `db:"run_started" json:"run_started"` // "" where the run was pruned
	Calls      int    `json:"calls"`                        // that the run made to the endpoint
}

// A TraceTarget is what the record, or a part of it, became at a destination.
type TraceTarget struct {
	ID          int64           `json:"-"`
	Destination string          `json:"destination"`
	Object      string          `json:"object"`
	SourceID    string          `db:"source_id" json:"source_id"`
	Parent      string          `db:"parent_id" json:"parent"`
	Slot        string          `json:"slot"`
	Outcome     etl.Outcome     `json:"outcome"`
	Cause       string          `json:"cause"`
	Field       string          `json:"field"`
	Code        string          `json:"code"`
	Message     string          `json:"message"`
	HTTPStatus  int             `db:"http_status" json:"http_status"`
	Attempts    int             `json:"attempts"`
	Run         string          `json:"run"`
	RunKept     bool            `db:"run_kept" json:"run_kept"` // `runs list` knows it; it does not know a plan
	AfterRuns   bool            `db:"after_runs" json:"-"`      // it began after every run that is kept
	Hash        string          `json:"hash"`
	AckedHash   string          `db:"acked_hash" json:"acked_hash"`
	RefusedHash string          `db:"refused_hash" json:"refused_hash"`
	TargetID    string          `db:"target_id" json:"target_id"` // theirs
	How         string          `json:"how"`                      // it was come by
	LinkedRun   string          `db:"linked_run" json:"linked_run"`
	SkippedBy   string          `db:"skipped_by" json:"skipped_by,omitempty"` // who decided SKIP, which the next run acts on
	Problems    []TraceProblem  `json:"problems"`
	Deliveries  []TraceDelivery `json:"deliveries"`
	Results     []TraceResult   `json:"results"`
	Decisions   []TraceDecision `json:"decisions"`
	Approvals   []TraceApproval `json:"approvals"`
}

// A TraceProblem is one reason why the record did not go, in our own words.
type TraceProblem struct {
	Target  int64  `json:"-"`
	Field   string `json:"field"`
	Code    string `json:"code"`
	Message string `json:"message"`
	Lookup  string `json:"lookup"`
	Key     string `json:"key"`
}

// A TraceDelivery is one attempt to bring it there.
type TraceDelivery struct {
	ID         int64  `json:"id"`
	Target     int64  `json:"-"`
	Op         etl.Op `json:"op"`
	State      string `json:"state"`
	Hash       string `json:"hash"`
	Run        string `json:"run"`
	Process    string `json:"process"`
	IntentAt   string `db:"intent_at" json:"intent_at"`
	Deadline   string `json:"deadline"`
	AnsweredAt string `db:"answered_at" json:"answered_at"`
	Phase      string `json:"phase"`
	HTTPStatus int    `db:"http_status" json:"http_status"`
	Code       string `json:"code"`
	TargetID   string `db:"target_id" json:"target_id"`
	SettledBy  string `db:"settled_by" json:"settled_by"`
	Evidence   string `json:"evidence"`
}

// A TraceResult is how a run counted it.
type TraceResult struct {
	Target     int64       `json:"-"`
	Run        string      `json:"run"`
	Outcome    etl.Outcome `json:"outcome"`
	Cause      string      `json:"cause"`
	Code       string      `json:"code"`
	Field      string      `json:"field"`
	Message    string      `json:"message"`
	Attempts   int         `json:"attempts"`
	HTTPStatus int         `db:"http_status" json:"http_status"`
}

// A TraceDecision is an analyst's verdict.
type TraceDecision struct {
	Target   int64  `json:"-"`
	Verb     string `json:"verb"`
	Value    string `json:"value"`
	Comment  string `json:"comment"`
	By       string `json:"by"`
	At       string `json:"at"`
	File     string `json:"file"`
	UndoneAt string `db:"undone_at" json:"undone_at"`
}

// A TraceApproval is a person's word for one payload.
type TraceApproval struct {
	Target    int64  `json:"-"`
	Hash      string `json:"hash"`
	By        string `json:"by"`
	At        string `json:"at"`
	ExpiresAt string `db:"expires_at" json:"expires_at"`
}

// ErrNotStaged says that there is no such record.
var ErrNotStaged = errors.New("no such record is staged")

// Trace reads a record's life as it is at one moment. An id with a part
// (90001/primary) is traced as its record. The error wraps ErrNotStaged if it
// was never staged.
func (s *Store) Trace(ctx context.Context, endpoint, id string) (t Trace, err error) {
	tx, err := s.read.BeginTxx(ctx, nil)
	if err != nil {
		return t, fmt.Errorf("begin: %w", err)
	}
	defer func() { err = errors.Join(err, wrap(tx.Rollback(), "end a trace")) }()
	id, _, _ = strings.Cut(id, "/")
	err = tx.GetContext(ctx, &t.Record, query("trace-record"), endpoint, id)
	if errors.Is(err, sql.ErrNoRows) {
		return t, fmt.Errorf("%s %q: %w", endpoint, id, ErrNotStaged)
	}
	if err != nil {
		return t, fmt.Errorf("trace %s %s: %w", endpoint, id, err)
	}
	if err := tx.SelectContext(ctx, &t.Versions, query("trace-versions"), endpoint, id); err != nil {
		return t, fmt.Errorf("trace the versions of %s %s: %w", endpoint, id, err)
	}
	if err := tx.SelectContext(ctx, &t.Targets, query("trace-targets"), endpoint, id); err != nil {
		return t, fmt.Errorf("trace what became of %s %s: %w", endpoint, id, err)
	}
	if err := tx.SelectContext(ctx, &t.Audit, query("trace-audit"), endpoint, id, jsonList(t.rows())); err != nil {
		return t, fmt.Errorf("trace the audit lines of %s %s: %w", endpoint, id, err)
	}
	return t, t.readTargets(ctx, tx)
}

func (t *Trace) rows() []int64 {
	rows := make([]int64, len(t.Targets))
	for i, target := range t.Targets {
		rows[i] = target.ID
	}
	return rows
}

// readTargets reads what hangs on the targets and gives each its own.
func (t *Trace) readTargets(ctx context.Context, tx *sqlx.Tx) error {
	var (
		problems   []TraceProblem
		deliveries []TraceDelivery
		results    []TraceResult
		decisions  []TraceDecision
		approvals  []TraceApproval
	)
	rows := jsonList(t.rows())
	for name, into := range map[string]any{"problems-of": &problems, "trace-deliveries": &deliveries, "trace-results": &results,
		"trace-decisions": &decisions, "trace-approvals": &approvals} {
		if err := tx.SelectContext(ctx, into, query(name), rows); err != nil {
			return fmt.Errorf("trace (%s): %w", name, err)
		}
	}
	for i := range t.Targets {
		target := &t.Targets[i]
		target.Problems = only(problems, func(p TraceProblem) bool { return p.Target == target.ID })
		target.Deliveries = only(deliveries, func(d TraceDelivery) bool { return d.Target == target.ID })
		target.Results = only(results, func(r TraceResult) bool { return r.Target == target.ID })
		target.Decisions = only(decisions, func(d TraceDecision) bool { return d.Target == target.ID })
		target.Approvals = only(approvals, func(a TraceApproval) bool { return a.Target == target.ID })
	}
	return nil
}

func only[T any](list []T, wanted func(T) bool) []T {
	kept := []T{}
	for _, item := range list {
		if wanted(item) {
			kept = append(kept, item)
		}
	}
	return kept
}

// A TraceBody is what a record maps to at a destination.
type TraceBody struct {
	Destination, Object, SourceID string
	Body                          []byte // JSON
}

// TraceBodies opens what a trace left out: the staged record, and what it maps
// to at each destination. It is for eyes that may see patients.
func (s *Store) TraceBodies(ctx context.Context, t Trace) (raw []byte, bodies []TraceBody, err error) {
	staged, err := s.ByID(ctx, t.Record.Endpoint, []string{t.Record.SourceID})
	if err != nil {
		return nil, nil, err
	}
	for _, src := range staged {
		raw = src.Raw
	}
	var rows []struct {
		ID                  int64
		Destination, Object string
		SourceID            string `db:"source_id"`
		Payload             []byte
	}
	if err := s.read.SelectContext(ctx, &rows, query("trace-bodies"), jsonList(t.rows())); err != nil {
		return nil, nil, fmt.Errorf("read what %s %s maps to: %w", t.Record.Endpoint, t.Record.SourceID, err)
	}
	for _, r := range rows {
		body, err := s.seal.Open(r.Payload, "target", r.Destination, r.Object, r.SourceID)
		if err != nil {
			return nil, nil, err
		}
		bodies = append(bodies, TraceBody{r.Destination, r.Object, r.SourceID, body})
	}
	return raw, bodies, nil
}

// An AuditLine is a line of the audit log; Hash also covers the line before.
type AuditLine struct {
	Seq     int64  `json:"seq"`
	At      string `json:"at"`
	Actor   string `json:"actor"`
	Action  string `json:"action"`
	Subject string `json:"subject"`
	Detail  string `json:"detail"`
	Hash    string `json:"hash"`
}

// AuditNewest lists the newest lines of the audit log, newest first.
func (s *Store) AuditNewest(ctx context.Context, limit int) (list []AuditLine, err error) {
	err = s.read.SelectContext(ctx, &list, query("audit-newest"), limit)
	return list, wrap(err, "list the audit log")
}

// A Lacking key is one that a lookup has no id for.
type Lacking struct {
	Destination string `json:"destination"`
	Lookup      string `json:"lookup"`
	Key         string `json:"key"`
	Records     int    `json:"records"` // that it keeps back
}

// LackingLookups lists the keys that judged records needed and did not find.
func (s *Store) LackingLookups(ctx context.Context) (list []Lacking, err error) {
	err = s.read.SelectContext(ctx, &list, query("lacking-lookups"))
	return list, wrap(err, "list what the lookups lack")
}
