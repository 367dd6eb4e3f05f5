// Package token signs and opens the small texts that Relais gives away and gets back: session cookies, device
// marks, attribution cookies. They are JSON web tokens of one kind only, HS256, opened by one parser.
//
// A token proves that we wrote it, for which purpose, and that its time is not over. It carries no right: what its
// bearer may do is read from the database. Its payload is readable by anybody.
//
// Each purpose has its own key, derived from the master secret by HKDF, so that a token of one purpose is junk for
// every other. During a rotation two master secrets live: the current one signs, both open. The header's kid says
// which; it is derived from the secret, so that nothing else must be configured.
//
//	claims := sessionClaims{Registered: keys.Issue("web", "42", now, 15*time.Minute), SessionID: id}
//	raw, err := keys.Sign(claims)
//	claims, err := token.Open[sessionClaims](keys, "web", raw, now)
package token

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// MinSecret is the least length of a master secret, in bytes.
const MinSecret = 32

// MaxSize is the length in bytes over which a token is refused unread.
const MaxSize = 2048

const (
	issuer = "relais"
	leeway = 30 * time.Second
)

// ErrRefused is what every token that does not open gives, whatever its fault.
var ErrRefused = errors.New("token refused")

// Purpose says what a token is for; it is its audience and chooses its key.
type Purpose string

// The purposes of Relais.
const (
	Web         Purpose = "web"    // the session cookie
	Device      Purpose = "device" // a browser that a member logged in from before
	Unsubscribe Purpose = "unsub"  // the link of a letter that ends its kind
	Attribution Purpose = "attr"   // the long-lived cookie of a share link, set with consent
	Address     Purpose = "addr"   // digests of mail addresses that are not kept
)

// Registered holds the standard claims. Every claims type embeds it.
type Registered = jwt.RegisteredClaims

// Keys signs and opens tokens. Create it with NewKeys; it is safe for concurrent use.
type Keys struct {
	current string            // kid of the secret that signs
	masters map[string][]byte // kid -> master secret
	derived sync.Map          // kid + "/" + purpose -> []byte
}

// NewKeys takes the master secret that signs and those, if any, that still open. Each has at least MinSecret bytes.
func NewKeys(current string, previous ...string) (*Keys, error) {
	k := &Keys{masters: make(map[string][]byte, 1+len(previous))}
	for i, secret := range append([]string{current}, previous...) {
		if len(secret) < MinSecret {
			return nil, fmt.Errorf("master secret %d has %d bytes, needs %d", i+1, len(secret), MinSecret)
		}
		id, err := hkdf.Key(sha256.New, []byte(secret), nil, "relais kid", 4)
		if err != nil {
			return nil, fmt.Errorf("derive key id: %w", err)
		}
		kid := hex.EncodeToString(id)
		if i == 0 {
			k.current = kid
		}
		k.masters[kid] = []byte(secret)
	}
	return k, nil
}

// Issue fills the standard claims of a new token: who it is about, from when, for how long, and a random id.
func (k *Keys) Issue(p Purpose, subject string, now time.Time, life time.Duration) Registered {
	return Registered{
		Issuer:    issuer,
		Audience:  jwt.ClaimStrings{string(p)},
		Subject:   subject,
		ID:        Random(16),
		IssuedAt:  jwt.NewNumericDate(now),
		ExpiresAt: jwt.NewNumericDate(now.Add(life)),
	}
}

// Sign writes claims whose standard part comes from Issue; the audience chooses the key.
func (k *Keys) Sign(claims jwt.Claims) (string, error) {
	audience, err := claims.GetAudience()
	if err != nil || len(audience) != 1 {
		return "", errors.New("sign token: it needs exactly one audience")
	}
	key, err := k.key(k.current, Purpose(audience[0]))
	if err != nil {
		return "", err
	}
	t := jwt.NewWithClaims(jwt.SigningMethodHS256, claims)
	t.Header["kid"] = k.current
	raw, err := t.SignedString(key)
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return raw, nil
}

// Open verifies a token of that purpose at that time and returns its claims. On any fault it returns ErrRefused
// (wrapped with the cause, for logs) and zero claims: what an unverified token says is never seen.
func Open[C any, P interface {
	*C
	jwt.Claims
}](k *Keys, p Purpose, raw string, now time.Time) (C, error) {
	return OpenLate[C, P](k, p, raw, now, 0)
}

// OpenLate is Open for a token that may have expired up to grace ago. Only for callers that check against a row
// whether it may still be renewed.
func OpenLate[C any, P interface {
	*C
	jwt.Claims
}](k *Keys, p Purpose, raw string, now time.Time, grace time.Duration) (C, error) {
	var claims, none C
	if err := checkShape(raw); err != nil {
		return none, err
	}
	at := func() time.Time { // called after the signature was verified, so exp is ours
		exp, err := P(&claims).GetExpirationTime()
		if err == nil && exp != nil && now.After(exp.Time) && now.Before(exp.Add(grace)) {
			return exp.Time
		}
		return now
	}
	parser := jwt.NewParser(
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithStrictDecoding(),
		jwt.WithIssuer(issuer), jwt.WithAudience(string(p)),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(leeway), jwt.WithTimeFunc(at),
	)
	_, err := parser.ParseWithClaims(raw, P(&claims), func(t *jwt.Token) (any, error) {
		kid, _ := t.Header["kid"].(string)
		return k.key(kid, p)
	})
	if err != nil {
		return none, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return claims, nil
}

// checkShape refuses what cannot be a token before any of it is decoded. The parser would accept a trailing
// newline, so that one token could be written in many ways.
func checkShape(raw string) error {
	if raw == "" || len(raw) > MaxSize {
		return fmt.Errorf("%w: %d bytes", ErrRefused, len(raw))
	}
	for i := range len(raw) {
		c := raw[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && c != '.' && c != '-' && c != '_' {
			return fmt.Errorf("%w: byte %#x", ErrRefused, c)
		}
	}
	return nil
}

// key returns the 32-byte key of a purpose under a known master secret.
func (k *Keys) key(kid string, p Purpose) ([]byte, error) {
	master, ok := k.masters[kid]
	if !ok {
		return nil, fmt.Errorf("%w: unknown key", ErrRefused)
	}
	name := kid + "/" + string(p)
	if key, ok := k.derived.Load(name); ok {
		return key.([]byte), nil
	}
	key, err := hkdf.Key(sha256.New, master, nil, "purpose:"+string(p), 32)
	if err != nil {
		return nil, fmt.Errorf("derive key for %s: %w", p, err)
	}
	k.derived.Store(name, key)
	return key, nil
}

// Random returns n random bytes as URL-safe text.
func Random(n int) string {
	b := make([]byte, n)
	rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// Hash returns the SHA-256 of a one-time link's secret: what the database keeps of it.
func Hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// Digests returns what may be kept of a text that itself must not be, such as a mail address: a keyed hash that nobody without the secret
// can look up. The first is of the secret that signs, and the one to write; the others are of those that still open, to be looked for too.
func (k *Keys) Digests(p Purpose, text string) ([]string, error) {
	kids := []string{k.current}
	for _, kid := range slices.Sorted(maps.Keys(k.masters)) {
		if kid != k.current {
			kids = append(kids, kid)
		}
	}
	all := make([]string, len(kids))
	for i, kid := range kids {
		key, err := k.key(kid, p)
		if err != nil {
			return nil, err
		}
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(text))
		all[i] = hex.EncodeToString(mac.Sum(nil))
	}
	return all, nil
}
