package notices_test

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/notices"
)

// phone is a browser: it has the keys of its subscription, and reads what is sent to it.
type phone struct {
	private *ecdh.PrivateKey
	auth    []byte
}

func newPhone(t *testing.T) *phone {
	t.Helper()
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	auth := make([]byte, 16)
	rand.Read(auth)
	return &phone{key, auth}
}

func (p *phone) subscription(endpoint string) notices.Subscription {
	s := notices.Subscription{Endpoint: endpoint}
	s.Keys.P256dh = base64.RawURLEncoding.EncodeToString(p.private.PublicKey().Bytes())
	s.Keys.Auth = base64.RawURLEncoding.EncodeToString(p.auth)
	return s
}

// read decrypts a message by RFC 8291 and RFC 8188, as a browser does.
func (p *phone) read(t *testing.T, body []byte) []byte {
	t.Helper()
	salt, size, n := body[:16], binary.BigEndian.Uint32(body[16:20]), int(body[20])
	if size != 4096 || len(body) > 4096 {
		t.Errorf("record of %d, body of %d bytes", size, len(body))
	}
	from, sealed := body[21:21+n], body[21+n:]
	sender, err := ecdh.P256().NewPublicKey(from)
	if err != nil {
		t.Fatal(err)
	}
	shared, err := p.private.ECDH(sender)
	if err != nil {
		t.Fatal(err)
	}
	derive := func(secret, salt []byte, info string, n int) []byte {
		key, err := hkdf.Key(sha256.New, secret, salt, info, n)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	ikm := derive(shared, p.auth, "WebPush: info\x00"+string(p.private.PublicKey().Bytes())+string(from), 32)
	block, err := aes.NewCipher(derive(ikm, salt, "Content-Encoding: aes128gcm\x00", 16))
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := gcm.Open(nil, derive(ikm, salt, "Content-Encoding: nonce\x00", 12), sealed, nil)
	if err != nil {
		t.Fatalf("the browser cannot read it: %v", err)
	}
	plain = bytes.TrimRight(plain, "\x00")
	if len(plain) == 0 || plain[len(plain)-1] != 2 {
		t.Fatal("it does not end as a last record does")
	}
	return plain[:len(plain)-1]
}

// got is one request that the push service took.
type got struct {
	path   string
	header http.Header
	body   []byte
}

// service is a push service on this machine that is reached under any name.
type service struct {
	*httptest.Server
	mu     sync.Mutex
	got    []got
	answer func(w http.ResponseWriter)
}

func newService(t *testing.T) (*service, *http.Client) {
	t.Helper()
	s := &service{answer: func(w http.ResponseWriter) { w.WriteHeader(http.StatusCreated) }}
	s.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.got = append(s.got, got{r.URL.Path, r.Header, body})
		s.answer(w)
	}))
	t.Cleanup(s.Close)
	pool := s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: "example.com"},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, s.Listener.Addr().String())
		}}}
	return s, client
}

func (s *service) answers(status int, header ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = func(w http.ResponseWriter) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
	}
}

func (s *service) took() []got {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.got
	s.got = nil
	return list
}

// subscribes adds a device; its phone reads what it gets.
func (w *world) subscribes(memberID int64, session, endpoint string) *phone {
	w.t.Helper()
	if _, err := w.db.Exec(`insert into sessions (id, member_id, created_at, last_seen_at, auth_at) values ($1, $2, now(), now(), now()) on conflict do nothing`, session, memberID); err != nil {
		w.t.Fatal(err)
	}
	p := newPhone(w.t)
	if err := w.Subscribe(w.t.Context(), memberID, session, "Mozilla/5.0 (Linux; Android 14) Chrome/130.0 Mobile", p.subscription(endpoint)); err != nil {
		w.t.Fatal(err)
	}
	return p
}

