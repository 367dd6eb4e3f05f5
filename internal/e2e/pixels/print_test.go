package pixels_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"relais/internal/designs/designstest"
	designs "relais/internal/designs/draw"
	"relais/internal/designs/model"
	"relais/internal/designs/path"
)

// Print files are compared at three pixels a millimetre: sheets and zones of the base begin and end between pixels. Poppler draws them finer, as it smooths edges but little and
// leaves those of a photograph that is turned as they fall.
const (
	dots   = 3.0
	dpi    = dots * 25.4
	finer  = 3
	prints = 24 // documents that are compared, both zones of each
)

// What may differ between our PNG and poppler's picture of the print file: measured over these documents, a mean of 0.70, 0.055 % loud, 0.002 % worse than half. Between a view and
// the print of its zone nothing differs.
const (
	printMean  = 0.9
	printLoud  = 0.1
	printWorst = 0.005
)

var printed = time.Date(2026, 11, 3, 9, 0, 0, 0, time.UTC)

// papers are the pages of a print file as poppler draws them, each without the margin for cut marks.
func papers(t *testing.T, sheets []designs.Sheet, bleed float64, pictures designs.Pictures) []image.Image {
	t.Helper()
	dir := t.TempDir()
	var file bytes.Buffer
	if err := designs.PDF(&file, sheets, bleed, "R-1234567-1", printed, pictures); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "print.pdf"), file.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), "pdftoppm", "-png", "-r", fmt.Sprint(finer*dpi), "print.pdf", "page")
	command.Dir = dir
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("pdftoppm (make test installs it): %v\n%s", err, out)
	}
	var list []image.Image
	for i, s := range sheets {
		raw, err := os.ReadFile(filepath.Join(dir, fmt.Sprintf("page-%d.png", i+1)))
		if err != nil {
			t.Fatal(err)
		}
		whole, err := png.Decode(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, shrunk(cut(whole, finer*dots, designs.Margin, designs.Margin, s.Width, s.Height)))
	}
	return list
}

// shrunk is a picture with a pixel for each square of finer by finer: the mean of them.
func shrunk(p image.Image) image.Image {
	out := image.NewRGBA(image.Rect(0, 0, p.Bounds().Dx()/finer, p.Bounds().Dy()/finer))
	for y := range out.Bounds().Dy() {
		for x := range out.Bounds().Dx() {
			var sum [3]uint32
			for i := range finer * finer {
				r, g, b, _ := p.At(x*finer+i%finer, y*finer+i/finer).RGBA()
				sum[0], sum[1], sum[2] = sum[0]+r>>8, sum[1]+g>>8, sum[2]+b>>8
			}
			mean := func(n uint32) uint8 { return uint8((n + finer*finer/2) / (finer * finer)) }
			out.SetRGBA(x, y, color.RGBA{mean(sum[0]), mean(sum[1]), mean(sum[2]), 255})
		}
	}
	return out
}

// cut is a rectangle of a picture with so many dots a millimetre, given in millimetres.
func cut(whole image.Image, dots, x, y, width, height float64) image.Image {
	out := image.NewRGBA(image.Rect(0, 0, int(width*dots+0.5), int(height*dots+0.5)))
	draw.Draw(out, out.Bounds(), whole, whole.Bounds().Min.Add(image.Pt(int(x*dots+0.5), int(y*dots+0.5))), draw.Src)
	return out
}

func raster(t *testing.T, s designs.Sheet, pictures designs.Pictures) image.Image {
	t.Helper()
	picture, err := designs.Raster(s, dpi, true, pictures)
	if err != nil {
		t.Fatal(err)
	}
	return picture
}

// printable are the zones of the base of which something is printed.
func printable(b model.Base) (views []model.View, zones []model.Zone) {
	for _, v := range b.Views {
		for _, z := range v.Zones {
			if !z.Whole {
				views, zones = append(views, v), append(zones, z)
			}
		}
	}
	return views, zones
}

