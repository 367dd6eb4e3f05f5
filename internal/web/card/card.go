// Package card draws the picture that messengers and social networks show with a shared link: 1200 × 630 pixels,
// JPEG, under 300 KB (WhatsApp drops heavier ones), with the photograph, the title, the price, who recommends it, and
// the word that the law wants: that they earn by it.
//
//	┌────────awning─────────┬──────────────────┐
//	│                       │ By               │
//	│      photograph       │ Title, up to     │
//	│                       │ four lines       │
//	│                       │ Price            │
//	│                       │ Relais        Ad │
//	└───────────────────────┴──────────────────┘
package card

import (
	"bytes"
	_ "embed"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	_ "image/png" // photographs of older stores
	"io"
	"strings"
	"sync"

	"git.sr.ht/~sbinet/gg"
	"github.com/disintegration/imaging"
	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
)

// Size of a card in pixels, and the most bytes that it may take.
const (
	Width    = 1200
	Height   = 630
	MaxBytes = 300_000
)

// Card is what a card says, in the language of whom it is for.
type Card struct {
	Photo io.Reader // JPEG or PNG; nil: a pattern in its place
	Title string
	Price string // "32,00 €"; may be empty
	By    string // "Recommandé par Camille Rousseau"; may be empty
	Ad    string // "Publicité"; may be empty
}

var (
	paper  = color.RGBA{0xfb, 0xf6, 0xec, 0xff}
	cream  = color.RGBA{0xff, 0xf6, 0xea, 0xff}
	ink    = color.RGBA{0x23, 0x1b, 0x14, 0xff}
	soft   = color.RGBA{0x5f, 0x53, 0x46, 0xff}
	accent = color.RGBA{0xc2, 0x32, 0x1a, 0xff}
)

const (
	photoWidth = 610
	left       = photoWidth + 52.0 // of the text
	textWidth  = Width - left - 52
)

// Render draws a card. A photograph that cannot be read is an error; a title of any length fits.
func Render(c Card) ([]byte, error) {
	dc := gg.NewContext(Width, Height)
	dc.SetColor(paper)
	dc.Clear()
	if err := photo(dc, c.Photo); err != nil {
		return nil, err
	}
	awning(dc)
	faces, err := newFaces()
	if err != nil {
		return nil, err
	}
	words(dc, faces, c)
	return encode(dc.Image())
}

// photo fills the left side with the middle of the photograph.
func photo(dc *gg.Context, r io.Reader) error {
	if r == nil {
		dc.SetColor(color.RGBA{0xf3, 0xeb, 0xdb, 0xff})
		dc.DrawRectangle(0, 0, photoWidth, Height)
		dc.Fill()
		mark(dc, photoWidth/2-110, Height/2-90, 5.5)
		return nil
	}
	picture, _, err := image.Decode(r)
	if err != nil {
		return fmt.Errorf("decode photograph: %w", err)
	}
	dc.DrawImage(imaging.Fill(picture, photoWidth, Height, imaging.Center, imaging.CatmullRom), 0, 0)
	return nil
}

// awning hangs the market's roof over the whole card.
func awning(dc *gg.Context) {
	const scallop, drop = 40.0, 26.0
	shade := func(dy float64, paint func(i int) color.Color) {
		for i := 0; float64(i)*scallop < Width; i++ {
			x := float64(i) * scallop
			dc.SetColor(paint(i))
			dc.DrawRectangle(x, 0, scallop, drop+dy)
			dc.Fill()
			dc.DrawCircle(x+scallop/2, drop+dy, scallop/2)
			dc.Fill()
		}
	}
	shade(5, func(int) color.Color { return color.RGBA{0, 0, 0, 0x2a} })
	shade(0, func(i int) color.Color {
		if i%2 == 0 {
			return accent
		}
		return cream
	})
}

// words sets the text from top to bottom; a long title takes a smaller size, and is cut at the end of its fourth line.
func words(dc *gg.Context, f *faces, c Card) {
	y := 122.0
	if c.By != "" {
		dc.SetColor(soft)
		dc.SetFontFace(f.text)
		for _, line := range fit(dc, c.By, 2) {
			dc.DrawString(line, left, y)
			y += 40
		}
		y += 12
	}
	dc.SetColor(ink)
	dc.SetFontFace(f.title)
	lines, step := fit(dc, c.Title, 99), 66.0
	if len(lines) > 3 {
		dc.SetFontFace(f.titleSmall)
		lines, step = fit(dc, c.Title, 4), 54
	}
	y += step * .45
	for _, line := range lines {
		dc.DrawString(line, left, y)
		y += step
	}
	if c.Price != "" {
		dc.SetColor(accent)
		dc.SetFontFace(f.price)
		dc.DrawString(strings.ReplaceAll(c.Price, "\u202f", "\u00a0"), left, y+18) // the face has no narrow space
	}
	mark(dc, left, Height-88, 1.25)
	dc.SetColor(ink)
	dc.SetFontFace(f.wordmark)
	dc.DrawString("Relais", left+62, Height-52)
	label(dc, f, c.Ad)
}

