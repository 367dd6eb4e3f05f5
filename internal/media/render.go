package media

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"

	"github.com/disintegration/imaging"
	"golang.org/x/image/webp"

	"relais/internal/fault"
)

const quality = 82

// codec reads one format. The registry of package image is not used on purpose: packages far away add
// formats to it (TIFF, BMP) that nobody here has looked at.
type codec struct {
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
}

// codecOf tells the format by the first bytes, never by a name or a declared type.
func codecOf(raw []byte) (codec, bool) {
	switch {
	case bytes.HasPrefix(raw, []byte{0xff, 0xd8, 0xff}):
		return codec{jpeg.DecodeConfig, jpeg.Decode}, true
	case bytes.HasPrefix(raw, []byte("\x89PNG\r\n\x1a\n")):
		return codec{png.DecodeConfig, png.Decode}, true
	case bytes.HasPrefix(raw, []byte("GIF87a")), bytes.HasPrefix(raw, []byte("GIF89a")):
		return codec{gif.DecodeConfig, gif.Decode}, true // gif.Decode stops after the first frame
	case len(raw) > 12 && string(raw[:4]) == "RIFF" && string(raw[8:12]) == "WEBP":
		return codec{webp.DecodeConfig, webp.Decode}, true
	}
	return codec{}, false
}

// render decodes a photograph and encodes it anew in each width.
func render(raw []byte) (set, error) {
	picture, err := decode(raw)
	if err != nil {
		return set{}, err
	}
	return encodeAll(upright(picture, orientation(raw), Large))
}

// decode reads a photograph as it was sent. The header's size is judged before a single pixel is allocated.
func decode(raw []byte) (image.Image, error) {
	c, known := codecOf(raw)
	if !known {
		return nil, fault.Field("photo", "fault.photo_format")
	}
	config, err := c.config(bytes.NewReader(raw))
	if err != nil {
		return nil, unreadable(err)
	}
	if config.Width <= 0 || config.Height <= 0 {
		return nil, unreadable(fmt.Errorf("size %d × %d", config.Width, config.Height))
	}
	if int64(config.Width)*int64(config.Height) > MaxPixels {
		return nil, fault.Field("photo", "fault.photo_too_many_pixels")
	}
	picture, err := c.decode(bytes.NewReader(raw))
	if err != nil {
		return nil, unreadable(err)
	}
	return picture, nil
}

func unreadable(err error) error {
	e := fault.Field("photo", "fault.photo_unreadable")
	e.Err = err
	return e
}

// upright shrinks to a width first and turns afterwards: turning a large picture would double its memory.
func upright(picture image.Image, turn, width int) *image.NRGBA {
	size := picture.Bounds().Size()
	side := size.X // what becomes the width once the picture stands upright
	if turn >= 5 {
		side = size.Y
	}
	var small *image.NRGBA
	switch {
	case side <= width:
		small = imaging.Clone(picture)
	case turn >= 5:
		small = imaging.Resize(picture, 0, width, imaging.CatmullRom)
	default:
		small = imaging.Resize(picture, width, 0, imaging.CatmullRom)
	}
	return turned(onPaper(small), turn)
}

// onPaper gives transparent pictures a white ground: JPEG knows no transparency.
func onPaper(picture *image.NRGBA) *image.NRGBA {
	if picture.Opaque() {
		return picture
	}
	size := picture.Bounds().Size()
	return imaging.Overlay(imaging.New(size.X, size.Y, color.White), picture, image.Point{}, 1)
}

// turned applies the eight orientations of EXIF.
func turned(picture *image.NRGBA, turn int) *image.NRGBA {
	switch turn {
	case 2:
		return imaging.FlipH(picture)
	case 3:
		return imaging.Rotate180(picture)
	case 4:
		return imaging.FlipV(picture)
	case 5:
		return imaging.Transpose(picture)
	case 6:
		return imaging.Rotate270(picture)
	case 7:
		return imaging.Transverse(picture)
	case 8:
		return imaging.Rotate90(picture)
	}
	return picture
}

func encodeAll(widest *image.NRGBA) (set, error) {
	size := widest.Bounds().Size()
	s := set{width: size.X, height: size.Y}
	picture := widest
	for i := len(widths) - 1; i >= 0; i-- { // each from the one before: shrinking a small picture is quicker
		if size.X > widths[i] {
			picture = imaging.Resize(picture, widths[i], 0, imaging.CatmullRom)
		}
		var out bytes.Buffer
		// Without transparency the two kinds of pixels are the same bytes, and the encoder is quick with this one only.
		opaque := &image.RGBA{Pix: picture.Pix, Stride: picture.Stride, Rect: picture.Rect}
		if err := jpeg.Encode(&out, opaque, &jpeg.Options{Quality: quality}); err != nil {
			return set{}, unreadable(err) // a strip taller than JPEG's 65,535 lines
		}
		s.files[i] = out.Bytes()
	}
	return s, nil
}

func randomSuffix() string { return rand.Text()[:8] }
