package token_test

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"relais/internal/token"
)

const (
	secret = "correct horse battery staple, and then some more"
	older  = "an older secret that has been in use until today"
)

var now = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

type claims struct {
	token.Registered
	Level string `json:"level"`
}

func keys(t *testing.T, secrets ...string) *token.Keys {
	t.Helper()
	k, err := token.NewKeys(secrets[0], secrets[1:]...)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func sign(t *testing.T, k *token.Keys, p token.Purpose, life time.Duration) string {
	t.Helper()
	raw, err := k.Sign(claims{Registered: k.Issue(p, "42", now, life), Level: "gold"})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestOpenReturnsWhatWasSigned(t *testing.T) {
	k := keys(t, secret)
	in := claims{Registered: k.Issue(token.Web, "42", now, time.Minute), Level: "gold"}
	raw, err := k.Sign(in)
	if err != nil {
		t.Fatal(err)
	}
	out, err := token.Open[claims](k, token.Web, raw, now.Add(30*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	in.IssuedAt, out.IssuedAt = nil, nil // compared by the clock tests; their zones differ
	in.ExpiresAt, out.ExpiresAt = nil, nil
	if diff := cmp.Diff(in, out); diff != "" {
		t.Errorf("claims (-signed +opened):\n%s", diff)
	}
}

func TestRotation(t *testing.T) {
	before := keys(t, older)
	during := keys(t, secret, older)
	after := keys(t, secret)
	old, fresh := sign(t, before, token.Web, time.Hour), sign(t, during, token.Web, time.Hour)
	for name, tc := range map[string]struct {
		keys *token.Keys
		raw  string
		ok   bool
	}{
		"old token during rotation": {during, old, true},
		"new token during rotation": {during, fresh, true},
		"old token after rotation":  {after, old, false},
		"new token after rotation":  {after, fresh, true},
		"new token before rotation": {before, fresh, false},
	} {
		if _, err := token.Open[claims](tc.keys, token.Web, tc.raw, now); (err == nil) != tc.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAttacksAreRefused(t *testing.T) {
	k := keys(t, secret)
	good := sign(t, k, token.Web, 15*time.Minute)
	parts := strings.Split(good, ".")
	kid := kidOf(t, good)
	webKey, err := hkdf.Key(sha256.New, []byte(secret), nil, "purpose:web", 32)
	if err != nil {
		t.Fatal(err)
	}
	std := k.Issue(token.Web, "42", now, 15*time.Minute)
	forge := func(m jwt.SigningMethod, key any, c claims) string {
		tok := jwt.NewWithClaims(m, c)
		tok.Header["kid"] = kid
		raw, err := tok.SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	with := func(change func(*token.Registered)) claims {
		c := std
		change(&c)
		return claims{Registered: c, Level: "gold"}
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&rsaKey.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	same := func(*token.Registered) {}

	attacks := map[string]string{
		"empty":                    "",
		"one dot":                  ".",
		"a megabyte of dots":       strings.Repeat(".", 1<<20),
		"2 KiB of dots":            strings.Repeat(".", token.MaxSize),
		"trailing newline":         good + "\n",
		"leading blank":            " " + good,
		"padding":                  good + "=",
		"NUL":                      good + "\x00",
		"no signature":             parts[0] + "." + parts[1] + ".",
		"cut signature":            good[:len(good)-4],
		"other payload":            parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"1"}`)) + "." + parts[2],
		"alg none":                 forge(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, with(same)),
		"HS512 with our key":       forge(jwt.SigningMethodHS512, webKey, with(same)),
		"HS384 with our key":       forge(jwt.SigningMethodHS384, webKey, with(same)),
		"RS256":                    forge(jwt.SigningMethodRS256, rsaKey, with(same)),
		"HS256 with a public key":  forge(jwt.SigningMethodHS256, public, with(same)),
		"HS256 with the master":    forge(jwt.SigningMethodHS256, []byte(secret), with(same)),
		"HS256 with an empty key":  forge(jwt.SigningMethodHS256, []byte{}, with(same)),
		"expired":                  forge(jwt.SigningMethodHS256, webKey, with(func(c *token.Registered) { c.ExpiresAt = jwt.NewNumericDate(now.Add(-time.Minute)) })),
		"no exp":                   forge(jwt.SigningMethodHS256, webKey, with(func(c *token.Registered) { c.ExpiresAt = nil })),
		"issued tomorrow":          forge(jwt.SigningMethodHS256, webKey, with(func(c *token.Registered) { c.IssuedAt = jwt.NewNumericDate(now.Add(24 * time.Hour)) })),
		"other issuer":             forge(jwt.SigningMethodHS256, webKey, with(func(c *token.Registered) { c.Issuer = "evil" })),
		"other audience, our key":  forge(jwt.SigningMethodHS256, webKey, with(func(c *token.Registered) { c.Audience = jwt.ClaimStrings{"attr"} })),
		"no audience":              forge(jwt.SigningMethodHS256, webKey, with(func(c *token.Registered) { c.Audience = nil })),
		"other purpose":            sign(t, k, token.Attribution, time.Hour),
		"other installation":       sign(t, keys(t, older), token.Web, time.Hour),
		"our audience, other key":  forge(jwt.SigningMethodHS256, derive(t, "purpose:attr"), with(same)),
		"unknown kid, right key":   rekid(t, "deadbeef", webKey, with(same)),
		"kid that is a path":       rekid(t, "../../dev/null", webKey, with(same)),
		"kid that is not a string": rekid(t, 7, webKey, with(same)),
	}
	for name, raw := range attacks {
		c, err := token.Open[claims](k, token.Web, raw, now)
		if !errors.Is(err, token.ErrRefused) {
			t.Errorf("%s: error %v, want ErrRefused", name, err)
		}
		if diff := cmp.Diff(claims{}, c); diff != "" {
			t.Errorf("%s: claims seen of a refused token:\n%s", name, diff)
		}
	}
	if _, err := token.Open[claims](k, token.Web, forge(jwt.SigningMethodHS256, webKey, with(same)), now); err != nil {
		t.Errorf("the forger's tools cannot make a good token either: %v", err)
	}
}

func TestOpenLate(t *testing.T) {
	k := keys(t, secret)
	raw := sign(t, k, token.Web, time.Minute)
	for _, tc := range []struct {
		after time.Duration
		grace time.Duration
		ok    bool
	}{
		{0, 0, true},
		{time.Minute + 29*time.Second, 0, true}, // within the leeway
		{2 * time.Minute, 0, false},
		{2 * time.Minute, time.Hour, true},
		{61 * time.Minute, time.Hour, false},
		{-time.Hour, time.Hour, false}, // from the future
	} {
		_, err := token.OpenLate[claims](k, token.Web, raw, now.Add(tc.after), tc.grace)
		if (err == nil) != tc.ok {
			t.Errorf("after %v with grace %v: %v", tc.after, tc.grace, err)
		}
	}
}

func TestShortSecretsAreRefused(t *testing.T) {
	if _, err := token.NewKeys(strings.Repeat("x", token.MinSecret-1)); err == nil {
		t.Error("a short secret was accepted")
	}
	if _, err := token.NewKeys(secret, "short"); err == nil {
		t.Error("a short previous secret was accepted")
	}
}

func TestSignNeedsOneAudience(t *testing.T) {
	k := keys(t, secret)
	if _, err := k.Sign(claims{}); err == nil {
		t.Error("a token without audience was signed")
	}
}

func FuzzOpen(f *testing.F) {
	k, err := token.NewKeys(secret)
	if err != nil {
		f.Fatal(err)
	}
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, raw string) {
		if _, err := token.Open[claims](k, token.Web, raw, now); !errors.Is(err, token.ErrRefused) {
			t.Errorf("%q: %v", raw, err)
		}
	})
}

func derive(t *testing.T, info string) []byte {
	t.Helper()
	key, err := hkdf.Key(sha256.New, []byte(secret), nil, info, 32)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func rekid(t *testing.T, kid any, key []byte, c claims) string {
	t.Helper()
	tok := jwt.NewWithClaims(jwt.SigningMethodHS256, c)
	tok.Header["kid"] = kid
	raw, err := tok.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// kidOf reads the key id from a token's header, as an attacker would.
func kidOf(t *testing.T, raw string) string {
	t.Helper()
	header, err := base64.RawURLEncoding.DecodeString(strings.SplitN(raw, ".", 2)[0])
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(header), `"kid":"`)
	kid, _, _ := strings.Cut(rest, `"`)
	return kid
}

func TestDigests(t *testing.T) {
	old, err := token.NewKeys("the first secret of these tests is long")
	if err != nil {
		t.Fatal(err)
	}
	rotated, err := token.NewKeys("the second secret of these tests is long", "the first secret of these tests is long")
	if err != nil {
		t.Fatal(err)
	}
	before, err := old.Digests(token.Address, "zoe@example.org")
	if err != nil || len(before) != 1 || strings.Contains(before[0], "zoe") {
		t.Fatalf("%v, %v", before, err)
	}
	after, err := rotated.Digests(token.Address, "zoe@example.org")
	if err != nil || len(after) != 2 || after[0] == before[0] || after[1] != before[0] {
		t.Errorf("after a rotation %v, %v; before %v", after, err, before)
	}
	other, err := old.Digests(token.Address, "zoé@example.org")
	if err != nil || other[0] == before[0] {
		t.Errorf("two addresses have one digest: %v", err)
	}
}
