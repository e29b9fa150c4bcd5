package sql

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestBackupHoldsOneMoment(t *testing.T) {
	s, ctx := openReportStore(t), context.Background()
	const rows = `INSERT INTO record (endpoint, source_id, seq, hash, first_run, changed_run, payload)
		WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
		SELECT 'patients', i, i, x'00', 'r1', 'r1', randomblob(2000) FROM n`
	if _, err := s.db.Exec(rows); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "odd name?%20#.db")
	got, err := s.Backup(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	if got.Records != 3000 || got.Bytes < 3000*2000 {
		t.Errorf("got %+v, want 3000 records in more than 6 MB", got)
	}
	if _, err := s.Backup(ctx, path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a second backup there: %v, want fs.ErrExist", err)
	}
	if info, err := os.Stat(path); err != nil || info.Size() != got.Bytes {
		t.Errorf("the file changed: %v, %v", info, err)
	}
}

func TestBackupThatIsCutShortLeavesNothing(t *testing.T) {
	s := openReportStore(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	dir := t.TempDir()
	if _, err := s.Backup(ctx, filepath.Join(dir, "copy.db")); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("%d files are left", len(left))
	}
}

// Pages are copied in steps, between which others may write.
func TestBackupSeesNothingThatIsWrittenMeanwhile(t *testing.T) {
	s, ctx := openReportStore(t), context.Background()
	conn, err := s.read.Connx(ctx)
	if err != nil {
		t.Fatal(err)
	}
	tx, err := conn.BeginTxx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	var before Copied
	if err := tx.Get(&before, query("backup-counts")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.db.Exec(`INSERT INTO record (endpoint, source_id, seq, hash, first_run, changed_run, payload) VALUES ('patients', '1', 1, x'00', 'r1', 'r1', x'00')`); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "copy.db")
	if err := conn.Raw(func(c any) error { return copyRaw(ctx, c, path) }); err != nil {
		t.Fatal(err)
	}
	got, err := inspect(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	if got.Records != before.Records {
		t.Errorf("the copy holds %d records, the moment %d", got.Records, before.Records)
	}
	if err := errors.Join(tx.Rollback(), conn.Close()); err != nil {
		t.Fatal(err)
	}
}
