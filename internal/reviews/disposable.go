package reviews

import (
	_ "embed"
	"strings"
	"sync"
)

// disposableList has its source and its date at its head. To renew it, put the list of a newer commit below a head that names it.
//
//go:embed disposable.txt
var disposableList string

var disposableDomains = sync.OnceValue(func() map[string]struct{} {
	set := map[string]struct{}{}
	for line := range strings.Lines(disposableList) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			set[line] = struct{}{}
		}
	}
	return set
})

// Disposable says whether a mail domain, or one above it, is of a service for throw-away addresses.
func Disposable(domain string) bool {
	for domain = strings.ToLower(domain); strings.Contains(domain, "."); _, domain, _ = strings.Cut(domain, ".") {
		if _, is := disposableDomains()[domain]; is {
			return true
		}
	}
	return false
}
