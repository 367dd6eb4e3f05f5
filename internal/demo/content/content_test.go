package content_test

import (
	"image/jpeg"
	"slices"
	"strings"
	"testing"

	"relais/internal/demo/content"
)

func load(t *testing.T) *content.Content {
	t.Helper()
	c, err := content.Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestLoadHoldsEnoughForEveryPage(t *testing.T) {
	c := load(t)
	for _, want := range []struct {
		what      string
		got, want int
	}{
		{"brands", len(c.Brands), 4},
		{"relays", len(c.Playing(content.Relay)), 10},
		{"owners", len(c.Playing(content.Owner)), 4},
		{"shoppers", len(c.Playing(content.Shopper)), 1},
		{"admins", len(c.Playing(content.Admin)), 1},
	} {
		if want.got != want.want {
			t.Errorf("%d %s, want %d", want.got, want.what, want.want)
		}
	}
	if len(c.Products) < 40 {
		t.Errorf("%d products, want at least 40", len(c.Products))
	}
	if len(c.Buyers) < 25 {
		t.Errorf("%d buyers, want at least 25", len(c.Buyers))
	}
	perBrand := map[string]int{}
	for _, p := range c.Products {
		perBrand[p.Brand]++
	}
	for _, b := range c.Brands {
		if perBrand[b.Handle] < 10 {
			t.Errorf("brand %s has %d products, want at least 10", b.Handle, perBrand[b.Handle])
		}
	}
	for _, k := range c.Categories {
		if !slices.ContainsFunc(c.Products, func(p content.Product) bool { return p.Category == k.Key }) {
			t.Errorf("category %s is empty", k.Key)
		}
	}
}

func TestPhotographsDecodeAndStaySmall(t *testing.T) {
	c := load(t)
	var total int64
	for _, p := range c.Photos {
		f, err := content.Open(p.File)
		if err != nil {
			t.Fatal(err)
		}
		info, err := f.Stat()
		if err != nil {
			t.Fatal(err)
		}
		total += info.Size()
		if info.Size() > 400<<10 {
			t.Errorf("%s is %d bytes, want at most 400 KB", p.File, info.Size())
		}
		if _, err := jpeg.Decode(f); err != nil {
			t.Errorf("%s: %v", p.File, err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		if !strings.HasSuffix(p.Credit(), ", Unsplash") {
			t.Errorf("%s is credited %q", p.File, p.Credit())
		}
	}
	if total > 6<<20 {
		t.Errorf("photographs take %d bytes, want at most 6 MB", total)
	}
	if _, err := content.Open("none.jpg"); err == nil {
		t.Error("a photograph that is not there was opened")
	}
}

func TestEveryTextIsLongEnoughToBeUseful(t *testing.T) {
	c := load(t)
	for _, b := range c.Brands {
		for _, lang := range []string{"fr", "en"} {
			between(t, b.Handle+" story "+lang, b.Story.In(lang), 120, 260)
		}
	}
	for _, p := range c.Products {
		for _, lang := range []string{"fr", "en"} {
			between(t, p.Slug+" description "+lang, p.Description.In(lang), 50, 125)
		}
	}
}

func between(t *testing.T, what, text string, least, most int) {
	t.Helper()
	if n := len(strings.Fields(text)); n < least || n > most {
		t.Errorf("%s has %d words, want %d to %d", what, n, least, most)
	}
}

// Whoever lives in a country that the demo delivers to can buy something from most storefronts.
func TestEveryBuyerCanBeDelivered(t *testing.T) {
	c := load(t)
	for _, b := range c.Buyers {
		reached := 0
		for _, brand := range c.Brands {
			if len(brand.DeliveriesTo(b.Address.Country)) > 0 {
				reached++
			}
		}
		if reached < 3 {
			t.Errorf("%s in %s is reached by %d brands, want at least 3", b.Name, b.Address.Country, reached)
		}
	}
}

func TestVariantsInherit(t *testing.T) {
	c := load(t)
	p, ok := c.Product("cable-usb-blanc")
	if !ok {
		t.Fatal("the cable is gone")
	}
	short, long := p.Variants[0], p.Variants[1]
	if short.PriceCents != p.PriceCents || short.WeightGrams != p.WeightGrams {
		t.Errorf("short cable is %d cents, %d g; want the product's", short.PriceCents, short.WeightGrams)
	}
	if long.PriceCents != 1600 || long.WeightGrams != 70 {
		t.Errorf("long cable is %d cents, %d g; want its own", long.PriceCents, long.WeightGrams)
	}
}

func TestValidateNamesEveryFault(t *testing.T) {
	for _, fault := range []struct {
		name  string
		spoil func(*content.Content)
		want  string
	}{
		{"price", func(c *content.Content) { c.Products[0].Variants[0].PriceCents = 0 }, "price 0"},
		{"reduction upwards", func(c *content.Content) { c.Products[0].Variants[0].CompareAtCents = 1 }, "reduced from 1"},
		{"missing English", func(c *content.Content) { c.Products[0].Title.EN = "" }, "English is missing"},
		{"missing French", func(c *content.Content) { c.Brands[0].Story.FR = "" }, "French is missing"},
		{"plain space", func(c *content.Content) { c.Products[0].Title.FR = "Quoi ?" }, "no-break space"},
		{"photo", func(c *content.Content) { c.Products[0].Photos = []string{"none.jpg"} }, `photo "none.jpg" does not exist`},
		{"uncredited photo", func(c *content.Content) { c.Photos = c.Photos[1:] }, "has no credit"},
		{"owner", func(c *content.Content) { c.Brands[0].Owner = "lea" }, `owner "lea"`},
		{"brand", func(c *content.Content) { c.Products[0].Brand = "nobody" }, `brand "nobody"`},
		{"category", func(c *content.Content) { c.Products[0].Category = "none" }, `category "none"`},
		{"handle twice", func(c *content.Content) { c.Members[1].Handle = "lea" }, `"lea" is there twice`},
		{"handle of a brand", func(c *content.Content) { c.Members[1].Handle = c.Brands[0].Handle }, "is there twice"},
		{"slug twice", func(c *content.Content) { c.Products[1].Slug = c.Products[0].Slug }, "is there twice"},
		{"SKU twice", func(c *content.Content) { c.Products[1].Variants[0].SKU = c.Products[0].Variants[0].SKU }, "is there twice"},
		{"listing", func(c *content.Content) { c.Members[0].Storefront.Listings[0].Product = "none" }, `product "none"`},
		{"hold", func(c *content.Content) { c.Brands[0].Terms.HoldDays = 13 }, "hold of 13 days"},
		{"real email", func(c *content.Content) { c.Buyers[0].Email = "a@mail.fr" }, `email "a@mail.fr"`},
		{"address", func(c *content.Content) { c.Buyers[0].Address.City = "" }, "address is incomplete"},
	} {
		t.Run(fault.name, func(t *testing.T) {
			c := load(t)
			fault.spoil(c)
			err := c.Validate()
			if err == nil || !strings.Contains(err.Error(), fault.want) {
				t.Errorf("got %v, want it to say %q", err, fault.want)
			}
		})
	}
}
