package media

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"relais/internal/fault"
	"relais/internal/outside"
)

const (
	fetchTimeout = 15 * time.Second
	maxRedirects = 3
)

// Fetcher gets pictures from addresses that strangers wrote. It speaks HTTPS on port 443 to public
// addresses only, as package outside says.
type Fetcher struct {
	client *http.Client
}

// NewFetcher makes a fetcher for the public internet.
func NewFetcher() *Fetcher { return newFetcher(outside.Public, nil) }

// newFetcher takes the rule for addresses and the roots of trust, so that tests can use a server of their own.
func newFetcher(allowed func(netip.AddrPort) bool, trust *tls.Config) *Fetcher {
	return &Fetcher{client: &http.Client{
		Timeout:   fetchTimeout,
		Transport: outside.Transport(allowed, trust),
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return errors.New("too many redirects")
			}
			return outside.CheckURL(r.URL)
		},
	}}
}

// Get returns the bytes behind an address, MaxBytes at most. Every refusal and every failure of the other
// side is fault Unavailable or Invalid with a key that tells a person why.
func (f *Fetcher) Get(ctx context.Context, address string) ([]byte, error) {
	u, err := url.Parse(address)
	if err != nil || outside.CheckURL(u) != nil {
		return nil, fault.New(fault.Invalid, "fault.photo_address")
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, fault.New(fault.Invalid, "fault.photo_address")
	}
	r.Header.Set("Accept", "image/webp,image/png,image/jpeg,image/gif")
	r.Header.Set("User-Agent", "Relais-Import/1")
	answer, err := f.client.Do(r)
	if err != nil {
		return nil, unreachable(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return nil, unreachable(fmt.Errorf("status %d", answer.StatusCode))
	}
	if answer.ContentLength > MaxBytes {
		return nil, fault.New(fault.Invalid, "fault.photo_too_large")
	}
	raw, err := io.ReadAll(io.LimitReader(answer.Body, MaxBytes+1))
	if err != nil {
		return nil, unreachable(err)
	}
	if len(raw) > MaxBytes {
		return nil, fault.New(fault.Invalid, "fault.photo_too_large")
	}
	return raw, nil
}

func unreachable(err error) error {
	e := fault.New(fault.Unavailable, "fault.photo_unreachable")
	e.Err = err
	return e
}
