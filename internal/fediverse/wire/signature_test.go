package wire_test

import (
	"crypto/rsa"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"relais/internal/fediverse/wire"
)

var now = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

var aKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := wire.NewKey()
	if err != nil {
		panic(err)
	}
	return key
})

func signed(t testing.TB, body string) wire.Request {
	t.Helper()
	r := wire.Request{Method: http.MethodPost, Target: "/fediverse/inbox", Host: "relais.example", Header: http.Header{}, Body: []byte(body)}
	if err := r.Sign("https://elsewhere.example/users/a#main-key", aKey(), now); err != nil {
		t.Fatal(err)
	}
	return r
}

func check(r wire.Request, at time.Time) error {
	s, err := r.Signature(at)
	if err != nil {
		return err
	}
	return r.Verify(s, &aKey().PublicKey)
}

func TestSignature(t *testing.T) {
	sets := func(name, old, new string) func(*wire.Request) {
		return func(r *wire.Request) { r.Header.Set(name, strings.Replace(r.Header.Get(name), old, new, 1)) }
	}
	for name, c := range map[string]struct {
		change func(*wire.Request)
		late   time.Duration
		want   error
	}{
		"as it was signed":                  {func(*wire.Request) {}, 0, nil},
		"almost an hour late":               {func(*wire.Request) {}, wire.Window, nil},
		"by a clock ahead of ours":          {func(*wire.Request) {}, -wire.Window, nil},
		"more than an hour late":            {func(*wire.Request) {}, wire.Window + time.Second, wire.ErrDate},
		"from the future":                   {func(*wire.Request) {}, -wire.Window - time.Second, wire.ErrDate},
		"no date":                           {func(r *wire.Request) { r.Header.Del("Date") }, 0, wire.ErrDate},
		"another date":                      {func(r *wire.Request) { r.Header.Set("Date", now.Add(time.Second).Format(http.TimeFormat)) }, 0, wire.ErrSignature},
		"another body":                      {func(r *wire.Request) { r.Body = []byte("{} ") }, 0, wire.ErrDigest},
		"no digest":                         {func(r *wire.Request) { r.Header.Del("Digest") }, 0, wire.ErrDigest},
		"two digests":                       {func(r *wire.Request) { r.Header.Add("Digest", r.Header.Get("Digest")) }, 0, wire.ErrDigest},
		"a weak digest only":                {sets("Digest", "SHA-256", "MD5"), 0, wire.ErrDigest},
		"another host":                      {func(r *wire.Request) { r.Host = "other.example" }, 0, wire.ErrSignature},
		"another path":                      {func(r *wire.Request) { r.Target = "/fediverse/actors/1/inbox" }, 0, wire.ErrSignature},
		"another method":                    {func(r *wire.Request) { r.Method = http.MethodPut }, 0, wire.ErrSignature},
		"no signature":                      {func(r *wire.Request) { r.Header.Del("Signature") }, 0, wire.ErrUnsigned},
		"two signatures":                    {func(r *wire.Request) { r.Header.Add("Signature", r.Header.Get("Signature")) }, 0, wire.ErrUnsigned},
		"digest not signed":                 {sets("Signature", " digest", ""), 0, wire.ErrSignature},
		"host not signed":                   {sets("Signature", " host", ""), 0, wire.ErrSignature},
		"target not signed":                 {sets("Signature", "(request-target) ", ""), 0, wire.ErrSignature},
		"a header signed that is not there": {sets("Signature", " digest", " digest x-other"), 0, wire.ErrSignature},
		"another algorithm":                 {sets("Signature", "rsa-sha256", "hmac-sha256"), 0, wire.ErrUnsigned},
		"the algorithm's new name":          {sets("Signature", "rsa-sha256", "hs2019"), 0, nil},
		"a field twice":                     {sets("Signature", "algorithm=", `keyId="https://evil.example/",algorithm=`), 0, wire.ErrUnsigned},
		"not closed":                        {func(r *wire.Request) { r.Header.Set("Signature", strings.TrimSuffix(r.Header.Get("Signature"), `"`)) }, 0, wire.ErrUnsigned},
		"not base64":                        {sets("Signature", `signature="`, `signature="?`), 0, wire.ErrUnsigned},
		"endless":                           {func(r *wire.Request) { r.Header.Set("Signature", strings.Repeat("a", 5000)) }, 0, wire.ErrUnsigned},
	} {
		t.Run(name, func(t *testing.T) {
			r := signed(t, "{}")
			c.change(&r)
			if err := check(r, now.Add(c.late)); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestGetIsSignedWithoutDigest(t *testing.T) {
	r := wire.Request{Method: http.MethodGet, Target: "/users/a?x=1", Host: "relais.example", Header: http.Header{}}
	if err := r.Sign("https://elsewhere.example/k", aKey(), now); err != nil {
		t.Fatal(err)
	}
	if err := check(r, now); err != nil || r.Header.Get("Digest") != "" {
		t.Errorf("%v, digest %q", err, r.Header.Get("Digest"))
	}
}

func TestKeys(t *testing.T) {
	text, err := wire.PublicPEM(&aKey().PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	if key, err := wire.ParseKey(text); err != nil || !key.Equal(&aKey().PublicKey) {
		t.Errorf("ParseKey of our own: %v", err)
	}
	const short = `-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCqGKukO1De7zhZj6+H0qtjTkVxwTCpvKe4eCZ0
FPqri0cb2JZfXJ/DgYSF6vUpwmJG8wVQZKjeGcjDOL5UlsuusFncCzWBQ7RKNUSesmQRMSGkVb1/
3j+skZ6UtW+5u09lHNsj6tQ51s1SPrCBkedbNf0Tp0GbMJDyR4e9T04ZZwIDAQAB
-----END PUBLIC KEY-----`
	for name, text := range map[string]string{"nothing": "", "no PEM": "key", "a short one": short, "no key inside": "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"} {
		if _, err := wire.ParseKey(text); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

// Whatever stands in the header: no panic, and nothing that is not the true signature verifies.
func FuzzSignature(f *testing.F) {
	true_ := signed(f, "{}").Header.Get("Signature")
	for _, seed := range []string{true_, "", `keyId="a"`, `a=b,c="d",`, `keyId="x",headers="(request-target) host date digest",signature="AA=="`, true_ + ",x=1", strings.ToUpper(true_)} {
		f.Add(seed)
	}
	value, err := signed(f, "{}").Signature(now)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, header string) {
		r := signed(t, "{}")
		r.Header.Set("Signature", header)
		s, err := r.Signature(now)
		if err != nil {
			return
		}
		if r.Verify(s, &aKey().PublicKey) == nil && string(s.Value) != string(value.Value) {
			t.Errorf("%q verifies", header)
		}
	})
}
