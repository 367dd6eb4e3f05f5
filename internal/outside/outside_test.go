package outside_test

import (
	"net/netip"
	"testing"

	"relais/internal/outside"
)

func TestOnlyPublicAddresses(t *testing.T) {
	for address, want := range map[string]bool{
		"93.184.216.34:443": true, "[2606:2800:220:1:248:1893:25c8:1946]:443": true,
		"93.184.216.34:80": false, "93.184.216.34:5432": false,
		"127.0.0.1:443": false, "127.9.9.9:443": false, "[::1]:443": false, "0.0.0.0:443": false, "[::]:443": false,
		"10.1.2.3:443": false, "172.16.0.1:443": false, "192.168.1.1:443": false, "[fd00::1]:443": false,
		"169.254.169.254:443": false, "[fe80::1]:443": false, "[fec0::1]:443": false,
		"100.64.0.1:443": false, "192.0.2.1:443": false, "198.18.0.1:443": false, "240.0.0.1:443": false,
		"255.255.255.255:443": false, "224.0.0.1:443": false, "[ff02::1]:443": false,
		"[::ffff:127.0.0.1]:443": false, "[::ffff:93.184.216.34]:443": false, "[::127.0.0.1]:443": false,
		"[64:ff9b::7f00:1]:443": false, "[2002:7f00:1::]:443": false, "[2001:db8::1]:443": false, "[2001::1]:443": false,
	} {
		if got := outside.Public(netip.MustParseAddrPort(address)); got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
}
