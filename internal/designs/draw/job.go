package draw

import (
	"io"
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

// JobSheet writes a job as PDF: what is to be made in words and at a glance, then what is to be printed, as PDF writes it.
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

// words writes a line from its upper left corner, shrunk where it is wide.
func (p printer) words(text, fontID string, x, y, size, width float64) {
	font, ok := letters.ByID(fontID)
	if !ok {
		font, ok = letters.ByID("source-sans")
	}
	outline := font.Outline(text, 0)
	r, some := outline.Bounds()
	if !ok || !some {
		return
	}
	size = min(size, width/r.Width())
	p.fill(outline.Transform(path.Shift(-r.X0, 0).Then(path.Scale(size, size)).Then(path.Shift(x, y))), ink)
}
