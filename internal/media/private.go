package media

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"regexp"

	"github.com/disintegration/imaging"

	"relais/internal/fault"
)

// PrintWidth and PrintHeight bound what Keep keeps for printing, in pixels: 300 dots an inch on 33 by 50 centimetres.
const (
	PrintWidth  = 4000
	PrintHeight = 6000
)

// Rendition is what a private photograph is read for.
type Rendition string

// The renditions of a private photograph.
const (
	ForPrint  Rendition = "print"  // within PrintWidth and PrintHeight
	ForScreen Rendition = "screen" // up to Medium wide, and twice as high
)

// Keep stores a photograph that is nobody else's to see: without a row, and under a name that OpenNamed does not open. Width and Height are those for
// printing. It is decoded and encoded again as by Save, and refused for the same reasons.
func (s *Store) Keep(ctx context.Context, r io.Reader) (Photo, error) {
	raw, done, err := s.take(ctx, r)
	if err != nil {
		return Photo{}, err
	}
	defer done()
	decoded, err := decode(raw)
	if err != nil {
		return Photo{}, err
	}
	picture := imaging.Fit(upright(decoded, orientation(raw), PrintWidth), PrintWidth, PrintHeight, imaging.CatmullRom)
	print, err := encode(picture, 90)
	if err != nil {
		return Photo{}, err
	}
	size := picture.Bounds().Size()
	sum := sha256.Sum256(print)
	p := Photo{Hash: hex.EncodeToString(sum[:20]), Width: size.X, Height: size.Y}
	screen, err := encode(imaging.Fit(picture, Medium, 2*Medium, imaging.CatmullRom), quality)
	if err != nil {
		return Photo{}, err
	}
	for rendition, content := range map[Rendition][]byte{ForPrint: print, ForScreen: screen} {
		if err := s.write(p.Hash+"-"+string(rendition)+".jpg", content); err != nil {
			return Photo{}, err
		}
	}
	return p, nil
}

func encode(picture *image.NRGBA, quality int) ([]byte, error) {
	var out bytes.Buffer
	if err := jpeg.Encode(&out, &image.RGBA{Pix: picture.Pix, Stride: picture.Stride, Rect: picture.Rect}, &jpeg.Options{Quality: quality}); err != nil {
		return nil, unreadable(err)
	}
	return out.Bytes(), nil
}

var hashForm = regexp.MustCompile(`^[0-9a-f]{40}$`)

// Kept reads a private photograph as JPEG. Whoever calls it has made sure that the reader may see it. Fault NotFound.
func (s *Store) Kept(hash string, r Rendition) ([]byte, error) {
	if !hashForm.MatchString(hash) {
		return nil, fault.New(fault.NotFound, "fault.not_found")
	}
	f, err := s.open(hash + "-" + string(r) + ".jpg")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(f)
	if err != nil {
		return nil, fmt.Errorf("read photograph: %w", err)
	}
	return raw, nil
}
