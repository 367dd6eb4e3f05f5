package media

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"

	"relais/internal/fault"
)

const (
	fetchTimeout = 15 * time.Second
	maxRedirects = 3
)

// Fetcher gets pictures from addresses that strangers wrote. It speaks HTTPS on port 443 to public
// addresses only. The address is judged when the connection is made, after the name was resolved, so a
// name that resolves to the inside of our network (now or the second time) gets nowhere.
type Fetcher struct {
	client *http.Client
}

// NewFetcher makes a fetcher for the public internet.
func NewFetcher() *Fetcher { return newFetcher(publicOnly, nil) }

// newFetcher takes the rule for addresses and the roots of trust, so that tests can use a server of their own.
func newFetcher(allowed func(netip.AddrPort) bool, trust *tls.Config) *Fetcher {
	return &Fetcher{client: &http.Client{
		Timeout:   fetchTimeout,
		Transport: transport(allowed, trust),
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return errors.New("too many redirects")
			}
			return checkURL(r.URL)
		},
	}}
}

// PublicOnly reaches public addresses only, on port 443, whatever names resolve to: for whatever speaks to addresses that strangers wrote.
func PublicOnly() *http.Transport { return transport(publicOnly, nil) }

func transport(allowed func(netip.AddrPort) bool, trust *tls.Config) *http.Transport {
	dialer := &net.Dialer{
		Timeout: 5 * time.Second,
		Control: func(_, address string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(address)
			if err != nil {
				return fmt.Errorf("address %q: %w", address, err)
			}
			if !allowed(to) {
				return errPrivate
			}
			return nil
		},
	}
	return &http.Transport{ // no Proxy: a proxy would resolve the name for us
		DialContext:            dialer.DialContext,
		TLSClientConfig:        trust,
		TLSHandshakeTimeout:    5 * time.Second,
		ResponseHeaderTimeout:  10 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		MaxIdleConnsPerHost:    2,
		IdleConnTimeout:        30 * time.Second,
		ForceAttemptHTTP2:      true,
	}
}

var errPrivate = errors.New("not a public address")

// Get returns the bytes behind an address, MaxBytes at most. Every refusal and every failure of the other
// side is fault Unavailable or Invalid with a key that tells a person why.
func (f *Fetcher) Get(ctx context.Context, address string) ([]byte, error) {
	u, err := url.Parse(address)
	if err != nil || checkURL(u) != nil {
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

func checkURL(u *url.URL) error {
	if u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
		return errors.New("only plain https addresses")
	}
	return nil
}

// closed are the ranges that netip has no word for: this network, shared carrier space, protocol
// assignments, documentation, benchmarking, reserved, and the ways of writing IPv4 inside IPv6.
var closed = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("192.88.99.0/24"), netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("::/96"), netip.MustParsePrefix("::ffff:0:0/96"), netip.MustParsePrefix("64:ff9b::/96"),
	netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("100::/64"), netip.MustParsePrefix("2001::/23"),
	netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("fec0::/10"),
}

// publicOnly says whether a resolved address may be spoken to.
func publicOnly(to netip.AddrPort) bool {
	a := to.Addr()
	if to.Port() != 443 || a.Is4In6() || !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() {
		return false
	}
	for _, p := range closed {
		if p.Contains(a) {
			return false
		}
	}
	return true
}
