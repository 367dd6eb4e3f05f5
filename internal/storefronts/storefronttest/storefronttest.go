// Package storefronttest puts the members, brands and products into a test's database that storefronts, share links and
// attribution are about: plain rows, without going through the packages that own them.
package storefronttest

import (
	"fmt"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
)

// Start is a moment for tests to start from; everything made here was there a year before.
var Start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func id(t testing.TB, q sqlx.Queryer, query string, args ...any) int64 {
	t.Helper()
	var id int64
	if err := sqlx.Get(q, &id, query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return id
}

// Member is a new member with that handle, and HANDLE@example.org.
func Member(t testing.TB, q sqlx.Queryer, handle string) int64 {
	t.Helper()
	return id(t, q, `insert into members (email, email_normal, password_hash, name, handle, created_at, email_confirmed_at)
		values ($1, $1, '-', initcap($2), $2, $3, $3) returning id`, handle+"@example.org", handle, Start.AddDate(-1, 0, 0))
}

// Brand is a new brand with that handle, in French and euros, without terms.
func Brand(t testing.TB, q sqlx.Queryer, handle string) int64 {
	t.Helper()
	return id(t, q, `insert into brands (handle, name, lang, maker_name, maker_address, contact_email, country)
		values ($1, initcap($1), 'fr', initcap($1) || ' SARL', '1 rue du Bac, 75007 Paris', $1 || '@example.org', 'FR') returning id`, handle)
}

// Product is a new product for sale, with one variant at 24.00 euros and 5 in stock.
func Product(t testing.TB, q sqlx.Queryer, brandID int64, slug string) int64 {
	t.Helper()
	p := id(t, q, `insert into products (brand_id, slug, lang, title, vat_bps, currency, state) values ($1, $2, 'fr', $3, 2000, 'EUR', 'published') returning id`,
		brandID, slug, "Produit "+slug)
	id(t, q, `insert into variants (product_id, position, price_minor, stock) values ($1, 0, 2400, 5) returning id`, p)
	return p
}

// Terms are new terms of a brand for all its products (product 0) or one of them, valid from a moment.
func Terms(t testing.TB, q sqlx.Queryer, brandID, productID int64, commissionBps, windowDays int, from time.Time) int64 {
	t.Helper()
	return id(t, q, `insert into terms (brand_id, product_id, commission_bps, hold_days, window_days, valid_from)
		values ($1, nullif($2, 0), $3, 14, $4, $5) returning id`, brandID, productID, commissionBps, windowDays, from)
}

// OrderLine is one line of a new, paid order of a product by a guest.
func OrderLine(t testing.TB, q sqlx.Queryer, productID int64, at time.Time) (orderID, lineID int64) {
	t.Helper()
	key := fmt.Sprintf("%d-%d-%d", productID, at.UnixNano(), id(t, q, `select count(*) from orders`))
	orderID = id(t, q, `insert into orders (number, token, operation, email, email_normal, name, street, postcode, city, country, lang, currency,
		goods_minor, shipping_minor, total_minor, state, placed_at, expires_at, paid_at, payment_intent_id)
		values ($1, $1, $1, 'guest@example.org', 'guest@example.org', 'Guest', '2 rue du Lac', '69003', 'Lyon', 'FR', 'fr', 'EUR',
		2400, 0, 2400, 'paid', $2, $2, $2, $1) returning id`, key, at)
	shipment := id(t, q, `insert into shipments (order_id, brand_id, method_name, shipping_minor, days_min, days_max)
		select $1, brand_id, 'La Poste', 0, 2, 4 from products where id = $2 returning id`, orderID, productID)
	lineID = id(t, q, `insert into order_lines (order_id, shipment_id, variant_id, product_id, brand_id, title, quantity, price_minor, total_minor,
		vat_bps, net_minor, terms_id, commission_bps, fee_bps)
		select $1, $2, v.id, p.id, p.brand_id, p.title, 1, 2400, 2400, 2000, 2000,
		(select max(t.id) from terms t where t.brand_id = p.brand_id), 1000, 500
		from products p join variants v on v.product_id = p.id where p.id = $3 returning id`, orderID, shipment, productID)
	return orderID, lineID
}
