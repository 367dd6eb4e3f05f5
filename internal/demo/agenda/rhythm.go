package agenda

import (
	"math"
	"math/rand/v2"
	"time"
)

// Rhythm is how lively a day of the week is.
func Rhythm(d time.Weekday) float64 {
	return [...]float64{1.25, 0.9, 0.95, 1.0, 0.95, 0.9, 1.05}[d]
}

// Growth is how lively a day is in a story that grows.
func Growth(day, days int) float64 { return 0.6 + 0.8*float64(day)/float64(days) }

// HourOf draws a moment of the 24 hours from begins on, mostly in the morning, at noon and in the evening of Paris.
func HourOf(r *rand.Rand, begins time.Time) time.Time {
	peak := [...]float64{6.5, 11, 18.5, 19.5}[r.IntN(4)] // UTC
	hour := math.Mod(peak+1.6*r.NormFloat64()+24, 24)
	midnight := begins.Truncate(24 * time.Hour)
	at := midnight.Add(time.Duration(hour * float64(time.Hour))).Truncate(time.Millisecond)
	if at.Before(begins) {
		at = at.AddDate(0, 0, 1)
	}
	return at
}

// Poisson draws a number of events of that mean.
func Poisson(r *rand.Rand, mean float64) int {
	limit, product, n := math.Exp(-mean), r.Float64(), 0
	for product > limit {
		product *= r.Float64()
		n++
	}
	return n
}