// The print file as a printer's own program draws it is our PNG of the same sheet.
func TestThePrintFileIsThePicture(t *testing.T) {
	pictures := designstest.Pictures(t)
	b := designstest.Shirt()
	_, zones := printable(b)
	var most difference
	for seed := range uint64(prints) {
		d := designstest.Random(seed)
		var sheets []designs.Sheet
		for _, z := range zones {
			sheets = append(sheets, designs.Print(z, d, b.Bleed.MM(), pictures))
		}
		for i, theirs := range papers(t, sheets, b.Bleed.MM(), pictures) {
			ours := raster(t, sheets[i], pictures)
			got := compare(t, ours, theirs)
			most = difference{max(most.mean, got.mean), max(most.loud, got.loud), max(most.worst, got.worst)}
			if got.mean > printMean || got.loud > printLoud || got.worst > printWorst {
				t.Errorf("design %d, %s: %+v\n\tkept: %s", seed, zones[i].ID, got, keep(t, fmt.Sprintf("print-%d-%s", seed, zones[i].ID), ours, theirs))
			}
		}
	}
	t.Logf("at most: %+v", most)
}

// What is printed of a zone is what its view shows there.
func TestThePrintIsTheView(t *testing.T) {
	pictures := designstest.Pictures(t)
	b := designstest.Shirt()
	views, zones := printable(b)
	bleed := b.Bleed.MM()
	var most difference
	for seed := range uint64(prints) {
		d := designstest.Random(seed)
		for i, z := range zones {
			view := designs.View(b, views[i], d, pictures)
			var on []designs.Mark
			for _, m := range view.Marks { // without the piece itself
				if m.Zone == z.ID {
					on = append(on, m)
				}
			}
			view.Marks = on
			box := z.Box()
			seen := cut(raster(t, view, pictures), dots, box.X0, box.Y0, box.Width(), box.Height())
			sheet := cut(raster(t, designs.Print(z, d, bleed, pictures), pictures), dots, bleed, bleed, box.Width(), box.Height())
			got := compare(t, seen, sheet)
			most = difference{max(most.mean, got.mean), max(most.loud, got.loud), max(most.worst, got.worst)}
			if got.mean > 0 {
				t.Errorf("design %d, %s: %+v\n\tkept: %s", seed, z.ID, got, keep(t, fmt.Sprintf("view-%d-%s", seed, z.ID), seen, sheet))
			}
		}
	}
	t.Logf("at most: %+v", most)
}

// What the tolerances are for: a line of text that is half a millimetre off, in another colour, or missing, is seen; so is a photograph that is half a millimetre off.
func TestWhatIsPrintedWrongIsSeen(t *testing.T) {
	pictures := designs.Pictures{designs.PhotoName(1): designstest.Photo(t, 800, 600)}
	b := designstest.Shirt()
	z, bleed := b.Views[0].Zones[0], b.Bleed.MM()
	text := designs.Print(z, designstest.Doc(designstest.Text("Léa & Tom")), bleed, nil)
	photo := designs.Print(z, designstest.Doc(model.Layer{Kind: model.Image, Photo: 1, Size: 60_00, X: 90_00, Y: 45_00}), bleed, pictures)
	shifted := func(s designs.Sheet) designs.Sheet {
		m := s.Marks[0]
		m.Path, m.At = m.Path.Transform(path.Shift(0.5, 0)), m.At.Then(path.Shift(0.5, 0))
		s.Marks = []designs.Mark{m}
		return s
	}
	coloured, without := text, text
	coloured.Marks = []designs.Mark{text.Marks[0]}
	coloured.Marks[0].Colour = "#0b5d57"
	without.Marks = nil
	for name, c := range map[string][2]designs.Sheet{"text that moved": {text, shifted(text)}, "a photograph that moved": {photo, shifted(photo)}, "another colour": {text, coloured}, "nothing": {text, without}} {
		if got := compare(t, raster(t, c[0], pictures), papers(t, []designs.Sheet{c[1]}, bleed, pictures)[0]); got.mean <= printMean && got.loud <= printLoud && got.worst <= printWorst {
			t.Errorf("%s goes unseen: %+v", name, got)
		}
		if got := compare(t, raster(t, c[0], pictures), raster(t, c[1], pictures)); got.mean == 0 {
			t.Errorf("%s goes unseen between view and print: %+v", name, got)
		}
	}
}
