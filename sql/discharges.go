package sql

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/jmoiron/sqlx"
)

// The journal of discharges lies beside the database: a line, on the disk
// before the request leaves, for each discharge that is sent, and one for what
// became of it. A discharge is final, so a database that was restored from
// before it must not send it again: what the journal knows and the database
// does not is taken over as uncertain, and a person settles it.

const dischargesFile = "discharges.jsonl"

// A dischargeLine is one line of the journal. It holds ids and a hash, no
// patient's value.
type dischargeLine struct {
	At          string `json:"at"` // of the intent
	Destination string `json:"destination"`
	Object      string `json:"object"`
	SourceID    string `json:"source_id"`
	Hash        string `json:"payload_hash"`
	State       string `json:"state"` // as in delivery
}

// spent reports whether the registry may hold it.
func (l dischargeLine) spent() bool {
	return l.State == "intent" || l.State == "uncertain" || l.State == "acknowledged"
}

func (s *Store) dischargesPath() string { return filepath.Join(s.journal, dischargesFile) }

// journalDischarges appends lines and brings them to the disk.
func (s *Store) journalDischarges(lines []dischargeLine) error {
	if s.journal == "" || len(lines) == 0 {
		return nil
	}
	var text strings.Builder
	for _, l := range lines {
		one, err := json.Marshal(l)
		if err != nil {
			return fmt.Errorf("write the journal of discharges: %w", err)
		}
		text.Write(append(one, '\n'))
	}
	return wrap(s.appendDischarges(text.String()), "write the journal of discharges")
}

// appendDischarges begins a new line where a power cut tore the last one.
func (s *Store) appendDischarges(text string) error {
	had, err := os.ReadFile(s.dischargesPath())
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if len(had) > 0 && had[len(had)-1] != '\n' {
		text = "\n" + text
	}
	missing := err != nil
	if err := writeSynced(s.dischargesPath(), os.O_WRONLY|os.O_CREATE|os.O_APPEND, text); err != nil || !missing {
		return err
	}
	return syncFolder(s.journal)
}

// sentDischarges are the journal's lines for the discharges among some intents.
func sentDischarges(intents []load.Intent) (lines []dischargeLine) {
	for _, in := range intents {
		if in.Op == etl.Discharge {
			lines = append(lines, dischargeLine{stamp(in.At), in.Destination, in.Object, in.SourceID, hex.EncodeToString(in.Hash), "intent"})
		}
	}
	return lines
}

// endedDischarges are the lines for those that have their answer.
func endedDischarges(done []load.Done) (lines []dischargeLine) {
	for _, d := range done {
		if state := deliveryState[d.Answer.Kind]; d.Op == etl.Discharge && state != "uncertain" {
			lines = append(lines, dischargeLine{stamp(d.At), d.Destination, d.Object, d.SourceID, hex.EncodeToString(d.Hash), state})
		}
	}
	return lines
}

// readDischarges gives the last line of each discharge. A line that cannot be
// read was torn by a power cut, before its request left; but only the last
// thing that was written can be torn.
func (s *Store) readDischarges() (map[[3]string]dischargeLine, error) {
	text, err := os.ReadFile(s.dischargesPath())
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	last := map[[3]string]dischargeLine{}
	began := map[[3]string]string{}
	for n, line := range bytes.Split(text, []byte("\n")) {
		var l dischargeLine
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if err := json.Unmarshal(line, &l); err != nil || l.SourceID == "" || l.State == "" {
			if bytes.HasSuffix(line, []byte("}")) {
				return nil, fmt.Errorf("%s, line %d is no line of it; put the file back as it was", s.dischargesPath(), n+1)
			}
			continue
		}
		key := [3]string{l.Destination, l.Object, l.SourceID}
		if l.State == "intent" {
			began[key] = l.At
		}
		if began[key] != "" {
			l.At = began[key]
		}
		last[key] = l
	}
	return last, nil
}

// seedDischarges begins the journal with what the database knows.
func (s *Store) seedDischarges(ctx context.Context) error {
	if _, err := os.Lstat(s.dischargesPath()); err == nil || !errors.Is(err, os.ErrNotExist) {
		return err
	}
	var rows []struct {
		At, Destination, Object, State string
		SourceID                       string `db:"source_id"`
		Hash                           []byte
	}
	if err := s.db.SelectContext(ctx, &rows, query("discharges")); err != nil {
		return fmt.Errorf("list the discharges: %w", err)
	}
	lines := make([]dischargeLine, len(rows))
	for i, r := range rows {
		lines[i] = dischargeLine{r.At, r.Destination, r.Object, r.SourceID, hex.EncodeToString(r.Hash), r.State}
	}
	return s.journalDischarges(lines)
}

// takeOverDischarges makes what the journal knows and the database does not
// uncertain.
func (s *Store) takeOverDischarges(ctx context.Context, tx *sqlx.Tx, run etl.Run, destination string) error {
	if s.journal == "" {
		return nil
	}
	known, err := s.readDischarges()
	if err != nil {
		return fmt.Errorf("read the journal of discharges: %w", err)
	}
	for _, l := range known {
		if l.Destination != destination || !l.spent() {
			continue
		}
		hash, err := hex.DecodeString(l.Hash)
		if err != nil {
			return fmt.Errorf("read the journal of discharges: the hash of %s is none", l.SourceID)
		}
		payload := s.seal.Seal([]byte("{}"), "delivery", l.Destination, l.Object, l.SourceID)
		_, err = tx.ExecContext(ctx, query("take-over-discharge"), l.Destination, l.Object, l.SourceID, hash, payload, run.ID, s.holder, l.At,
			"the journal of discharges tells of it: "+l.State)
		if err != nil {
			return fmt.Errorf("take over discharge %s from the journal: %w", l.SourceID, err)
		}
	}
	return nil
}