// signed checks the signature of RFC 8292 and returns its claims.
func signed(t *testing.T, authorization string) map[string]any {
	t.Helper()
	rest, ok := strings.CutPrefix(authorization, "vapid t=")
	token, key, found := strings.Cut(rest, ", k=")
	if !ok || !found {
		t.Fatalf("authorization %q", authorization)
	}
	public, err := base64.RawURLEncoding.DecodeString(key)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(token, ".")
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || len(signature) != 64 {
		t.Fatalf("signature of %d bytes, %v", len(signature), err)
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	k, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), public)
	if err != nil {
		t.Fatal(err)
	}
	if !ecdsa.Verify(k, sum[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])) {
		t.Fatal("the signature is not that of the key")
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(text, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

func TestPushIsReadByItsBrowserOnly(t *testing.T) {
	s, client := newService(t)
	w := newWorld(t, client)
	mine := w.subscribes(w.lea, "s1", "https://push.example.net/mine")
	w.subscribes(w.member("noe", i18n.EN), "s2", "https://push.example.net/other")
	w.tells(nil)
	w.drain()
	w.drain()
	took := s.took()
	if len(took) != 1 || took[0].path != "/mine" {
		t.Fatalf("the service took %d", len(took))
	}
	h := took[0].header
	for name, want := range map[string]string{"Ttl": "259200", "Urgency": "normal", "Content-Encoding": "aes128gcm", "Topic": "n1"} {
		if h.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, h.Get(name), want)
		}
	}
	claims := signed(t, h.Get("Authorization"))
	if claims["aud"] != "https://push.example.net" || claims["sub"] != "mailto:bonjour@relais.test" {
		t.Errorf("claims %v", claims)
	}
	if left := time.Until(time.Unix(int64(claims["exp"].(float64)), 0)); left <= 0 || left > 24*time.Hour {
		t.Errorf("good for %v", left)
	}
	if _, key, _ := strings.Cut(h.Get("Authorization"), ", k="); key != w.PushKey() {
		t.Error("signed with another key than browsers subscribe with")
	}
	var m map[string]string
	if err := json.Unmarshal(mine.read(t, took[0].body), &m); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(m["title"], "10,00") || m["url"] != "/me/notices/1" || m["tag"] != "n1" || m["lang"] != "fr" || len(m) != 5 {
		t.Errorf("%v", m)
	}
	for _, private := range []string{"lea@", "/me/earnings"} {
		if strings.Contains(strings.Join([]string{m["title"], m["body"], m["url"]}, " "), private) {
			t.Errorf("%q leaves the house", private)
		}
	}
	devices, err := notices.Devices(t.Context(), w.db, w.lea)
	if err != nil || len(devices) != 1 || devices[0].SentAt == nil || devices[0].Name() != "Chrome, Android" {
		t.Errorf("%+v, %v", devices, err)
	}
}

func TestWhatAPushServiceAnswers(t *testing.T) {
	s, client := newService(t)
	w := newWorld(t, client)
	devices := func() int { return w.count(`select count(*) from push_devices`) }
	w.subscribes(w.lea, "s1", "https://push.example.net/mine")

	s.answers(http.StatusTooManyRequests, "Retry-After", "600")
	w.tells(nil)
	w.drain()
	if n := len(s.took()); n != 1 || devices() != 1 {
		t.Fatalf("%d tries, %d devices", n, devices())
	}
	w.clock.Set(w.clock.Now().Add(9 * time.Minute))
	w.drain()
	if n := len(s.took()); n != 0 {
		t.Fatal("it was asked for ten minutes of patience")
	}
	s.answers(http.StatusCreated)
	w.clock.Set(w.clock.Now().Add(2 * time.Minute))
	w.drain()
	if n := len(s.took()); n != 1 {
		t.Fatalf("tried again %d times", n)
	}

	s.answers(http.StatusBadGateway)
	w.tells(nil)
	tries := 0
	for range 30 {
		w.drain()
		tries += len(s.took())
		w.clock.Set(w.clock.Now().Add(time.Hour))
	}
	if tries != 7 || devices() != 1 {
		t.Errorf("%d tries at a service that is down, %d devices", tries, devices())
	}

	s.answers(http.StatusForbidden)
	for range 4 {
		w.tells(nil)
		w.drain()
	}
	if devices() != 1 {
		t.Error("given up too early")
	}
	w.tells(nil)
	w.drain()
	if devices() != 0 {
		t.Error("a device that refuses five times stays")
	}

	w.subscribes(w.lea, "s1", "https://push.example.net/mine")
	s.took()
	s.answers(http.StatusGone)
	w.tells(nil)
	w.drain()
	w.tells(nil)
	w.drain()
	if n := len(s.took()); devices() != 0 || n != 1 {
		t.Errorf("gone: %d devices, %d requests", devices(), n)
	}
}

