package model_test

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"relais/internal/designs/model"
	"relais/internal/fault"
)

// shirt is a base with every kind of zone.
func shirt() model.Base {
	return model.Base{
		Version: 1, Days: 10, DPI: 100, Bleed: 3_00, Forbidden: []string{"merde", "casse toi"},
		Views: []model.View{
			{ID: "front", Name: "Devant", Width: 500_00, Height: 600_00, Shape: "shirt", Ground: "#ffffff", Zones: []model.Zone{
				{ID: "chest", Name: "Poitrine", X: 150_00, Y: 150_00, Width: 200_00, Height: 100_00, Kinds: []model.Kind{model.Text, model.Image, model.Monogram}, Most: 3, Required: true,
					Fonts: []string{"fraunces", "source-sans", "amiri"}, Letters: 20, Least: 8_00, Colours: []model.Colour{"#1a1a1a", "#c2321a"},
					Extra: map[model.Kind]int64{model.Text: 500, model.Image: 900}},
				{ID: "cloth", Name: "Tissu", Width: 500_00, Height: 600_00, Kinds: []model.Kind{model.Fill}, Most: 1, Whole: true, Colours: []model.Colour{"#ffffff", "#223344"}},
			}},
			{ID: "back", Name: "Dos", Width: 500_00, Height: 600_00, Shape: "shirt", Ground: "#ffffff", Zones: []model.Zone{
				{ID: "band", Name: "Bande", X: 50_00, Y: 300_00, Width: 400_00, Height: 60_00, Kinds: []model.Kind{model.Pattern, model.Fill}, Most: 2,
					Patterns: []string{"stripes", "dots"}, Colours: []model.Colour{"#1a1a1a"}, Extra: map[model.Kind]int64{model.Pattern: 300}},
			}},
		},
	}
}

func lea() model.Layer {
	return model.Layer{Kind: model.Text, X: 100_00, Y: 50_00, Size: 20_00, Colour: "#1a1a1a", Font: "fraunces", Text: "Léa"}
}

func chest(layers ...model.Layer) model.Document {
	return model.Document{Version: 1, Parts: []model.Part{{Zone: "chest", Layers: layers}}}
}

func problems(b model.Base, d model.Document) map[string]string {
	out := map[string]string{}
	for _, p := range model.Validate(b, model.Normalise(b, d), map[int64]model.Photo{7: {Width: 1280, Height: 960}}) {
		out[p.Field] = strings.TrimPrefix(p.Key, "fault.designs.")
	}
	return out
}

