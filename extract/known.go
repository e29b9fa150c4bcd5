package extract

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract/drchrono"
)

// Recall tells the client which pages it need not read, since the store knows
// them: the same bytes, read by the same rules, of which nothing moved on.
func Recall(s Store) func(ctx context.Context, endpoint, asked string, rows []byte) (string, *etl.Page) {
	return func(ctx context.Context, endpoint, asked string, rows []byte) (string, *etl.Page) {
		e, ok := Find(endpoint)
		if !ok || len(rows) < leastKnown {
			return "", nil
		}
		digest := e.rowsDigest(asked, rows)
		known, ok, err := s.KnownPage(ctx, e.Name, digest)
		if !ok || err != nil {
			return digest, nil // what cannot be recalled is read
		}
		return digest, &known
	}
}

// ErrMoved says that a page was known when it came, and that another process
// marked one of its records before it was staged.
var ErrMoved = errors.New("a record of a known page moved on")

// leastKnown is how many bytes a page has that is worth remembering.
const leastKnown = 1 << 10

// readRules is the number of the rules by which ReadRow reads; it moves where a
// row that is staged already would be staged otherwise.
const readRules = "1"

// rowsDigest names rows by their bytes and by all that decides how they are
// read and hashed.
func (e Endpoint) rowsDigest(asked string, rows []byte) string {
	sum := sha256.New()
	rules := slices.Concat([]string{readRules, e.variant(asked), e.IDField()}, e.Volatile)
	sum.Write([]byte(strings.Join(rules, "\x00") + "\x00\x00"))
	sum.Write(rows)
	return hex.EncodeToString(sum.Sum(nil)[:hashSize])
}

// readPage gives a page's rows, or what is remembered of them.
func readPage(e Endpoint, page drchrono.Page) ([]etl.Row, etl.Page) {
	if page.Known != nil {
		return nil, *page.Known
	}
	rows := readRows(e, page)
	return rows, etl.Page{Rows: len(rows), Newest: NewestStamp(rows), IDs: digest(rows)}
}

// worthKnowing is the digest of a page that nothing is odd about. A backfill
// reads its pages once.
func worthKnowing(e Endpoint, page drchrono.Page, rows []etl.Row) string {
	odd := func(r etl.Row) bool { return r.Fault != "" }
	if page.Known != nil || e.window != nil || len(rows) < len(page.Rows) || slices.ContainsFunc(rows, odd) {
		return ""
	}
	return page.Digest
}