// label writes the ad label in a frame at the lower right.
func label(dc *gg.Context, f *faces, text string) {
	if text == "" {
		return
	}
	dc.SetFontFace(f.label)
	lines := fit(dc, text, 1)
	w, _ := dc.MeasureString(lines[0])
	x := Width - 52 - w
	dc.SetColor(soft)
	dc.SetLineWidth(2)
	dc.DrawRoundedRectangle(x-14, Height-84, w+28, 42, 6)
	dc.Stroke()
	dc.DrawString(lines[0], x, Height-55)
}

// mark draws the stall of the logo with its upper left corner at x, y; scale 1 is 40 pixels.
func mark(dc *gg.Context, x, y, scale float64) {
	dc.Push()
	defer dc.Pop()
	dc.Translate(x, y)
	dc.Scale(scale, scale)
	dc.SetColor(accent)
	for _, at := range []float64{8.7, 31.3} {
		dc.DrawCircle(at, 20, 5.7)
		dc.Fill()
	}
	dc.MoveTo(7, 3)
	dc.LineTo(33, 3)
	dc.LineTo(37, 20)
	dc.LineTo(3, 20)
	dc.ClosePath()
	dc.Fill()
	dc.SetColor(cream)
	dc.DrawRectangle(15, 4.4, 10, 16)
	dc.Fill()
	dc.DrawCircle(20, 20, 5)
	dc.Fill()
	dc.SetColor(ink)
	dc.SetLineWidth(2.6 * scale)
	dc.SetLineCapRound()
	for _, l := range [][4]float64{{7, 27.5, 7, 37}, {33, 27.5, 33, 37}, {7, 31, 33, 31}} {
		dc.DrawLine(l[0], l[1], l[2], l[3])
		dc.Stroke()
	}
}

// fit breaks text into at most limit lines of the text's width; a word wider than a line is broken, and what is left
// over is cut with an ellipsis.
func fit(dc *gg.Context, text string, limit int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		for _, piece := range pieces(dc, word) {
			longer := strings.TrimSpace(line + " " + piece)
			if w, _ := dc.MeasureString(longer); w <= textWidth {
				line = longer
				continue
			}
			lines, line = append(lines, line), piece
		}
	}
	if line != "" || len(lines) == 0 {
		lines = append(lines, line)
	}
	if len(lines) <= limit {
		return lines
	}
	last := []rune(lines[limit-1])
	for len(last) > 0 {
		if w, _ := dc.MeasureString(string(last) + "…"); w <= textWidth {
			break
		}
		last = last[:len(last)-1]
	}
	return append(lines[:limit-1:limit-1], strings.TrimRight(string(last), " ,.;:–-")+"…")
}

// pieces breaks a word that is wider than a line.
func pieces(dc *gg.Context, word string) []string {
	if w, _ := dc.MeasureString(word); w <= textWidth {
		return []string{word}
	}
	var list []string
	piece := ""
	for _, r := range word {
		if w, _ := dc.MeasureString(piece + string(r)); w > textWidth && piece != "" {
			list, piece = append(list, piece), ""
		}
		piece += string(r)
	}
	return append(list, piece)
}

// encode takes the best quality that stays below MaxBytes.
func encode(picture image.Image) ([]byte, error) {
	for quality := 86; quality >= 30; quality -= 14 {
		var out bytes.Buffer
		if err := jpeg.Encode(&out, picture, &jpeg.Options{Quality: quality}); err != nil {
			return nil, fmt.Errorf("encode card: %w", err)
		}
		if out.Len() < MaxBytes {
			return out.Bytes(), nil
		}
	}
	return nil, fmt.Errorf("encode card: more than %d bytes at the lowest quality", MaxBytes)
}

// faces are the sizes of type on a card. A face must not be used by two goroutines; the fonts behind them may.
type faces struct{ text, title, titleSmall, price, wordmark, label font.Face }

//go:embed fonts/Fraunces_600SemiBold.ttf
var fraunces []byte

//go:embed fonts/SourceSans3_600SemiBold.ttf
var sourceSans []byte

type fonts struct {
	display, text *opentype.Font
	err           error
}

var parsed = sync.OnceValue(func() fonts {
	display, err := opentype.Parse(fraunces)
	if err != nil {
		return fonts{err: fmt.Errorf("parse Fraunces: %w", err)}
	}
	text, err := opentype.Parse(sourceSans)
	if err != nil {
		return fonts{err: fmt.Errorf("parse Source Sans: %w", err)}
	}
	return fonts{display: display, text: text}
})

func newFaces() (*faces, error) {
	fonts := parsed()
	if fonts.err != nil {
		return nil, fonts.err
	}
	f := &faces{}
	for _, want := range []struct {
		face *font.Face
		font *opentype.Font
		size float64
	}{
		{&f.text, fonts.text, 30}, {&f.title, fonts.display, 58}, {&f.titleSmall, fonts.display, 46},
		{&f.price, fonts.display, 52}, {&f.wordmark, fonts.display, 38}, {&f.label, fonts.text, 24},
	} {
		face, err := opentype.NewFace(want.font, &opentype.FaceOptions{Size: want.size, DPI: 72, Hinting: font.HintingNone})
		if err != nil {
			return nil, fmt.Errorf("make face: %w", err)
		}
		*want.face = face
	}
	return f, nil
}
