package letters_test

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"relais/internal/designs/letters"
	"relais/internal/designs/path"
)

func fontOf(t *testing.T, id string) letters.Font {
	t.Helper()
	f, ok := letters.ByID(id)
	if !ok {
		t.Fatalf("no font %s", id)
	}
	return f
}

var samples = map[string]string{
	"Latn": "Joyeux Noël, œuvre, Þór & ŁÓDŹ 2026 !?",
	"Grek": "Καλημέρα", "Cyrl": "Доброе утро", "Arab": "صباح الخير", "Hebr": "בוקר טוב",
}

func TestEachFontWritesItsScripts(t *testing.T) {
	for _, f := range letters.All() {
		for script, text := range samples {
			claims := false
			for _, s := range f.Scripts {
				claims = claims || s == script
			}
			letter, trouble := f.Check(text)
			if claims != (trouble == letters.None) {
				t.Errorf("%s, %s: claims %v, but %q is %q", f.Name, script, claims, letter, trouble)
			}
			if claims && len(f.Outline(text, 0)) == 0 {
				t.Errorf("%s draws nothing of %s", f.Name, script)
			}
		}
	}
	if _, ok := letters.ByID("arial"); ok {
		t.Error("a font that nobody has")
	}
}

func TestWhatCannotBeWritten(t *testing.T) {
	f := fontOf(t, "fraunces")
	for text, want := range map[string]letters.Trouble{
		"Léa 🎉": letters.Emoji, "⚽ club": letters.Emoji, "1️⃣": letters.Emoji, "🇫🇷": letters.Emoji, "❤️": letters.Missing, "I ♥ you": letters.Missing, "I ♥\ufe0f you": letters.Missing,
		"日本": letters.Script, "नमस्ते": letters.Script, "Доброе": letters.Missing, "Le\u0301a": letters.None, "": letters.None,
	} {
		if letter, got := f.Check(text); got != want {
			t.Errorf("%q: %q is %q, want %q", text, letter, got, want)
		}
	}
	var names []string
	for _, f := range letters.Having("שלום", []string{"fraunces", "frank-ruhl", "amiri", "nonsense"}) {
		names = append(names, f.Name)
	}
	if diff := cmp.Diff([]string{"Frank Ruhl Libre"}, names); diff != "" {
		t.Error(diff)
	}
}

// What a font draws is no emoji, also where a keyboard asks for it in colours; what is refused is named as it was typed.
func TestSignsThatAFontDraws(t *testing.T) {
	f := fontOf(t, "source-sans")
	for _, sign := range []string{"♥", "✓", "♪", "☺", "♥\ufe0f", "♥\ufe0e", "Léa ♥\ufe0f Tom"} {
		if letter, trouble := f.Check(sign); trouble != letters.None {
			t.Errorf("%q: %q is %q", sign, letter, trouble)
		}
	}
	if plain, marked := ink(t, f.Outline("♥", 0)), ink(t, f.Outline("♥\ufe0f", 0)); plain != marked {
		t.Errorf("%v with the mark, %v without", marked, plain)
	}
	for text, want := range map[string]string{"n° 1️⃣": "1️⃣", "👩‍🚀!": "👩‍🚀", "🇫🇷": "🇫🇷"} {
		if letter, trouble := f.Check(text); letter != want || trouble != letters.Emoji {
			t.Errorf("%q: %q is %q", text, letter, trouble)
		}
	}
	if able := letters.Having("♥", []string{"fraunces", "source-sans"}); len(able) != 1 || able[0].ID != "source-sans" {
		t.Errorf("♥ is written by %v", able)
	}
}

