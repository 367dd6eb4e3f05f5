package app_test

import (
	"pgregory.net/rapid"

	"relais/internal/app/apptest"
	"relais/internal/reviews"
	"relais/internal/stripesandbox"
)

// ownCards has the first relay buy something for themselves, so that sales paid with that card are looked at.
func (l *lives) ownCards() {
	o := l.Order(apptest.Purchase{Variant: l.shops[0].Variant, Member: l.relays[0], Email: "lea@relais.example"})
	l.Pay(o, stripesandbox.SecondCard)
	l.Settle()
	l.Deliver(o.ID)
}

// judge decides a review, by the brand or the platform.
func (l *lives) judge() {
	open, err := reviews.Opened(l.T.Context(), l.DB, 0)
	l.refused("read reviews", err)
	if len(open) == 0 {
		return
	}
	r := rapid.SampledFrom(open).Draw(l.r, "review")
	v := l.verdict(r.BrandID)
	v.Yes = l.int(0, 2, "cleared") == 0
	l.refused("decide", l.Reviews.Decide(l.T.Context(), r.ID, v))
}

// verdict is somebody's word, at a brand's desk or at the platform's.
func (l *lives) verdict(brandID int64) reviews.Verdict {
	v := reviews.Verdict{By: l.shops[0].Owner, Yes: rapid.Bool().Draw(l.r, "yes"), Why: "as it seems"}
	if rapid.Bool().Draw(l.r, "brand") {
		v.BrandID = brandID
	}
	return v
}

// appeal has a member appeal a refusal, or the platform answer.
func (l *lives) appeal() {
	ctx := l.T.Context()
	ended, err := reviews.Ended(ctx, l.DB, 0)
	l.refused("read reviews", err)
	if len(ended) > 0 && rapid.Bool().Draw(l.r, "new") {
		r := rapid.SampledFrom(ended).Draw(l.r, "refusal")
		l.refused("appeal", l.Reviews.Appeal(ctx, r.MemberID, r.ID, "it was not me"))
		return
	}
	waits, err := reviews.Appealed(ctx, l.DB)
	l.refused("read appeals", err)
	if len(waits) > 0 {
		v := l.verdict(0)
		v.BrandID = 0
		l.refused("answer the appeal", l.Reviews.DecideAppeal(ctx, rapid.SampledFrom(waits).Draw(l.r, "appeal").ID, v))
	}
}

// claim has a member ask after a sale, or somebody answer.
func (l *lives) claim() {
	ctx := l.T.Context()
	open, err := reviews.OpenClaims(ctx, l.DB, 0)
	l.refused("read claims", err)
	if len(open) == 0 || rapid.Bool().Draw(l.r, "new") {
		shop := rapid.SampledFrom(l.shops).Draw(l.r, "shop")
		_, err := l.Reviews.Ask(ctx, reviews.Asked{MemberID: rapid.SampledFrom(l.relays).Draw(l.r, "claimant"), Brand: shop.Handle, OrderNumber: l.page().Number, Shared: "talk", Text: "mine"})
		l.refused("claim", err)
		return
	}
	c := rapid.SampledFrom(open).Draw(l.r, "claim")
	l.refused("answer the claim", l.Reviews.Answer(ctx, c.ID, 0, l.verdict(c.BrandID)))
}

// granted is a claim that was granted, as the oracle knows it: at the rate of the terms, whatever was booked.
type granted struct {
	LineID   int64 `db:"line_id"`
	MemberID int64 `db:"member_id"`
	Bps      int64 `db:"bps"`
}

const selectGranted = `
select c.order_line_id as line_id, c.member_id, t.commission_bps as bps from claims c join order_lines l on l.id = c.order_line_id join terms t on t.id = l.terms_id where c.state = 'granted'`

// claims are the granted ones, by line.
func (l *lives) claims() map[int64][]granted {
	var rows []granted
	if err := l.DB.Select(&rows, selectGranted); err != nil {
		l.T.Fatal(err)
	}
	of := map[int64][]granted{}
	for _, g := range rows {
		of[g.LineID] = append(of[g.LineID], g)
	}
	return of
}
