// Package consent keeps what a buyer agreed to when they let us charge a card later, with the order that it became: the sentence as they read it, and when. It is written with
// the order and never again, so that it is there when their bank asks, months after the pledge forgot who they were. It goes with its order and not before.
package consent

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/postgres"
)

// Consent is what the buyer of an order agreed to.
type Consent struct {
	OrderID   int64          `db:"order_id"`
	Words     string         `db:"words"` // as they were read; empty where they were forgotten before they were kept with orders
	Lang      i18n.Lang      `db:"lang"`
	MostMinor int64          `db:"most_minor"` // what may be taken at most
	Currency  money.Currency `db:"currency"`
	GivenAt   time.Time      `db:"given_at"` // they ticked the box and sent the form
	CardAt    time.Time      `db:"card_at"`  // they left the card on the provider's page, which shows the sentence
}

// Most is what may be taken at most.
func (c Consent) Most() money.Amount { return money.New(c.MostMinor, c.Currency) }

const insertConsent = `
insert into order_consents (order_id, words, lang, most_minor, currency, given_at, card_at) values (:order_id, :words, :lang, :most_minor, :currency, :given_at, greatest(cast(:given_at as timestamptz), cast(:card_at as timestamptz)))`

// Keep keeps it, in the transaction that makes the order. A card that was left before it was asked for, by the clock of another server, was left at once.
func Keep(ctx context.Context, tx *sqlx.Tx, c Consent) error {
	if _, err := tx.NamedExecContext(ctx, insertConsent, c); err != nil {
		return fmt.Errorf("keep consent of order %d: %w", c.OrderID, postgres.Translate(err))
	}
	return nil
}

const selectConsent = `select order_id, words, lang, most_minor, currency, given_at, card_at from order_consents where order_id = $1 and words <> ''`

// Of is what the buyer of an order agreed to; nil: it was bought at once, or the words are gone.
func Of(ctx context.Context, q sqlx.QueryerContext, orderID int64) (*Consent, error) {
	var c Consent
	err := sqlx.GetContext(ctx, q, &c, selectConsent, orderID)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read consent of order %d: %w", orderID, postgres.Translate(err))
	}
	return &c, nil
}
