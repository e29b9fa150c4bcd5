package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/chartbridge/chartbridge/cmd/chartbridge/config"
	"github.com/chartbridge/chartbridge/reports"
	"github.com/chartbridge/chartbridge/sql"
)

// What decide prints, its exit code, and undo.

// told is a verdict as it is printed: a look only applies nothing.
func (f decideFlags) told(verdict string) string {
	switch {
	case f.apply:
	case verdict == sql.Applicable:
		return "would be applied"
	case verdict == sql.NeedsSecond:
		return "would need a second person"
	}
	return verdict
}

func (d decided) print(s *shared, f decideFlags) error {
	if s.output == "json" {
		return printJSON(s.stdout, d)
	}
	var rows [][]string
	for _, r := range d.Rows {
		rows = append(rows, []string{fmt.Sprintf("%s, row %d", r.Sheet, r.Row), strings.TrimSpace(r.Destination + " " + r.Object), decidedOn(r.SourceID, r.Lookup, r.Key),
			strings.TrimSpace(r.Decision + " " + r.MapTo), f.told(r.Word), r.Reason})
	}
	if len(rows) > 0 {
		if err := printTable(s.stdout, []string{"where", "object", "record", "decision", "verdict", "why"}, rows); err != nil {
			return err
		}
	}
	var parts []string
	for _, word := range sql.VerdictWords {
		if n := d.Totals[word]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, f.told(word)))
		}
	}
	fmt.Fprintf(s.stdout, "%s read: %s\n", howMany(d.Read, "row"), pick(len(d.Rows) > 0, strings.Join(parts, ", "), "none with a decision"))
	if d.Alone > 0 {
		fmt.Fprintf(s.stdout, "Comments without a decision, which change nothing: %d\n", d.Alone)
	}
	switch {
	case !f.apply && len(d.Rows) == 0:
		fmt.Fprintln(s.stdout, "This was a look only: nothing was changed.")
	case !f.apply:
		fmt.Fprintln(s.stdout, "This was a look only: nothing was changed. To take the good ones: --apply")
	case d.Import == 0:
		fmt.Fprintf(s.stdout, "Nothing was taken.\nreceipt    %s\n", d.Receipt)
	default:
		fmt.Fprintf(s.stdout, "Taken as import %d; the next run acts on it. To take it back: chartbridge decide --undo %d%s\nreceipt    %s\n",
			d.Import, d.Import, s.configFlag(), d.Receipt)
	}
	return nil
}

// decidedOn names what a decision speaks of: a record, or a whole value of a
// lookup.
func decidedOn(id, lookup, key string) string {
	if id == "" && lookup != "" {
		return lookup + "=" + key
	}
	return orDash(id)
}

// fault is what the exit code says: rows that were not taken need a person;
// with --strict they keep everything from being taken.
func (d decided) fault(f decideFlags) error {
	bad := 0
	for _, r := range d.Rows {
		if !r.Good() && r.Word != sql.NotTaken {
			bad++
		}
	}
	switch {
	case bad == 0:
		return nil
	case f.strict:
		return usageError{fmt.Errorf("%d of %d decisions cannot be applied, and --strict wants all or none; nothing was applied", bad, len(d.Rows))}
	}
	return errAttention
}

// undoImports takes an import back, all that stand of a workbook, or the newest
// that stands.
func undoImports(ctx context.Context, s *shared, p *practice, of, by string) error {
	imports, err := p.undoable(ctx, of)
	if err != nil {
		return err
	}
	var list []sql.Undone
	var names []string
	var stopped error
	for _, id := range imports {
		some, err := p.store.Undo(ctx, id, by, p.clock.Now())
		if err != nil {
			if stopped = refusedIsUsage(err); len(names) == 0 {
				return stopped
			}
			break // those before it are taken back, and told
		}
		list, names = append(list, some...), append(names, fmt.Sprint(id))
	}
	left := 0
	for _, u := range list {
		if !u.Undone {
			left++
		}
	}
	if s.output == "json" {
		err = printJSON(s.stdout, list)
	} else {
		var rows [][]string
		for _, u := range list {
			rows = append(rows, []string{strings.TrimSpace(u.Destination + " " + u.Object), decidedOn(u.SourceID, u.Lookup, u.Key), u.Verb, u.Reason})
		}
		if err = printTable(s.stdout, []string{"object", "record", "decision", "what"}, rows); err == nil {
			_, err = fmt.Fprintf(s.stdout, "%d of %d decisions of import %s taken back.\n", len(list)-left, len(list), strings.Join(names, ", "))
		}
	}
	if err = errors.Join(stopped, err); err == nil && left > 0 {
		err = errAttention
	}
	return err
}

// undoable names the imports to take back, the newest first: one by its number,
// those of a workbook's very file, or the last.
func (p *practice) undoable(ctx context.Context, of string) ([]int64, error) {
	if id, err := strconv.ParseInt(of, 10, 64); err == nil {
		return []int64{id}, nil
	}
	file := ""
	if of != "" {
		raw, err := os.ReadFile(of)
		if err != nil {
			return nil, usageError{fmt.Errorf("read the workbook: %w", err)}
		}
		sum := sha256.Sum256(raw)
		file = hex.EncodeToString(sum[:])
	}
	list, err := p.store.StandingImports(ctx, file)
	switch {
	case err != nil:
		return nil, err
	case len(list) == 0 && of != "":
		return nil, usageError{fmt.Errorf("%s: nothing that was applied from this very file stands; `chartbridge decide --imports` lists what was applied, and --undo takes its number", of)}
	case len(list) == 0:
		return nil, usageError{errors.New("nothing that was applied stands; `chartbridge decide --imports` lists what was")}
	case of == "":
		return list[:1], nil
	}
	return list, nil
}

func listImports(ctx context.Context, s *shared, p *practice) error {
	list, err := p.store.Imports(ctx, 50)
	if err != nil {
		return err
	}
	if s.output == "json" {
		return printJSON(s.stdout, list)
	}
	var rows [][]string
	for _, i := range list {
		rows = append(rows, []string{fmt.Sprint(i.ID), i.At, i.By, i.Run, fmt.Sprint(i.Rows), fmt.Sprint(i.Applied), orDash(i.UndoneAt), i.File[:min(16, len(i.File))]})
	}
	return printTable(s.stdout, []string{"import", "at", "by", "workbook of run", "rows", "applied", "undone", "sha256"}, rows)
}

// overlay lays the lookup rows that decisions wrote above the lookups file.
func (p *practice) overlay(ctx context.Context) error {
	rows, err := p.store.Lookups(ctx)
	if err != nil {
		return err
	}
	if p.lookups == nil {
		p.lookups = config.Lookups{}
	}
	for _, r := range rows {
		p.lookups.Set(r.Destination, r.Lookup, r.Key, r.ID)
	}
	return nil
}

// keyed gives the reports the key that signs their rows.
func (p *practice) keyed(ctx context.Context, o reports.Options) (reports.Options, error) {
	key, err := p.store.WorkbookKey(ctx)
	o.Key = key
	return o, err
}
