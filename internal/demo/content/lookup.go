package content

import "slices"

// Brand returns the brand with that handle.
func (c *Content) Brand(handle string) (Brand, bool) {
	return find(c.Brands, func(b Brand) bool { return b.Handle == handle })
}

// Product returns the product with that slug.
func (c *Content) Product(slug string) (Product, bool) {
	return find(c.Products, func(p Product) bool { return p.Slug == slug })
}

// Member returns the member with that handle.
func (c *Content) Member(handle string) (Member, bool) {
	return find(c.Members, func(m Member) bool { return m.Handle == handle })
}

// Playing returns the members of that role, in order.
func (c *Content) Playing(role string) []Member {
	var out []Member
	for _, m := range c.Members {
		if m.Role == role {
			out = append(out, m)
		}
	}
	return out
}

// DeliveriesTo returns the ways the brand sends to that country, in order.
func (b Brand) DeliveriesTo(country string) []Delivery {
	var out []Delivery
	for _, d := range b.Delivery {
		if slices.Contains(d.Countries, country) {
			out = append(out, d)
		}
	}
	return out
}

func find[T any](all []T, is func(T) bool) (T, bool) {
	for _, one := range all {
		if is(one) {
			return one, true
		}
	}
	var none T
	return none, false
}
