package shopify

import (
	"strings"
)

// column is one that we read; all others of the file are ignored.
type column int

const (
	handle column = iota
	title
	body
	category
	tags
	published
	status
	option1Name
	option1Value
	option2Name
	option2Value
	option3Name
	option3Value
	sku
	grams
	quantity
	price
	compareAt
	taxable
	barcode
	imageSrc
	imageAlt
	giftCard
	columns // how many there are
)

// names are the headings of Shopify's exports, each in the classic form and in that of the newer template.
var names = [columns][]string{
	handle: {"Handle", "URL handle"}, title: {"Title"}, body: {"Body (HTML)", "Body HTML", "Description"},
	category: {"Type"}, tags: {"Tags"}, published: {"Published", "Published on online store"}, status: {"Status"},
	option1Name: {"Option1 Name"}, option1Value: {"Option1 Value"}, option2Name: {"Option2 Name"}, option2Value: {"Option2 Value"},
	option3Name: {"Option3 Name"}, option3Value: {"Option3 Value"}, sku: {"Variant SKU", "SKU"},
	grams: {"Variant Grams", "Weight value (grams)"}, quantity: {"Variant Inventory Qty", "Inventory quantity"},
	price: {"Variant Price", "Price"}, compareAt: {"Variant Compare At Price", "Compare-at price"},
	taxable: {"Variant Taxable", "Charge tax"}, barcode: {"Variant Barcode", "Barcode"},
	imageSrc: {"Image Src", "Product image URL"}, imageAlt: {"Image Alt Text"}, giftCard: {"Gift Card"},
}

// String is the column's heading, for messages.
func (c column) String() string { return names[c][0] }

var required = []column{handle, title, price}

// texts are the columns in which a spreadsheet would run a formula; the body is judged apart.
var texts = []column{handle, title, category, tags, option1Name, option1Value, option2Name, option2Value, option3Name, option3Value,
	sku, barcode, imageAlt}

// header finds where in a row each column stands; -1 for one that the file does not have.
func header(row []string) ([columns]int, error) {
	var at [columns]int
	for i := range at {
		at[i] = -1
	}
	known := map[string]column{}
	for c, list := range names {
		for _, name := range list {
			known[strings.ToLower(name)] = column(c)
		}
	}
	for i, cell := range row {
		c, ok := known[strings.ToLower(strings.TrimSpace(cell))]
		if !ok {
			continue
		}
		if at[c] >= 0 {
			return at, refusal("import.column_twice", "Column", c.String())
		}
		at[c] = i
	}
	var missing []string
	for _, c := range required {
		if at[c] < 0 {
			missing = append(missing, c.String())
		}
	}
	switch {
	case len(missing) > 0 && len(row) == 1 && strings.Count(row[0], ";") > 2:
		return at, refusal("import.semicolons")
	case len(missing) > 0:
		return at, refusal("import.columns_missing", "Columns", strings.Join(missing, ", "))
	}
	return at, nil
}
