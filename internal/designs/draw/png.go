package draw

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"math"
	"slices"

	"git.sr.ht/~sbinet/gg"
	"github.com/disintegration/imaging"
	"golang.org/x/image/draw"
	"golang.org/x/image/math/f64"

	"relais/internal/designs/path"
	"relais/internal/fault"
)

// MostPixels is the largest picture that PNG makes: an A3 sheet at 150 dpi is a sixth of it.
const MostPixels = 40_000_000

// PNG writes a sheet as a picture with so many dots per inch, on white or, without ground, on nothing. Fault Invalid where it would be larger than MostPixels.
func PNG(w io.Writer, s Sheet, dpi float64, ground bool, pictures Pictures) error {
	picture, err := Raster(s, dpi, ground, pictures)
	if err != nil {
		return err
	}
	var file bytes.Buffer
	if err := png.Encode(&file, picture); err != nil {
		return fmt.Errorf("write picture: %w", err)
	}
	if _, err := w.Write(sized(file.Bytes(), dpi)); err != nil {
		return fmt.Errorf("write picture: %w", err)
	}
	return nil
}

// sized has a PNG say how large it is meant to be (the chunk pHYs, in dots per metre), so that it is placed at its size. The chunk follows the header, which every PNG begins with
// and which always has the same length.
func sized(file []byte, dpi float64) []byte {
	const header = 8 + 4 + 4 + 13 + 4
	perMetre := uint32(math.Round(dpi / 0.0254))
	chunk := binary.BigEndian.AppendUint32(nil, 9)
	chunk = append(chunk, "pHYs"...)
	chunk = binary.BigEndian.AppendUint32(chunk, perMetre)
	chunk = binary.BigEndian.AppendUint32(chunk, perMetre)
	chunk = append(chunk, 1) // the unit: the metre
	chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(chunk[4:]))
	return slices.Insert(slices.Clone(file), header, chunk...)
}

// PrintDPI is the resolution of what is drawn for a printer: fine enough for the edges of letters, and for photographs where those ask for more.
const PrintDPI = 300

// Fitting is the resolution, in dots per inch, at which a sheet is drawn for whoever asks for photographs at the least resolution: PrintDPI or that, whichever is more, or, where the picture
// would be larger than MostPixels, the nearest whole number below it that is not. Lowered says whether it is.
func Fitting(s Sheet, least int) (dpi int, lowered bool) {
	want := max(PrintDPI, least)
	fits := 25.4 * math.Sqrt(MostPixels*0.99/(s.Width*s.Height))
	if float64(want) <= fits {
		return want, false
	}
	return int(fits), true
}

// Raster is PNG before it is encoded.
func Raster(s Sheet, dpi float64, ground bool, pictures Pictures) (image.Image, error) {
	scale := dpi / 25.4
	width, height := math.Round(s.Width*scale), math.Round(s.Height*scale)
	if !(width >= 1 && height >= 1 && width*height <= MostPixels) {
		return nil, fault.New(fault.Invalid, "fault.designs.too_many_pixels")
	}
	dc := gg.NewContext(int(width), int(height))
	if ground {
		dc.SetColor(color.White)
		dc.Clear()
	}
	toPixels := path.Scale(width/s.Width, height/s.Height)
	var name string // of the one photograph that is decoded: they are large
	var photograph image.Image
	for _, m := range s.Marks {
		dc.ResetClip()
		if m.Clip != nil {
			trace(dc, m.Clip.Path().Transform(toPixels))
			dc.Clip()
		}
		if m.Picture == "" {
			r, g, b := m.Colour.RGB()
			dc.SetRGB255(int(r), int(g), int(b))
			trace(dc, m.Path.Transform(toPixels))
			dc.Fill()
			continue
		}
		if name != m.Picture {
			var err error
			if photograph, err = jpeg.Decode(bytes.NewReader(pictures[m.Picture].JPEG)); err != nil {
				return nil, fmt.Errorf("read photograph %s: %w", m.Picture, err)
			}
			name = m.Picture
		}
		place(dc, photograph, m, toPixels)
	}
	return dc.Image(), nil
}

// trace hands an outline on.
func trace(dc *gg.Context, p path.Path) {
	for _, s := range p {
		switch s.Op {
		case path.Move:
			dc.MoveTo(s.P[0].X, s.P[0].Y)
		case path.Line:
			dc.LineTo(s.P[0].X, s.P[0].Y)
		case path.Quad:
			dc.QuadraticTo(s.P[0].X, s.P[0].Y, s.P[1].X, s.P[1].Y)
		case path.Cubic:
			dc.CubicTo(s.P[0].X, s.P[0].Y, s.P[1].X, s.P[1].Y, s.P[2].X, s.P[2].Y)
		case path.Close:
			dc.ClosePath()
		}
	}
}

// place puts a photograph where its mark says. One that is shown smaller than it is, is shrunk first, as the transformation alone would skip pixels.
// It gets a transparent rim, so that its edges are as smooth as those of an outline.
func place(dc *gg.Context, picture image.Image, m Mark, toPixels path.Matrix) {
	at := m.At.Then(toPixels)
	size := picture.Bounds().Size()
	zoom := math.Sqrt(math.Abs(at.A*at.D - at.B*at.C))
	if zoom < 1 {
		w, h := max(1, int(math.Round(float64(size.X)*zoom))), max(1, int(math.Round(float64(size.Y)*zoom)))
		picture = imaging.Resize(picture, w, h, imaging.Box)
		at = path.Scale(float64(size.X)/float64(w), float64(size.Y)/float64(h)).Then(at)
	}
	const rim = 2
	inner := picture.Bounds().Size()
	padded := image.NewRGBA(image.Rect(0, 0, inner.X+2*rim, inner.Y+2*rim))
	draw.Draw(padded, image.Rect(rim, rim, rim+inner.X, rim+inner.Y), picture, picture.Bounds().Min, draw.Src)
	at = path.Shift(-rim, -rim).Then(at)
	target, ok := dc.Image().(draw.Image)
	if !ok {
		return
	}
	options := &draw.Options{}
	if m.Clip != nil {
		corner, other := toPixels.Apply(path.Point{X: m.Clip.X0, Y: m.Clip.Y0}), toPixels.Apply(path.Point{X: m.Clip.X1, Y: m.Clip.Y1})
		options.DstMask = window{corner.X, corner.Y, other.X, other.Y}
	}
	draw.BiLinear.Transform(target, f64.Aff3{at.A, at.C, at.E, at.B, at.D, at.F}, padded, padded.Bounds(), draw.Over, options)
}

// window lets through what is within a rectangle of pixels; of a pixel at its edge, as much as is within.
type window struct{ x0, y0, x1, y1 float64 }

func (w window) ColorModel() color.Model { return color.Alpha16Model }

func (w window) Bounds() image.Rectangle {
	return image.Rect(int(math.Floor(w.x0)), int(math.Floor(w.y0)), int(math.Ceil(w.x1)), int(math.Ceil(w.y1)))
}

func (w window) At(x, y int) color.Color {
	share := func(at int, from, to float64) float64 { return max(0, min(float64(at)+1, to)-max(float64(at), from)) }
	return color.Alpha16{A: uint16(math.Round(share(x, w.x0, w.x1) * share(y, w.y0, w.y1) * 0xffff))}
}
