package notices

import (
	"net/http"
	"strconv"
	"time"
)

// When digests go out, by the clock of whoever gets them.
const (
	morning = 7  // o'clock
	evening = 21 // nothing goes out from then on: it waits for the morning
)

// home is the zone of members who have not said where they live.
const home = "Europe/Paris"

// Zones are those that can be chosen, of the IANA database.
func Zones() []string {
	return []string{home, "Europe/London", "Europe/Lisbon", "Europe/Athens", "Atlantic/Reykjavik", "Atlantic/Canary", "Africa/Casablanca", "Africa/Dakar", "Indian/Reunion",
		"Indian/Mayotte", "America/Martinique", "America/Guadeloupe", "America/Cayenne", "America/Miquelon", "America/Montreal", "America/New_York", "America/Los_Angeles",
		"Asia/Tokyo", "Pacific/Noumea", "Pacific/Tahiti", "Pacific/Wallis"}
}

// DailyCutoff is the latest morning at that place: what happened before it is in its digest.
func DailyCutoff(now time.Time, place *time.Location) time.Time {
	y, m, d := now.In(place).Date()
	c := time.Date(y, m, d, morning, 0, 0, 0, place)
	if c.After(now) {
		c = time.Date(y, m, d-1, morning, 0, 0, 0, place)
	}
	return c
}

// WeeklyCutoff is the latest Monday morning.
func WeeklyCutoff(now time.Time, place *time.Location) time.Time {
	c := DailyCutoff(now, place)
	back := (int(c.Weekday()) + 6) % 7 // days since Monday
	return time.Date(c.Year(), c.Month(), c.Day()-back, morning, 0, 0, 0, place)
}

// Awake says whether a letter may come in at that place now: from the morning to the evening.
func Awake(now time.Time, place *time.Location) bool {
	hour := now.In(place).Hour()
	return hour >= morning && hour < evening
}

// Verdict is what an answer of a push service means.
type Verdict string

// The verdicts.
const (
	Taken   Verdict = "taken"   // it has the message
	Gone    Verdict = "gone"    // the device does not want to hear of us any more
	Later   Verdict = "later"   // it could not be reached, or asks for patience
	Refused Verdict = "refused" // it will not take this message, however often
)

// Judge says what an answer of a push service means; status 0: there was none.
func Judge(status int) Verdict {
	switch {
	case status >= 200 && status < 300:
		return Taken
	case status == http.StatusNotFound || status == http.StatusGone:
		return Gone
	case status == 0, status == http.StatusTooManyRequests, status == http.StatusRequestTimeout, status >= 500:
		return Later
	}
	return Refused
}

const (
	mostTries    = 7               // of one message to one device
	mostRefusals = 5               // in a row, before a device is dropped
	longestPause = 6 * time.Hour   // however long a push service asks to wait
	firstPause   = 1 * time.Minute // doubled twice each time
)

// Pause is how long to wait before the next try: as long as the push service asks for, within bounds.
func Pause(retryAfter string, now time.Time, try int) time.Duration {
	pause := firstPause << (2 * min(max(try, 0), 5))
	if seconds, err := strconv.ParseInt(retryAfter, 10, 32); err == nil && seconds > 0 {
		pause = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(retryAfter); err == nil && at.After(now) {
		pause = at.Sub(now)
	}
	return min(max(pause, time.Second), longestPause)
}
