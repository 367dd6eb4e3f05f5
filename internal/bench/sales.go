package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/ledger"
	"relais/internal/postgres"
)

// salesSide is the database in which sales are posted: books and nothing else, so that the audit of the site's own stays true.
type salesSide struct {
	db     *sqlx.DB
	posted atomic.Int64
}

// openSales makes it on the cluster of the site.
func openSales(ctx context.Context, c *postgres.Cluster, clients int) (*salesSide, error) {
	first, err := postgres.Open(c.OwnerURL(), 1)
	if err != nil {
		return nil, err
	}
	defer first.Close()
	if _, err := first.ExecContext(ctx, `create database sales`); err != nil {
		return nil, fmt.Errorf("make the database of the sales: %w", err)
	}
	address, err := databaseOf(c.OwnerURL(), "sales")
	if err != nil {
		return nil, err
	}
	owner, err := postgres.Open(address, 1)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(postgres.Migrate(ctx, owner), owner.Close()); err != nil {
		return nil, err
	}
	if address, err = databaseOf(c.AppURL(), "sales"); err != nil {
		return nil, err
	}
	db, err := postgres.Open(address, clients)
	if err != nil {
		return nil, err
	}
	return &salesSide{db: db}, nil
}

// sale is one of five parties: two brands, two relays, the platform. Payees come in turn, as pgbench's accounts do by chance.
func sale(n int64) ledger.Transaction {
	stripe := ledger.Account{Kind: ledger.Stripe}
	held := func(id int64) ledger.Account { return ledger.Account{Kind: ledger.Held, Owner: id} }
	return ledger.Transaction{Reference: fmt.Sprintf("order:%d:paid", n), Kind: "sale", Currency: "EUR", At: time.Now(), Object: fmt.Sprintf("ch_%d", n), Postings: []ledger.Posting{
		{Source: stripe, Destination: held(1 + n%97), Amount: 4000}, {Source: stripe, Destination: held(100 + n%89), Amount: 3500},
		{Source: stripe, Destination: held(1000 + n%997), Amount: 1000}, {Source: stripe, Destination: held(2000 + n%991), Amount: 1000},
		{Source: stripe, Destination: ledger.Account{Kind: ledger.Fees}, Amount: 500}}}
}

// post posts sales from that many clients for so long, each in a database transaction of its own, and says how many in a second.
func (l *salesSide) post(ctx context.Context, clients int, span time.Duration) (float64, error) {
	ctx, stop := context.WithTimeout(ctx, span+time.Minute)
	defer stop()
	start, before := time.Now(), l.posted.Load()
	err := each(clients, clients, func(int) error {
		for time.Since(start) < span {
			t := sale(l.posted.Add(1))
			err := postgres.InTx(ctx, l.db, func(tx *sqlx.Tx) error {
				_, err := ledger.Post(ctx, tx, t)
				return err
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	return float64(l.posted.Load()-before) / time.Since(start).Seconds(), err
}

// verify holds the books against what was posted: as many sales, and every invariant of the ledger.
func (l *salesSide) verify(ctx context.Context) error {
	var n int64
	if err := l.db.GetContext(ctx, &n, `select count(*) from ledger_transactions`); err != nil {
		return err
	}
	if n != l.posted.Load() {
		return fmt.Errorf("%d sales are in the books, %d were posted", n, l.posted.Load())
	}
	found, err := ledger.Check(ctx, l.db)
	for _, f := range found {
		if f.Count != 0 {
			err = errors.Join(err, fmt.Errorf("%s is broken %d times", f.Name, f.Count))
		}
	}
	return err
}
