package brandspace

import (
	"relais/internal/catalog"
	"relais/internal/earnings"
	"relais/internal/money"
	"relais/internal/royalties"
)

// madeExample is where the price of the example goes when the piece is a published design, of a product that came of an idea.
type madeExample struct {
	catalog.Terms
	Price, VAT, Commission, Royalty, Idea, Fee, Brand money.Amount
	FeeBps                                            int64
}

// Shown says whether the terms give the author of either anything.
func (m madeExample) Shown() bool { return m.RoyaltyBps > 0 || m.IdeaBps > 0 }

// madeExample works the price through with the highest royalties that terms allow and a commission of commissionBps; it stays empty
// where they do not fit together.
func (s *Server) madeExample(t catalog.Terms, of catalog.Earnings, vatBps, commissionBps int64) madeExample {
	m := madeExample{Terms: t, Price: of.Price, VAT: of.VAT, FeeBps: s.FeeBps}
	m.CommissionBps = commissionBps
	sum := func(minor int64) money.Amount { return money.New(minor, of.Price.Currency) }
	made := []royalties.Royalty{royalties.Of(earnings.Royalty, t.RoyaltyBps), royalties.Of(earnings.Idea, t.IdeaBps)}
	split, err := royalties.Example(of.Price.Minor, vatBps, 0, m.Terms, made, s.FeeBps)
	if err != nil {
		return madeExample{}
	}
	m.Commission, m.Royalty, m.Idea, m.Fee = sum(split.Commissions[0]), sum(split.Royalties[0]), sum(split.Royalties[1]), sum(split.Fee)
	m.Brand = sum(split.Sale - m.VAT.Minor)
	return m
}