func TestCountIsWhatAPersonSees(t *testing.T) {
	for text, want := range map[string]int{"": 0, "Léa": 3, "Le\u0301a": 3, "שָׁלוֹם": 4} {
		if got := letters.Count(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

// ink is the box and the size of an outline, to compare them by.
func ink(t *testing.T, p path.Path) path.Rect {
	t.Helper()
	r, ok := p.Bounds()
	if !ok {
		t.Fatal("nothing is drawn")
	}
	return r
}

func TestHebrewReadsFromTheRight(t *testing.T) {
	f := fontOf(t, "frank-ruhl")
	first, whole := f.Outline("ש", 0), f.Outline("שי", 0) // a wide letter, then a narrow one
	// The first letter's contour ends at the right edge of the line.
	if len(whole) <= len(first) {
		t.Fatal("the second letter is missing")
	}
	r := ink(t, whole)
	yod := ink(t, whole[:len(whole)-len(first)]) // visual order: what is leftmost is drawn first
	if yod.X0 > r.X0+1e-9 || yod.X1 > r.X0+r.Width()/2 {
		t.Errorf("the second letter stands at %v of %v", yod, r)
	}
	// Beside Latin, a run keeps its own direction: the Hebrew word is drawn as it is alone.
	if mixed := ink(t, f.Outline("Léa שי", 0)); mixed.Width() < r.Width()+1 {
		t.Errorf("mixed: %v", mixed)
	}
}

func TestArabicLettersJoin(t *testing.T) {
	f := fontOf(t, "amiri")
	joined, apart := ink(t, f.Outline("بب", 0)), 2*ink(t, f.Outline("ب", 0)).Width()
	if joined.Width() > apart*0.9 {
		t.Errorf("two letters take %.2f em joined and %.2f apart", joined.Width(), apart)
	}
	if nonjoined := ink(t, f.Outline("ب\u200cب", 0)); nonjoined.Width() <= joined.Width() {
		t.Error("the sign that keeps letters apart does nothing")
	}
}

func TestTheMiddleOfTheInkIsTheOrigin(t *testing.T) {
	for _, arc := range []int{0, 90, -120, 360} {
		for _, f := range letters.All() {
			r := ink(t, f.Outline("Atelier", arc))
			if math.Abs(r.X0+r.X1) > 1e-9 || math.Abs(r.Y0+r.Y1) > 1e-9 {
				t.Errorf("%s, %d°: %v", f.Name, arc, r)
			}
		}
	}
	if p := fontOf(t, "caveat").Outline(" \u200d ", 0); len(p) != 0 {
		t.Errorf("blanks draw %v", p)
	}
}

func TestAnArcBends(t *testing.T) {
	f := fontOf(t, "source-sans")
	straight, bent, ring := ink(t, f.Outline("RELAIS RELAIS", 0)), ink(t, f.Outline("RELAIS RELAIS", 180)), ink(t, f.Outline("RELAIS RELAIS", 360))
	if bent.Height() < 2*straight.Height() || bent.Width() >= straight.Width() {
		t.Errorf("straight %v, bent %v", straight, bent)
	}
	if math.Abs(ring.Width()/ring.Height()-1) > 0.1 {
		t.Errorf("a full turn is %v", ring)
	}
	// Bent upward, the ends hang: the first point of the first dash is lower than the middle of the box.
	up, down := f.Outline("– – – –", 120), f.Outline("– – – –", -120)
	if up[0].P[0].Y < 0 || down[0].P[0].Y > 0 {
		t.Errorf("first points: %v, %v", up[0].P[0], down[0].P[0])
	}
}

func FuzzOutline(f *testing.F) {
	for _, s := range samples {
		f.Add(s, 0)
	}
	f.Add("\u200d\u0301\xff🎉", 200)
	f.Fuzz(func(t *testing.T, text string, arc int) {
		if len(text) > 200 {
			return
		}
		for _, font := range letters.All() {
			font.Check(text)
			if r, ok := font.Outline(text, arc%361).Bounds(); ok && (math.IsNaN(r.X0+r.Y0+r.X1+r.Y1) || math.IsInf(r.X0+r.Y0+r.X1+r.Y1, 0)) {
				t.Errorf("%s: %q has bounds %v", font.ID, text, r)
			}
		}
	})
}
