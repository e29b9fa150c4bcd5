package drchrono

import (
	"math"
	"math/rand/v2"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	throttleMargin  = 5 * time.Second // added to what a 429 says
	throttleLongest = 2 * time.Hour
	throttleUnsaid  = time.Minute // when a 429 says nothing

	retries      = 4
	backoffFirst = time.Second
	backoffMost  = 30 * time.Second
)

var availableIn = regexp.MustCompile(`available in ([\d.]+)`)

// throttle is how long a 429 asks to wait: its Retry-After, else its body
// ("Expected available in 2710.0 seconds.", vendors/drchrono-facts §9), plus
// a margin. Each 429 in a row (before: how many came already) raises the
// least wait, since hammering keeps the throttle hot.
func throttle(h http.Header, body []byte, before int, now time.Time) time.Duration {
	wait, ok := retryAfter(h.Get("Retry-After"), now)
	if !ok {
		wait, ok = seconds(firstGroup(body))
	}
	if !ok {
		wait = throttleUnsaid
	}
	least := throttleMargin << min(before, 11)
	return min(max(wait+throttleMargin, least), throttleLongest)
}

func firstGroup(body []byte) string {
	if m := availableIn.FindSubmatch(body); m != nil {
		return strings.TrimRight(string(m[1]), ".")
	}
	return ""
}

func retryAfter(v string, now time.Time) (time.Duration, bool) {
	v = strings.TrimSpace(v)
	if d, ok := seconds(v); ok {
		return d, true
	}
	at, err := http.ParseTime(v)
	if err != nil {
		return 0, false
	}
	return max(at.Sub(now), 0), true
}

// seconds reads "2710.0", bounded so that no number overflows.
func seconds(s string) (time.Duration, bool) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(f) || f < 0 {
		return 0, false
	}
	return time.Duration(min(f, throttleLongest.Seconds()) * float64(time.Second)), true
}

// backoff is the wait before retry n (0 is the first): exponential, the upper
// half of it random so that processes do not march in step.
func backoff(n int) time.Duration {
	d := min(backoffFirst<<min(n, 10), backoffMost)
	return d/2 + rand.N(d/2+1)
}
