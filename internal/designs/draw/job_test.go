package draw_test

import (
	"bytes"
	"encoding/binary"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"relais/internal/designs/designstest"
	"relais/internal/designs/draw"
	"relais/internal/designs/letters"
	"relais/internal/designs/path"
)

// Words of a job sheet can be read by a program, whatever their script, and each is drawn in letters that its font has; the sheets for the machine carry no text.
func TestTheWordsOfAJobSheetCanBeRead(t *testing.T) {
	day := time.Date(2026, 11, 3, 9, 0, 0, 0, time.UTC)
	sheet := draw.Print(designstest.Shirt().Views[0].Zones[0], designstest.Doc(designstest.Text("Léa")), 3, nil)
	job := draw.Job{Title: "Fiche · R-1234567", Label: "R-1234567-1", Day: day, Bleed: 3, Sheets: []draw.Sheet{sheet},
		Rows: []draw.Row{{Label: "Poitrine", Value: "Texte · Source Sans · Couleur 1, #1a1a1a"}, {Label: "Texte", Value: "Noël à l’œuvre", Font: "fraunces"}, {Label: "כתובת", Value: "שלום"}, {Label: "Грудь", Value: "Доброе утро"}}}
	var file bytes.Buffer
	if err := draw.JobSheet(&file, job, nil); err != nil {
		t.Fatal(err)
	}
	read := text(t, file.Bytes())
	for _, want := range []string{"Fiche · R-1234567", "Poitrine", "Source Sans · Couleur 1, #1a1a1a", "Noël à l’œuvre", "שלום", "כתובת", "Грудь", "Доброе утро"} {
		if !strings.Contains(read, want) {
			t.Errorf("%q is not in:\n%s", want, read)
		}
	}
	if strings.Contains(read, "Léa") {
		t.Error("the sheet for the machine has text")
	}
}

// text is what a program reads in a PDF.
func text(t *testing.T, pdf []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file.pdf")
	if err := os.WriteFile(name, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "pdftotext", "-layout", name, "-").CombinedOutput()
	if err != nil {
		t.Fatalf("pdftotext (make test installs it): %v\n%s", err, out)
	}
	return string(out)
}

func TestAFontHasTheLetters(t *testing.T) {
	for words, want := range map[string]string{"Léa": "source-sans", "Καλημέρα": "source-sans", "שלום Léa": "frank-ruhl", "صباح الخير": "amiri", "😀": "source-sans", "": "source-sans"} {
		if got := letters.For(words).ID; got != want {
			t.Errorf("%q in %s, want %s", words, got, want)
		}
	}
	for _, f := range letters.All() {
		if len(f.File()) == 0 {
			t.Errorf("%s has no file", f.ID)
		}
		for _, other := range letters.All() {
			if f.ID != other.ID && &f.File()[0] == &other.File()[0] {
				t.Errorf("%s has the file of %s", f.ID, other.ID)
			}
		}
	}
}

// A picture says how large it is meant to be, and is a good picture still.
func TestAPictureSaysItsSize(t *testing.T) {
	sheet := draw.Sheet{Width: 30, Height: 20, Marks: []draw.Mark{{Path: path.Box(5, 5, 10, 10).Path(), Colour: "#c2321a"}}}
	for dpi, perMetre := range map[float64]uint32{300: 11811, 72: 2835} {
		var file bytes.Buffer
		if err := draw.PNG(&file, sheet, dpi, false, nil); err != nil {
			t.Fatal(err)
		}
		raw := file.Bytes()
		at := bytes.Index(raw, []byte("pHYs"))
		if at != 37 || binary.BigEndian.Uint32(raw[at+4:]) != perMetre || binary.BigEndian.Uint32(raw[at+8:]) != perMetre || raw[at+12] != 1 {
			t.Errorf("%v dpi: pHYs at %d", dpi, at)
		}
		if _, err := png.Decode(&file); err != nil {
			t.Error(err)
		}
	}
}

func TestAsFineAsItFits(t *testing.T) {
	for _, c := range []struct {
		width, height float64
		least, dpi    int
		lowered       bool
	}{{186, 96, 72, 300, false}, {186, 96, 600, 600, false}, {420, 297, 150, 300, false}, {2000, 2000, 72, 79, true}, {420, 297, 600, 452, true}} {
		s := draw.Sheet{Width: c.width, Height: c.height}
		if dpi, lowered := draw.Fitting(s, c.least); dpi != c.dpi || lowered != c.lowered {
			t.Errorf("%+v: %d, %v", c, dpi, lowered)
		}
		if dpi, _ := draw.Fitting(s, c.least); s.Width*s.Height*float64(dpi*dpi)/25.4/25.4 > draw.MostPixels {
			t.Errorf("%+v is too large", c)
		}
	}
}
