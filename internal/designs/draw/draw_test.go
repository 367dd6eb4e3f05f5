package draw_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image/color"
	"image/jpeg"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu"
	pdfmodel "github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"

	"relais/internal/designs/designstest"
	"relais/internal/designs/draw"
	"relais/internal/designs/model"
	"relais/internal/fault"
)

func front(t *testing.T, d model.Document, pictures draw.Pictures) draw.Sheet {
	t.Helper()
	b := designstest.Shirt()
	return draw.View(b, b.Views[0], d, pictures)
}

// at is the colour of a place in millimetres, at a dot per millimetre times ten.
func at(t *testing.T, s draw.Sheet, pictures draw.Pictures, places ...[2]float64) []color.RGBA {
	t.Helper()
	picture, err := draw.Raster(s, 254, true, pictures)
	if err != nil {
		t.Fatal(err)
	}
	var out []color.RGBA
	for _, p := range places {
		r, g, b, a := picture.At(int(p[0]*10), int(p[1]*10)).RGBA()
		out = append(out, color.RGBA{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8), uint8(a >> 8)})
	}
	return out
}

var (
	white = color.RGBA{255, 255, 255, 255}
	red   = color.RGBA{0xc2, 0x32, 0x1a, 255}
	night = color.RGBA{0x22, 0x33, 0x44, 255}
)

func TestColoursAreWhereTheyBelong(t *testing.T) {
	d := designstest.Doc(model.Layer{Kind: model.Fill, Colour: "#c2321a"}).With("cloth", []model.Layer{{Kind: model.Fill, Colour: "#223344"}})
	got := at(t, front(t, d, nil), nil, [2]float64{200, 150}, [2]float64{111, 111}, [2]float64{289, 199}, [2]float64{200, 300}, [2]float64{291, 150}, [2]float64{5, 470})
	if want := []color.RGBA{red, red, red, night, night, white}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestWhatStandsOverTheEdgeIsCut(t *testing.T) {
	pictures := draw.Pictures{draw.PhotoName(1): designstest.Photo(t, 600, 600)}
	d := designstest.Doc(model.Layer{Kind: model.Image, Photo: 1, Size: 120_00, X: 180_00, Y: 45_00, Turn: 10})
	got := at(t, front(t, d, pictures), pictures, [2]float64{285, 155}, [2]float64{292, 155}, [2]float64{285, 206})
	if got[0] == white || got[1] != white || got[2] != white {
		t.Errorf("inside %v, outside %v and %v", got[0], got[1], got[2])
	}
}

func TestAPhotographLiesAsItShould(t *testing.T) {
	pictures := draw.Pictures{draw.PhotoName(1): designstest.Photo(t, 400, 200)} // more red to the right, more green to the foot
	for turn, c := range map[int][2]float64{0: {35, 0}, 90: {0, 35}, 180: {-35, 0}, -90: {0, -35}} {
		d := designstest.Doc(model.Layer{Kind: model.Image, Photo: 1, Size: 80_00, X: 90_00, Y: 45_00, Turn: turn})
		got := at(t, front(t, d, pictures), pictures, [2]float64{200 + c[0], 155 + c[1]}, [2]float64{200 - c[0], 155 - c[1]})
		if int(got[0].R)-int(got[1].R) < 100 {
			t.Errorf("turned by %d: right %v, left %v", turn, got[0], got[1])
		}
	}
}

func TestTextIsInkInItsColour(t *testing.T) {
	l := designstest.Text("IIIII")
	l.Colour, l.Size, l.Font = "#c2321a", 60_00, "archivo-black"
	if got := at(t, front(t, designstest.Doc(l), nil), nil, [2]float64{200, 155}); got[0] != red {
		t.Errorf("the middle letter is %v", got[0])
	}
	if len(front(t, designstest.Doc(designstest.Text("\u200d")), nil).Marks) != len(front(t, designstest.Doc(), nil).Marks) {
		t.Error("nothing makes a mark")
	}
}

// allowed are the elements of our SVG with their attributes.
var allowed = map[string][]string{
	"svg": {"xmlns", "role", "viewBox", "width", "height", "x", "y"}, "title": nil, "g": {"data-zone", "data-layer"},
	"path": {"fill", "d"}, "image": {"width", "height", "preserveAspectRatio", "transform", "href"},
}

func TestSVGHasNothingElse(t *testing.T) {
	pictures := designstest.Pictures(t)
	hostile := designstest.Doc(designstest.Text(`</title><script>x`), model.Layer{Kind: model.Image, Photo: 1, Size: 50_00, X: 90_00, Y: 45_00})
	if s := draw.SVG(front(t, hostile, pictures), pictures); strings.Contains(s, "<script") || !strings.Contains(s, "&lt;script&gt;x") {
		t.Error("what people write is not escaped")
	}
	docs := []model.Document{hostile}
	for seed := range uint64(200) {
		docs = append(docs, designstest.Random(seed))
	}
	for i, d := range docs {
		read := xml.NewDecoder(strings.NewReader(draw.SVG(front(t, d, pictures), pictures)))
		for {
			token, err := read.Token()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("document %d: %v", i, err)
			}
			start, ok := token.(xml.StartElement)
			if !ok {
				continue
			}
			attributes, known := allowed[start.Name.Local]
			if !known {
				t.Fatalf("document %d: element %s", i, start.Name.Local)
			}
			for _, a := range start.Attr {
				if !slices.Contains(attributes, a.Name.Local) || strings.Contains(a.Value, "://") && a.Name.Local != "xmlns" || a.Name.Local == "href" && !strings.HasPrefix(a.Value, "data:image/jpeg;base64,") {
					t.Fatalf("document %d: %s=%.40q of %s", i, a.Name.Local, a.Value, start.Name.Local)
				}
			}
		}
	}
	pictures[draw.PhotoName(1)] = draw.Picture{Width: 800, Height: 600, Address: `/designs/photos/1"onload="x`}
	if s := draw.SVG(front(t, hostile, pictures), pictures); !strings.Contains(s, `href="/designs/photos/1&#34;onload=&#34;x"`) {
		t.Error("an address is not escaped")
	}
}

