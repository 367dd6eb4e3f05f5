package ledger_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/jmoiron/sqlx"

	"relais/internal/ledger"
	"relais/internal/postgres"
	"relais/internal/postgres/pgtest"
)

// saleOfFive is a sale of two brands, recommended by two members, with the platform's fee.
func saleOfFive(n int64) ledger.Transaction {
	return ledger.Transaction{Reference: fmt.Sprintf("order:%d:paid", n), Kind: "sale", Currency: "EUR", At: noon, Postings: []ledger.Posting{
		{Source: clearing, Destination: held(1 + n%7), Amount: 4000},
		{Source: clearing, Destination: held(8 + n%5), Amount: 3500},
		{Source: clearing, Destination: held(20 + n%101), Amount: 1000},
		{Source: clearing, Destination: held(200 + n%103), Amount: 1000},
		{Source: clearing, Destination: fees, Amount: 500},
	}}
}

// BenchmarkPostSale posts a sale of five legs in a transaction of its own, one after the other and from many goroutines.
func BenchmarkPostSale(b *testing.B) {
	db := pgtest.DB(b)
	var n atomic.Int64
	one := func() {
		err := postgres.InTx(context.Background(), db, func(tx *sqlx.Tx) error {
			_, err := ledger.Post(context.Background(), tx, saleOfFive(n.Add(1)))
			return err
		})
		if err != nil {
			b.Error(err)
		}
	}
	b.Run("one", func(b *testing.B) {
		for b.Loop() {
			one()
		}
	})
	b.Run("many", func(b *testing.B) {
		b.SetParallelism(8)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				one()
			}
		})
	})
}
