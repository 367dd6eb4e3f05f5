// Package paper draws documents as PDF: A4, from nothing but the frozen content, so that the same document is the same file
// whenever and wherever it is drawn.
//
//	file, err := paper.Draw(content)
//
// The page is measured in millimetres from its top left corner. A document takes as many pages as its lines need; the table's
// head is repeated on each, and what belongs together (a line, the totals) is never torn apart.
package paper

import (
	"bytes"
	_ "embed"
	"fmt"
	"strings"

	"github.com/go-pdf/fpdf"
	"golang.org/x/image/font/sfnt"

	"relais/internal/documents"
	"relais/internal/money"
)

//go:embed fonts/SourceSans3-Regular.ttf
var regular []byte

//go:embed fonts/SourceSans3-SemiBold.ttf
var semibold []byte

//go:embed fonts/Fraunces-SemiBold.ttf
var display []byte

// The frame of a page, in millimetres.
const (
	pageWidth  = 210.0
	pageHeight = 297.0
	margin     = 18.0
	width      = pageWidth - 2*margin
	bottom     = pageHeight - 22.0 // the foot is below
)

// shade is a colour, as red, green and blue.
type shade [3]int

var (
	ink    = shade{35, 27, 20}
	soft   = shade{95, 83, 70}
	line   = shade{226, 214, 193}
	accent = shade{194, 50, 26}
	sunken = shade{248, 243, 233}
)

// face is a typeface with its size in points and the height of its lines in millimetres.
type face struct {
	family, style string
	size, height  float64
	colour        shade
}

var (
	titleFace  = face{"display", "", 22, 9.5, ink}
	nameFace   = face{"display", "", 13, 6, ink}
	textFace   = face{"text", "", 9.5, 4.6, ink}
	strongFace = face{"text", "B", 9.5, 4.6, ink}
	softFace   = face{"text", "", 8.5, 4.1, soft}
	labelFace  = face{"text", "B", 7.5, 4, soft}
	totalFace  = face{"text", "B", 12, 6.4, ink}
	smallFace  = face{"text", "", 8, 3.9, soft}
)

// sheet is a document being drawn.
type sheet struct {
	pdf   *fpdf.Fpdf
	c     documents.Content
	y     float64 // of what is drawn next
	pages int     // in all; 0: not known yet
	fonts map[string]*sfnt.Font
}

// Draw returns the document as a PDF file.
func Draw(c documents.Content) ([]byte, error) {
	first, err := draw(c, 0)
	if err != nil {
		return nil, err
	}
	second, err := draw(c, first.pages) // now that it is known how many pages there are
	if err != nil {
		return nil, err
	}
	var file bytes.Buffer
	if err := second.pdf.Output(&file); err != nil {
		return nil, fmt.Errorf("draw %s: %w", c.Number, err)
	}
	return file.Bytes(), nil
}

func draw(c documents.Content, pages int) (*sheet, error) {
	s := &sheet{pdf: fpdf.New("P", "mm", "A4", ""), c: c, pages: pages, fonts: map[string]*sfnt.Font{}}
	p := s.pdf
	p.SetCatalogSort(true)
	p.SetCreationDate(c.IssuedAt.UTC())
	p.SetModificationDate(c.IssuedAt.UTC())
	p.SetProducer("Relais", true)
	p.SetTitle(c.Title+" "+c.Number, true)
	p.SetAuthor(c.Seller.Name, true)
	p.SetLang(string(c.Lang))
	p.SetAutoPageBreak(false, 0)
	p.SetMargins(margin, margin, margin)
	for key, file := range map[string][]byte{"text": regular, "textB": semibold, "display": display} {
		f, err := sfnt.Parse(file)
		if err != nil {
			return nil, fmt.Errorf("read font %s: %w", key, err)
		}
		s.fonts[key] = f
	}
	p.AddUTF8FontFromBytes("text", "", regular)
	p.AddUTF8FontFromBytes("text", "B", semibold)
	p.AddUTF8FontFromBytes("display", "", display)
	s.page()
	s.head()
	s.parties()
	s.facts()
	s.table()
	s.totals()
	s.notes()
	s.pages = p.PageNo()
	if p.Err() {
		return nil, fmt.Errorf("draw %s: %w", c.Number, p.Error())
	}
	return s, nil
}

