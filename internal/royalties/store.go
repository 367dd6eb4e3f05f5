package royalties

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"relais/internal/postgres"
	"relais/internal/referrals"
)

// chain is a publication ($1) and those that it varies, the nearest first. A design varies one that was there before it.
const chain = `
with recursive chain as (
  select p.id, p.parent_id, p.author_id, p.royalty_bps, p.title, p.state, 0 as depth from publications p where %s
  union all
  select p.id, p.parent_id, p.author_id, p.royalty_bps, p.title, p.state, c.depth + 1 from chain c join publications p on p.id = c.parent_id and p.id < c.id
)`

const selectAuthors = `
select 'royalty' as role, c.author_id as member_id, m.name, m.handle, c.royalty_bps as agreed_bps, c.royalty_bps as rate_bps, c.id as publication_id, null::bigint as idea_id,
  c.title, m.email_normal, coalesce(y.stripe_account_id, '') as payout_id, c.depth
from chain c join members m on m.id = c.author_id and m.blocked_at is null left join payees y on y.member_id = m.id
where c.royalty_bps > 0 and c.state <> 'taken_down'`

// A product is of one idea: of the one to which it is attached, or else, from its launch on, of the one that the launch stems from. An idea that was merged after the launch, or the poll
// before it, was opened has its share all the same: each names the idea as it was then. What was sold before stays as it was frozen.
const selectIdea = `
select 'idea' as role, i.author_id as member_id, m.name, m.handle, t.idea_bps as agreed_bps, t.idea_bps as rate_bps, null::bigint as publication_id, i.id as idea_id,
  i.title, m.email_normal, coalesce(y.stripe_account_id, '') as payout_id, 0 as depth
from (select i.* from (select s.idea_id, 1 as rank from idea_steps s where s.kind = 'product' and s.ref_id = $1
    union all select c.idea_id, 2 from campaigns c where c.product_id = $1 and c.kind = 'launch' and c.state in ('open','reached') and c.idea_id is not null) s
  join ideas i on i.id = s.idea_id and i.hidden_why = '' order by s.rank, i.id limit 1) i
join terms t on t.id = $2 and t.idea_bps > 0 join members m on m.id = i.author_id and m.blocked_at is null left join payees y on y.member_id = m.id`

const authorColumns = `role, member_id, name, handle, agreed_bps, rate_bps, publication_id, idea_id, title, email_normal, payout_id`

// For is who has a share in a product that is ordered under these terms by this buyer, the author of its design first, then those of what
// it varies, then that of its idea; none of most products. It is read in the transaction that places the order; Fit it, and Save it.
func For(ctx context.Context, tx *sqlx.Tx, productID, termsID int64, b referrals.Buyer) ([]Royalty, error) {
	var found []author
	err := tx.SelectContext(ctx, &found, fmt.Sprintf(chain, `p.product_id = $1`)+` select `+authorColumns+` from (`+selectAuthors+` union all `+selectIdea+`) a order by role desc, depth`,
		productID, termsID)
	if err != nil {
		return nil, fmt.Errorf("read who has a royalty of product %d: %w", productID, postgres.Translate(err))
	}
	return Gather(others(found, b)), nil
}

// Chain is the royalties of a publication and of those that it varies, the nearest first: what a design that varies it pays beside its own.
func Chain(ctx context.Context, q sqlx.QueryerContext, publicationID int64) ([]Royalty, error) {
	var found []author
	err := sqlx.SelectContext(ctx, q, &found, fmt.Sprintf(chain, `p.id = $1`)+` select `+authorColumns+` from (`+selectAuthors+`) a order by depth`, publicationID)
	if err != nil {
		return nil, fmt.Errorf("read the royalties of publication %d: %w", publicationID, postgres.Translate(err))
	}
	return Gather(others(found, referrals.Buyer{})), nil
}

const insertRoyalty = `
insert into order_line_royalties (order_line_id, role, member_id, agreed_bps, rate_bps, minor, publication_id, idea_id) values ($1, $2, $3, $4, $5, $6, $7, $8)`

// Save freezes the royalties of an order line that was just placed, with what each comes to: minor units, in the same order. Those for
// which there was no room are no shares.
func Save(ctx context.Context, tx *sqlx.Tx, orderLineID int64, rs []Royalty, minor []int64) error {
	for i, r := range rs {
		if r.RateBps == 0 {
			continue
		}
		if _, err := tx.ExecContext(ctx, insertRoyalty, orderLineID, r.Role, r.MemberID, r.AgreedBps, r.RateBps, minor[i], r.PublicationID, r.IdeaID); err != nil {
			return fmt.Errorf("save the royalty of member %d in line %d: %w", r.MemberID, orderLineID, postgres.Translate(err))
		}
	}
	return nil
}

const selectOfOrder = `
select r.order_line_id, r.role, r.member_id, case when i.named is false then '' else m.name end as name, case when i.named is false then '' else m.handle end as handle, r.agreed_bps, r.rate_bps, r.minor, r.publication_id, r.idea_id, coalesce(p.title, i.title, '') as title
from order_lines l join order_line_royalties r on r.order_line_id = l.id join members m on m.id = r.member_id
left join publications p on p.id = r.publication_id left join ideas i on i.id = r.idea_id
where l.order_id = $1 order by r.order_line_id, r.role desc, r.publication_id desc, r.member_id`

// OfOrder is the royalties of all lines of an order: of each line the authors of designs first, the nearest first, then that of its idea,
// without a name where the idea does not show it.
func OfOrder(ctx context.Context, q sqlx.QueryerContext, orderID int64) ([]Royalty, error) {
	var rs []Royalty
	if err := sqlx.SelectContext(ctx, q, &rs, selectOfOrder, orderID); err != nil {
		return nil, fmt.Errorf("read the royalties of order %d: %w", orderID, postgres.Translate(err))
	}
	return rs, nil
}
