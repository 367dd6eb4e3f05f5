package shopify

import (
	"slices"
	"strings"
	"unicode/utf8"

	"relais/internal/catalog"
)

// texts reads title, description, category, tags and VAT. What the file has no column for stays as it is.
func (p *planner) texts(r Record) *reason {
	d := p.before.Draft
	d.Variants, d.ImportKey = nil, r.get(handle)
	if t := r.get(title); t != "" {
		d.Title = t
	}
	if d.Title == "" {
		return because("import.no_title")
	}
	if p.file.has[body] {
		text, err := markdown(r.get(body))
		if err != nil {
			return because("import.body")
		}
		if utf8.RuneCountInString(text) > 20000 {
			return because("import.too_long", "Column", body.String(), "Limit", 20000)
		}
		d.Description = text
	}
	if p.file.has[category] {
		d.Category = r.get(category)
	}
	if p.file.has[tags] {
		if d.Tags = split(r.get(tags)); len(d.Tags) > 30 {
			return because("import.too_many_tags")
		}
	}
	if !p.known {
		d.VATBps = p.have.VATBps
	}
	taxed, why := r.yes(taxable, d.VATBps > 0)
	switch {
	case why != nil:
		return why
	case !taxed:
		d.VATBps = 0
	case d.VATBps == 0:
		d.VATBps = p.have.VATBps
	}
	p.draft = d
	return nil
}

func split(list string) []string {
	out := []string{}
	for _, s := range strings.Split(list, ",") {
		if s = strings.TrimSpace(s); s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

var optionColumns = [3][2]column{{option1Name, option1Value}, {option2Name, option2Value}, {option3Name, option3Value}}

// options reads the names of the product's options. "Title: Default Title" is Shopify's way to say that there
// are none.
func (p *planner) options(r Record) *reason {
	if !p.file.has[option1Name] {
		return nil
	}
	if r.get(option1Value) == "Default Title" {
		p.draft.Options = []string{}
		return nil
	}
	names := []string{}
	for _, c := range optionColumns {
		name := r.get(c[0])
		switch {
		case name == "" && r.get(c[1]) != "":
			return because("import.option_name", "Column", c[0].String())
		case name != "" && slices.Contains(names, name):
			return because("import.option_twice", "Column", c[0].String())
		case name != "":
			names = append(names, name)
		}
	}
	p.draft.Options = names
	return nil
}

// state reads whether the product is to be seen. A product that the brand archived by hand stays archived.
func (p *planner) state(r Record) *reason {
	visible, why := r.yes(published, true)
	if why != nil {
		return why
	}
	archived := false
	switch s := strings.ToLower(r.get(status)); s {
	case "", "active":
	case "draft":
		visible = false
	case "archived":
		archived = true
	default:
		return because("import.truth", "Column", status.String(), "Value", clip(s))
	}
	want := catalog.Draft
	if visible {
		want = catalog.Published
	}
	if archived {
		want = catalog.Archived
	}
	now := p.before.State
	if !p.known {
		now = catalog.Draft
	}
	if want != now && now != catalog.Archived {
		p.out.State = want
	}
	return nil
}

// variant reads one variant, finds the one it is among those that exist, and says what it changes.
func (p *planner) variant(r Record) (catalog.VariantDraft, Outcome, *reason) {
	v := catalog.VariantDraft{SKU: r.get(sku), Barcode: r.get(barcode), Values: []string{}}
	for i := range p.draft.Options {
		value := r.get(optionColumns[i][1])
		if value == "" {
			return v, "", because("import.option_missing", "Column", optionColumns[i][1].String())
		}
		v.Values = append(v.Values, value)
	}
	if line, taken := p.byKey[keyOf(v.Values)]; taken {
		return v, "", because("import.variant_twice", "Line", line)
	}
	if why := p.checkSKU(v.SKU, r.get(handle)); why != nil {
		return v, "", why
	}
	at := p.match(v)
	before := catalog.VariantDraft{}
	if at >= 0 {
		before = p.before.Draft.Variants[at]
		v.ID, v.ValuesOther, v.StockSeen = before.ID, before.ValuesOther, before.StockSeen
		if !slices.Equal(v.Values, before.Values) {
			v.ValuesOther = nil
		}
	}
	if why := p.numbers(r, &v, before); why != nil {
		return v, "", why
	}
	if at < 0 {
		return v, Created, nil
	}
	p.matched[at] = true
	if sameVariant(v, before) {
		return v, Unchanged, nil
	}
	return v, Updated, nil
}

// numbers reads price, compare-at price, stock and weight.
func (p *planner) numbers(r Record, v *catalog.VariantDraft, before catalog.VariantDraft) *reason {
	var why *reason
	if v.PriceMinor, why = r.amount(price, p.have.Currency); why != nil {
		return why
	}
	if text := r.get(compareAt); text != "" && strings.Trim(text, "0.,") != "" {
		if v.CompareAtMinor, why = r.amount(compareAt, p.have.Currency); why != nil {
			return why
		}
	}
	if v.CompareAtMinor <= v.PriceMinor {
		v.CompareAtMinor = 0
	}
	if v.Stock, why = r.whole(quantity, before.Stock, 1_000_000); why != nil {
		return why
	}
	v.WeightGrams, why = r.whole(grams, before.WeightGrams, 10_000_000)
	if !p.file.has[barcode] {
		v.Barcode = before.Barcode
	}
	if !p.file.has[sku] {
		v.SKU = before.SKU
	}
	return why
}

func (p *planner) checkSKU(number, key string) *reason {
	if number == "" {
		return nil
	}
	if line, taken := p.skus[number]; taken {
		return because("import.sku_twice", "SKU", number, "Line", line)
	}
	if owner, taken := p.have.SKUs[number]; taken && owner != key {
		return because("import.sku_taken", "SKU", number)
	}
	return nil
}

// match finds the existing variant that a row is: by its option values, else by its SKU.
func (p *planner) match(v catalog.VariantDraft) int {
	for i, b := range p.before.Draft.Variants {
		if !p.matched[i] && slices.Equal(b.Values, v.Values) {
			return i
		}
	}
	for i, b := range p.before.Draft.Variants {
		if !p.matched[i] && v.SKU != "" && b.SKU == v.SKU {
			return i
		}
	}
	return -1
}

func keyOf(values []string) string { return strings.Join(values, "\x00") }

func sameVariant(a, b catalog.VariantDraft) bool {
	return a.SKU == b.SKU && slices.Equal(a.Values, b.Values) && a.PriceMinor == b.PriceMinor && a.CompareAtMinor == b.CompareAtMinor &&
		a.Stock == b.Stock && a.WeightGrams == b.WeightGrams && a.Barcode == b.Barcode
}

func sameTexts(a, b catalog.ProductDraft) bool {
	return a.Title == b.Title && a.Description == b.Description && a.Category == b.Category && slices.Equal(a.Tags, b.Tags) &&
		slices.Equal(a.Options, b.Options) && a.VATBps == b.VATBps
}

// same says whether writing a would leave b as it is; the order of variants does not count.
func same(a, b catalog.ProductDraft) bool {
	if !sameTexts(a, b) || len(a.Variants) != len(b.Variants) {
		return false
	}
	for _, v := range a.Variants {
		i := slices.IndexFunc(b.Variants, func(w catalog.VariantDraft) bool { return w.ID == v.ID })
		if i < 0 || !sameVariant(v, b.Variants[i]) {
			return false
		}
	}
	return true
}
