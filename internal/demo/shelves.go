package demo

import (
	"context"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/catalog"
	"relais/internal/catalog/steps"
	"relais/internal/demo/content"
	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/postgres"
)

// brand is a brand of the demo with its owner.
type brand struct {
	content.Brand
	id    int64
	owner int64
}

// product is a product of the demo with its variants in the order of the content.
type product struct {
	content.Product
	id       int64
	brand    *brand
	slug     string // as the catalogue wrote it
	variants []catalog.VariantView
}

// reserve is how many pieces more than the content says the shelves begin with, so that nothing sells out over the days.
const reserve = 400

// reducedBefore is how many days before the end prices came down that are shown as reduced.
const reducedBefore = 9

func other(lang string) string {
	if lang == "fr" {
		return "en"
	}
	return "fr"
}

func (m *maker) makeBrands(ctx context.Context) error {
	for i, b := range m.content.Brands {
		m.at(m.start.AddDate(0, 0, -20+i))
		if err := m.makeBrand(ctx, b); err != nil {
			return err
		}
	}
	return nil
}

func (m *maker) makeBrand(ctx context.Context, b content.Brand) error {
	owner := m.people[b.Owner].id
	made, err := m.Catalog.CreateBrand(ctx, owner, catalog.BrandDraft{Handle: b.Handle, Name: b.Name, Lang: i18n.Lang(b.Lang), Tagline: b.Tagline.In(b.Lang),
		Story: b.Story.In(b.Lang), MakerName: b.LegalName, MakerAddress: postal(b.Address), ContactEmail: b.Email, Country: b.Country,
		VATNumber: b.VATNumber, Currency: money.Currency(b.Currency), Trader: true})
	if err != nil {
		return err
	}
	m.brands[b.Handle] = &brand{Brand: b, id: made.ID, owner: owner}
	if err := m.talks().Desk(ctx, made.ID, i18n.Lang(b.Lang), 8+8*len(m.brands)); err != nil {
		return err
	}
	second := other(b.Lang)
	if err := m.Catalog.TranslateBrand(ctx, owner, made.ID, i18n.Lang(second), b.Tagline.In(second), b.Story.In(second)); err != nil {
		return err
	}
	for place, file := range map[catalog.Place]string{catalog.Logo: b.Logo, catalog.Cover: b.Cover} {
		if err := m.hang(ctx, m.brands[b.Handle], place, file); err != nil {
			return err
		}
	}
	for i, d := range b.Delivery {
		method := catalog.DeliveryMethod{Name: d.Name.In(b.Lang), NameOther: d.Name.In(second), PriceMinor: d.PriceCents, DaysMin: d.DaysMin, DaysMax: d.DaysMax,
			Countries: d.Countries, Active: true, Position: i}
		if d.FreeFromCents > 0 {
			method.FreeFromMinor = &d.FreeFromCents
		}
		if _, err := m.Catalog.PutDelivery(ctx, owner, made.ID, method); err != nil {
			return err
		}
	}
	m.at(m.Clock.Now().Add(time.Hour)) // a brand starts with the platform's terms, and offers its own after that
	rate, _ := firstRate(b.Handle)
	if rate == 0 {
		rate = b.Terms.CommissionBPS
	}
	margin := b.Terms.FirstMarginBPS
	if margin == 0 {
		margin = b.Terms.MarginBPS
	}
	return m.offer(ctx, m.brands[b.Handle], rate, margin)
}

// hang puts a photograph where a brand shows it.
func (m *maker) hang(ctx context.Context, b *brand, place catalog.Place, file string) error {
	if file == "" {
		return nil
	}
	f, err := content.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	return m.Catalog.SetBrandPicture(ctx, b.owner, b.id, place, f)
}

// offer changes what a brand pays whoever brings a sale, and how much a storefront may put on its price, from now on.
func (m *maker) offer(ctx context.Context, b *brand, commissionBps, marginBps int64) error {
	_, err := m.Catalog.OfferTerms(ctx, b.owner, b.id, b.offer(commissionBps, marginBps))
	return err
}

// offer is what the brand offers, at this commission and with this margin.
func (b *brand) offer(commissionBps, marginBps int64) catalog.TermsDraft {
	credit, last := creditOf(b)
	return catalog.TermsDraft{CommissionBps: commissionBps, HoldDays: b.Terms.HoldDays, WindowDays: b.Terms.WindowDays, Credit: credit, SplitLastBps: last, MarginBps: marginBps}
}

// steppedAfter is for which part of the days products have one price; from then on some of them cost less for people who order together.
const steppedAfter = 0.6

// offerSteps adds the steps of a product's price to what its brand offers today.
func (m *maker) offerSteps(ctx context.Context, p *product) error {
	offer := p.brand.offer(p.brand.Terms.CommissionBPS, p.brand.Terms.MarginBPS)
	offer.ProductID = &p.id
	for _, s := range p.Steps {
		offer.Steps = append(offer.Steps, steps.Step{People: s.People, LessBps: s.LessBPS})
	}
	_, err := m.Catalog.OfferTerms(ctx, p.brand.owner, p.brand.id, offer)
	return err
}

