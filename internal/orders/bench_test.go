package orders_test

import (
	"testing"

	"relais/internal/app/apptest"
)

// BenchmarkPlace is a buyer who puts a piece from a storefront into a cart and orders it.
func BenchmarkPlace(b *testing.B) {
	w := apptest.New(b)
	shop, relay := w.Shop("terre", 12000, 90_000), w.Member("lea")
	for b.Loop() {
		w.Order(apptest.Purchase{Variant: shop.Variant, Storefront: relay})
	}
}
