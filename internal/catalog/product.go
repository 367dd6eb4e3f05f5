package catalog

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lib/pq"

	"relais/internal/i18n"
	"relais/internal/money"
)

// MaxPrice is the highest price of a piece, in minor units.
const MaxPrice = 100_000_000

// VATRates are the rates of VAT that a brand chooses among, in basis points, the usual one first.
func VATRates() []int64 { return []int64{2000, 1000, 550, 210, 0} }

// MaxVariants is how many variants a product may have.
const MaxVariants = 200

// State is where a product stands in its life.
type State string

// The states of a product.
const (
	Draft     State = "draft"
	Published State = "published"
	Archived  State = "archived"
	Launching State = "launch" // promised to before it is made: seen by everybody, bought by nobody (package pledges)
	Typed     State = "typed"  // an amount typed at a counter, for one basket: in no list, and never anything else
)

// Product is what a brand sells, in its main language.
type Product struct {
	ID          int64          `db:"id"`
	BrandID     int64          `db:"brand_id"`
	Slug        string         `db:"slug"`
	ImportKey   string         `db:"import_key"` // the handle in the file it came from; empty
	Lang        i18n.Lang      `db:"lang"`
	Title       string         `db:"title"`
	Description string         `db:"description"` // Markdown
	Category    string         `db:"category"`
	Tags        pq.StringArray `db:"tags"`
	Warnings    string         `db:"warnings"`
	Options     pq.StringArray `db:"options"` // names, up to three
	VATBps      int64          `db:"vat_bps"`
	Currency    money.Currency `db:"currency"`
	State       State          `db:"state"`
	CustomMade  bool           `db:"custom_made"` // made to the buyer's own wishes: no right of withdrawal
	CreatedAt   time.Time      `db:"created_at"`
	UpdatedAt   time.Time      `db:"updated_at"`
}

// Variant is one combination of a product's options. Amounts are in minor units, including VAT.
type Variant struct {
	ID             int64          `db:"id"`
	ProductID      int64          `db:"product_id"`
	Position       int            `db:"position"`
	SKU            string         `db:"sku"`
	Values         pq.StringArray `db:"option_values"`       // one per option of the product
	ValuesOther    pq.StringArray `db:"option_values_other"` // in the other language; empty: the same
	PriceMinor     int64          `db:"price_minor"`
	CompareAtMinor int64          `db:"compare_at_minor"` // 0: none
	Stock          int            `db:"stock"`
	WeightGrams    int            `db:"weight_grams"`
	Barcode        string         `db:"barcode"`
	Active         bool           `db:"active"`
}

// Title joins the variant's option values, "" for the only variant of a product.
func (v Variant) Title() string { return strings.Join(v.Values, " / ") }

// ProductDraft is what a person, or a file, says about a product.
type ProductDraft struct {
	Lang        i18n.Lang // empty: the brand's; fixed once created
	ImportKey   string    // fixed once created
	Slug        string    // of a new one; empty: made of its title
	Title       string
	Description string
	Category    string
	Tags        []string
	Warnings    string
	Options     []string
	VATBps      int64
	CustomMade  *bool // nil: as it is, false for a new one
	Variants    []VariantDraft
}

// VariantDraft is one line of the variants' table. For a variant that exists, ID says which, and the
// difference between Stock and StockSeen is applied: pieces sold while the form was open stay sold.
type VariantDraft struct {
	ID             int64
	SKU            string
	Values         []string
	ValuesOther    []string
	PriceMinor     int64
	CompareAtMinor int64 // 0: none
	Stock          int
	StockSeen      int
	WeightGrams    int
	Barcode        string
}

// validated tidies a draft and returns what is wrong with it. Fields of variants are named "variants.2.price",
// counted from 0.
func (d ProductDraft) validated() (ProductDraft, error) {
	var p problems
	d.Title, d.Category = strings.TrimSpace(d.Title), strings.TrimSpace(d.Category)
	d.Tags, d.Options = tidy(d.Tags), trimmed(d.Options)
	p.text("title", d.Title, 1, 160)
	p.text("description", d.Description, 0, 20000)
	p.text("category", d.Category, 0, 80)
	p.text("warnings", d.Warnings, 0, 4000)
	p.check(len(d.Tags) <= 30, "tags", "fault.catalog.too_many")
	p.check(d.VATBps >= 0 && d.VATBps <= 5000, "vat", "fault.catalog.vat")
	p.check(len(d.Options) <= 3, "options", "fault.catalog.too_many")
	for i, o := range d.Options {
		p.text("options", o, 1, 60)
		p.check(!slices.Contains(d.Options[:i], o), "options", "fault.catalog.twice")
	}
	p.check(len(d.Variants) > 0, "variants", "fault.catalog.no_variant")
	p.check(len(d.Variants) <= MaxVariants, "variants", "fault.catalog.too_many")
	d.Variants = slices.Clone(d.Variants)
	seen := map[string]bool{}
	skus := map[string]bool{}
	for i := range d.Variants {
		v := &d.Variants[i]
		v.tidy()
		v.check(&p, fmt.Sprintf("variants.%d.", i), len(d.Options))
		key := strings.Join(v.Values, "\x00")
		p.check(!seen[key], fmt.Sprintf("variants.%d.values", i), "fault.catalog.twice")
		p.check(v.SKU == "" || !skus[v.SKU], fmt.Sprintf("variants.%d.sku", i), "fault.catalog.sku_taken")
		seen[key], skus[v.SKU] = true, true
	}
	return d, p.fault()
}

func (v *VariantDraft) tidy() {
	v.SKU, v.Barcode = strings.TrimSpace(v.SKU), strings.TrimSpace(v.Barcode)
	v.Values, v.ValuesOther = trimmed(v.Values), trimmed(v.ValuesOther)
	if !slices.ContainsFunc(v.ValuesOther, func(s string) bool { return s != "" }) {
		v.ValuesOther = nil
	}
}

func (v VariantDraft) check(p *problems, at string, options int) {
	p.check(len(v.Values) == options, at+"values", "fault.catalog.option_values")
	p.check(len(v.ValuesOther) == 0 || len(v.ValuesOther) == options, at+"values_other", "fault.catalog.option_values")
	for _, value := range v.Values {
		p.text(at+"values", value, 1, 60)
	}
	p.text(at+"sku", v.SKU, 0, 80)
	p.text(at+"barcode", v.Barcode, 0, 60)
	p.check(v.PriceMinor > 0 && v.PriceMinor <= MaxPrice, at+"price", "fault.catalog.price")
	p.check(v.CompareAtMinor >= 0 && v.CompareAtMinor <= MaxPrice, at+"compare_at", "fault.catalog.price")
	p.check(v.Stock >= 0 && v.Stock <= 1_000_000, at+"stock", "fault.catalog.stock")
	p.check(v.WeightGrams >= 0 && v.WeightGrams <= 10_000_000, at+"weight", "fault.catalog.weight")
}

func trimmed(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = strings.TrimSpace(s)
	}
	return out
}

// tidy trims, and drops what is empty or stands twice.
func tidy(list []string) []string {
	out := []string{}
	for _, s := range list {
		if s = strings.TrimSpace(s); s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
