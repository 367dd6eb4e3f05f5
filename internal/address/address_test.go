package address_test

import (
	"testing"

	"relais/internal/address"
)

func TestValidPostcode(t *testing.T) {
	for _, c := range []struct {
		country, postcode string
		want              bool
	}{
		{"FR", "35000", true}, {"FR", "35 000", true}, {"FR", "3500", false}, {"FR", "350000", false}, {"FR", "35_00", false},
		{"BE", "1000", true}, {"LU", "L-1234", true}, {"CH", "8001", true}, {"CH", "80010", false},
		{"GB", "S1 2HE", true}, {"GB", "S", false}, {"PL", "00-950", true}, {"IE", "D02 AF30 and more", false},
	} {
		if got := address.ValidPostcode(c.country, c.postcode); got != c.want {
			t.Errorf("%s %q: %v", c.country, c.postcode, got)
		}
	}
}

func TestKnown(t *testing.T) {
	for _, c := range address.Countries() {
		if !address.Known(c) {
			t.Errorf("%s is not known", c)
		}
	}
	for _, c := range []string{"", "fr", "XX", "US"} {
		if address.Known(c) {
			t.Errorf("%q is known", c)
		}
	}
}