func postal(a content.Address) string {
	lines := []string{a.Line1, a.Line2, a.PostalCode + " " + a.City, a.Country}
	var kept []string
	for _, l := range lines {
		if strings.TrimSpace(l) != "" {
			kept = append(kept, l)
		}
	}
	return strings.Join(kept, "\n")
}

func (m *maker) makeProducts(ctx context.Context) error {
	for i, p := range m.content.Products {
		m.at(m.start.Add(-time.Duration(15*24-5*i) * time.Hour))
		if err := m.makeProduct(ctx, p); err != nil {
			return err
		}
		m.progress(30 + 8*i/len(m.content.Products))
	}
	return nil
}

func (m *maker) makeProduct(ctx context.Context, p content.Product) error {
	b := m.brands[p.Brand]
	second := other(b.Lang)
	made, err := m.Catalog.CreateProduct(ctx, b.owner, b.id, draft(p, b.Lang, nil, true))
	if err != nil {
		return err
	}
	err = postgres.InTx(ctx, m.DB, func(tx *sqlx.Tx) error {
		for _, file := range p.Photos {
			shown, _ := m.content.Photo(file)
			if err := catalog.AttachPhoto(ctx, tx, made.ID, catalog.Picture{MediaID: m.photos[file].ID, Alt: shown.Alt.In(b.Lang)}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	translation := catalog.ProductTranslation{Lang: i18n.Lang(second), Title: p.Title.In(second), Description: p.Description.In(second),
		Warnings: p.Warnings.In(second), Options: texts(p.Options, second)}
	if err := m.Catalog.TranslateProduct(ctx, b.owner, b.id, made.ID, translation, nil); err != nil {
		return err
	}
	if err := m.Catalog.MoveProduct(ctx, b.owner, b.id, made.ID, catalog.Published); err != nil {
		return err
	}
	page, err := catalog.ByID(ctx, m.DB, made.ID, i18n.Lang(b.Lang), m.Clock.Now())
	if err != nil {
		return err
	}
	m.products[p.Slug] = &product{Product: p, id: made.ID, brand: b, slug: made.Slug, variants: page.Variants}
	return nil
}

// draft is a product as its brand types it; before says that it is typed before the reduction, at the price that is shown
// struck out today. known are the variants that exist already.
func draft(p content.Product, lang string, known []catalog.VariantView, before bool) catalog.ProductDraft {
	d := catalog.ProductDraft{Lang: i18n.Lang(lang), Title: p.Title.In(lang), Description: p.Description.In(lang), Category: p.Category, Tags: p.Tags,
		Warnings: p.Warnings.In(lang), Options: texts(p.Options, lang), VATBps: p.VATBPS}
	for i, v := range p.Variants {
		vd := catalog.VariantDraft{SKU: v.SKU, Values: texts(v.Values, lang), ValuesOther: texts(v.Values, other(lang)), PriceMinor: v.PriceCents,
			CompareAtMinor: v.CompareAtCents, Stock: v.Stock + reserve, WeightGrams: v.WeightGrams}
		if before && v.CompareAtCents > v.PriceCents {
			vd.PriceMinor, vd.CompareAtMinor = v.CompareAtCents, 0
		}
		if known != nil {
			vd.ID, vd.Stock, vd.StockSeen = known[i].ID, 0, 0
		}
		d.Variants = append(d.Variants, vd)
	}
	return d
}

func texts(ts []content.Text, lang string) []string {
	var out []string
	for _, t := range ts {
		out = append(out, t.In(lang))
	}
	return out
}

// reduced says whether a product is sold for less than before.
func reduced(p content.Product) bool {
	for _, v := range p.Variants {
		if v.CompareAtCents > v.PriceCents {
			return true
		}
	}
	return false
}

// reduce brings the prices of a product down to today's.
func (m *maker) reduce(ctx context.Context, p *product) error {
	return m.Catalog.EditProduct(ctx, p.brand.owner, p.brand.id, p.id, draft(p.Product, p.brand.Lang, p.variants, false))
}

// count brings every shelf down to what the content says is left, as a brand that counts its stock does.
func (m *maker) count(ctx context.Context) error {
	for _, listed := range m.content.Products {
		p := m.products[listed.Slug]
		page, err := catalog.ByID(ctx, m.DB, p.id, i18n.Lang(p.brand.Lang), m.now)
		if err != nil {
			return err
		}
		for i, v := range page.Variants {
			if pieces := listed.Variants[i].Stock - v.Stock; pieces != 0 {
				if err := m.Catalog.AdjustStock(ctx, p.brand.owner, p.brand.id, v.ID, pieces); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
