package media

import (
	"crypto/tls"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"relais/internal/fault"
	"relais/internal/outside"
)

func TestGet(t *testing.T) {
	big := make([]byte, MaxBytes+10)
	mux := http.NewServeMux()
	mux.HandleFunc("/photo.jpg", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("picture")) })
	mux.HandleFunc("/big", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(big) })
	mux.HandleFunc("/streamed", func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(big); i += 1 << 20 {
			_, _ = w.Write(big[:1<<20])
			w.(http.Flusher).Flush()
		}
	})
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/photo.jpg", http.StatusFound) })
	mux.HandleFunc("/loop", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/loop", http.StatusFound) })
	mux.HandleFunc("/plain", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://"+r.Host+"/photo.jpg", http.StatusFound)
	})
	server := httptest.NewTLSServer(mux)
	t.Cleanup(server.Close)
	trust := server.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	open := newFetcher(func(netip.AddrPort) bool { return true }, trust)
	for name, c := range map[string]struct {
		fetcher *Fetcher
		address string
		want    error
	}{
		"found":              {open, server.URL + "/photo.jpg", nil},
		"moved":              {open, server.URL + "/moved", nil},
		"moved for ever":     {open, server.URL + "/loop", fault.Unavailable},
		"moved to http":      {open, server.URL + "/plain", fault.Unavailable},
		"not there":          {open, server.URL + "/none", fault.Unavailable},
		"too large":          {open, server.URL + "/big", fault.Invalid},
		"too large, unsaid":  {open, server.URL + "/streamed", fault.Invalid},
		"http":               {open, "http://example.org/photo.jpg", fault.Invalid},
		"file":               {open, "file:///etc/passwd", fault.Invalid},
		"with a password":    {open, "https://a:b@example.org/x", fault.Invalid},
		"not an address":     {open, "https://%zz", fault.Invalid},
		"loopback":           {newFetcher(outside.Public, trust), server.URL + "/photo.jpg", fault.Unavailable},
		"loopback by a name": {newFetcher(outside.Public, trust), "https://localhost/photo.jpg", fault.Unavailable},
		"unknown authority":  {newFetcher(func(netip.AddrPort) bool { return true }, &tls.Config{}), server.URL + "/photo.jpg", fault.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			raw, err := c.fetcher.Get(t.Context(), c.address)
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if err == nil && string(raw) != "picture" {
				t.Errorf("got %q", raw)
			}
		})
	}
}
