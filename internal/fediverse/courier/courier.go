// Package courier carries signed requests to other servers and brings their documents: to public addresses only (package outside), a
// few hops at most, each judged and signed anew, never more bytes than an activity may have.
package courier

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"relais/internal/fediverse/wire"
	"relais/internal/outside"
)

const (
	callTimeout = 10 * time.Second
	mostHops    = 3
	agent       = "Relais/1.0 (ActivityPub)"
)

// Status is an answer that is no success.
type Status int

func (e Status) Error() string { return fmt.Sprintf("status %d", int(e)) }

// Client speaks to other servers. Where a redirect leads is judged as the first address was.
type Client struct {
	http  *http.Client
	rules wire.Rules
}

// New makes a Client; given is one for tests, nil one for public addresses only (and this machine, where the rules say so).
func New(rules wire.Rules, given *http.Client) *Client {
	if given != nil {
		c := *given
		c.CheckRedirect = keepAnswer
		return &Client{&c, rules}
	}
	allowed := outside.Public
	if rules.Local {
		allowed = func(to netip.AddrPort) bool { return outside.Loopback(to) || outside.Public(to) }
	}
	return &Client{&http.Client{Timeout: callTimeout, Transport: outside.Transport(allowed, nil), CheckRedirect: keepAnswer}, rules}
}

// keepAnswer has redirects answered to us rather than followed: each hop is judged and signed anew.
func keepAnswer(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// Signer signs a request.
type Signer func(r wire.Request) error

// errElsewhere says that a server answers with what another one says.
var errElsewhere = errors.New("it leads to another server")

// Get fetches a document of one of some media types: whatever else a server has is not a document, since others may have put it there.
// What is asked for with a signature is the word of the server that was asked, and not taken from another one; the rest may have moved.
func (c *Client) Get(ctx context.Context, address string, sign Signer, kinds ...string) ([]byte, error) {
	host := c.rules.HostOf(address)
	for range mostHops + 1 {
		r, err := c.request(ctx, http.MethodGet, address, nil, sign)
		if err != nil {
			return nil, err
		}
		r.Header.Set("Accept", strings.Join(kinds, ", "))
		answer, err := c.http.Do(r)
		if err != nil {
			return nil, fmt.Errorf("fetch %s: %w", address, err)
		}
		body, err := io.ReadAll(io.LimitReader(answer.Body, wire.MaxBody+1))
		_ = answer.Body.Close()
		switch {
		case err != nil:
			return nil, fmt.Errorf("fetch %s: %w", address, err)
		case answer.StatusCode >= 300 && answer.StatusCode < 400:
			next, err := answer.Location()
			if err != nil {
				return nil, fmt.Errorf("fetch %s: %w", address, err)
			}
			if address = next.String(); sign != nil && c.rules.HostOf(address) != host {
				return nil, fmt.Errorf("fetch %.200s: %w", address, errElsewhere)
			}
			continue
		case answer.StatusCode != http.StatusOK:
			return nil, fmt.Errorf("fetch %s: %w", address, Status(answer.StatusCode))
		case len(body) > wire.MaxBody, !among(answer.Header.Get("Content-Type"), kinds):
			return nil, fmt.Errorf("fetch %s: %w", address, wire.ErrMalformed)
		}
		return body, nil
	}
	return nil, errors.New("too many redirects")
}

// among says whether a media type is one of some; what is said of it beyond its name does not matter.
func among(kind string, kinds []string) bool {
	name, _, err := mime.ParseMediaType(kind)
	return err == nil && slices.ContainsFunc(kinds, func(k string) bool { k, _, _ = strings.Cut(k, ";"); return k == name })
}

// Post hands an activity to an inbox and returns the status of the answer; 0 where there was none.
func (c *Client) Post(ctx context.Context, inbox string, body []byte, sign Signer) (int, error) {
	r, err := c.request(ctx, http.MethodPost, inbox, body, sign)
	if err != nil {
		return http.StatusBadRequest, err // it would not get better
	}
	r.Header.Set("Content-Type", wire.ActivityJSON)
	answer, err := c.http.Do(r)
	if err != nil {
		return 0, fmt.Errorf("post: %w", err)
	}
	said, _ := io.ReadAll(io.LimitReader(answer.Body, 300))
	_ = answer.Body.Close()
	if answer.StatusCode >= 300 {
		return answer.StatusCode, fmt.Errorf("post: %w: %s", Status(answer.StatusCode), wire.Line(string(said), 200))
	}
	return answer.StatusCode, nil
}

func (c *Client) request(ctx context.Context, method, address string, body []byte, sign Signer) (*http.Request, error) {
	u, err := c.rules.Address(address)
	if err != nil {
		return nil, fmt.Errorf("address %.200q: %w", address, err)
	}
	u.Fragment = ""
	r, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("address %.200q: %w", address, err)
	}
	r.Header.Set("User-Agent", agent)
	if sign == nil {
		return r, nil
	}
	return r, sign(wire.Request{Method: method, Target: u.RequestURI(), Host: u.Host, Header: r.Header, Body: body})
}
