package page

import (
	"fmt"
	"strings"

	"rsc.io/qr"
)

// Series is what a chart shows; Title and the texts of its points also make the table that stands in for the
// picture. Points are in order of time or rank.
type Series struct {
	Title  string
	Points []Point
}

// Point is one value of a Series. Text is the value as people read it ("12,40 €"), Label what it belongs to ("12 nov.").
type Point struct {
	Label, Text string
	Value       int64
}

// Chart is a Series drawn on a canvas of Width × Height units, for the partial "chart".
type Chart struct {
	Series
	Width, Height int
	Bars          []Bar
	Line, Area    string // path data; empty for bars
	Peak          Point  // the highest value
}

// Bar is one column of a chart, with the point it stands for.
type Bar struct {
	Point
	X, Y, W, H, Middle int
	ShowLabel          bool // labels are thinned so that they do not run into each other
}

const (
	chartWidth  = 640
	chartHeight = 200
)

func draw(s Series) Chart {
	c := Chart{Series: s, Width: chartWidth, Height: chartHeight}
	if len(s.Points) == 0 {
		return c
	}
	c.Peak = s.Points[0]
	for _, p := range s.Points {
		if p.Value > c.Peak.Value {
			c.Peak = p
		}
	}
	highest := max(c.Peak.Value, 1)
	slot := chartWidth / len(s.Points)
	every := (len(s.Points) + 5) / 6
	for i, p := range s.Points {
		h := int(max(p.Value, 0) * (chartHeight - 10) / highest)
		if p.Value > 0 {
			h = max(h, 3)
		}
		c.Bars = append(c.Bars, Bar{
			Point: p, X: i*slot + slot/8, Y: chartHeight - h, W: max(slot*3/4, 1), H: h,
			Middle: i*slot + slot/2, ShowLabel: i%every == 0,
		})
	}
	return c
}

// bars draws a series as columns.
func bars(s Series) Chart { return draw(s) }

// line draws a series as a line with its area.
func line(s Series) Chart {
	c := draw(s)
	var path strings.Builder
	for i, b := range c.Bars {
		command := "L"
		if i == 0 {
			command = "M"
		}
		fmt.Fprintf(&path, "%s%d %d", command, b.Middle, b.Y)
	}
	if len(c.Bars) > 1 {
		c.Line = path.String()
		last := c.Bars[len(c.Bars)-1].Middle
		c.Area = fmt.Sprintf("%sL%d %dL%d %dZ", c.Line, last, chartHeight, c.Bars[0].Middle, chartHeight)
	}
	return c
}

// QR is a QR code as one SVG path on a square of Size units, quiet zone included, for the partial "qr".
type QR struct {
	Size int
	Path string
	Text string
}

// quiet is the white border that the standard asks for, in modules.
const quiet = 4

// NewQR encodes text with medium error correction (15 %).
func NewQR(text string) (QR, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return QR{}, fmt.Errorf("encode QR: %w", err)
	}
	var path strings.Builder
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			start := x
			for x < code.Size && code.Black(x, y) {
				x++
			}
			if x > start {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", start+quiet, y+quiet, x-start, x-start)
			}
		}
	}
	return QR{Size: code.Size + 2*quiet, Path: path.String(), Text: text}, nil
}

// QRPNG encodes text as a PNG, for printing and for messengers that take files.
func QRPNG(text string) ([]byte, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return nil, fmt.Errorf("encode QR: %w", err)
	}
	code.Scale = 16
	return code.PNG(), nil
}
