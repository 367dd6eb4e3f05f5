package designs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"slices"
	"strconv"
	"time"

	"relais/internal/designs/draw"
	"relais/internal/designs/model"
	"relais/internal/fault"
	"relais/internal/media"
)

// slot is taken by one who draws at a time.
type slot chan struct{}

// turn waits until nobody else draws; done ends it. Whatever is drawn goes into memory: nobody who reads slowly keeps others waiting.
func (s slot) turn(ctx context.Context) (done func(), err error) {
	select {
	case s <- struct{}{}:
		return func() { <-s }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// photographs are those of a design, as large as that.
func (s *Service) photographs(d Design, size media.Rendition) (draw.Pictures, error) {
	out, shown := draw.Pictures{}, d.Doc.Photos()
	for _, p := range d.Photos {
		if !slices.Contains(shown, p.ID) {
			continue
		}
		raw, err := s.media.Kept(p.Hash, size)
		if err != nil {
			return nil, fmt.Errorf("read photograph %d: %w", p.ID, err)
		}
		picture := draw.Picture{Width: p.Width, Height: p.Height, JPEG: raw}
		if size != media.ForPrint {
			c, err := jpeg.DecodeConfig(bytes.NewReader(raw))
			if err != nil {
				return nil, fmt.Errorf("read photograph %d: %w", p.ID, err)
			}
			picture.Width, picture.Height = c.Width, c.Height
		}
		out[draw.PhotoName(p.ID)] = picture
	}
	return out, nil
}

// ground adds the photographs of the piece itself to those of a design. One whose file is gone is left out: the shape is drawn in its place.
func (s *Service) ground(b model.Base, pictures draw.Pictures) error {
	for _, hash := range b.Photos() {
		raw, err := s.shown(hash)
		if errors.Is(err, fault.NotFound) {
			continue
		}
		var c image.Config
		if err == nil {
			c, err = jpeg.DecodeConfig(bytes.NewReader(raw))
		}
		if err != nil {
			return fmt.Errorf("read photograph %s of a base: %w", hash, err)
		}
		pictures[hash] = draw.Picture{Width: c.Width, Height: c.Height, JPEG: raw}
	}
	return nil
}

// shown reads a photograph of a product, as large as it is kept.
func (s *Service) shown(hash string) ([]byte, error) {
	f, err := s.media.Open(hash, media.Large)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

// PicturePath is where the author's browser gets the picture of the design as it is now: another address for each revision, so that it may be kept.
func (d Design) PicturePath() string { return d.Path() + "/picture?r=" + strconv.Itoa(d.Revision) }

// Picture is a view of a design as PNG for a screen, 1600 pixels at most on a side; without its name, the first one that has something on it. Fault NotFound: no such view.
func (s *Service) Picture(ctx context.Context, d Design, name string) ([]byte, error) {
	v, ok := d.view(name)
	if !ok {
		return nil, fault.New(fault.NotFound, "fault.page_not_found")
	}
	done, err := s.screen.turn(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	pictures, err := s.photographs(d, media.ForScreen)
	if err == nil {
		err = s.ground(d.Base, pictures)
	}
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	dpi := min(76, 1600/max(v.Width.MM(), v.Height.MM())*25.4)
	err = draw.PNG(&out, draw.View(d.Base, v, d.Doc, pictures), dpi, true, pictures)
	return out.Bytes(), err
}

// view is the one of that name; without a name the first one that has something on it, or the first.
func (d Design) view(name string) (model.View, bool) {
	for _, v := range d.Base.Views {
		if v.ID == name || name == "" && slices.ContainsFunc(v.Zones, func(z model.Zone) bool { return len(d.Doc.Part(z.ID)) > 0 }) {
			return v, true
		}
	}
	if name == "" && len(d.Base.Views) > 0 {
		return d.Base.Views[0], true
	}
	return model.View{}, false
}

// sheets are the zones that have something on them, at print size with the bleed of the base.
func (d Design) sheets(pictures draw.Pictures) []draw.Sheet {
	var list []draw.Sheet
	for _, v := range d.Base.Views {
		for _, z := range v.Zones {
			if sheet := draw.Print(z, d.Doc, d.Base.Bleed.MM(), pictures); len(sheet.Marks) > 0 {
				sheet.Title = v.Name + " · " + z.Name
				list = append(list, sheet)
			}
		}
	}
	return list
}

// Sheet is what is printed of one zone.
type Sheet struct {
	Name    string
	DPI     int  // of its PNG, dots per inch
	Lowered bool // as the picture would be too large at the resolution of others
}

// Sheets are what is printed of a design, in the order of PrintPNG.
func (d Design) Sheets() []Sheet {
	var list []Sheet
	for _, s := range d.sheets(d.OnPage()) {
		dpi, lowered := draw.Fitting(s, d.Base.DPI)
		list = append(list, Sheet{s.Title, dpi, lowered})
	}
	return list
}

// JobSheet writes what to make as PDF: the words, the piece from each side, then each sheet at its size.
func (s *Service) JobSheet(ctx context.Context, w io.Writer, d Design, job draw.Job) error {
	return s.printed(ctx, d, func(pictures draw.Pictures) error {
		if err := s.ground(d.Base, pictures); err != nil {
			return err
		}
		job.Sheets, job.Bleed = d.sheets(pictures), d.Base.Bleed.MM()
		for _, v := range d.Base.Views {
			job.Views = append(job.Views, draw.View(d.Base, v, d.Doc, pictures))
		}
		return draw.JobSheet(w, job, pictures)
	})
}

// PrintPDF writes the sheets alone, one page each at its size, with cut marks.
func (s *Service) PrintPDF(ctx context.Context, w io.Writer, d Design, label string, day time.Time) error {
	return s.printed(ctx, d, func(pictures draw.Pictures) error {
		return draw.PDF(w, d.sheets(pictures), d.Base.Bleed.MM(), label, day, pictures)
	})
}

// PrintPNG writes one sheet at its size with its bleed, without ground, at the resolution of its Sheet. Fault NotFound: no such sheet.
func (s *Service) PrintPNG(ctx context.Context, w io.Writer, d Design, n int) error {
	return s.printed(ctx, d, func(pictures draw.Pictures) error {
		list := d.sheets(pictures)
		if n < 0 || n >= len(list) {
			return fault.New(fault.NotFound, "fault.page_not_found")
		}
		dpi, _ := draw.Fitting(list[n], d.Base.DPI)
		return draw.PNG(w, list[n], float64(dpi), false, pictures)
	})
}

// printed hands over the photographs with all their pixels, to one at a time.
func (s *Service) printed(ctx context.Context, d Design, write func(draw.Pictures) error) error {
	done, err := s.print.turn(ctx)
	if err != nil {
		return err
	}
	defer done()
	pictures, err := s.photographs(d, media.ForPrint)
	if err != nil {
		return err
	}
	return write(pictures)
}
