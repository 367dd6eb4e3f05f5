// Package wire is the language that Relais speaks with other servers of the fediverse, without a network and a database: signed
// requests, what activities and actors say, and the documents that we answer with.
//
// The language is ActivityPub as Mastodon and its relatives speak it. An activity is a JSON object with a type (Follow, Create …), an
// actor and an object, posted to an inbox; the request is signed with the actor's key (signature.go). Contexts of JSON-LD are never
// fetched: names are taken as everybody writes them. What is not understood is not an error, it is an activity without an effect.
package wire

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"
)

// Media types of documents.
const (
	ActivityJSON = "application/activity+json"
	LinkedJSON   = `application/ld+json; profile="https://www.w3.org/ns/activitystreams"`
	JRD          = "application/jrd+json"
)

// Public is the audience of what everybody may read.
const Public = "https://www.w3.org/ns/activitystreams#Public"

// Limits of what others send.
const (
	MaxBody  = 256 << 10 // bytes of an activity, or of a document that we fetch
	MaxDepth = 24        // of objects within objects
	MaxURI   = 2000
)

// ErrMalformed says that a document cannot be read.
var ErrMalformed = errors.New("malformed document")

// Rules says which addresses are taken for those of other servers.
type Rules struct {
	Local bool // development: http and loopback are let through
}

// Address reads the address of something on another server: https, without user and fragment unless it names a key.
func (r Rules) Address(raw string) (*url.URL, error) {
	if len(raw) == 0 || len(raw) > MaxURI {
		return nil, ErrMalformed
	}
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" || u.User != nil || u.Opaque != "" {
		return nil, ErrMalformed
	}
	if u.Scheme != "https" && (!r.Local || u.Scheme != "http" || !isLoopback(u.Hostname())) {
		return nil, ErrMalformed
	}
	return u, nil
}

// Host is the server of an address, as it is kept: small letters, with the port unless that is the usual one.
func Host(u *url.URL) string { return strings.TrimSuffix(strings.ToLower(u.Host), ":443") }

// HostOf is Host of an address that is to be judged first; empty where it is none.
func (r Rules) HostOf(raw string) string {
	u, err := r.Address(raw)
	if err != nil {
		return ""
	}
	return Host(u)
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// Account reads "@lea@relais.example", with or without the first sign or "acct:".
func (r Rules) Account(text string) (user, host string, err error) {
	text = strings.TrimPrefix(strings.TrimPrefix(strings.TrimSpace(text), "acct:"), "@")
	user, host, found := strings.Cut(text, "@")
	host = strings.ToLower(host)
	if !found || user == "" || len(user) > 100 || len(host) > 255 || strings.ContainsFunc(user, notInUser) {
		return "", "", ErrMalformed
	}
	scheme := "https://"
	if u, err := url.Parse("http://" + host); r.Local && err == nil && isLoopback(u.Hostname()) {
		scheme = "http://"
	}
	u, err := r.Address(scheme + host)
	if err != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || !r.Local && !strings.Contains(u.Hostname(), ".") {
		return "", "", ErrMalformed
	}
	return user, Host(u), nil
}

// Origin is how a server is reached: its scheme and host.
func (r Rules) Origin(host string) string {
	if u, err := url.Parse("http://" + host); r.Local && err == nil && isLoopback(u.Hostname()) {
		return "http://" + host
	}
	return "https://" + host
}

func notInUser(c rune) bool {
	return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("_.-", c))
}

// Covers says whether a suspended domain is that of a host, or one above it.
func Covers(domain, host string) bool {
	name := host
	if u, err := url.Parse("//" + host); err == nil && u.Hostname() != "" {
		name = u.Hostname()
	}
	return host == domain || name == domain || strings.HasSuffix(name, "."+domain)
}