// page begins a new page, with its foot.
func (s *sheet) page() {
	s.pdf.AddPage()
	s.fill(accent, 0, 0, pageWidth, 3)
	s.y = margin
	foot := s.c.Number
	if s.pages > 1 {
		foot += " · " + s.c.Words["page"] + " " + fmt.Sprintf("%d / %d", s.pdf.PageNo(), s.pages)
	}
	y := pageHeight - 14
	s.rule(y-2, line)
	s.write(smallFace, margin, y, width/2, "L", "Relais")
	s.write(smallFace, margin+width/2, y, width/2, "R", foot)
}

// room makes sure that height is left on the page, beginning another one if it is not; it says whether it did.
func (s *sheet) room(height float64) bool {
	if s.y+height <= bottom {
		return false
	}
	s.page()
	return true
}

// head has whose document it is, and what.
func (s *sheet) head() {
	name := s.c.Seller.Trading
	if name == "" || s.c.Plain() || s.c.Kind == documents.FeeInvoice || s.c.Kind == documents.FeeCredit {
		name = "Relais"
	}
	left := s.lines(nameFace, name, width*0.5)
	y := s.y + 2
	for _, l := range left {
		s.write(nameFace, margin, y, width*0.5, "L", l)
		y += nameFace.height
	}
	right := margin + width*0.45
	titles := s.lines(titleFace, s.c.Title, width*0.55)
	for _, l := range titles {
		s.write(titleFace, right, s.y, width*0.55, "R", l)
		s.y += titleFace.height
	}
	s.y += 1
	s.write(strongFace, right, s.y, width*0.55, "R", s.c.Words["number"]+" "+s.c.Number)
	s.y += strongFace.height
	s.write(textFace, right, s.y, width*0.55, "R", s.c.Words["issued"]+" "+s.c.Lang.Date(s.c.IssuedAt))
	s.y = max(s.y+textFace.height, y) + 8
}

// parties has seller and buyer beside each other.
func (s *sheet) parties() {
	const gap = 8.0
	column := (width - gap) / 2
	left := s.party(s.c.Seller, margin, column)
	right := s.party(s.c.Buyer, margin+column+gap, column)
	s.y = max(left, right) + 7
}

// party draws one and returns where it ends.
func (s *sheet) party(p documents.Party, x, w float64) float64 {
	y := s.y
	s.rule2(x, y-1.5, w, accent)
	s.write(labelFace, x, y, w, "L", strings.ToUpper(p.Role))
	y += labelFace.height + 1
	put := func(f face, text string) {
		for _, l := range s.lines(f, text, w) {
			s.write(f, x, y, w, "L", l)
			y += f.height
		}
	}
	put(strongFace, p.Name)
	if p.Trading != "" {
		put(softFace, p.Trading)
	}
	for _, a := range p.Address {
		put(textFace, a)
	}
	for _, id := range p.IDs {
		put(softFace, id)
	}
	return y
}

// facts has the labelled values, three in a row, on a band.
func (s *sheet) facts() {
	const perRow, pad = 3, 3.0
	column := (width - 2*pad) / perRow
	for from := 0; from < len(s.c.Facts); from += perRow {
		row := s.c.Facts[from:min(from+perRow, len(s.c.Facts))]
		most := 1
		texts := make([][]string, len(row))
		for i, f := range row {
			texts[i] = s.lines(textFace, f.Text, column-3)
			most = max(most, len(texts[i]))
		}
		height := 2*pad + labelFace.height + float64(most)*textFace.height
		s.fill(sunken, margin, s.y, width, height)
		for i, f := range row {
			x, y := margin+pad+float64(i)*column, s.y+pad
			s.write(labelFace, x, y, column-3, "L", f.Label)
			for _, l := range texts[i] {
				y += textFace.height
				s.write(textFace, x, y, column-3, "L", l)
			}
		}
		s.y += height
	}
	s.y += 7
}

// notes has how it was paid, who drew it up, and what the law wants said.
func (s *sheet) notes() {
	put := func(f face, text string) {
		if text == "" {
			return
		}
		ls := s.lines(f, text, width)
		s.room(float64(len(ls))*f.height + 1.5)
		for _, l := range ls {
			s.write(f, margin, s.y, width, "L", l)
			s.y += f.height
		}
		s.y += 1.5
	}
	put(strongFace, s.c.Settled)
	s.y += 2
	put(smallFace, s.c.Issuer)
	for _, m := range s.c.Mentions {
		put(smallFace, m)
	}
}

// sum writes minor units.
func (s *sheet) sum(minor int64) string { return s.c.Lang.Money(money.New(minor, s.c.Currency)) }