// The photograph of the piece lies under the zones of a view, and is on no sheet that is printed.
func TestThePieceItselfIsSeenAndNotPrinted(t *testing.T) {
	b := designstest.Shirt()
	v := b.Views[0]
	v.Photo = strings.Repeat("ab", 20)
	d := designstest.Doc(designstest.Text("Léa"))
	pictures := draw.Pictures{v.Photo: {Width: 800, Height: 960, Address: "/media/x.jpg"}}
	shown := draw.View(b, v, d, pictures)
	if shown.Marks[0].Picture != v.Photo || len(shown.Marks) != 2 {
		t.Errorf("the view has %d marks, the lowest %+v", len(shown.Marks), shown.Marks[0])
	}
	if bare := draw.View(b, v, d, nil); bare.Marks[0].Picture != "" {
		t.Error("a photograph that is not there is drawn")
	}
	for _, z := range v.Zones {
		for _, m := range draw.Print(z, d, 3, pictures).Marks {
			if m.Picture != "" {
				t.Errorf("%s prints the photograph of the piece", z.ID)
			}
		}
	}
}

// A layer is taken by its grip, which is as large as a fingertip and lies below all ink; what fills its zone lets fingers through.
func TestGripsAreAsLargeAsFingertips(t *testing.T) {
	b := designstest.Shirt()
	v := b.Views[0]
	small := designstest.Text("i")
	small.Size = 8_00
	d := designstest.Doc(model.Layer{Kind: model.Fill, Colour: "#c2321a"}, small)
	s := draw.Outlined(draw.View(b, v, d, nil), v, d, nil)
	if len(s.Grips) != 1 || s.Grips[0].Zone != "chest" || s.Grips[0].Layer != 1 || s.Grips[0].Box.Width() < 60 || s.Grips[0].Box.Height() < 60 {
		t.Fatalf("grips %+v", s.Grips)
	}
	ink, _ := small.Ink().Bounds()
	if c, box := ink.Centre(), s.Grips[0].Box.Centre(); math.Abs(c.X+v.Zones[0].X.MM()-box.X) > 0.01 || math.Abs(c.Y+v.Zones[0].Y.MM()-box.Y) > 0.01 {
		t.Errorf("the grip is around %v, the ink around %v of its zone", box, c)
	}
	svg := draw.SVG(s, nil)
	grip, fill, text := strings.Index(svg, `data-grip-layer="1"`), strings.Index(svg, `data-layer="0" pointer-events="none"`), strings.Index(svg, `data-layer="1">`)
	if grip < 0 || fill < grip || text < fill {
		t.Errorf("grip at %d, fill at %d, text at %d of %s", grip, fill, text, svg[:min(len(svg), 600)])
	}
	if plain := draw.SVG(draw.View(b, v, d, nil), nil); strings.Contains(plain, "grip") || strings.Contains(plain, "pointer-events") {
		t.Error("what is only looked at has grips")
	}
}

