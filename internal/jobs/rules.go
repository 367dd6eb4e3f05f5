package jobs

import (
	"strings"
	"time"
	"unicode/utf8"
)

// maxBackoff keeps a job with many attempts from sleeping for weeks.
const maxBackoff = 24 * time.Hour

// Backoff is how long to wait after a failed attempt: its fourth power in seconds (1 s, 16 s, 81 s, 4 min, 10 min, 22 min …),
// at most a day, and up to a tenth more or less by jitter in [0, 1), so that what failed together does not come back
// together.
func Backoff(attempt int, jitter float64) time.Duration {
	seconds := min(float64(attempt)*float64(attempt)*float64(attempt)*float64(attempt), maxBackoff.Seconds())
	return time.Duration(seconds * (0.9 + 0.2*jitter) * float64(time.Second))
}

// next says what becomes of a job after a failed attempt: park it, or try again after a pause.
func next(w Work, jitter float64) (pause time.Duration, park bool) {
	tried := w.Attempt - w.forgiven
	return Backoff(tried, jitter), tried >= w.maxAttempts
}

// maxError is how much of an error is kept, in bytes.
const maxError = 4000

// storable makes any text acceptable to a text column, and short.
func storable(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
	if len(s) <= maxError {
		return s
	}
	s = s[:maxError]
	for !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return s
}
