package support

import (
	"regexp"
	"strings"
	"time"
	_ "time/tzdata" // working days are those of Paris, on any machine
	"unicode/utf8"

	"relais/internal/fault"
	"relais/internal/orders"
	"relais/internal/prose"
)

// paris is where working days are counted.
var paris = func() *time.Location {
	l, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		panic(err) // it is built in
	}
	return l
}()

// Due is when so many hours of working days have passed since from. Working days are Monday to Friday in Paris, all 24 hours of each; a
// message of the weekend counts from Monday. Public holidays count as any day.
func Due(from time.Time, hours int) time.Time { return after(from, time.Duration(hours)*time.Hour) }

// remindAt is when the team is reminded that an answer is due within so many hours: after three quarters of them.
func remindAt(from time.Time, hours int) time.Time {
	return after(from, time.Duration(hours)*time.Hour*3/4)
}

func after(from time.Time, left time.Duration) time.Time {
	at := working(from)
	for {
		end := midnight(at, 1)
		if rest := end.Sub(at); left <= rest {
			return at.Add(left).UTC()
		} else {
			left -= rest
		}
		at = working(end)
	}
}

// Worked is how much of working days lies between two moments; 0 where they are the other way round.
func Worked(from, to time.Time) time.Duration {
	var sum time.Duration
	for at := working(from); at.Before(to); at = working(midnight(at, 1)) {
		end := midnight(at, 1)
		if to.Before(end) {
			end = to
		}
		sum += end.Sub(at)
	}
	return sum
}

// working is the first moment of a working day that is not before t.
func working(t time.Time) time.Time {
	t = t.In(paris)
	switch t.Weekday() {
	case time.Saturday:
		return midnight(t, 2)
	case time.Sunday:
		return midnight(t, 1)
	}
	return t
}

// midnight is the beginning of a day in Paris, so many days after that of t.
func midnight(t time.Time, days int) time.Time {
	y, m, d := t.In(paris).Date()
	return time.Date(y, m, d+days, 0, 0, 0, 0, paris)
}

// next is the state after a message of a side that is no note.
func next(side Side) State {
	if side == FromBuyer {
		return Open
	}
	return Waiting
}

// Life is how long after an order, or the last message about it, somebody may write: the two years of the legal guarantee, and time to talk.
const Life = 26 * 30 * 24 * time.Hour

// Closed says whether nobody can write about an order any more: it was never paid, or all of it is long ago. last is when somebody wrote last,
// zero where nobody did.
func Closed(o orders.Order, last, now time.Time) bool {
	since := o.PlacedAt
	if last.After(since) {
		since = last
	}
	return o.PaidAt == nil || now.Sub(since) > Life
}

// Clean is the draft as it is kept, or what is wrong with it, by field.
func (d Draft) Clean() (Draft, error) {
	d.Body = prose.Lines(d.Body)
	switch {
	case d.Body == "" && len(d.Photos) == 0 && (d.mail == nil || len(d.mail.leftOut) == 0):
		return d, fault.Field("body", "fault.required")
	case !prose.Readable(d.Body):
		return d, fault.Field("body", "fault.message_unreadable")
	case utf8.RuneCountInString(d.Body) > MaxMessage:
		return d, fault.Field("body", "fault.too_long")
	case len(d.Photos) > MaxPhotos:
		return d, fault.Field("photos", "fault.rating_photos").Arg("Most", MaxPhotos)
	}
	return d, nil
}

// withhold puts "…" in the place of each address in which one of the secrets stands, letters and digits, also where a mail program broke it over
// lines, quoted it so, or changed its case.
func withhold(text string, secrets ...string) string {
	for _, secret := range secrets {
		broken := strings.Join(strings.Split(secret, ""), `[\s>=]*`)
		text = regexp.MustCompile(`(?i)[^\s<>()"]*`+broken+`[^\s<>()"]*`).ReplaceAllString(text, "…")
	}
	return text
}

// shorten is a text of at most so many characters; what was longer ends with "[…]".
func shorten(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return strings.TrimSpace(string([]rune(s)[:most-4])) + " […]"
}

var blanks = regexp.MustCompile(`\{ *(order|commande|name|prénom|prenom) *\}`)

// Fill puts what a canned answer is about in the place of its blanks: {order} or {commande} the order's number, {name} or {prénom} the buyer's
// first name. Other braces stay.
func Fill(body, number, buyer string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(buyer), " ")
	return blanks.ReplaceAllStringFunc(body, func(blank string) string {
		switch strings.Trim(blank, "{} ") {
		case "order", "commande":
			return number
		}
		return first
	})
}

// The addresses that letters are answered to.
const addressed = "reply+"

func address(key, domain string) string {
	if domain == "" {
		return ""
	}
	return addressed + key + "@" + domain
}

var keyShape = regexp.MustCompile(`^[0-9a-f]{32}$`)

// keysOf are the keys in addresses of that domain, lower case, each once.
func keysOf(to []string, domain string) (keys []string) {
	seen := map[string]bool{}
	for _, a := range to {
		key, ok := strings.CutPrefix(a, addressed)
		key, at, found := strings.Cut(key, "@")
		if ok && found && domain != "" && at == strings.ToLower(domain) && keyShape.MatchString(key) && !seen[key] {
			seen[key] = true
			keys = append(keys, key)
		}
	}
	return keys
}
