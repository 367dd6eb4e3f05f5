package cards

import (
	"strconv"
	"strings"
	"time"
)

// Typed is what a buyer typed on a page: email, name, number, expiry and cvc.
type Typed map[string]string

// Card is the test card that was typed, or the end of one that is none.
func (v Typed) Card() Card {
	number := Digits(v["number"])
	if c, ok := ByNumber(number); ok {
		return c
	}
	return Strange(number)
}

// Fill puts a test card into the form.
func (v Typed) Fill(c Card, now time.Time) {
	n := c.Number
	v["number"] = n[:4] + " " + n[4:8] + " " + n[8:12] + " " + n[12:]
	v["expiry"] = "12 / " + strconv.Itoa((now.Year()+3)%100)
	v["cvc"] = "123"
	if v["name"] == "" {
		v["name"] = "Camille Essai"
	}
}

// Faults returns what is wrong, by field: the key of a word.
func (v Typed) Faults(now time.Time) map[string]string {
	faults := map[string]string{}
	local, domain, _ := strings.Cut(v["email"], "@")
	number, cvc := Digits(v["number"]), Digits(v["cvc"])
	_, _, expiry := v.Expiry(now)
	for name, ok := range map[string]bool{
		"email":  local != "" && strings.Contains(domain, "."),
		"name":   v["name"] != "",
		"number": len(number) >= 12 && len(number) <= 19 && luhn(number),
		"expiry": expiry,
		"cvc":    len(cvc) == 3 || len(cvc) == 4,
	} {
		if !ok {
			faults[name] = "fault." + name
		}
	}
	return faults
}

// Expiry reads MMYY, and reports whether it has not passed.
func (v Typed) Expiry(now time.Time) (month, year int, ok bool) {
	text := Digits(v["expiry"])
	if len(text) != 4 {
		return 0, 0, false
	}
	month, errMonth := strconv.Atoi(text[:2])
	year, errYear := strconv.Atoi(text[2:])
	year += 2000
	return month, year, errMonth == nil && errYear == nil && month >= 1 && month <= 12 && !Expired(month, year, now)
}

// Expired reports whether a card's last month is over.
func Expired(month, year int, now time.Time) bool {
	return !time.Date(year, time.Month(month)+1, 1, 0, 0, 0, 0, time.UTC).After(now)
}

// luhn checks the last digit of a card number.
func luhn(number string) bool {
	sum := 0
	for i := range len(number) {
		d := int(number[len(number)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}
