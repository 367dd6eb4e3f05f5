package pledges

import (
	"context"
	"database/sql"
	"errors"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/postgres"
)

// orGone is ErrGone where a row is missing, and any other error as it is.
func orGone(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return ErrGone
	}
	return postgres.Translate(err)
}

const campaignColumns = `c.id, c.kind, c.code, c.product_id, c.brand_id, c.opened_by, c.terms_id, c.steps, c.currency, c.note, c.state, c.opened_at, c.deadline, c.ended_at,
  c.ended_why, c.stopped_at, c.people, c.less_bps, coalesce(c.max_units, 0) as max_units, c.expected, c.plan, c.started_at, c.made_at, c.stopped_why, c.idea_id`

func campaignWhere(ctx context.Context, q sqlx.QueryerContext, where string, args ...any) (Campaign, error) {
	var c Campaign
	err := sqlx.GetContext(ctx, q, &c, `select `+campaignColumns+` from campaigns c where `+where, args...)
	return c, orGone(err)
}

// StatesOf says how campaigns stand, by their numbers.
func StatesOf(ctx context.Context, q sqlx.QueryerContext, ids ...int64) (map[int64]CampaignState, error) {
	states, rows := map[int64]CampaignState{}, []Campaign{}
	err := sqlx.SelectContext(ctx, q, &rows, `select id, kind, state, stopped_at from campaigns where id = any($1)`, pq.Array(ids))
	for _, c := range rows {
		states[c.ID] = c.Standing()
	}
	return states, postgres.Translate(err)
}

const pledgeColumns = `id, token, operation, campaign_id, cart_id, variant_id, quantity, member_id, email, email_normal, name, street, street2, postcode, city, country, phone,
  lang, visitor, price_minor, method_name, shipping_minor, days_min, days_max, most_minor, consent, state, asked_at, expires_at, joined_at, ended_at, ended_why, told_at, setup_id, setup_url,
  setup_attempt, customer_id, card_id, card_brand, card_last4, fingerprint, forgotten_at, order_id, attempt, first_sent_at, tried_at, refusals, refused_at, refused_code, next_at`

func pledgeWhere(ctx context.Context, q sqlx.QueryerContext, where string, args ...any) (Pledge, error) {
	var p Pledge
	err := sqlx.GetContext(ctx, q, &p, `select `+pledgeColumns+` from pledges where `+where, args...)
	return p, orGone(err)
}

func lockPledge(ctx context.Context, tx *sqlx.Tx, id int64) (Pledge, error) {
	return pledgeWhere(ctx, tx, `id = $1 for update`, id)
}

const insertPledgeRow = `
insert into pledges (token, operation, campaign_id, cart_id, variant_id, quantity, member_id, email, email_normal, name, street, street2, postcode, city, country, phone, lang, visitor,
  price_minor, method_name, shipping_minor, days_min, days_max, most_minor, consent, asked_at, expires_at)
values (:token, :operation, :campaign_id, :cart_id, :variant_id, :quantity, :member_id, :email, :email_normal, :name, :street, :street2, :postcode, :city, :country, :phone, :lang, :visitor,
  :price_minor, :method_name, :shipping_minor, :days_min, :days_max, :most_minor, :consent, :asked_at, :expires_at) returning id`

func insertPledge(ctx context.Context, tx *sqlx.Tx, p Pledge) (id int64, err error) {
	query, args, err := sqlx.Named(insertPledgeRow, p)
	if err == nil {
		err = tx.GetContext(ctx, &id, tx.Rebind(query), args...)
	}
	return id, postgres.Translate(err)
}
