package drchronotest

import "time"

// A quota is the vendor's three throttles (facts, section 9): calls in the
// hour of the wall clock, in rolling ten minutes, in a rolling second. A call
// that is refused counts in none. A negative limit is none.
type quota struct {
	hour, tenMin, second int
	window               time.Time
	used                 int
	recent               []time.Time // of the last ten minutes, oldest first
}

// take counts a call, or says how long to wait.
func (q *quota) take(now time.Time) time.Duration {
	if w := now.Truncate(time.Hour); !w.Equal(q.window) {
		q.window, q.used = w, 0
	}
	for len(q.recent) > 0 && now.Sub(q.recent[0]) >= 10*time.Minute {
		q.recent = q.recent[1:]
	}
	if q.hour >= 0 && q.used >= q.hour {
		return q.window.Add(time.Hour).Sub(now)
	}
	if wait := q.rolling(now, q.tenMin, 10*time.Minute); wait > 0 {
		return wait
	}
	if wait := q.rolling(now, q.second, time.Second); wait > 0 {
		return wait
	}
	q.used++
	if q.tenMin >= 0 || q.second >= 0 {
		q.recent = append(q.recent, now)
	}
	return 0
}

// rolling is the wait until fewer than limit calls lie within the span.
func (q *quota) rolling(now time.Time, limit int, span time.Duration) time.Duration {
	if limit < 0 || len(q.recent) < limit {
		return 0
	}
	if limit == 0 {
		return span
	}
	return max(0, span-now.Sub(q.recent[len(q.recent)-limit]))
}

// Hurry lifts the throttle of a second, for tests whose matter is not the pace.
func (s *Server) Hurry() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.quota.second = -1
}
