package paper

import (
	"strings"

	"relais/internal/documents"
	"relais/internal/money"
)

// column is one of the table: its heading, its width, how it is aligned, and what it has for a line.
type column struct {
	head  string
	width float64
	align string
	text  func(documents.Line) string
}

const (
	cellGap = 3.0 // between columns
	rowPad  = 1.6
)

// columns are those of a document: the first takes what the others leave and has title and detail.
func (s *sheet) columns() []column {
	w := s.c.Words
	total := func(l documents.Line) string { return s.sum(l.Total) }
	if s.c.Plain() {
		return []column{{w["item"], width - 22 - 27, "L", nil}, {w["date"], 22, "L", func(l documents.Line) string { return l.Date }}, {w["amount"], 27, "R", total}}
	}
	return []column{
		{w["item"], width - 12 - 27 - 16 - 24 - 27, "L", nil},
		{w["quantity"], 12, "R", func(l documents.Line) string { return s.c.Lang.Number(l.Quantity) }},
		{w["unit"], 27, "R", func(l documents.Line) string { return s.unit(l) }},
		{w["rate"], 16, "R", func(l documents.Line) string { return s.c.Lang.Percent(l.VATBps) }},
		{w["net"], 24, "R", func(l documents.Line) string { return s.sum(l.Net) }},
		{w["gross"], 27, "R", total},
	}
}

// unit is the price of a piece without VAT. What the line's net does not divide into is written with two decimals more,
// rounded to the nearest: the line's net is exact, this is its explanation.
func (s *sheet) unit(l documents.Line) string {
	if l.Quantity <= 1 || l.Net%l.Quantity == 0 {
		return s.sum(l.Net / max(l.Quantity, 1))
	}
	fine := (l.Net*100 + l.Quantity/2) / l.Quantity // in hundredths of a minor unit
	text := s.sum(fine / 100)
	digits := []byte{byte('0' + fine%100/10), byte('0' + fine%10)}
	a := money.New(fine/100, s.c.Currency)
	number := a.Decimal()
	last := number[len(number)-1:]
	point := ""
	if s.c.Currency.Exponent() == 0 {
		point = map[bool]string{true: ",", false: "."}[s.c.Lang == "fr"]
	}
	at := strings.LastIndex(text, last)
	return text[:at+1] + point + string(digits) + text[at+1:]
}

// table draws the lines; its head stands on every page.
func (s *sheet) table() {
	cols := s.columns()
	s.tableHead(cols)
	for _, l := range s.c.Lines {
		titles := s.lines(strongFace, l.Title, cols[0].width-cellGap)
		var details []string
		if l.Detail != "" {
			details = s.lines(softFace, l.Detail, cols[0].width-cellGap)
		}
		height := 2*rowPad + float64(len(titles))*strongFace.height + float64(len(details))*softFace.height
		if s.room(height) {
			s.tableHead(cols)
		}
		y := s.y + rowPad
		x := margin + cols[0].width
		for _, c := range cols[1:] {
			s.write(textFace, x, y, c.width, c.align, c.text(l))
			x += c.width
		}
		for _, t := range titles {
			s.write(strongFace, margin, y, cols[0].width-cellGap, "L", t)
			y += strongFace.height
		}
		for _, t := range details {
			s.write(softFace, margin, y, cols[0].width-cellGap, "L", t)
			y += softFace.height
		}
		s.y += height
		s.rule(s.y, line)
	}
	s.y += 5
}

func (s *sheet) tableHead(cols []column) {
	x := margin
	for _, c := range cols {
		s.write(labelFace, x, s.y, c.width, c.align, c.head)
		x += c.width
	}
	s.y += labelFace.height + 1
	s.rule2(margin, s.y, width, ink)
	s.y += 0.6
}

// totals has the sums by VAT rate on the left and what the document comes to on the right, on one page.
func (s *sheet) totals() {
	w := s.c.Words
	rows := len(s.c.Taxes)
	height := labelFace.height + 3 + float64(max(rows, 3))*textFace.height + totalFace.height + 6
	s.room(height)
	top := s.y
	left := top
	if !s.c.Plain() {
		left = s.taxes(top)
	}
	const right, rightWidth = margin + width - 72, 72.0
	put := func(f face, label, text string) {
		s.write(f, right, s.y, rightWidth-36, "L", label)
		s.write(f, right+rightWidth-44, s.y, 44, "R", text)
		s.y += f.height
	}
	if !s.c.Plain() {
		put(textFace, w["total_net"], s.sum(s.c.Net))
		put(textFace, w["total_vat"], s.sum(s.c.VAT))
		s.y += 1.5
	}
	s.rule2(right, s.y, rightWidth, accent)
	s.y += 1.5
	label := w["total"]
	if s.c.Plain() {
		label = w["plain_total"]
	}
	put(totalFace, label, s.sum(s.c.Total))
	s.y = max(s.y, left) + 7
}

// taxes draws the table of sums by VAT rate and returns where it ends.
func (s *sheet) taxes(y float64) float64 {
	w := s.c.Words
	widths := []float64{18, 26, 24, 26}
	row := func(f face, cells ...string) {
		x := margin
		for i, c := range cells {
			align := "R"
			if i == 0 {
				align = "L"
			}
			s.write(f, x, y, widths[i], align, c)
			x += widths[i]
		}
		y += f.height
	}
	row(labelFace, w["rate"], w["net"], w["vat"], w["gross"])
	for _, t := range s.c.Taxes {
		row(textFace, s.c.Lang.Percent(t.Bps), s.sum(t.Net), s.sum(t.VAT), s.sum(t.Total))
	}
	return y
}