func TestValidateSaysWhatAndWhere(t *testing.T) {
	text := func(change func(*model.Layer)) model.Document {
		l := lea()
		change(&l)
		return chest(l)
	}
	photo := func(change func(*model.Layer)) model.Document {
		l := model.Layer{Kind: model.Image, X: 100_00, Y: 50_00, Size: 100_00, Photo: 7}
		change(&l)
		return chest(l)
	}
	for name, c := range map[string]struct {
		doc  model.Document
		want map[string]string
	}{
		"good":               {chest(lea()), nil},
		"required":           {model.Document{Version: 1}, map[string]string{"chest": "zone_empty"}},
		"too many":           {chest(lea(), lea(), lea(), lea()), map[string]string{"chest": "zone_full"}},
		"kind":               {chest(lea(), model.Layer{Kind: model.Fill, Colour: "#1a1a1a"}), map[string]string{"chest.1.kind": "kind_refused"}},
		"empty text":         {text(func(l *model.Layer) { l.Text = " \u200e " }), map[string]string{"chest.0.text": "text_empty"}},
		"invisible text":     {text(func(l *model.Layer) { l.Text = "\u200d" }), map[string]string{"chest.0.text": "text_empty"}},
		"long":               {text(func(l *model.Layer) { l.Text = strings.Repeat("i", 21) }), map[string]string{"chest.0.text": "text_long"}},
		"accents count once": {text(func(l *model.Layer) { l.Text = strings.Repeat("i\u0302", 20); l.Size = 8_00 }), nil},
		"emoji":              {text(func(l *model.Layer) { l.Text = "Léa 🎉" }), map[string]string{"chest.0.text": "text_emoji"}},
		"script":             {text(func(l *model.Layer) { l.Text = "日本" }), map[string]string{"chest.0.text": "text_script"}},
		"another font":       {text(func(l *model.Layer) { l.Text = "ليا" }), map[string]string{"chest.0.text": "text_letter_other"}},
		"no font":            {text(func(l *model.Layer) { l.Text = "לאה" }), map[string]string{"chest.0.text": "text_letter"}},
		"font not offered":   {text(func(l *model.Layer) { l.Font = "caveat" }), map[string]string{"chest.0.font": "choose_font"}},
		"arabic":             {text(func(l *model.Layer) { l.Text, l.Font = "ليا", "amiri" }), nil},
		"forbidden":          {text(func(l *model.Layer) { l.Text = "MÉRDE !" }), map[string]string{"chest.0.text": "text_forbidden"}},
		"forbidden phrase":   {text(func(l *model.Layer) { l.Text = "Casse-toi" }), map[string]string{"chest.0.text": "text_forbidden"}},
		"part of a word":     {text(func(l *model.Layer) { l.Text = "emmerder" }), nil},
		"small":              {text(func(l *model.Layer) { l.Size = 7_99 }), map[string]string{"chest.0.size": "text_small"}},
		"large":              {text(func(l *model.Layer) { l.Size = 180_00 }), map[string]string{"chest.0.size": "text_large"}},
		"wide":               {text(func(l *model.Layer) { l.Text, l.Size = "MMMMMMMMMMMMMMMMMMMM", 20_00 }), map[string]string{"chest.0.size": "text_large"}},
		"at the edge":        {text(func(l *model.Layer) { l.X = 195_00 }), map[string]string{"chest.0.x": "text_outside"}},
		"colour":             {text(func(l *model.Layer) { l.Colour = "#00ff00" }), map[string]string{"chest.0.colour": "choose_colour"}},
		"photo":              {photo(func(*model.Layer) {}), nil},
		"somebody else's":    {photo(func(l *model.Layer) { l.Photo = 8 }), map[string]string{"chest.0.photo": "choose_photo"}},
		"coarse":             {photo(func(l *model.Layer) { l.Size = 400_00 }), map[string]string{"chest.0.size": "photo_coarse"}},
		"tiny":               {photo(func(l *model.Layer) { l.Size = 0 }), map[string]string{"chest.0.size": "between_mm"}},
		"photo outside":      {photo(func(l *model.Layer) { l.X = -90_00 }), map[string]string{"chest.0.x": "photo_outside"}},
		"monogram": {chest(model.Layer{Kind: model.Monogram, X: 100_00, Y: 50_00, Size: 20_00, Colour: "#1a1a1a", Font: "fraunces", Text: "lmno", Frame: "star"}),
			map[string]string{"chest.0.text": "text_long", "chest.0.frame": "choose"}},
		"pattern": {chest(lea()).With("band", []model.Layer{{Kind: model.Pattern, Pattern: "zigzag", Size: 1_00, Colour: "#1a1a1a"}}),
			map[string]string{"band.0.pattern": "choose", "band.0.size": "between_mm"}},
	} {
		t.Run(name, func(t *testing.T) {
			want := c.want
			if want == nil {
				want = map[string]string{}
			}
			if diff := cmp.Diff(want, problems(shirt(), c.doc)); diff != "" {
				t.Error(diff)
			}
		})
	}
	d := chest(lea()).With("nowhere", []model.Layer{lea()})
	if got := model.Validate(shirt(), d, nil); len(got) != 1 || got[0].Field != "nowhere" {
		t.Errorf("a zone that the base lacks: %v", got)
	}
}

func TestTextThatNeverFits(t *testing.T) {
	b, l := shirt(), lea()
	b.Views[0].Zones[0].Least = 20_00
	l.Text = strings.Repeat("M", 20)
	if diff := cmp.Diff(map[string]string{"chest.0.text": "text_never_fits"}, problems(b, chest(l))); diff != "" {
		t.Error(diff)
	}
}

// What a message says would do, does.
func TestTheAdviceIsRight(t *testing.T) {
	l := lea()
	l.Size = 300_00
	got := model.Validate(shirt(), chest(l), nil)
	if len(got) != 1 || got[0].Key != "fault.designs.text_large" {
		t.Fatalf("got %v", got)
	}
	var most float64
	if err := json.Unmarshal([]byte(got[0].Args["Most"].(string)), &most); err != nil {
		t.Fatal(err)
	}
	l.Size = model.Length(most * 100)
	if got := model.Validate(shirt(), chest(l), nil); len(got) != 0 {
		t.Errorf("at %v: %v", l.Size, got)
	}
	l.Size += 50
	if got := model.Validate(shirt(), chest(l), nil); len(got) != 1 {
		t.Errorf("at %v: %v", l.Size, got)
	}
}

