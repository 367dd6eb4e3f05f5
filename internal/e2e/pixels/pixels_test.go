// Package pixels_test holds Chromium's picture of a design's SVG against our own PNG: what the member sees is what the maker gets.
package pixels_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"relais/internal/designs/designstest"
	"relais/internal/designs/draw"
	"relais/internal/designs/path"
)

// documents are compared, both views of each, at one pixel a millimetre: the size of a phone, where each edge counts most.
const documents = 200

// What may differ. Measured over these documents: a mean of 0.52, 0.009 % loud, 0.0005 % worse than half: renderers smooth edges and scale photographs each
// in their own way. A line of text that is a millimetre off is many times that (TestAMillimetreIsSeen).
const (
	meanMost  = 0.75  // of 255, the mean difference of a channel of a pixel
	loudMost  = 0.05  // percent of the pixels with a channel off by more than loud
	loud      = 48    // of 255
	worstMost = 0.005 // percent of the pixels with a channel off by more than half
)

// chromium is a browser of this test's own.
func chromium(t *testing.T) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.Flag("force-color-profile", "srgb"), chromedp.Flag("disable-lcd-text", true), chromedp.WSURLReadTimeout(time.Minute))
	allocator, release := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), options...)
	t.Cleanup(release)
	browser, closeBrowser := chromedp.NewContext(allocator)
	t.Cleanup(closeBrowser)
	if err := chromedp.Do(browser); err != nil {
		t.Fatalf("start Chromium (make test installs it): %v", err)
	}
	return browser
}

// What the tolerance is for: one line of text that moves by a millimetre is seen.
func TestAMillimetreIsSeen(t *testing.T) {
	browser := chromium(t)
	b := designstest.Shirt()
	sheet := draw.View(b, b.Views[0], designstest.Doc(designstest.Text("Léa & Tom")), nil)
	ours, err := draw.Raster(sheet, 25.4, true, nil)
	if err != nil {
		t.Fatal(err)
	}
	last := len(sheet.Marks) - 1
	sheet.Marks[last].Path = sheet.Marks[last].Path.Transform(path.Shift(1, 0))
	if got := compare(t, ours, shown(t, browser, draw.SVG(sheet, nil), ours.Bounds().Size())); got.loud <= loudMost || got.worst <= worstMost {
		t.Errorf("%+v goes unseen", got)
	}
}

func TestChromiumAndThePrinterDrawTheSame(t *testing.T) {
	browser := chromium(t)
	pictures := designstest.Pictures(t)
	b := designstest.Shirt()
	var most difference
	for seed := range uint64(documents) {
		d := designstest.Random(seed)
		for _, v := range b.Views {
			sheet := draw.View(b, v, d, pictures)
			ours, err := draw.Raster(sheet, 25.4, true, pictures)
			if err != nil {
				t.Fatal(err)
			}
			theirs := shown(t, browser, draw.SVG(sheet, pictures), ours.Bounds().Size())
			got := compare(t, ours, theirs)
			most = difference{max(most.mean, got.mean), max(most.loud, got.loud), max(most.worst, got.worst)}
			if got.mean > meanMost || got.loud > loudMost || got.worst > worstMost {
				t.Errorf("design %d, %s: mean %.3f, %.3f %% off by more than %d, %.4f %% by more than half\n\tkept: %s", seed, v.ID, got.mean, got.loud, loud, got.worst, keep(t, fmt.Sprintf("%d-%s", seed, v.ID), ours, theirs))
			}
		}
	}
	t.Logf("at most: mean %.3f of 255, %.3f %% of the pixels off by more than %d, %.4f %% by more than half", most.mean, most.loud, loud, most.worst)
}

// shown is what Chromium makes of an SVG.
func shown(t *testing.T, browser context.Context, svg string, size image.Point) image.Image {
	t.Helper()
	ctx, cancel := context.WithTimeout(browser, time.Minute)
	defer cancel()
	quoted, err := json.Marshal(svg)
	if err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(int64(size.X), int64(size.Y))); err != nil {
		t.Fatal(err)
	}
	put := fmt.Sprintf(`(async () => { document.body.style.margin = 0; document.body.innerHTML = %s; const s = document.querySelector("svg"); s.style.display = "block";
		s.setAttribute("width", %d); s.setAttribute("height", %d); await Promise.all([...document.querySelectorAll("image")].map(i => i.decode()));
		await new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r))); return true })()`, quoted, size.X, size.Y)
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[bool](put, chromedp.EvalAwaitPromise)); err != nil {
		t.Fatal(err)
	}
	raw, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return picture
}

// difference between two pictures.
type difference struct{ mean, loud, worst float64 }

func compare(t *testing.T, a, b image.Image) difference {
	t.Helper()
	if a.Bounds().Size() != b.Bounds().Size() {
		t.Fatalf("%v and %v", a.Bounds(), b.Bounds())
	}
	var sum, off, half int
	size := a.Bounds().Size()
	for y := range size.Y {
		for x := range size.X {
			r, g, bl, _ := a.At(x, y).RGBA()
			r2, g2, bl2, _ := b.At(x, y).RGBA()
			apart := 0
			for _, c := range [][2]uint32{{r, r2}, {g, g2}, {bl, bl2}} {
				d := int(c[0]>>8) - int(c[1]>>8)
				d = max(d, -d)
				sum += d
				apart = max(apart, d)
			}
			if apart > loud {
				off++
			}
			if apart > 127 {
				half++
			}
		}
	}
	n := float64(size.X * size.Y)
	return difference{float64(sum) / n / 3, float64(off) / n * 100, float64(half) / n * 100}
}

// keep writes both pictures for somebody to look at.
func keep(t *testing.T, name string, ours, theirs image.Image) string {
	t.Helper()
	dir := filepath.Join("..", "..", "..", "var", "pixels")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for suffix, picture := range map[string]image.Image{"ours": ours, "chromium": theirs} {
		var out bytes.Buffer
		if err := png.Encode(&out, picture); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name+"-"+suffix+".png"), out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join("var", "pixels", name+"-*.png")
}
