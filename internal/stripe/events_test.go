package stripe_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"relais/internal/payments"
	"relais/internal/stripe"

	"github.com/google/go-cmp/cmp"
	"github.com/stripe/stripe-go/v76/webhook"
)

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func client(t *testing.T, change func(*stripe.Options)) *stripe.Client {
	t.Helper()
	o := stripe.Options{Key: "sk_test_x", PlatformSecret: "whsec_p", ConnectSecret: "whsec_c", Now: func() time.Time { return now }}
	if change != nil {
		change(&o)
	}
	c, err := stripe.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const payload = `{"id":"evt_1","object":"event","type":"account.updated","account":"acct_1","created":1700000000,"livemode":false,"api_version":"2023-10-16","data":{"object":{"id":"acct_1","object":"account"}}}`

// signed signs as Stripe does, with the library's own helper.
func signed(body, secret string, at time.Time) string {
	return webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: []byte(body), Secret: secret, Timestamp: at}).Header
}

func TestParseEvent(t *testing.T) {
	got, err := client(t, nil).ParseEvent([]byte(payload), signed(payload, "whsec_c", now), payments.Connect)
	if err != nil {
		t.Fatal(err)
	}
	want := payments.Event{
		ID: "evt_1", Type: "account.updated", Account: "acct_1", ObjectType: "account", ObjectID: "acct_1",
		Created: time.Unix(1_700_000_000, 0).UTC(), Payload: []byte(payload),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
}

func TestParseEventRefuses(t *testing.T) {
	good := signed(payload, "whsec_p", now)
	tests := []struct {
		name, body, signature string
		change                func(*stripe.Options)
		want                  error
	}{
		{"good", payload, good, nil, nil},
		{"one byte changed", strings.Replace(payload, "acct_1", "acct_2", 1), good, nil, payments.ErrSignature},
		{"the other endpoint's secret", payload, signed(payload, "whsec_c", now), nil, payments.ErrSignature},
		{"no signature", payload, "", nil, payments.ErrSignature},
		{"malformed", payload, "t=x,v1=y", nil, payments.ErrSignature},
		{"old scheme only", payload, strings.Replace(good, "v1=", "v0=", 1), nil, payments.ErrSignature},
		{"five minutes old", payload, signed(payload, "whsec_p", now.Add(-5*time.Minute)), nil, nil},
		{"older", payload, signed(payload, "whsec_p", now.Add(-5*time.Minute-time.Second)), nil, payments.ErrSignature},
		{"five minutes ahead", payload, signed(payload, "whsec_p", now.Add(5*time.Minute)), nil, nil},
		{"further ahead", payload, signed(payload, "whsec_p", now.Add(5*time.Minute+time.Second)), nil, payments.ErrSignature},
		{"old, with a second fresh date", payload, signed(payload, "whsec_p", now.Add(-time.Hour)) + ",t=" + strconv.FormatInt(now.Unix(), 10), nil, payments.ErrSignature},
		{"empty secret, signed with it", payload, signed(payload, "", now), func(o *stripe.Options) { o.PlatformSecret = "" }, payments.ErrNoSecret},
		{"blank secrets", payload, signed(payload, "", now), func(o *stripe.Options) { o.PlatformSecret = " , " }, payments.ErrNoSecret},
		{"while secrets change, the new", payload, signed(payload, "whsec_new", now), func(o *stripe.Options) { o.PlatformSecret = "whsec_new, whsec_p" }, nil},
		{"while secrets change, the old", payload, good, func(o *stripe.Options) { o.PlatformSecret = "whsec_new, whsec_p" }, nil},
		{"no event", `{}`, signed(`{}`, "whsec_p", now), nil, payments.ErrSignature},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := client(t, tt.change).ParseEvent([]byte(tt.body), tt.signature, payments.Platform)
			if !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
		})
	}
	if _, err := client(t, nil).ParseEvent([]byte("x"), signed("x", "whsec_p", now), payments.Platform); err == nil {
		t.Error("a body that is not JSON was read")
	}
}

func TestEventsOfTheOtherModeAreFlagged(t *testing.T) {
	live := strings.Replace(payload, `"livemode":false`, `"livemode":true`, 1)
	for _, tt := range []struct {
		key, body string
		want      bool
	}{{"sk_test_x", payload, false}, {"sk_test_x", live, true}, {"sk_live_x", live, false}, {"rk_live_x", payload, true}} {
		c := client(t, func(o *stripe.Options) { o.Key = tt.key })
		e, err := c.ParseEvent([]byte(tt.body), signed(tt.body, "whsec_p", now), payments.Platform)
		if err != nil || e.WrongMode != tt.want {
			t.Errorf("key %s, livemode %v: WrongMode %v, %v", tt.key, e.LiveMode, e.WrongMode, err)
		}
	}
}

func TestOptions(t *testing.T) {
	good := stripe.Options{Key: "sk_test_x", Now: time.Now}
	for name, change := range map[string]func(*stripe.Options){
		"no key":              func(o *stripe.Options) { o.Key = "" },
		"publishable key":     func(o *stripe.Options) { o.Key = "pk_test_x" },
		"live key, elsewhere": func(o *stripe.Options) { o.Key, o.URL = "sk_live_x", "http://127.0.0.1:1" },
		"no clock":            func(o *stripe.Options) { o.Now = nil },
		"relative address":    func(o *stripe.Options) { o.URL = "stripe" },
	} {
		o := good
		change(&o)
		if _, err := stripe.New(o); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := stripe.New(good); err != nil {
		t.Error(err)
	}
}
