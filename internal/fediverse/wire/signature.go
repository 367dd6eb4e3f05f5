package wire

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Window is how far the date of a signed request may be from ours.
const Window = time.Hour

// keyBits bound the keys that we take: shorter ones prove nothing, longer ones cost us time.
const (
	leastKeyBits = 2048
	mostKeyBits  = 8192
)

// Reasons for which a signature is refused.
var (
	ErrUnsigned  = errors.New("the request is not signed")
	ErrSignature = errors.New("the signature does not fit")
	ErrDigest    = errors.New("the digest does not fit the body")
	ErrDate      = errors.New("the date is too far from now")
)

// Request is a request as it is signed.
type Request struct {
	Method string
	Target string // path with query
	Host   string
	Header http.Header
	Body   []byte // nil: of a GET
}

// Signature is what the header of that name says.
type Signature struct {
	KeyID   string
	Headers []string // in their order, small letters
	Value   []byte
}

// Digest names a signature among those that were seen.
func (s Signature) Digest() string {
	sum := sha256.Sum256(append([]byte(s.KeyID+"\n"), s.Value...))
	return "signature:" + hex.EncodeToString(sum[:])
}

// Sign adds Date, Digest and Signature to the header of a request (draft-cavage-http-signatures, as Mastodon reads it).
func (r Request) Sign(keyID string, key *rsa.PrivateKey, now time.Time) error {
	r.Header.Set("Date", now.UTC().Format(http.TimeFormat))
	names := []string{"(request-target)", "host", "date"}
	if r.Body != nil {
		r.Header.Set("Digest", digest(r.Body))
		names = append(names, "digest")
	}
	text, err := r.text(names)
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(text))
	value, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		return fmt.Errorf("sign request: %w", err)
	}
	r.Header.Set("Signature", fmt.Sprintf(`keyId="%s",algorithm="rsa-sha256",headers="%s",signature="%s"`,
		keyID, strings.Join(names, " "), base64.StdEncoding.EncodeToString(value)))
	return nil
}

func digest(body []byte) string {
	sum := sha256.Sum256(body)
	return "SHA-256=" + base64.StdEncoding.EncodeToString(sum[:])
}

// text is what is signed: a line for each name.
func (r Request) text(names []string) (string, error) {
	lines := make([]string, len(names))
	for i, name := range names {
		switch name {
		case "(request-target)":
			lines[i] = name + ": " + strings.ToLower(r.Method) + " " + r.Target
		case "host":
			lines[i] = "host: " + r.Host
		default:
			values := r.Header.Values(name)
			if len(values) == 0 {
				return "", fmt.Errorf("%w: header %q is signed and missing", ErrSignature, name)
			}
			lines[i] = name + ": " + strings.Join(values, ", ")
		}
	}
	return strings.Join(lines, "\n"), nil
}

// Signature reads the header and checks all that needs no key: that enough is signed, the date, the digest of the body.
func (r Request) Signature(now time.Time) (Signature, error) {
	values := r.Header.Values("Signature")
	if len(values) != 1 || len(values[0]) > 4096 {
		return Signature{}, ErrUnsigned
	}
	s, err := parseSignature(values[0])
	if err != nil {
		return Signature{}, err
	}
	must := []string{"(request-target)", "host", "date"}
	if r.Body != nil {
		must = append(must, "digest")
	}
	for _, name := range must {
		if !slices.Contains(s.Headers, name) {
			return Signature{}, fmt.Errorf("%w: %s is not signed", ErrSignature, name)
		}
	}
	at, err := http.ParseTime(r.Header.Get("Date"))
	if err != nil || at.Before(now.Add(-Window)) || at.After(now.Add(Window)) {
		return Signature{}, ErrDate
	}
	if r.Body != nil && !digestFits(r.Header.Values("Digest"), r.Body) {
		return Signature{}, ErrDigest
	}
	return s, nil
}

// digestFits says whether the one SHA-256 among the digests is that of the body.
func digestFits(values []string, body []byte) bool {
	sum := sha256.Sum256(body)
	fits := 0
	for part := range strings.SplitSeq(strings.Join(values, ","), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		if !strings.EqualFold(name, "SHA-256") {
			continue
		}
		given, err := base64.StdEncoding.DecodeString(value)
		if err != nil || subtle.ConstantTimeCompare(given, sum[:]) != 1 {
			return false
		}
		fits++
	}
	return fits == 1
}

// parseSignature reads name="value" pairs with commas between them.
func parseSignature(header string) (Signature, error) {
	fields := map[string]string{}
	for rest := strings.TrimSpace(header); rest != ""; {
		name, after, found := strings.Cut(rest, "=")
		if !found {
			return Signature{}, ErrUnsigned
		}
		value := after
		if quoted, ok := strings.CutPrefix(after, `"`); ok {
			if value, rest, found = strings.Cut(quoted, `"`); !found {
				return Signature{}, ErrUnsigned
			}
			rest = strings.TrimSpace(rest)
			if rest != "" && rest[0] != ',' {
				return Signature{}, ErrUnsigned
			}
			rest = strings.TrimPrefix(rest, ",")
		} else {
			value, rest, _ = strings.Cut(after, ",")
		}
		name = strings.TrimSpace(name)
		if _, twice := fields[name]; twice {
			return Signature{}, ErrUnsigned
		}
		fields[name], rest = value, strings.TrimSpace(rest)
	}
	s := Signature{KeyID: fields["keyId"], Headers: strings.Fields(strings.ToLower(fields["headers"]))}
	var err error
	s.Value, err = base64.StdEncoding.DecodeString(fields["signature"])
	algorithm := strings.ToLower(fields["algorithm"])
	if err != nil || len(s.Value) == 0 || s.KeyID == "" || algorithm != "" && algorithm != "rsa-sha256" && algorithm != "hs2019" {
		return Signature{}, ErrUnsigned
	}
	return s, nil
}

// Verify says whether the signature is of this request, by the key.
func (r Request) Verify(s Signature, key *rsa.PublicKey) error {
	text, err := r.text(s.Headers)
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(text))
	if rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], s.Value) != nil {
		return ErrSignature
	}
	return nil
}

// NewKey makes the key of an actor.
func NewKey() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, leastKeyBits) }

// PublicPEM is a public key as documents have it.
func PublicPEM(key *rsa.PublicKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return "", fmt.Errorf("write key: %w", err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), nil
}

// ParseKey reads the public key of a document.
func ParseKey(text string) (*rsa.PublicKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, fmt.Errorf("%w: no key", ErrMalformed)
	}
	var key *rsa.PublicKey
	if parsed, err := x509.ParsePKIXPublicKey(block.Bytes); err == nil {
		key, _ = parsed.(*rsa.PublicKey)
	} else {
		key, _ = x509.ParsePKCS1PublicKey(block.Bytes)
	}
	if key == nil || key.N.BitLen() < leastKeyBits || key.N.BitLen() > mostKeyBits {
		return nil, fmt.Errorf("%w: no RSA key of a usable size", ErrMalformed)
	}
	return key, nil
}
