package documents_test

import (
	"testing"

	"pgregory.net/rapid"

	"relais/internal/documents"
)

func TestFeeVAT(t *testing.T) {
	for _, tt := range []struct {
		name, country, number string
		trader                bool
		want                  documents.Treatment
	}{
		{"France", "FR", "FR40000000101", true, documents.Treatment{Bps: 2000}},
		{"France without a number", "FR", "", true, documents.Treatment{Bps: 2000}},
		{"Monaco", "MC", "FR40000000101", true, documents.Treatment{Bps: 2000}},
		{"Germany", "DE", "DE123456789", true, documents.Treatment{Mention: "reverse_charge"}},
		{"Greece", "GR", "EL123456789", true, documents.Treatment{Mention: "reverse_charge"}},
		{"Germany without a number", "DE", "", true, documents.Treatment{Bps: 2000}},
		{"Germany with a number of another country", "DE", "FR40000000101", true, documents.Treatment{Bps: 2000}},
		{"Germany, a private person", "DE", "DE123456789", false, documents.Treatment{Bps: 2000}},
		{"Great Britain", "GB", "GB000000404", true, documents.Treatment{Mention: "outside_eu"}},
		{"Switzerland without a number", "CH", "", true, documents.Treatment{Mention: "outside_eu"}},
	} {
		if got := documents.FeeVAT(tt.country, tt.number, tt.trader); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

func TestSaleVAT(t *testing.T) {
	for _, tt := range []struct {
		country, number string
		trader, charges bool
		mention         string
	}{
		{"FR", "FR 40 000000101", true, true, ""},
		{"FR", "", true, false, "franchise_fr"},
		{"MC", "", true, false, "franchise_fr"},
		{"BE", "", true, false, "franchise_eu"},
		{"GB", "", true, false, "not_registered"},
		{"GB", "GB000000404", true, true, ""},
		{"CH", "CHE-123.456.789", true, true, ""},
		{"FR", "FR40000000101", false, false, "private_seller"},
	} {
		if charges, mention := documents.SaleVAT(tt.country, tt.number, tt.trader); charges != tt.charges || mention != tt.mention {
			t.Errorf("%s %q: %v %q, want %v %q", tt.country, tt.number, charges, mention, tt.charges, tt.mention)
		}
	}
}

// However a line is taken back, in whatever steps: no step takes more tax than it has, and at the end nothing is left.
func TestCreditsAddUpToTheLine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := rapid.Int64Range(1, 9_900_000_000).Draw(t, "total")
		line := documents.Line{Total: total, Net: rapid.Int64Range(0, total).Draw(t, "net")}
		line.VAT = line.Total - line.Net
		var back documents.Credited
		for back.Total < total {
			amount := total - back.Total
			if rapid.Bool().Draw(t, "partly") {
				amount = rapid.Int64Range(1, amount).Draw(t, "amount")
			}
			l := documents.CreditOf(line, back, amount)
			if l.Total != amount || l.Net < 0 || l.VAT < 0 || l.Net+l.VAT != amount {
				t.Fatalf("%d of %+v after %+v: %+v", amount, line, back, l)
			}
			back.Net, back.Total = back.Net+l.Net, back.Total+l.Total
		}
		if back.Net != line.Net {
			t.Fatalf("taken back whole, %d of the net of %d is left", line.Net-back.Net, line.Net)
		}
	})
}
