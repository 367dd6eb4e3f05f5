package card_test

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"relais/internal/web/card"
)

// noise is a photograph that compresses as badly as any.
func noise(t *testing.T, width, height int) []byte {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	picture := image.NewRGBA(image.Rect(0, 0, width, height))
	for i := range picture.Pix {
		picture.Pix[i] = uint8(random.UintN(256))
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, picture, &jpeg.Options{Quality: 90}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestRender(t *testing.T) {
	photo := noise(t, 1280, 900)
	for name, c := range map[string]card.Card{
		"ordinary":   {Photo: bytes.NewReader(photo), Title: "Bougie figuier coulée à la main", Price: "32,00 €", By: "Recommandé par Élodie Rousseau", Ad: "Publicité"},
		"long title": {Photo: bytes.NewReader(photo), Title: strings.Repeat("Carnet cousu de papier recyclé ", 12), Price: "1 234 567,00 €", By: strings.Repeat("Recommandé par ", 20), Ad: strings.Repeat("Publicité ", 30)},
		"long word":  {Title: strings.Repeat("Anticonstitutionnellement", 12), Price: "1 €"},
		"nothing":    {},
	} {
		text, err := card.Render(c)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		config, format, err := image.DecodeConfig(bytes.NewReader(text))
		if err != nil || format != "jpeg" || config.Width != card.Width || config.Height != card.Height {
			t.Errorf("%s: %s of %d × %d, %v", name, format, config.Width, config.Height, err)
		}
		if len(text) >= card.MaxBytes {
			t.Errorf("%s takes %d bytes", name, len(text))
		}
	}
}

// TestNothingLeavesTheCard looks at the margin: whatever the words, the right edge stays paper.
func TestNothingLeavesTheCard(t *testing.T) {
	text, err := card.Render(card.Card{Title: strings.Repeat("Wm", 400), Price: "32,00 €", By: strings.Repeat("W", 300), Ad: strings.Repeat("W", 300)})
	if err != nil {
		t.Fatal(err)
	}
	picture, err := jpeg.Decode(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for y := 80; y < card.Height; y++ {
		if g := color.GrayModel.Convert(picture.At(card.Width-8, y)).(color.Gray); g.Y < 225 {
			t.Fatalf("ink at the right edge, line %d", y)
		}
	}
}

func TestUnreadablePhotograph(t *testing.T) {
	if _, err := card.Render(card.Card{Photo: strings.NewReader("not a picture"), Title: "x"}); err == nil {
		t.Error("a broken photograph was drawn")
	}
}

func TestCache(t *testing.T) {
	cache, err := card.NewCache(2)
	if err != nil {
		t.Fatal(err)
	}
	photo, opened := noise(t, 200, 200), 0
	open := func() (io.ReadCloser, error) {
		opened++
		return io.NopCloser(bytes.NewReader(photo)), nil
	}
	c := card.Card{Title: "Bougie", Price: "32,00 €"}
	first, err := cache.Render("aa", open, c)
	if err != nil {
		t.Fatal(err)
	}
	again, err := cache.Render("aa", open, c)
	if err != nil || opened != 1 || !bytes.Equal(first, again) {
		t.Errorf("opened %d times, %v", opened, err)
	}
	c.Price = "29,00 €"
	if _, err := cache.Render("aa", open, c); err != nil || opened != 2 {
		t.Errorf("another price is the same card: opened %d times, %v", opened, err)
	}
	broken := errors.New("gone")
	if _, err := cache.Render("bb", func() (io.ReadCloser, error) { return nil, broken }, c); !errors.Is(err, broken) {
		t.Errorf("a missing photograph: %v", err)
	}
	if card.Key("a", card.Card{Title: "b"}) == card.Key("", card.Card{Title: "ab"}) {
		t.Error("different cards share a key")
	}
}

func BenchmarkRender(b *testing.B) {
	for b.Loop() {
		if _, err := card.Render(card.Card{Title: "Bougie figuier coulée à la main", Price: "32,00 €", By: "Recommandé par Élodie Rousseau", Ad: "Publicité"}); err != nil {
			b.Fatal(err)
		}
	}
}