func TestWhatIsReadOrOldIsNotPushed(t *testing.T) {
	s, client := newService(t)
	w := newWorld(t, client)
	w.subscribes(w.lea, "s1", "https://push.example.net/mine")
	w.tells(nil)
	if _, err := w.Open(t.Context(), w.lea, w.list(notices.Filter{})[0].ID, true); err != nil {
		t.Fatal(err)
	}
	w.tells(func(n *notices.Notice) { n.At = n.At.AddDate(0, 0, -9) })
	w.sets(notices.Setting{Kind: notices.Sale, Mail: notices.Never})
	w.tells(nil)
	w.drain()
	if took := s.took(); len(took) != 0 {
		t.Errorf("%d were sent", len(took))
	}
}

func TestTestOfADevice(t *testing.T) {
	s, client := newService(t)
	w := newWorld(t, client)
	p := w.subscribes(w.lea, "s1", "https://push.example.net/mine")
	device := w.count(`select id from push_devices`)
	for range 3 {
		if err := w.Test(t.Context(), w.lea, int64(device)); err != nil {
			t.Fatal(err)
		}
	}
	w.drain()
	took := s.took()
	if len(took) != 1 || !strings.Contains(string(p.read(t, took[0].body)), "Essai réussi") {
		t.Errorf("%d tests in a minute", len(took))
	}
	if err := w.Test(t.Context(), w.member("noe", i18n.FR), int64(device)); !errors.Is(err, fault.NotFound) {
		t.Errorf("of somebody else's: %v", err)
	}
}