func TestTooLargeAPictureIsRefused(t *testing.T) {
	for _, dpi := range []float64{20_000, 1e300, math.Inf(1), math.NaN(), 0, -5} {
		if err := draw.PNG(io.Discard, front(t, designstest.Doc(), nil), dpi, true, nil); !errors.Is(err, fault.Invalid) {
			t.Errorf("%v dpi: %v", dpi, err)
		}
	}
}

func TestAnyDesignCanBePrinted(t *testing.T) {
	pictures := designstest.Pictures(t)
	b := designstest.Shirt()
	day := time.Date(2026, 11, 3, 9, 0, 0, 0, time.UTC)
	for seed := range uint64(40) {
		d := designstest.Random(seed)
		sheets := []draw.Sheet{draw.Print(b.Views[0].Zones[0], d, 3, pictures), draw.Print(b.Views[1].Zones[0], d, 3, pictures)}
		var file bytes.Buffer
		if err := draw.PDF(&file, sheets, 3, "Pièce n° 12", day, pictures); err != nil {
			t.Fatal(err)
		}
		if err := api.Validate(bytes.NewReader(file.Bytes()), nil); err != nil {
			t.Errorf("design %d: %v", seed, err)
		}
	}
}

func TestThePrintFileHasItsSizes(t *testing.T) {
	pictures := designstest.Pictures(t)
	b := designstest.Shirt()
	d := designstest.Doc(designstest.Text("Léa"), model.Layer{Kind: model.Image, Photo: 1, Size: 50_00, X: 90_00, Y: 45_00, Turn: 30})
	var file bytes.Buffer
	day := time.Date(2026, 11, 3, 9, 0, 0, 0, time.UTC)
	if err := draw.PDF(&file, []draw.Sheet{draw.Print(b.Views[0].Zones[0], d, 3, pictures), draw.Print(b.Views[1].Zones[0], d, 3, pictures)}, 3, "Pièce n° 12", day, pictures); err != nil {
		t.Fatal(err)
	}
	ctx, err := api.ReadValidateAndOptimize(bytes.NewReader(file.Bytes()), pdfmodel.NewDefaultConfiguration())
	if err != nil {
		t.Fatal(err)
	}
	boundaries, err := ctx.PageBoundaries(nil)
	if err != nil || len(boundaries) != 2 {
		t.Fatalf("%d pages, %v", len(boundaries), err)
	}
	mm := func(points float64) float64 { return math.Round(points/72*25.4*100) / 100 }
	box := boundaries[0]
	for name, c := range map[string][4]float64{
		"media": {mm(box.Media.Rect.Width()), mm(box.Media.Rect.Height()), 180 + 6 + 24, 90 + 6 + 24},
		"trim":  {mm(box.Trim.Rect.Width()), mm(box.Trim.Rect.Height()), 180, 90},
		"bleed": {mm(box.Bleed.Rect.Width()), mm(box.Bleed.Rect.Height()), 186, 96},
	} {
		if math.Abs(c[0]-c[2]) > 0.02 || math.Abs(c[1]-c[3]) > 0.02 {
			t.Errorf("%s: %v × %v mm, want %v × %v", name, c[0], c[1], c[2], c[3])
		}
	}
	reader, err := pdfcpu.ExtractPageContent(ctx, 1)
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	if curves := bytes.Count(content, []byte(" c\n")); curves < 20 {
		t.Errorf("%d curves: text is not outlines", curves)
	}
	if bytes.Contains(content, []byte("BT")) {
		t.Error("the file uses a font")
	}
	images, err := pdfcpu.ExtractPageImages(ctx, 1, false)
	if err != nil || len(images) != 1 {
		t.Fatalf("%d photographs, %v", len(images), err)
	}
	for _, i := range images {
		if c, err := jpeg.DecodeConfig(i); err != nil || c.Width != 800 || c.Height != 600 {
			t.Errorf("the photograph has %d × %d pixels, %v", c.Width, c.Height, err)
		}
	}
}

