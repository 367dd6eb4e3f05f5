// Package slug makes addresses of titles.
package slug

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// letters that Unicode does not take apart into a Latin letter and an accent.
var letters = strings.NewReplacer("œ", "oe", "æ", "ae", "ß", "ss", "ø", "o", "ł", "l", "đ", "d", "ð", "d", "þ", "th", "ı", "i",
	"&", " et ", "’", "-", "'", "-")

// maxSlug leaves room for a number behind it within the column's 120.
const maxSlug = 100

// Of writes a title in the letters of an address: "Bougie parfumée n° 5" → "bougie-parfumee-n-5". It is
// "article" when no Latin letter or digit is left.
func Of(title string) string {
	var b strings.Builder
	gap := false
	for _, r := range norm.NFKD.String(letters.Replace(strings.ToLower(title))) {
		switch {
		case unicode.Is(unicode.Mn, r):
			continue
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			if gap && b.Len() > 0 {
				b.WriteByte('-')
			}
			gap = false
			b.WriteRune(r)
		default:
			gap = true
		}
		if b.Len() >= maxSlug {
			break
		}
	}
	if b.Len() == 0 {
		return "article"
	}
	return b.String()
}
