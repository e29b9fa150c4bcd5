package reports

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"strings"
	"time"

	"github.com/chartbridge/chartbridge/etl"
)

// A signed row of the workbook carries a token "run.state.signature": the run
// that wrote it, how the record stood (its outcome, its payload, its source),
// and a signature over both and what the row says of the record. Sorting,
// filtering, adding columns and renaming sheets do no harm; a changed id or
// outcome shows, and so does a record that moved on.

// State is how a record stood when a workbook was written, or stands now: 12
// hexadecimal digits.
func State(o etl.Outcome, cause, lookup, key string, payload, source []byte) string {
	h := sha256.New()
	for _, part := range []string{string(o), cause, lookup, key, hex.EncodeToString(payload), hex.EncodeToString(source)} {
		h.Write([]byte(part + "\x1f"))
	}
	return hex.EncodeToString(h.Sum(nil)[:6])
}

// token signs a row: destination, object and source id as the row shows them,
// its outcome, and what else it acts on (shownOn); of a rule, its lookup and key
// in place of the last two.
func token(key []byte, run, state string, shown ...string) string {
	return run + "." + state + "." + signature(key, append([]string{"row", run, state}, shown...)...)
}

// signature is 80 bits of an HMAC-SHA256, in base32.
func signature(key []byte, parts ...string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(strings.Join(parts, "\x1f")))
	return base32.StdEncoding.EncodeToString(mac.Sum(nil)[:10])
}

// practiceTag names a practice's database in its workbooks, without saying
// which it is.
func practiceTag(key []byte) string { return signature(key, "workbook of") }

// openToken takes a token apart; ok is false where it is none of ours, or the
// row does not say what was signed.
func openToken(key []byte, text string, shown ...string) (run, state string, ok bool) {
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return "", "", false
	}
	want := signature(key, append([]string{"row", parts[0], parts[1]}, shown...)...)
	return parts[0], parts[1], hmac.Equal([]byte(want), []byte(parts[2]))
}

// runTime is the start that a run's id tells; zero where it tells none.
func runTime(run string) time.Time {
	const layout = "20060102T150405"
	t, err := time.Parse(layout, firstOf(run, len(layout)))
	if err != nil {
		return time.Time{}
	}
	digits, _, _ := strings.Cut(run[len(layout):], "Z") // a fraction of the second may follow
	if fraction, err := time.ParseDuration("0." + digits + "s"); err == nil {
		t = t.Add(fraction)
	}
	return t
}
