package shopify

import (
	"slices"

	"relais/internal/catalog"
	"relais/internal/money"
)

// Existing is what a brand has before an import.
type Existing struct {
	Currency money.Currency
	VATBps   int64                      // for products that the file brings
	Products map[string]ExistingProduct // by the Handle they were imported under
	SKUs     map[string]string          // SKU of a variant that is sold -> Handle of its product, "" without one
}

// ExistingProduct is a product as an editing form would send it back, and its pictures.
type ExistingProduct struct {
	ID       int64
	State    catalog.State
	Draft    catalog.ProductDraft
	Pictures []string // addresses they were fetched from; "" for an upload
}

// Product is what an import does with one product. Without a Draft there is nothing to write: every row was
// refused.
type Product struct {
	Handle  string
	ID      int64 // 0: to be created
	Draft   *catalog.ProductDraft
	State   catalog.State // to move it to; "" leaves it
	Changed bool          // Draft or State differ from what there is
	Photos  []Photo       // to fetch
	Rows    []Row         // in the order of the file
}

// Photo is a picture that the product does not have yet.
type Photo struct {
	URL, Alt string
	Row      int  // index in Rows of the row that names it
	Alone    bool // the row brings nothing else
}

// Plan decides what becomes of every row. It reads nothing but its arguments; only pictures, which have yet to
// be fetched, can still change an outcome.
func Plan(f File, have Existing) []Product {
	var order []string
	groups := map[string][]Record{}
	var plan []Product
	for _, r := range f.Rows {
		key := r.get(handle)
		if why := r.wrongWith(); why != nil && (key == "" || why == r.wrong) {
			plan = append(plan, Product{Handle: key, Rows: []Row{refusedRow(r, why)}})
			continue
		}
		if groups[key] == nil {
			order = append(order, key)
		}
		groups[key] = append(groups[key], r)
	}
	skus := map[string]int{}
	for _, key := range order {
		p := planner{file: f, have: have, skus: skus, rows: groups[key]}
		plan = append(plan, p.product(key))
	}
	return plan
}

func refusedRow(r Record, why *reason) Row {
	return Row{Line: r.Line, Handle: clip(r.get(handle)), Outcome: Refused, Reason: why.key, Args: why.args}
}

// planner plans one product.
type planner struct {
	file File
	have Existing
	skus map[string]int // SKU -> line, of the whole file
	rows []Record

	before  ExistingProduct
	known   bool
	draft   catalog.ProductDraft
	matched []bool // by variant of before: a row of the file is it
	byKey   map[string]int
	out     Product
}

func (p *planner) product(key string) Product {
	p.before, p.known = p.have.Products[key]
	p.out = Product{Handle: key, ID: p.before.ID}
	p.matched = make([]bool, len(p.before.Draft.Variants))
	p.byKey = map[string]int{}
	head := p.rows[0]
	if why := p.head(head); why != nil {
		p.out.Rows = append(p.out.Rows, refusedRow(head, why))
		for _, r := range p.rows[1:] {
			p.out.Rows = append(p.out.Rows, refusedRow(r, because("import.product_refused", "Line", head.Line)))
		}
		return p.out
	}
	for _, r := range p.rows[1:] {
		p.row(r)
	}
	p.keepOthers()
	p.out.Draft = &p.draft
	p.out.Changed = !p.known || p.out.State != "" || !same(p.draft, p.before.Draft)
	if p.known && p.out.Rows[0].Outcome == Unchanged && (p.out.State != "" || !sameTexts(p.draft, p.before.Draft)) {
		p.out.Rows[0].Outcome = Updated
	}
	return p.out
}

// head reads the product's first row: its texts and its first variant.
func (p *planner) head(r Record) *reason {
	if why := r.wrongWith(); why != nil {
		return why
	}
	if gift, why := r.yes(giftCard, false); why != nil || gift {
		return firstOf(why, because("import.gift_card"))
	}
	if why := p.texts(r); why != nil {
		return why
	}
	if why := p.options(r); why != nil {
		return why
	}
	if why := p.state(r); why != nil {
		return why
	}
	v, outcome, why := p.variant(r)
	if why != nil {
		return why
	}
	p.accept(r, v, outcome)
	return nil
}

// row reads any further row: a variant, or a picture alone.
func (p *planner) row(r Record) {
	why := r.wrongWith()
	switch {
	case why != nil:
	case r.isVariant() && len(p.draft.Variants) == catalog.MaxVariants:
		why = because("import.too_many_variants", "Limit", catalog.MaxVariants)
	case r.isVariant():
		var v catalog.VariantDraft
		var outcome Outcome
		if v, outcome, why = p.variant(r); why == nil {
			p.accept(r, v, outcome)
			return
		}
	case r.get(imageSrc) != "":
		p.out.Rows = append(p.out.Rows, Row{Line: r.Line, Handle: clip(r.get(handle)), Outcome: Unchanged, Args: Args{}})
		p.photo(r, true)
		return
	default:
		why = because("import.empty_row")
	}
	p.out.Rows = append(p.out.Rows, refusedRow(r, why))
}

// accept takes a variant in, with the picture that its row may name.
func (p *planner) accept(r Record, v catalog.VariantDraft, outcome Outcome) {
	p.draft.Variants = append(p.draft.Variants, v)
	p.byKey[keyOf(v.Values)] = r.Line
	if v.SKU != "" {
		p.skus[v.SKU] = r.Line
	}
	p.out.Rows = append(p.out.Rows, Row{Line: r.Line, Handle: clip(r.get(handle)), Outcome: outcome, Args: Args{}})
	p.photo(r, false)
}

// photo plans the fetching of a row's picture unless the product has it, or will have it by an earlier row.
func (p *planner) photo(r Record, alone bool) {
	url := r.get(imageSrc)
	if url == "" || slices.Contains(p.before.Pictures, url) ||
		slices.ContainsFunc(p.out.Photos, func(f Photo) bool { return f.URL == url }) {
		return
	}
	at := len(p.out.Rows) - 1
	if len(p.before.Pictures)+len(p.out.Photos) >= catalog.MaxPhotos {
		p.out.Rows[at].Reason, p.out.Rows[at].Args = "import.too_many_photos", Args{"Limit": catalog.MaxPhotos}
		if alone {
			p.out.Rows[at].Outcome = Refused
		}
		return
	}
	p.out.Photos = append(p.out.Photos, Photo{URL: url, Alt: r.get(imageAlt), Row: at, Alone: alone})
}

// keepOthers leaves variants alone that the file does not name, as long as they fit the product's options.
func (p *planner) keepOthers() {
	for i, v := range p.before.Draft.Variants {
		_, taken := p.byKey[keyOf(v.Values)]
		if !p.matched[i] && !taken && len(v.Values) == len(p.draft.Options) && len(p.draft.Variants) < catalog.MaxVariants {
			p.draft.Variants = append(p.draft.Variants, v)
		}
	}
}

func firstOf(a, b *reason) *reason {
	if a != nil {
		return a
	}
	return b
}