func TestPrice(t *testing.T) {
	d := chest(lea(), lea(), model.Layer{Kind: model.Image, Photo: 7}).With("band", []model.Layer{{Kind: model.Pattern}, {Kind: model.Fill}})
	total, items := model.Price(shirt(), d)
	want := []model.Item{{Zone: "Poitrine", Kind: model.Text, Count: 2, Minor: 1000}, {Zone: "Poitrine", Kind: model.Image, Count: 1, Minor: 900}, {Zone: "Bande", Kind: model.Pattern, Count: 1, Minor: 300}}
	if diff := cmp.Diff(want, items); diff != "" || total != 2200 {
		t.Errorf("%d: %s", total, diff)
	}
	if total, items := model.Price(shirt(), model.Document{}); total != 0 || len(items) != 0 {
		t.Errorf("an empty design costs %d: %v", total, items)
	}
}

func TestNormalise(t *testing.T) {
	messy := model.Document{Version: 1, Parts: []model.Part{
		{Zone: "band", Layers: []model.Layer{{Kind: model.Fill, X: 3, Text: "x", Colour: "#1a1a1a"}}},
		{Zone: "gone", Layers: []model.Layer{lea()}},
		{Zone: "cloth"},
		{Zone: "chest", Layers: []model.Layer{{Kind: model.Text, Text: "  Le\u0301a\u202e \n x ", Turn: -180, Photo: 3, Frame: "ring"}, {Kind: model.Monogram, Text: "lé", Arc: 90}}},
	}}
	want := model.Document{Version: 1, Parts: []model.Part{
		{Zone: "chest", Layers: []model.Layer{{Kind: model.Text, Text: "Léa x", Turn: 180}, {Kind: model.Monogram, Text: "LÉ"}}},
		{Zone: "band", Layers: []model.Layer{{Kind: model.Fill, Colour: "#1a1a1a"}}},
	}}
	got := model.Normalise(shirt(), messy)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(got, model.Normalise(shirt(), got)); diff != "" {
		t.Errorf("twice: %s", diff)
	}
}

