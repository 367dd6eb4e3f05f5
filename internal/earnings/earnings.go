package earnings

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/crash"
	"relais/internal/ledger"
	"relais/internal/money"
	"relais/internal/postgres"
)

// Booking is a paid order as the books need it.
type Booking struct {
	OrderID  int64
	Currency money.Currency
	Fee      int64 // what Relais keeps of it, minor units
	Shares   []Earning
	ChargeID string    // the payment at the provider
	At       time.Time // business time
}

// Book writes the earnings of a paid order, held, and posts the sale. Of earnings only payee, shipment, line, role, amount, base,
// rate, and FreeAt are read; who they are of and for what is there for those who are told. The ledger's reference makes it happen once: a second call is refused by the unique rows.
func Book(ctx context.Context, tx *sqlx.Tx, p Booking) error {
	t := ledger.Transaction{Reference: fmt.Sprintf("order:%d:paid", p.OrderID), Kind: "sale", Currency: p.Currency, At: p.At, Object: p.ChargeID}
	for _, e := range p.Shares {
		if e.Amount.IsZero() {
			continue
		}
		e.OrderID, e.EarnedAt, e.Reason = p.OrderID, p.At, AwaitingShipment
		if err := insert(ctx, tx, e); err != nil {
			return fmt.Errorf("book %s of order %d: %w", e.Role, p.OrderID, err)
		}
		t.Postings = append(t.Postings, ledger.Posting{Source: stripe, Destination: held(e.PayeeID), Amount: e.Amount.Minor})
	}
	if p.Fee > 0 {
		t.Postings = append(t.Postings, ledger.Posting{Source: stripe, Destination: fees, Amount: p.Fee})
	}
	_, err := ledger.Post(ctx, tx, t)
	return err
}

var (
	stripe = ledger.Account{Kind: ledger.Stripe}
	fees   = ledger.Account{Kind: ledger.Fees}
	losses = ledger.Account{Kind: ledger.Losses}
)

func held(payeeID int64) ledger.Account { return ledger.Account{Kind: ledger.Held, Owner: payeeID} }
func free(payeeID int64) ledger.Account { return ledger.Account{Kind: ledger.Free, Owner: payeeID} }

// Shipped moves the estimate of the earnings of a shipment to count from the day on which it was sent.
func Shipped(ctx context.Context, tx *sqlx.Tx, shipmentID int64, at time.Time) error {
	_, err := tx.ExecContext(ctx, updateShipped, shipmentID, at)
	return postgres.Translate(err)
}

// Settle fixes the day on which the earnings of a delivered shipment come free: delivery plus the hold of the terms
// under which each line was sold. The delivery cost waits for the longest hold of its shipment.
func Settle(ctx context.Context, tx *sqlx.Tx, shipmentID int64, delivered time.Time) error {
	var rows []struct {
		ID       int64 `db:"id"`
		HoldDays int   `db:"hold_days"`
		Days     int   `db:"withdrawal_days"`
	}
	if err := tx.SelectContext(ctx, &rows, selectToSettle, shipmentID); err != nil {
		return fmt.Errorf("settle shipment %d: %w", shipmentID, err)
	}
	for _, r := range rows {
		if _, err := tx.ExecContext(ctx, updateSettled, r.ID, FreeAt(delivered, HoldDays(r.HoldDays, r.Days)), r.Days); err != nil {
			return postgres.Translate(err)
		}
	}
	return nil
}

// batch is how many earnings one transaction releases.
const batch = 200

// ReleaseDue frees every held earning whose day has come, at most batch in one transaction, and says how many it freed. Several
// workers may run it at once: each takes other rows.
func ReleaseDue(ctx context.Context, db *sqlx.DB, now time.Time) (int, error) {
	total := 0
	for {
		n := 0
		err := postgres.InTx(ctx, db, func(tx *sqlx.Tx) error {
			es, err := lockDueEarnings(ctx, tx, now, batch)
			n = len(es)
			for _, e := range es {
				if err := release(ctx, tx, e, now); err != nil {
					return err
				}
				crash.At(crash.EarningReleased)
			}
			if err != nil || n == 0 {
				return err
			}
			return tellFree(ctx, tx, es, now)
		})
		if err != nil {
			return total, fmt.Errorf("release earnings: %w", err)
		}
		if total += n; n < batch {
			return total, nil
		}
	}
}

func release(ctx context.Context, tx *sqlx.Tx, e Earning, now time.Time) error {
	left := e.Left().Minor
	posted, err := ledger.Post(ctx, tx, ledger.Transaction{
		Reference: fmt.Sprintf("earning:%d:free", e.ID), Kind: "release", Currency: e.Amount.Currency, At: now,
		Postings: []ledger.Posting{{Source: held(e.PayeeID), Destination: free(e.PayeeID), Amount: left}},
	})
	if err != nil {
		return fmt.Errorf("release earning %d: %w", e.ID, err)
	}
	if _, err := tx.ExecContext(ctx, updateReleased, e.ID, now, posted.PostingIDs[0], left); err != nil {
		return postgres.Translate(err)
	}
	_, err = Net(ctx, tx, e.PayeeID, e.Amount.Currency, fmt.Sprintf("earning:%d", e.ID), now)
	return err
}
