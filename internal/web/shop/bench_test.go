package shop_test

import (
	"net/http"
	"testing"
)

// BenchmarkProduct is a visitor who opens the page of a product, over HTTP.
func BenchmarkProduct(b *testing.B) {
	w := newWorld(b)
	path := "/p/" + w.shirt.Slug
	for b.Loop() {
		if a := w.get(path); a.status != http.StatusOK {
			b.Fatal(a.status)
		}
	}
}