func TestParseIsStrict(t *testing.T) {
	for name, raw := range map[string]string{
		"nothing": "", "null version": `{}`, "version": `{"version":2,"parts":[]}`, "more": `{"version":1,"parts":[]} {}`, "field": `{"version":1,"parts":[],"x":1}`,
		"kind":       `{"version":1,"parts":[{"zone":"a","layers":[{"kind":"svg"}]}]}`,
		"zone twice": `{"version":1,"parts":[{"zone":"a","layers":[]},{"zone":"a","layers":[]}]}`,
		"zone":       `{"version":1,"parts":[{"zone":"../x","layers":[]}]}`,
		"far":        `{"version":1,"parts":[{"zone":"a","layers":[{"kind":"text","x":99999999}]}]}`,
		"fraction":   `{"version":1,"parts":[{"zone":"a","layers":[{"kind":"text","x":1.5}]}]}`,
		"overflow":   `{"version":1,"parts":[{"zone":"a","layers":[{"kind":"text","x":1e400}]}]}`,
		"spin":       `{"version":1,"parts":[{"zone":"a","layers":[{"kind":"text","turn":361}]}]}`,
		"colour":     `{"version":1,"parts":[{"zone":"a","layers":[{"kind":"text","colour":"url(#x)"}]}]}`,
		"text":       `{"version":1,"parts":[{"zone":"a","layers":[{"kind":"text","text":"` + strings.Repeat("x", 601) + `"}]}]}`,
		"large":      `{"version":1,"parts":[]}` + strings.Repeat(" ", model.MostBytes),
		"all layers": `{"version":1,"parts":[` + manyParts() + `]}`,
		"all text":   `{"version":1,"parts":[{"zone":"a","layers":[` + strings.Repeat(`{"kind":"text","text":"`+strings.Repeat("x", 600)+`"},`, 11) + `{"kind":"text","text":"` + strings.Repeat("x", 600) + `"}]},{"zone":"b","layers":[` + strings.Repeat(`{"kind":"text","text":"`+strings.Repeat("x", 600)+`"},`, 2) + `{"kind":"colour"}]}]}`,
		"layers":     `{"version":1,"parts":[{"zone":"a","layers":[` + strings.Repeat(`{"kind":"colour"},`, 12) + `{"kind":"colour"}]}]}`,
	} {
		if _, err := model.Parse([]byte(raw)); !errors.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := model.Parse([]byte(`{"version":1,"parts":[{"zone":"a","layers":[{"kind":"text","text":"Léa","x":100}]}]}`)); err != nil {
		t.Error(err)
	}
}

// manyParts are five zones with nine layers each: no zone has too many, the document has.
func manyParts() string {
	var parts []string
	for _, zone := range []string{"a", "b", "c", "d", "e"} {
		parts = append(parts, `{"zone":"`+zone+`","layers":[`+strings.Repeat(`{"kind":"colour"},`, 8)+`{"kind":"colour"}]}`)
	}
	return strings.Join(parts, ",")
}

// However it is turned, a pattern has few motifs.
func TestAPatternHasBounds(t *testing.T) {
	z := model.Zone{Width: 2_000_00, Height: 500_00}
	if got := z.LeastPattern(); got != 50_00 {
		t.Errorf("%v mm", got)
	}
	if got := (model.Zone{Width: 10_00, Height: 20_00}).LeastPattern(); got != 4_00 {
		t.Errorf("%v mm", got)
	}
}

func TestBaseProblems(t *testing.T) {
	if got := shirt().Problems(); len(got) != 0 {
		t.Fatalf("the shirt: %v", got)
	}
	for field, change := range map[string]func(*model.Base){
		"views":                    func(b *model.Base) { b.Views = nil },
		"days":                     func(b *model.Base) { b.Days = -1 },
		"dpi":                      func(b *model.Base) { b.DPI = 10 },
		"bleed":                    func(b *model.Base) { b.Bleed = 30_00 },
		"forbidden":                func(b *model.Base) { b.Forbidden = make([]string, 201) },
		"views.0.name":             func(b *model.Base) { b.Views[0].Name = " " },
		"views.1.name":             func(b *model.Base) { b.Views[1].Name = strings.Repeat("x", 61) },
		"views.0.width":            func(b *model.Base) { b.Views[0].Width = 3_000_00 },
		"views.0.shape":            func(b *model.Base) { b.Views[0].Shape = "sock" },
		"views.0.ground":           func(b *model.Base) { b.Views[0].Ground = "red" },
		"views.1.id":               func(b *model.Base) { b.Views[1].ID = "front" },
		"views.0.zones.0.id":       func(b *model.Base) { b.Views[0].Zones[0].ID = "A b" },
		"views.1.zones.0.id":       func(b *model.Base) { b.Views[1].Zones[0].ID = "chest" },
		"views.0.zones.0.x":        func(b *model.Base) { b.Views[0].Zones[0].X = 400_00 },
		"views.0.zones.0.height":   func(b *model.Base) { b.Views[0].Zones[0].Height = 1 },
		"views.0.zones.0.most":     func(b *model.Base) { b.Views[0].Zones[0].Most = 0 },
		"views.0.zones.0.kinds":    func(b *model.Base) { b.Views[0].Zones[0].Kinds = nil },
		"views.0.zones.0.whole":    func(b *model.Base) { b.Views[0].Zones[0].Whole = true },
		"views.0.zones.0.letters":  func(b *model.Base) { b.Views[0].Zones[0].Letters = 61 },
		"views.0.zones.0.least":    func(b *model.Base) { b.Views[0].Zones[0].Least = 0 },
		"views.0.zones.0.fonts":    func(b *model.Base) { b.Views[0].Zones[0].Fonts = []string{"arial"} },
		"views.1.zones.0.patterns": func(b *model.Base) { b.Views[1].Zones[0].Patterns = nil },
		"views.1.zones.0.colours":  func(b *model.Base) { b.Views[1].Zones[0].Colours = []model.Colour{"#12345"} },
		"views.1.zones.0.extra.pattern": func(b *model.Base) {
			b.Views[1].Zones[0].Extra = map[model.Kind]int64{model.Pattern: -1}
		},
	} {
		b := shirt()
		change(&b)
		got := b.Problems()
		if !slices.ContainsFunc(got, func(p model.Problem) bool { return p.Field == field }) {
			t.Errorf("%s is not named: %v", field, got)
		}
	}
	raw, err := json.Marshal(shirt())
	if err != nil {
		t.Fatal(err)
	}
	again, err := model.ParseBase(raw)
	if diff := cmp.Diff(shirt(), again); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	tidy := model.Base{Forbidden: []string{" Mérde ", "merde", "!"}, Views: []model.View{{Name: " a  b ", Ground: "#FFFFFF"}}}.Tidy()
	if diff := cmp.Diff(model.Base{Version: 1, Forbidden: []string{"merde"}, Views: []model.View{{Name: "a b", Ground: "#ffffff"}}}, tidy, cmp.Transformer("zones", func(z []model.Zone) int { return len(z) })); diff != "" {
		t.Error(diff)
	}
}

func TestAColourHasAName(t *testing.T) {
	for code, want := range map[model.Colour]string{"#000000": "black", "#1a1a1a": "black", "#ffffff": "white", "#c2321a": "red", "#0b5d57": "teal", "#223344": "navy", "#f3c623": "yellow", "#2255cc": "blue", "#777777": "grey"} {
		if got := code.Plain(); got != want {
			t.Errorf("%s is called %s, not %s", code, got, want)
		}
	}
	z := model.Zone{Colours: []model.Colour{"#c2321a", "#1a1a1a"}, Names: map[model.Colour]model.Names{"#c2321a": {"fr": " Rouge\ncapucine ", "en": ""}, "#00ff00": {"fr": "Vert"}}}
	tidy := model.Base{Views: []model.View{{Zones: []model.Zone{z}}}}.Tidy().Views[0].Zones[0]
	if tidy.Called("#c2321a", "fr") != "Rouge capucine" || tidy.Called("#c2321a", "en") != "Rouge capucine" || tidy.Called("#1a1a1a", "fr") != "" || len(tidy.Names) != 1 {
		t.Errorf("names %v", tidy.Names)
	}
}

// A photograph is not coloured, and two colours are not the same one.
func TestAPhotographedView(t *testing.T) {
	b := shirt()
	v := &b.Views[0]
	v.Photo = strings.Repeat("ab", 20)
	v.Zones = append(slices.Clone(v.Zones[:1]), model.Zone{ID: "whole", Name: "Tissu", Width: v.Width, Height: v.Height, Kinds: []model.Kind{model.Fill}, Most: 1, Whole: true, Colours: []model.Colour{"#ffffff", "#ffffff"}})
	at := "views.0.zones." + strconv.Itoa(len(v.Zones)-1)
	got := map[string]string{}
	for _, p := range b.Problems() {
		got[p.Field] = p.Key
	}
	if want := map[string]string{at + ".whole": "fault.designs.base_whole_photo", at + ".colours.1.code": "fault.designs.base_colour_twice"}; !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if hashes := b.Photos(); len(hashes) != 1 || hashes[0] != v.Photo {
		t.Errorf("photographs %v", hashes)
	}
}

func TestColours(t *testing.T) {
	if r, g, b := model.Colour("#c2321a").RGB(); r != 0xc2 || g != 0x32 || b != 0x1a {
		t.Errorf("%d %d %d", r, g, b)
	}
	if r, g, b := model.Colour("#C2321A").RGB(); r+g+b != 0 {
		t.Errorf("not one of ours: %d %d %d", r, g, b)
	}
}

// What can be kept can be normalised, judged, priced and read again, and is then the same.
func FuzzParse(f *testing.F) {
	for _, d := range []model.Document{chest(lea()), chest(model.Layer{Kind: model.Image, Photo: 7, Size: 100}), chest(lea()).With("band", []model.Layer{{Kind: model.Pattern, Pattern: "dots", Size: 500}})} {
		raw, err := json.Marshal(d)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	b := shirt()
	f.Fuzz(func(t *testing.T, raw []byte) {
		d, err := model.Parse(raw)
		if err != nil {
			if !errors.Is(err, fault.Invalid) {
				t.Errorf("not a fault: %v", err)
			}
			return
		}
		d = model.Normalise(b, d)
		model.Validate(b, d, map[int64]model.Photo{7: {Width: 1280, Height: 960}})
		if total, _ := model.Price(b, d); total < 0 {
			t.Errorf("costs %d", total)
		}
		kept, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		again, err := model.Parse(kept)
		if err != nil {
			t.Fatalf("%s: %v", kept, err)
		}
		if diff := cmp.Diff(d, model.Normalise(b, again)); diff != "" {
			t.Errorf("%s: %s", kept, diff)
		}
	})
}

func FuzzParseBase(f *testing.F) {
	raw, err := json.Marshal(shirt())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Fuzz(func(t *testing.T, raw []byte) {
		b, err := model.ParseBase(raw)
		if err != nil {
			if !errors.Is(err, fault.Invalid) {
				t.Errorf("not a fault: %v", err)
			}
			return
		}
		b = b.Tidy()
		b.Problems()
		model.Validate(b, model.Normalise(b, chest(lea())), nil)
	})
}
