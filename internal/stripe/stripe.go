// Package stripe speaks to Stripe in the words of package payments. It is the only importer of Stripe's client library.
//
// The same client speaks to Stripe's live and test modes and to the local sandbox: only key and address differ. It never
// uses the library's global key or backends, gives every call a deadline of its own, sends our reference as the
// idempotency key of everything that changes something, and turns every error into an outcome that says what to do
// next.
//
// Charge model: separate charges and transfers. Payments are taken on the platform's account; a transfer group ties
// them and the transfers of one business action together. Payees have Express accounts.
package stripe

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"relais/internal/payments"

	stripego "github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/client"
)

// Deadlines for one HTTP call. A call is made at most twice, so that a caller waits at most a little more than double.
const (
	UserTimeout   = 8 * time.Second  // somebody is looking at a page that loads
	WorkerTimeout = 20 * time.Second // nobody waits
)

// Options configure a Client.
type Options struct {
	Key string // secret or restricted key
	URL string // the API's address; empty: Stripe itself. A live key is refused with any other address

	// Webhook secrets of the two endpoints. While one is being replaced, both: "whsec_new,whsec_old". An endpoint
	// without a secret refuses everything.
	PlatformSecret string
	ConnectSecret  string

	// Capabilities are what new accounts ask for. Empty: transfers and card_payments, which needs no approval by
	// Stripe; transfers alone is less to fill in for payees, and needs it in some countries.
	Capabilities []string

	Timeout time.Duration    // UserTimeout or WorkerTimeout; 0: WorkerTimeout
	Now     func() time.Time // real time, for the age of webhooks
}

// Client is a connection to Stripe. It implements every interface of package payments, and is safe for use by many
// goroutines.
type Client struct {
	api          *client.API
	live         bool
	secrets      map[payments.Endpoint][]string
	capabilities []string
	now          func() time.Time
}

var (
	_ payments.Checkouts = (*Client)(nil)
	_ payments.Accounts  = (*Client)(nil)
	_ payments.Transfers = (*Client)(nil)
	_ payments.Reversals = (*Client)(nil)
	_ payments.Disputes  = (*Client)(nil)
	_ payments.Books     = (*Client)(nil)
	_ payments.Events    = (*Client)(nil)

	_ payments.Readers     = (*Client)(nil)
	_ payments.CardPresent = (*Client)(nil)
	_ payments.SavedCards  = (*Client)(nil)
)

// New returns a client, or an error that names what is wrong with the options. It makes no call.
func New(o Options) (*Client, error) {
	live := strings.HasPrefix(o.Key, "sk_live_") || strings.HasPrefix(o.Key, "rk_live_")
	test := strings.HasPrefix(o.Key, "sk_test_") || strings.HasPrefix(o.Key, "rk_test_")
	switch {
	case !live && !test:
		return nil, errors.New("stripe: the key must be a secret or restricted key (sk_test_…, rk_live_…)")
	case live && o.URL != "":
		return nil, errors.New("stripe: a live key is for Stripe itself, not for another address")
	case o.Now == nil:
		return nil, errors.New("stripe: Options.Now is missing")
	}
	if o.Timeout == 0 {
		o.Timeout = WorkerTimeout
	}
	if len(o.Capabilities) == 0 {
		o.Capabilities = []string{"transfers", "card_payments"}
	}
	backends, err := o.backends()
	if err != nil {
		return nil, err
	}
	return &Client{
		api: client.New(o.Key, backends), live: live, capabilities: o.Capabilities, now: o.Now,
		secrets: map[payments.Endpoint][]string{
			payments.Platform: secrets(o.PlatformSecret), payments.Connect: secrets(o.ConnectSecret),
		},
	}, nil
}

// backends are where calls go: Stripe's two addresses, for calls and for files, or the one of the options for both.
func (o Options) backends() (*stripego.Backends, error) {
	var address *string
	if o.URL != "" {
		u, err := url.Parse(o.URL)
		if err != nil || u.Host == "" {
			return nil, fmt.Errorf("stripe: %q is not an absolute URL", o.URL)
		}
		address = stripego.String(strings.TrimSuffix(o.URL, "/"))
	}
	backend := func(kind stripego.SupportedBackend) stripego.Backend {
		return stripego.GetBackendWithConfig(kind, &stripego.BackendConfig{
			HTTPClient:        &http.Client{Timeout: o.Timeout},
			LeveledLogger:     &stripego.LeveledLogger{Level: stripego.LevelNull},
			MaxNetworkRetries: stripego.Int64(1),
			EnableTelemetry:   stripego.Bool(false),
			URL:               address,
		})
	}
	api := backend(stripego.APIBackend)
	return &stripego.Backends{API: api, Connect: api, Uploads: backend(stripego.UploadsBackend)}, nil
}

func secrets(list string) []string {
	var out []string
	for s := range strings.SplitSeq(list, ",") {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}
