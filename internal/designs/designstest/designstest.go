// Package designstest makes bases, photographs and designs for tests.
package designstest

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"testing"

	"relais/internal/designs/draw"
	"relais/internal/designs/letters"
	"relais/internal/designs/model"
)

// Shirt is a base with every kind of zone, which can be published.
func Shirt() model.Base {
	var fonts []string
	for _, f := range letters.All() {
		fonts = append(fonts, f.ID)
	}
	colours := []model.Colour{"#1a1a1a", "#c2321a", "#0b5d57", "#f3c623"}
	return model.Base{
		Version: model.Version, Days: 10, DPI: 100, Bleed: 3_00, Forbidden: []string{"merde"},
		Views: []model.View{
			{ID: "front", Name: "Devant", Width: 400_00, Height: 480_00, Shape: "shirt", Ground: "#ffffff", Zones: []model.Zone{
				{ID: "chest", Name: "Poitrine", X: 110_00, Y: 110_00, Width: 180_00, Height: 90_00, Kinds: model.Kinds(), Most: 4, Required: true,
					Fonts: fonts, Letters: 24, Least: 8_00, Colours: colours, Patterns: model.Patterns(), Extra: map[model.Kind]int64{model.Text: 500, model.Image: 900}},
				{ID: "cloth", Name: "Tissu", Width: 400_00, Height: 480_00, Kinds: []model.Kind{model.Fill}, Most: 1, Whole: true, Colours: []model.Colour{"#ffffff", "#223344"}},
			}},
			{ID: "back", Name: "Dos", Width: 400_00, Height: 480_00, Shape: "shirt", Ground: "#ffffff", Zones: []model.Zone{
				{ID: "band", Name: "Bande", X: 100_00, Y: 220_00, Width: 200_00, Height: 160_00, Kinds: model.Kinds(), Most: 4,
					Fonts: fonts, Letters: 24, Least: 8_00, Colours: colours, Patterns: model.Patterns(), Extra: map[model.Kind]int64{model.Pattern: 300}},
			}},
		},
	}
}

// Text is a good text for the middle of Shirt's zone "chest".
func Text(words string) model.Layer {
	return model.Layer{Kind: model.Text, X: 90_00, Y: 45_00, Size: 20_00, Colour: "#1a1a1a", Font: "source-sans", Text: words}
}

// Doc is a design with these layers on the chest.
func Doc(layers ...model.Layer) model.Document {
	return model.Normalise(Shirt(), model.Document{Version: model.Version, Parts: []model.Part{{Zone: "chest", Layers: layers}}})
}

// Photo is a photograph of that size, as smooth as photographs are, with an edge in it.
func Photo(t testing.TB, width, height int) draw.Picture {
	t.Helper()
	picture := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			u, v := float64(x)/float64(width), float64(y)/float64(height)
			c := color.RGBA{uint8(40 + 180*u), uint8(60 + 150*v), uint8(128 + 100*math.Sin(7*u+5*v)), 255}
			if math.Hypot(u-0.5, v-0.5) < 0.25 {
				c = color.RGBA{250, 220, 90, 255}
			}
			picture.SetRGBA(x, y, c)
		}
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, picture, &jpeg.Options{Quality: 90}); err != nil {
		t.Fatal(err)
	}
	return draw.Picture{Width: width, Height: height, JPEG: out.Bytes()}
}

// Random is a design of Shirt with whatever can be put there, on both sides; photographs are 1 and 2. The same seed is the same design.
func Random(seed uint64) model.Document {
	r := rand.New(rand.NewPCG(seed, 7))
	b := Shirt()
	d := model.Document{Version: model.Version}
	for _, v := range b.Views {
		for _, z := range v.Zones {
			var layers []model.Layer
			for range r.IntN(z.Most + 1) {
				layers = append(layers, layer(r, z))
			}
			d = d.With(z.ID, layers)
		}
	}
	return model.Normalise(b, d)
}

var texts = []string{"Léa & Tom", "Noël 2026", "À la vôtre !", "œuvre", "صباح الخير", "ליאה", "שלום Léa", "Доброе утро", "Καλημέρα", "Wi-Fi", "AVÆTO", "i", "j'y suis"}

func layer(r *rand.Rand, z model.Zone) model.Layer {
	between := func(least, most model.Length) model.Length { return least + model.Length(r.IntN(int(most-least)+1)) }
	l := model.Layer{Kind: z.Kinds[r.IntN(len(z.Kinds))], X: between(0, z.Width), Y: between(0, z.Height), Size: between(5_00, 60_00), Turn: r.IntN(360) - 179, Colour: z.Colours[r.IntN(len(z.Colours))]}
	switch l.Kind {
	case model.Text, model.Monogram:
		l.Text, l.Frame = texts[r.IntN(len(texts))], model.Frames()[r.IntN(3)]
		if l.Kind == model.Monogram {
			l.Text = "LT"
		}
		l.Font = z.Fonts[r.IntN(len(z.Fonts))]
		if able := letters.Having(l.Text, z.Fonts); len(able) > 0 {
			l.Font = able[r.IntN(len(able))].ID
		}
		if r.IntN(2) == 0 {
			l.Arc = r.IntN(721) - 360
		}
	case model.Pattern:
		l.Pattern = z.Patterns[r.IntN(len(z.Patterns))]
	case model.Image:
		l.Photo, l.Size = int64(1+r.IntN(2)), between(30_00, 160_00)
	}
	return l
}

// Pictures are the photographs of Random.
func Pictures(t testing.TB) draw.Pictures {
	return draw.Pictures{draw.PhotoName(1): Photo(t, 800, 600), draw.PhotoName(2): Photo(t, 500, 900)}
}
