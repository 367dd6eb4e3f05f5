package members

import (
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"relais/internal/fault"
)

// Lengths of a handle, in characters.
const (
	minHandle = 3
	maxHandle = 30
)

// CheckHandle says whether a handle may be taken: 3 to 30 of a-z, 0-9 and single dashes inside, and not a word
// that the platform keeps for itself. Otherwise an Invalid fault on field "handle".
func CheckHandle(handle string) error {
	if len(handle) < minHandle || len(handle) > maxHandle || handle != slug(handle) {
		return fault.Field("handle", "fault.handle_invalid")
	}
	if reserved(handle) {
		return fault.Field("handle", "fault.handle_taken")
	}
	return nil
}

// ProposeHandle makes the n-th handle, from 0, to try for somebody of that name: "Zoé L'Hermite" gives
// "zoe-l-hermite", then "zoe-l-hermite-2", and so on. It always passes CheckHandle.
func ProposeHandle(name string, n int) string {
	tail := ""
	if n > 0 {
		tail = "-" + strconv.Itoa(n+1)
	}
	base := slug(name)
	switch {
	case base == "":
		base = "relayeur"
	case len(base) < minHandle || reserved(base) || strings.Trim(base, "0123456789-") == "":
		base = "chez-" + base
	}
	if room := maxHandle - len(tail); len(base) > room {
		base = strings.TrimRight(base[:room], "-")
	}
	return base + tail
}

// slug keeps letters a-z and digits, without accents, with single dashes between words.
func slug(s string) string {
	var b strings.Builder
	gap := false
	for _, r := range norm.NFKD.String(strings.ToLower(s)) {
		letters, ok := ligatures[r]
		switch {
		case ok:
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			letters = string(r)
		case unicode.Is(unicode.Mn, r): // an accent
			continue
		default:
			gap = true
			continue
		}
		if gap && b.Len() > 0 {
			b.WriteByte('-')
		}
		gap = false
		b.WriteString(letters)
	}
	return b.String()
}

// ligatures are letters that have no decomposition.
var ligatures = map[rune]string{'œ': "oe", 'æ': "ae", 'ß': "ss", 'ø': "o", 'ł': "l", 'đ': "d", 'ı': "i"}

// reserved says whether a handle would pass for the platform or hide one of its pages.
func reserved(handle string) bool {
	bare := strings.ReplaceAll(handle, "-", "")
	_, ok := kept[bare]
	return ok || strings.HasPrefix(bare, "relais") || strings.HasPrefix(bare, "admin")
}

var kept = func() map[string]struct{} {
	set := map[string]struct{}{}
	for _, word := range strings.Fields(`about abuse account aide api assistance app
		billing brand brands cart checkout compte contact dev help home legal login logout mail marque marques me media
		moderateur moderator news noreply null official officiel order orders owner payout payouts postmaster press
		privacy product products root security securite service settings share shop signup staff static status
		stripe support system team terms undefined webhook webhooks webmaster www`) {
		set[word] = struct{}{}
	}
	return set
}()
