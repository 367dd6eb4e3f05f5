package pos_test

import (
	"errors"
	"testing"

	"relais/internal/catalog"
	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/orders"
	"relais/internal/pos"
)

// asks has Léa put 24.00 on the brand's price.
func (s *stand) asks() {
	s.T.Helper()
	terms := catalog.FirstTerms()
	terms.MarginBps = 2000
	_, err := s.Catalog.OfferTerms(s.T.Context(), s.shop.Owner, s.shop.Brand, terms)
	s.must(err)
	s.must(s.Storefronts.SetMargin(s.T.Context(), s.lea, s.shop.Product, money.New(2000, "EUR")))
}

// A seller earns no margin from themselves: the sale is refused, in place of one at another price than was shown.
func TestTheSellerAsBuyer(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	s.asks()
	id, token := s.shown(pos.Fair)
	if total := s.see(id).Total().Minor; total != 14000 {
		t.Fatalf("shown at %d", total)
	}
	if err := s.Counter.Present(ctx, s.lea, id, s.mine, "Lea+moi@relais.example"); !errors.Is(err, orders.ErrOwnSale) {
		t.Errorf("their own address at the reader: %v", err)
	}
	if _, err := s.Counter.Agree(ctx, pos.Agreement{Token: token, Mark: "phone", Email: "lea@relais.example", Lang: i18n.FR}); !errors.Is(err, orders.ErrOwnSale) {
		t.Errorf("their own address on the page: %v", err)
	}
	if _, err := s.Counter.Agree(ctx, pos.Agreement{Token: token, Mark: "phone", MemberID: &s.lea, Lang: i18n.FR}); !errors.Is(err, pos.ErrOwn) {
		t.Errorf("signed in: %v", err)
	}
	if s.stock() != 10 {
		t.Errorf("stock %d", s.stock())
	}
	o, err := s.Counter.Agree(ctx, pos.Agreement{Token: token, Mark: "phone", Email: "anne@poste.example", Lang: i18n.FR})
	if err != nil || o.TotalMinor != 14000 {
		t.Errorf("somebody else: %d, %v", o.TotalMinor, err)
	}
	s.Audit()
}
