package drchronotest

import (
	"compress/gzip"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

func writeJSON(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(body)
}

// fail answers an error as the vendor words it (facts, section 9).
func fail(w http.ResponseWriter, status int, detail string) {
	writeJSON(w, status, marshal(fields{"detail": detail}))
}

// reject answers 400 with a message for a field.
func reject(w http.ResponseWriter, field, message string) {
	writeJSON(w, http.StatusBadRequest, marshal(fields{field: []string{message}}))
}

func (s *Server) throttle(w http.ResponseWriter, wait time.Duration) {
	whole := math.Ceil(wait.Seconds())
	if s.o.RetryAfter {
		w.Header().Set("Retry-After", strconv.Itoa(int(whole)))
	}
	text := strconv.FormatFloat(whole, 'f', 1, 64)
	fail(w, http.StatusTooManyRequests, "Request was throttled. Expected available in "+text+" seconds.")
}

// A zipWriter compresses what is written once the status is known.
type zipWriter struct {
	http.ResponseWriter
	z *gzip.Writer
}

func (w *zipWriter) WriteHeader(status int) {
	w.Header().Set("Content-Encoding", "gzip")
	w.Header().Add("Vary", "Accept-Encoding")
	w.ResponseWriter.WriteHeader(status)
}

func (w *zipWriter) Write(b []byte) (int, error) {
	w.Header().Set("Content-Encoding", "gzip") // also where no status was written before
	return w.z.Write(b)
}

// zipped compresses the reply when the client asks for it.
func zipped(w http.ResponseWriter, r *http.Request, answer func(http.ResponseWriter)) {
	if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		answer(w)
		return
	}
	z, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
	must(err)
	zw := &zipWriter{w, z}
	answer(zw)
	z.Close()
}
