package draw

import (
	"bytes"
	"fmt"
	"io"
	"time"

	"github.com/go-pdf/fpdf"

	"relais/internal/designs/letters"
	"relais/internal/designs/model"
	"relais/internal/designs/path"
)

// Margin is the paper around the bleed, in millimetres, for cut marks and the name of the piece.
const Margin = 12.0

const ink = model.Colour("#231b14")

// PDF writes print sheets, one page each, at their size: outlines stay outlines, photographs keep all their pixels. Each sheet has so much bleed
// (millimetres) around what remains; its page says so (BleedBox, TrimBox) and has cut marks and a line of text outside of it.
func PDF(w io.Writer, sheets []Sheet, bleed float64, label string, day time.Time, pictures Pictures) error {
	pdf := newPDF(label, day)
	printSheets(pdf, sheets, bleed, label, pictures)
	return write(w, pdf)
}

func newPDF(label string, day time.Time) *fpdf.Fpdf {
	pdf := fpdf.NewCustom(&fpdf.InitType{UnitStr: "mm", Size: fpdf.SizeType{Wd: 100, Ht: 100}})
	pdf.SetCreationDate(day)
	pdf.SetModificationDate(day)
	pdf.SetCatalogSort(true)
	pdf.SetAutoPageBreak(false, 0)
	pdf.SetTitle(label, true)
	pdf.SetCreator("Relais", true)
	return pdf
}

func write(w io.Writer, pdf *fpdf.Fpdf) error {
	if err := pdf.Output(w); err != nil {
		return fmt.Errorf("write print file: %w", err)
	}
	return nil
}

func printSheets(pdf *fpdf.Fpdf, sheets []Sheet, bleed float64, label string, pictures Pictures) {
	for _, s := range sheets {
		width, height := s.Width+2*Margin, s.Height+2*Margin
		pdf.AddPageFormat("P", fpdf.SizeType{Wd: width, Ht: height})
		pdf.SetPageBox("bleed", Margin, Margin, s.Width, s.Height)
		pdf.SetPageBox("trim", Margin+bleed, Margin+bleed, s.Width-2*bleed, s.Height-2*bleed)
		page := printer{pdf, path.Shift(Margin, Margin), height}
		for _, m := range s.Marks {
			page.mark(m, pictures)
		}
		page.cutMarks(path.Box(Margin+bleed, Margin+bleed, s.Width-2*bleed, s.Height-2*bleed), bleed)
		page.label(fmt.Sprintf("%s · %s · %s × %s mm", label, s.Title, number(s.Width-2*bleed), number(s.Height-2*bleed)), width)
	}
}

// printer writes marks on a page.
type printer struct {
	pdf    *fpdf.Fpdf
	move   path.Matrix // from the sheet to the page
	height float64     // of the page
}

func (p printer) mark(m Mark, pictures Pictures) {
	if m.Clip != nil {
		corner := p.move.Apply(path.Point{X: m.Clip.X0, Y: m.Clip.Y0})
		other := p.move.Apply(path.Point{X: m.Clip.X1, Y: m.Clip.Y1})
		p.pdf.ClipRect(corner.X, corner.Y, other.X-corner.X, other.Y-corner.Y, false)
		defer p.pdf.ClipEnd()
	}
	if m.Picture == "" {
		p.fill(m.Path.Transform(p.move), m.Colour)
		return
	}
	picture, ok := pictures[m.Picture]
	if !ok {
		return
	}
	// The library places the photograph at the page's upper left corner, one millimetre a pixel; the transformation does the rest, in PDF's own
	// coordinates: points, from the lower left corner.
	k := p.pdf.GetConversionRatio()
	toPDF := path.Matrix{A: k, D: -k, F: k * p.height}
	fromPDF := path.Matrix{A: 1 / k, D: -1 / k, F: p.height}
	t := fromPDF.Then(m.At).Then(p.move).Then(toPDF)
	options := fpdf.ImageOptions{ImageType: "JPEG"}
	p.pdf.RegisterImageOptionsReader(m.Picture, options, bytes.NewReader(picture.JPEG))
	p.pdf.TransformBegin()
	p.pdf.Transform(fpdf.TransformMatrix{A: t.A, B: t.B, C: t.C, D: t.D, E: t.E, F: t.F})
	p.pdf.ImageOptions(m.Picture, 0, 0, float64(picture.Width), float64(picture.Height), false, options, 0, "")
	p.pdf.TransformEnd()
}

func (p printer) fill(outline path.Path, colour model.Colour) {
	if len(outline) == 0 {
		return
	}
	r, g, b := colour.RGB()
	p.pdf.SetFillColor(int(r), int(g), int(b))
	var now path.Point
	for _, s := range outline {
		switch s.Op {
		case path.Move:
			p.pdf.MoveTo(s.P[0].X, s.P[0].Y)
		case path.Line:
			p.pdf.LineTo(s.P[0].X, s.P[0].Y)
		case path.Quad: // PDF knows cubic curves only; this one is the same
			c, end := s.P[0], s.P[1]
			p.pdf.CurveBezierCubicTo(now.X+(c.X-now.X)*2/3, now.Y+(c.Y-now.Y)*2/3, end.X+(c.X-end.X)*2/3, end.Y+(c.Y-end.Y)*2/3, end.X, end.Y)
		case path.Cubic:
			p.pdf.CurveBezierCubicTo(s.P[0].X, s.P[0].Y, s.P[1].X, s.P[1].Y, s.P[2].X, s.P[2].Y)
		case path.Close:
			p.pdf.ClosePath()
		}
		if n := s.Op.Points(); n > 0 {
			now = s.P[n-1]
		}
	}
	p.pdf.DrawPath("F")
}

// cutMarks are hairlines in line with the edges, outside of the bleed.
func (p printer) cutMarks(trim path.Rect, bleed float64) {
	const length, thick = 5.0, 0.1
	for _, x := range []float64{trim.X0, trim.X1} {
		p.fill(path.Box(x-thick/2, trim.Y0-bleed-1-length, thick, length).Path(), ink)
		p.fill(path.Box(x-thick/2, trim.Y1+bleed+1, thick, length).Path(), ink)
	}
	for _, y := range []float64{trim.Y0, trim.Y1} {
		p.fill(path.Box(trim.X0-bleed-1-length, y-thick/2, length, thick).Path(), ink)
		p.fill(path.Box(trim.X1+bleed+1, y-thick/2, length, thick).Path(), ink)
	}
}

// label writes a line at the foot of the page, shrunk where the page is narrow.
func (p printer) label(text string, width float64) {
	outline := letters.For(text).Outline(text, 0)
	r, ok := outline.Bounds()
	if !ok {
		return
	}
	size := min(3, (width-4)/r.Width())
	p.fill(outline.Transform(path.Scale(size, size).Then(path.Shift(width/2, p.height-3))), ink)
}
