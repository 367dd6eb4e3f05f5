package members

import (
	"net/mail"
	"strings"

	"golang.org/x/net/idna"

	"relais/internal/fault"
)

// maxEmail is the longest address that SMTP can carry, in bytes.
const maxEmail = 254

// CleanEmail returns an address the way it is stored: without blanks around it, lower case, its domain in ASCII.
// An address that cannot be one is an Invalid fault on field "email".
func CleanEmail(address string) (string, error) {
	address = strings.ToLower(strings.TrimSpace(address))
	local, domain, ok := cutLast(address, "@")
	invalid := fault.Field("email", "fault.email_invalid")
	if !ok || local == "" || len(local) > 64 || !isASCII(local) {
		return "", invalid
	}
	domain, err := idna.Lookup.ToASCII(domain)
	if err != nil || !strings.Contains(domain, ".") || strings.HasSuffix(domain, ".") {
		return "", invalid
	}
	address = local + "@" + domain
	parsed, err := mail.ParseAddress(address)
	if err != nil || parsed.Name != "" || parsed.Address != address || len(address) > maxEmail {
		return "", invalid
	}
	return address, nil
}

// NormalEmail reduces a clean address to the mailbox behind it, so that two spellings of one person's address
// compare equal: tags after "+" go, and dots and other domain names go where the provider ignores them.
// It is for comparing only; letters go to the address as given. NormalEmail(NormalEmail(x)) == NormalEmail(x).
func NormalEmail(address string) string {
	local, domain, ok := cutLast(strings.ToLower(strings.TrimSpace(address)), "@")
	if !ok {
		return address
	}
	if i := strings.IndexByte(local, '+'); i > 0 {
		local = local[:i]
	}
	switch domain {
	case "googlemail.com":
		domain = "gmail.com"
	case "protonmail.com", "protonmail.ch", "pm.me":
		domain = "proton.me"
	}
	if domain == "gmail.com" || domain == "proton.me" {
		if bare := strings.ReplaceAll(local, ".", ""); bare != "" {
			local = bare
		}
	}
	return local + "@" + domain
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// isASCII says whether s has printable ASCII only.
func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}
