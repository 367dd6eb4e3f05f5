package brandspace

import (
	"fmt"
	"strconv"
	"strings"

	"relais/internal/catalog"
	"relais/internal/fault"
	"relais/internal/money"
	"relais/internal/web/page"
)

// cells are the fields of one line of the variants' table. A line is named "variants.N.cell", as the catalogue
// names its faults.
var cells = []string{"id", "value0", "value1", "value2", "sku", "price", "compare_at", "stock", "seen", "weight", "barcode"}

func cell(row int, name string) string { return fmt.Sprintf("variants.%d.%s", row, name) }

// rowCount is how many lines of the table are filled in, up to the last one.
func rowCount(form *page.Form) int {
	n := 0
	for i := range catalog.MaxVariants {
		if filled(form, i) {
			n = i + 1
		}
	}
	return n
}

// filled says whether a line says anything; one that a person empties or ticks to be taken away does not.
func filled(form *page.Form, row int) bool {
	if form.Get(cell(row, "remove")) != "" {
		return false
	}
	for _, name := range []string{"value0", "value1", "value2", "sku", "price"} {
		if form.Get(cell(row, name)) != "" {
			return true
		}
	}
	return false
}

// compact moves filled lines up over empty ones, so that a line's number is that of its variant in the draft.
func compact(form *page.Form) int {
	to := 0
	for from := range catalog.MaxVariants {
		if !filled(form, from) {
			continue
		}
		for _, name := range cells {
			form.Set(cell(to, name), form.Get(cell(from, name)))
		}
		to++
	}
	for row := to; row < catalog.MaxVariants; row++ {
		for _, name := range append(cells, "remove") {
			if form.Get(cell(row, name)) != "" {
				form.Set(cell(row, name), "")
			}
		}
	}
	return to
}

// draftFrom reads the form of a product. Its fault names every number that cannot be read.
func draftFrom(form *page.Form, currency money.Currency) (catalog.ProductDraft, error) {
	d := catalog.ProductDraft{Title: form.Get("title"), Description: form.Get("description"), Category: form.Get("category"),
		Tags: strings.Split(form.Get("tags"), ","), Warnings: form.Get("warnings"), VATBps: form.Int("vat", -1)}
	custom := form.Get("custom_made") != ""
	d.CustomMade = &custom
	for i := range 3 {
		if name := form.Get("option" + strconv.Itoa(i)); name != "" {
			d.Options = append(d.Options, name)
		}
	}
	var wrong *fault.Error
	for row := range compact(form) {
		v, err := variantFrom(form, row, len(d.Options), currency)
		switch {
		case err == nil:
			d.Variants = append(d.Variants, v)
		case wrong == nil:
			wrong = err
		default:
			for field, key := range err.Fields {
				wrong = wrong.With(field, key)
			}
		}
	}
	if wrong != nil {
		return d, wrong
	}
	return d, nil
}

func variantFrom(form *page.Form, row, options int, currency money.Currency) (catalog.VariantDraft, *fault.Error) {
	get := func(name string) string { return form.Get(cell(row, name)) }
	v := catalog.VariantDraft{ID: form.Int(cell(row, "id"), 0), SKU: get("sku"), Barcode: get("barcode"), Values: []string{}}
	for i := range options {
		v.Values = append(v.Values, get("value"+strconv.Itoa(i)))
	}
	price, err := money.Parse(get("price"), currency)
	if err != nil {
		return v, fault.Field(cell(row, "price"), priceFault(currency))
	}
	v.PriceMinor = price.Minor
	if text := get("compare_at"); text != "" {
		before, err := money.Parse(text, currency)
		if err != nil {
			return v, fault.Field(cell(row, "compare_at"), priceFault(currency))
		}
		v.CompareAtMinor = before.Minor
	}
	for name, into := range map[string]*int{"stock": &v.Stock, "seen": &v.StockSeen, "weight": &v.WeightGrams} {
		if *into, err = whole(get(name)); err != nil {
			return v, fault.Field(cell(row, name), "fault.catalog.stock")
		}
	}
	return v, nil
}

// priceFault says how prices of a currency are typed.
func priceFault(c money.Currency) string {
	if c.Exponent() == 0 {
		return "fault.catalog.price_whole"
	}
	return "fault.catalog.price"
}

// whole reads a whole number; nothing typed is zero.
func whole(text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	return strconv.Atoi(text)
}

// formOf is the form of a product as it stands. Prices of a currency that the brand gave up are left out: they are to be typed
// anew.
func formOf(p catalog.ProductPage, currency money.Currency) *page.Form {
	form := page.NewForm("title", p.Title, "description", p.Description, "category", p.Category, "tags", strings.Join(p.Tags, ", "),
		"warnings", p.Warnings, "vat", strconv.FormatInt(p.VATBps, 10))
	if p.CustomMade {
		form.Set("custom_made", "yes")
	}
	for i, o := range p.Options {
		form.Set("option"+strconv.Itoa(i), o)
	}
	for row, v := range p.Variants {
		set := func(name, value string) { form.Set(cell(row, name), value) }
		set("id", strconv.FormatInt(v.ID, 10))
		for i, value := range v.Values {
			set("value"+strconv.Itoa(i), value)
		}
		set("sku", v.SKU)
		if p.Currency == currency {
			set("price", decimal(v.PriceMinor, p.Currency))
			set("compare_at", decimal(v.CompareAtMinor, p.Currency))
		}
		set("stock", strconv.Itoa(v.Stock))
		set("seen", strconv.Itoa(v.Stock))
		set("weight", strconv.Itoa(v.WeightGrams))
		set("barcode", v.Barcode)
	}
	return form
}
