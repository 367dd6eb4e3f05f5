package referrals

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/catalog"
	"relais/internal/fault"
	"relais/internal/storefronts"
)

// ErrPoll says that there is no such poll that everybody sees.
var ErrPoll = fault.New(fault.NotFound, "fault.polls.gone")

// pollShown is a poll po that everybody sees: it was asked, the platform did not take it off, and its brand is not blocked.
const pollShown = `(po.state <> 'draft' and po.stopped_at is null and not exists (select 1 from brands pb where pb.id = po.brand_id and pb.blocked_at is not null))`

// pollShared is nil for a poll that a member can share: one that everybody sees, open or over, whether it pays or not.
func pollShared(ctx context.Context, q sqlx.QueryerContext, pollID int64) error {
	var shown bool
	if err := sqlx.GetContext(ctx, q, &shown, `select exists (select 1 from polls po where po.id = $1 and `+pollShown+`)`, pollID); err != nil {
		return fmt.Errorf("read poll: %w", err)
	}
	if !shown {
		return ErrPoll
	}
	return nil
}

// selectPolled is what a poll is about, and what came of it. A piece is to come of one that is open, or decided without an answer of its brand yet.
const selectPolled = `
select po.brand_id, coalesce(po.product_id, 0) as product_id, array(select x.product_id from poll_pieces x where x.poll_id = po.id order by x.at, x.product_id) as made, coalesce(i.author_id, 0) as idea_by,
  po.state = 'open' or po.state = 'decided' and po.answered_at is null as to_come
from polls po left join ideas i on i.id = idea_root(po.idea_id) and i.hidden_why = '' where po.id = $1 and ` + pollShown

// PollPays says whether the link of a member to a poll can bring them something: what the poll is about, or what came of it, is for sale and pays a
// commission, or that member a margin in their storefront; or what came of it is a draft or being launched, or a piece is to come of it, at terms that pay a commission. To the member
// whose idea it stems from also what pays authors of ideas does. Member 0 has no margin, and no idea.
func PollPays(ctx context.Context, q sqlx.QueryerContext, pollID, memberID int64, now time.Time) (bool, error) {
	var polls []struct {
		BrandID   int64         `db:"brand_id"`
		ProductID int64         `db:"product_id"`
		Made      pq.Int64Array `db:"made"`
		IdeaBy    int64         `db:"idea_by"`
		ToCome    bool          `db:"to_come"`
	}
	if err := sqlx.SelectContext(ctx, q, &polls, selectPolled, pollID); err != nil {
		return false, fmt.Errorf("read what poll %d is about: %w", pollID, err)
	}
	if len(polls) == 0 {
		return false, nil
	}
	p := polls[0]
	ids := []int64(p.Made)
	if p.ProductID != 0 {
		ids = append(ids, p.ProductID)
	}
	if pays, err := anyPays(ctx, q, memberID, now, ids); err != nil || pays {
		return pays, err
	}
	offers, err := catalog.TermsHistory(ctx, q, p.BrandID)
	if err != nil {
		return false, err
	}
	terms := func(productID int64) catalog.Terms { t, _ := catalog.Choose(offers, productID, now); return t }
	// Of what came of it, and is a draft or being launched, the terms say what it will bring; so they do of what is to come.
	mine := memberID != 0 && p.IdeaBy == memberID
	pays := func(t catalog.Terms) bool { return t.CommissionBps > 0 || mine && t.IdeaBps > 0 }
	for _, id := range p.Made {
		coming, err := comes(ctx, q, id, catalog.Draft, catalog.Launching)
		if err != nil {
			return false, err
		}
		if coming && pays(terms(id)) || mine && terms(id).IdeaBps > 0 {
			return true, nil
		}
	}
	launched, err := comes(ctx, q, p.ProductID, catalog.Launching)
	return p.ToCome && pays(terms(0)) || launched && terms(p.ProductID).CommissionBps > 0, err
}

// comes says whether a product is in one of those states, in which it is to be sold. Product 0 is none.
func comes(ctx context.Context, q sqlx.QueryerContext, productID int64, states ...catalog.State) (is bool, err error) {
	err = sqlx.GetContext(ctx, q, &is, `select exists (select 1 from products where id = $1 and state = any($2))`, productID, pq.Array(states))
	return is, err
}

// anyPays says whether one of those products is for sale, and brings whoever recommends it a commission, or that member a margin in their storefront.
func anyPays(ctx context.Context, q sqlx.QueryerContext, memberID int64, now time.Time, ids []int64) (bool, error) {
	if len(ids) == 0 {
		return false, nil
	}
	cards, err := catalog.Cards(ctx, q, "", now, ids...)
	if err != nil {
		return false, err
	}
	margins, err := storefronts.MarginsOf(ctx, q, memberID, ids...)
	for _, c := range cards {
		if c.State == catalog.Published && (c.CommissionBps > 0 || margins[c.ID].On(c.From(), c.MarginBps).Sign() > 0) {
			return true, err
		}
	}
	return false, err
}