func TestSubscriptionsAreChecked(t *testing.T) {
	w := newWorld(t, nil)
	p := newPhone(t)
	for _, endpoint := range []string{"", "http://push.example.net/x", "https://127.0.0.1/x", "https://[::1]/x", "https://10.0.0.8/x", "https://localhost/x", "https://user@push.example.net/",
		"https://push.example.net:8443/x", "ftp://push.example.net/", "https://push.example.net/" + strings.Repeat("x", 1000)} {
		if err := w.Subscribe(t.Context(), w.lea, "s1", "", p.subscription(endpoint)); !errors.Is(err, notices.ErrDevice) {
			t.Errorf("%.40q: %v", endpoint, err)
		}
	}
	for name, change := range map[string]func(*notices.Subscription){
		"no key":     func(s *notices.Subscription) { s.Keys.P256dh = "" },
		"no point":   func(s *notices.Subscription) { s.Keys.P256dh = base64.RawURLEncoding.EncodeToString(make([]byte, 65)) },
		"short auth": func(s *notices.Subscription) { s.Keys.Auth = "AAAA" },
	} {
		sub := p.subscription("https://push.example.net/x")
		change(&sub)
		if err := w.Subscribe(t.Context(), w.lea, "s1", "", sub); !errors.Is(err, notices.ErrDevice) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A name that leads to the inside of our network is spoken to by nobody, whatever was checked before.
func TestPushReachesPublicAddressesOnly(t *testing.T) {
	w := newWorld(t, nil) // with the client of production
	w.subscribes(w.lea, "s1", "https://localtest.invalid/x")
	if _, err := w.db.Exec(`update push_devices set endpoint = $1`, "https://127.0.0.1:443/x"); err != nil {
		t.Fatal(err)
	}
	w.tells(nil)
	w.drain()
	if w.count(`select count(*) from push_devices where sent_at is not null`) != 0 || w.count(`select count(*) from jobs where kind = 'notices.push' and done_at is null`) != 1 {
		t.Error("it was sent")
	}
}

func TestADeviceEndsWithItsSession(t *testing.T) {
	w := newWorld(t, nil)
	w.subscribes(w.lea, "s1", "https://push.example.net/one")
	w.subscribes(w.lea, "s2", "https://push.example.net/two")
	if _, err := w.db.Exec(`update sessions set revoked_at = now() where id = 's1'`); err != nil {
		t.Fatal(err)
	}
	devices, err := notices.Devices(t.Context(), w.db, w.lea)
	if err != nil || len(devices) != 1 || devices[0].SessionID != "s2" {
		t.Errorf("%+v, %v", devices, err)
	}
	if _, err := w.db.Exec(`delete from sessions`); err != nil {
		t.Fatal(err)
	}
	if n := w.count(`select count(*) from push_devices`); n != 0 {
		t.Errorf("%d devices outlive their sessions", n)
	}
}

// Nobody adds a browser by a session that is over, or by another's; and one whose session has had its time is told nothing.
func TestNoDeviceWithoutASession(t *testing.T) {
	push, client := newService(t)
	w := newWorld(t, client)
	w.subscribes(w.lea, "s1", "https://push.example.net/one")
	noe := w.member("noe", i18n.FR)
	for name, c := range map[string]struct {
		by      int64
		session string
		change  string
	}{
		"none": {w.lea, "nothing", ""}, "another's": {noe, "s1", ""},
		"too long ago": {w.lea, "s1", `last_seen_at = now() - interval '15 days'`}, "too old": {w.lea, "s1", `created_at = now() - interval '61 days'`},
	} {
		if c.change != "" {
			if _, err := w.db.Exec(`update sessions set last_seen_at = now(), created_at = now()`); err != nil {
				t.Fatal(err)
			}
			if _, err := w.db.Exec(`update sessions set ` + c.change); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Subscribe(t.Context(), c.by, c.session, "", newPhone(t).subscription("https://push.example.net/two")); !errors.Is(err, notices.ErrDevice) {
			t.Errorf("by a session that is %s: %v", name, err)
		}
	}
	if _, err := w.db.Exec(`update sessions set created_at = now(), last_seen_at = now() - interval '15 days'`); err != nil {
		t.Fatal(err)
	}
	w.tells(nil)
	w.drain()
	if len(push.got) != 0 {
		t.Error("a device is told after its session")
	}
	if _, err := w.db.Exec(`update sessions set last_seen_at = now()`); err != nil {
		t.Fatal(err)
	}
	w.tells(nil)
	w.drain()
	if len(push.got) != 1 {
		t.Errorf("a live one was told %d times", len(push.got))
	}
}

func TestABrowserIsOneMembersAtATime(t *testing.T) {
	w := newWorld(t, nil)
	noe := w.member("noe", i18n.FR)
	w.subscribes(w.lea, "s1", "https://push.example.net/one")
	w.subscribes(noe, "s2", "https://push.example.net/one")
	if w.count(`select count(*) from push_devices`) != 1 || w.count(`select member_id from push_devices`) != int(noe) {
		t.Error("the browser tells both")
	}
	if err := w.Unplug(t.Context(), w.lea, "https://push.example.net/one"); err != nil || w.count(`select count(*) from push_devices`) != 1 {
		t.Errorf("somebody else unplugged it: %v", err)
	}
	for i := range notices.MostDevices + 3 {
		w.subscribes(noe, "s2", "https://push.example.net/many/"+string(rune('a'+i)))
	}
	if n := w.count(`select count(*) from push_devices`); n != notices.MostDevices {
		t.Errorf("%d devices", n)
	}
}

// A screen that lies on a table before colleagues or the family names no circle, whatever is told; what is told of money, orders and brands is
// said in full.
func TestNoPushNamesACircle(t *testing.T) {
	s, client := newService(t)
	w := newWorld(t, client)
	phone := w.subscribes(w.lea, "s1", "https://push.example.net/mine")
	var all []notices.Setting
	for _, n := range notices.Kinds() {
		all = append(all, notices.Setting{Kind: n.Kind, Mail: notices.Never, Push: true, Listed: true})
	}
	if err := w.Save(t.Context(), w.lea, all, "Europe/Paris"); err != nil {
		t.Fatal(err)
	}
	amount, date := money.New(500, "EUR"), w.clock.Now()
	for _, n := range notices.Kinds() {
		for _, event := range n.Events {
			w.tells(func(to *notices.Notice) {
				to.Kind, to.Event = n.Kind, event
				to.Args = notices.Args{"Amount": amount, "Before": amount, "Now": amount, "Old": amount, "New": amount, "Brand": "Terre", "Circle": "Cercle caché", "Count": 2, "Date": date, "Due": date, "From": "noe@poste.example",
					"Gains": "1", "Kind": "x", "Left": 2, "Name": "Noé", "Number": "R-1", "Original": "Bol", "People": 5, "Piece": "Bol", "Rate": "5", "Stars": 4, "Title": "Bol", "Why": "x"}
				if n.Topic == notices.Circles {
					to.Sphere = notices.Personal
				}
			})
			w.drain()
			took := s.took()
			if len(took) != 1 {
				t.Fatalf("%s %s was pushed %d times", n.Kind, event, len(took))
			}
			text := string(phone.read(t, took[0].body))
			var m map[string]string
			if err := json.Unmarshal([]byte(text), &m); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(text, "caché") || m["title"] == "" || m["title"] == i18n.FR.T("notice.unknown") || (m["body"] == "") != (n.Topic == notices.Circles) {
				t.Errorf("%s %s: %s", n.Kind, event, text)
			}
		}
	}
}
