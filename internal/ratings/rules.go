package ratings

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"relais/internal/fault"
	"relais/internal/prose"
)

// Purchase is what decides whether a line of an order may be rated.
type Purchase struct {
	Received bool // the parcel arrived
	PaidBack bool // all of the line went back to the buyer, or is on its way back
	OfBrand  bool // the buyer is on the brand's team
	Credited bool // the buyer is a member who was credited for the line
	Lists    bool // the buyer lists the product in their storefront
	Unknown  bool // whoever bought face to face told nothing of themselves, and their seller had the way to the order in their hands
}

// May says why a purchase does not open the way to a rating; nil: it does. An interest in the sale comes first: it does not pass with time.
func (p Purchase) May() error {
	switch {
	case p.OfBrand || p.Credited || p.Lists || p.Unknown:
		return ErrInterested
	case p.PaidBack:
		return ErrPaidBack
	case !p.Received:
		return ErrNotReceived
	}
	return nil
}

// Sums is how many ratings a product has with each number of stars, one first.
type Sums [5]int64

// Count is how many there are.
func (s Sums) Count() (n int64) {
	for _, c := range s {
		n += c
	}
	return n
}

// Stars is the sum of all stars.
func (s Sums) Stars() (sum int64) {
	for i, c := range s {
		sum += int64(i+1) * c
	}
	return sum
}

// Tenths is the average in tenths of a star, half a tenth rounded up; 0 without ratings.
func (s Sums) Tenths() int64 { return Tenths(s.Stars(), s.Count()) }

// Tenths is the average of count ratings with so many stars together, in tenths of a star, half a tenth rounded up; 0 without ratings.
func Tenths(stars, count int64) int64 {
	if count == 0 {
		return 0
	}
	return (20*stars + count) / (2 * count)
}

// Part is the share of the ratings with that number of stars, in whole per cent, rounded down.
func (s Sums) Part(stars int) int64 {
	if n := s.Count(); n > 0 && stars >= 1 && stars <= 5 {
		return 100 * s[stars-1] / n
	}
	return 0
}

// clean trims a text and refuses what is empty (unless it may be), too long or cannot be shown: field is where the fault goes.
func clean(field, text string, most int, optional, lines bool) (string, error) {
	text, err := prose.Words(field, text, most, optional)
	if err == nil && !lines && strings.Contains(text, "\n") {
		return "", fault.Field(field, "relay.text_not_readable")
	}
	return text, err
}

// Clean is the draft as it is kept. Faults on the fields stars, title, body, name and photos.
func (d Draft) Clean() (Draft, error) {
	var err error
	if d.Stars < 1 || d.Stars > 5 {
		return d, fault.Field("stars", "fault.rating_stars")
	}
	if d.Title, err = clean("title", d.Title, MaxTitle, true, false); err != nil {
		return d, err
	}
	if d.Body, err = clean("body", d.Body, MaxBody, false, true); err != nil {
		return d, err
	}
	if d.Name, err = clean("name", d.Name, MaxName, false, false); err != nil {
		return d, err
	}
	if len(d.Photos) > MaxPhotos {
		return d, fault.Field("photos", "fault.rating_photos").Arg("Most", MaxPhotos)
	}
	return d, nil
}

// ShownName is the name that a form proposes to a buyer: the first name with the initial of the last one, "Anne L."
func ShownName(name string) string {
	words := strings.Fields(name)
	switch len(words) {
	case 0:
		return ""
	case 1:
		return cut(words[0])
	}
	first, _ := utf8.DecodeRuneInString(words[len(words)-1])
	return cut(words[0] + " " + string(unicode.ToUpper(first)) + ".")
}

func cut(s string) string {
	if r := []rune(s); len(r) > MaxName {
		return string(r[:MaxName])
	}
	return s
}
