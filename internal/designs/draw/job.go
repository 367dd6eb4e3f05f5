package draw

import (
	"io"
	"slices"
	"time"

	"github.com/go-pdf/fpdf"

	"relais/internal/designs/letters"
	"relais/internal/designs/path"
)

// Row is a line of a job sheet.
type Row struct {
	Label, Value string
	Font         string // of the value, where it is a text that is printed on the piece; empty: ours
}

// Job is what a maker needs to make a piece.
type Job struct {
	Title  string
	Rows   []Row
	Views  []Sheet // the piece from each side, shown small
	Sheets []Sheet // to be printed, at their size
	Bleed  float64 // millimetres, of Sheets
	Label  string  // at the foot of each sheet
	Day    time.Time
}

// The measures of a job sheet, in millimetres: A4.
const (
	paperWidth, paperHeight = 210.0, 297.0
	edgeOfPaper             = 15.0
	rowHeight               = 7.0
	valuesAt                = 70.0
)

// JobSheet writes a job as PDF: what is to be made in words and at a glance, then what is to be printed, as PDF writes it. The words lie on the page as text too, unseen, so that they
// can be found, copied and read aloud; the sheets have none, for the machine.
func JobSheet(w io.Writer, job Job, pictures Pictures) error {
	pdf := newPDF(job.Title, job.Day)
	page := paper(pdf)
	page.words(job.Title, "", edgeOfPaper, edgeOfPaper, 6, paperWidth-2*edgeOfPaper)
	y := edgeOfPaper + 14
	for _, r := range job.Rows {
		if y > paperHeight-edgeOfPaper {
			page, y = paper(pdf), edgeOfPaper
		}
		page.words(r.Label, "", edgeOfPaper, y, 3.2, valuesAt-edgeOfPaper-3)
		page.words(r.Value, r.Font, valuesAt, y, 3.8, paperWidth-valuesAt-edgeOfPaper)
		y += rowHeight
	}
	const most = 80.0
	x := edgeOfPaper
	for _, v := range job.Views {
		scale := min(most/v.Width, most/v.Height)
		if x+most > paperWidth-edgeOfPaper {
			x, y = edgeOfPaper, y+most+rowHeight
		}
		if y+most > paperHeight-edgeOfPaper {
			paper(pdf)
			x, y = edgeOfPaper, edgeOfPaper
		}
		shown := printer{pdf, path.Scale(scale, scale).Then(path.Shift(x, y)), paperHeight}
		for _, m := range v.Marks {
			shown.mark(m, pictures)
		}
		x += most + rowHeight
	}
	printSheets(pdf, job.Sheets, job.Bleed, job.Label, pictures)
	return write(w, pdf)
}

func paper(pdf *fpdf.Fpdf) printer {
	pdf.AddPageFormat("P", fpdf.SizeType{Wd: paperWidth, Ht: paperHeight})
	return printer{pdf, path.Shift(0, 0), paperHeight}
}

// words writes a line from its upper left corner, shrunk where it is wide, in a font or in one that has its letters.
func (p printer) words(text, fontID string, x, y, size, width float64) {
	font, ok := letters.ByID(fontID)
	if !ok {
		font = letters.For(text)
	}
	outline := font.Outline(text, 0)
	r, ok := outline.Bounds()
	if !ok {
		return
	}
	size = min(size, width/r.Width())
	p.fill(outline.Transform(path.Shift(-r.X0, 0).Then(path.Scale(size, size)).Then(path.Shift(x, y))), ink)
	const unseen = 3
	p.pdf.AddUTF8FontFromBytes(font.ID, "", slices.Clone(font.File())) // once for each: what is known already is passed over
	p.pdf.SetFont(font.ID, "", 1)
	p.pdf.SetFontUnitSize(size)
	p.pdf.SetTextRenderingMode(unseen)
	p.pdf.Text(x, y, letters.Visual(text))
}