func TestEveryShapeIsSeenOnWhite(t *testing.T) {
	b := designstest.Shirt()
	for _, shape := range model.Shapes() {
		v := b.Views[0]
		v.Shape, v.Zones = shape, nil
		s := draw.View(b, v, model.Document{}, nil)
		picture, err := draw.Raster(s, 25.4, true, nil)
		if err != nil {
			t.Fatal(err)
		}
		seen := 0
		for y := range picture.Bounds().Dy() {
			for x := range picture.Bounds().Dx() {
				if r, _, _, _ := picture.At(x, y).RGBA(); r < 0xf000 {
					seen++
				}
			}
		}
		if seen < 1000 {
			t.Errorf("%s: %d dots", shape, seen)
		}
	}
	v := b.Views[0]
	v.Photo = "abc"
	pictures := draw.Pictures{"abc": designstest.Photo(t, 400, 480)}
	if got := at(t, draw.View(b, v, model.Document{}, pictures), pictures, [2]float64{200, 240}); got[0].B > 150 || got[0].R < 200 {
		t.Errorf("the brand's photograph is not behind: %v", got)
	}
	if got := fmt.Sprint(draw.View(b, v, designstest.Doc(designstest.Text("Léa")), nil).Text); got != "Léa" {
		t.Errorf("a screen reader hears %q", got)
	}
}

// The largest design that can be kept is drawn in few bytes: it is drawn at each keystroke.
func TestTheLargestDesignIsBounded(t *testing.T) {
	b := designstest.Shirt()
	b.Views = b.Views[:1]
	zone := &b.Views[0].Zones[0]
	zone.X, zone.Y, zone.Width, zone.Height, zone.Most = 0, 0, 400_00, 480_00, 12
	var layers []model.Layer
	for range 12 {
		layers = append(layers, model.Layer{Kind: model.Pattern, Pattern: "dots", Size: zone.LeastPattern(), Colour: "#1a1a1a", Turn: 45})
	}
	full := draw.SVG(draw.View(b, b.Views[0], model.Document{Version: 1, Parts: []model.Part{{Zone: "chest", Layers: layers}}}, nil), nil)
	if len(full) > 12*600_000 || len(full) < 100_000 {
		t.Errorf("%d bytes", len(full))
	}
	layers[0].Size--
	finer := draw.View(b, b.Views[0], model.Document{Version: 1, Parts: []model.Part{{Zone: "chest", Layers: layers[:1]}}}, nil)
	if slices.ContainsFunc(finer.Marks, func(m draw.Mark) bool { return m.Zone == "chest" }) {
		t.Error("a pattern that is finer than allowed is drawn")
	}
}
