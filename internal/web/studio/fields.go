package studio

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"relais/internal/designs/model"
	"relais/internal/web/page"
)

// reader reads numbers from a form and says at its field which is none.
type reader struct {
	form *page.Form
	bad  []model.Problem
}

// mm reads a length that is typed in millimetres, with a comma or a point.
func (r *reader) mm(field string) model.Length {
	text := strings.Replace(r.form.Get(field), ",", ".", 1)
	if text == "" {
		return 0
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || !(math.Abs(f) <= model.MostSide.MM()) {
		r.bad = append(r.bad, model.Problem{Field: field, Key: "fault.designs.between_mm", Args: map[string]any{"Least": "-" + model.MostSide.String(), "Most": model.MostSide.String()}})
		return 0
	}
	return model.Length(math.Round(f * 100))
}

// whole reads a whole number within bounds.
func (r *reader) whole(field string, least, most int) int {
	if r.form.Get(field) == "" {
		return 0
	}
	n, err := strconv.Atoi(r.form.Get(field))
	if err != nil || n < least || n > most {
		r.bad = append(r.bad, model.Problem{Field: field, Key: "fault.designs.between", Args: map[string]any{"Least": least, "Most": most}})
		return 0
	}
	return n
}

// layerField names a field of a layer: "ZONE.0.text", as model.Validate does.
func layerField(zone string, i int, name string) string {
	return fmt.Sprintf("%s.%d.%s", zone, i, name)
}

// document reads the design that a form says.
func (r *reader) document(b model.Base) model.Document {
	d := model.Document{Version: model.Version}
	for _, v := range b.Views {
		for _, z := range v.Zones {
			var layers []model.Layer
			for i := range model.MostLayers {
				at := func(name string) string { return layerField(z.ID, i, name) }
				kind := model.Kind(r.form.Get(at("kind")))
				if kind == "" {
					break
				}
				l := model.Layer{Kind: kind, X: r.mm(at("x")), Y: r.mm(at("y")), Size: max(0, r.mm(at("size"))), Turn: r.whole(at("turn"), -360, 360), Arc: r.whole(at("arc"), -360, 360),
					Colour: model.Colour(r.form.Get(at("colour"))), Font: r.form.Get(at("font")), Text: r.form.Get(at("text")), Photo: r.form.Int(at("photo"), 0), Pattern: r.form.Get(at("pattern")), Frame: r.form.Get(at("frame"))}
				layers = append(layers, l)
			}
			if len(layers) > 0 {
				d.Parts = append(d.Parts, model.Part{Zone: z.ID, Layers: layers})
			}
		}
	}
	return d
}

// show writes a design into a form.
func show(form *page.Form, d model.Document) {
	for _, p := range d.Parts {
		for i, l := range p.Layers {
			for name, value := range map[string]string{"kind": string(l.Kind), "x": l.X.String(), "y": l.Y.String(), "size": l.Size.String(), "turn": strconv.Itoa(l.Turn), "arc": strconv.Itoa(l.Arc),
				"colour": string(l.Colour), "font": l.Font, "text": l.Text, "photo": strconv.FormatInt(l.Photo, 10), "pattern": l.Pattern, "frame": l.Frame} {
				form.Set(layerField(p.Zone, i, name), value)
			}
		}
	}
}

// The steps of the buttons.
const (
	stepMove = model.Length(2_00)
	stepSize = model.Length(2_00)
	stepTurn = 5
)

// act does to a design what a button says: "add.ZONE.KIND", or "STEP.ZONE.N" for a layer. What makes no sense does nothing.
func act(b model.Base, d model.Document, do string, photo int64) model.Document {
	parts := strings.SplitN(do, ".", 3)
	if len(parts) != 3 {
		return d
	}
	_, z, ok := b.Zone(parts[1])
	if !ok {
		return d
	}
	layers := slices.Clone(d.Part(z.ID))
	if parts[0] == "add" {
		if kind := model.Kind(parts[2]); z.Takes(kind) && len(layers) < z.Most {
			layers = append(layers, fresh(z, kind, photo))
		}
		return d.With(z.ID, layers)
	}
	n, err := strconv.Atoi(parts[2])
	if err != nil || n < 0 || n >= len(layers) {
		return d
	}
	return d.With(z.ID, step(z, layers, n, parts[0]))
}

func step(z model.Zone, layers []model.Layer, n int, name string) []model.Layer {
	l := &layers[n]
	switch name {
	case "remove":
		return slices.Delete(layers, n, n+1)
	case "lower":
		if n > 0 {
			layers[n-1], layers[n] = layers[n], layers[n-1]
		}
	case "upper":
		if n+1 < len(layers) {
			layers[n+1], layers[n] = layers[n], layers[n+1]
		}
	case "left":
		l.X -= stepMove
	case "right":
		l.X += stepMove
	case "up":
		l.Y -= stepMove
	case "down":
		l.Y += stepMove
	case "larger":
		l.Size = min(l.Size+stepSize, model.MostSide)
	case "smaller":
		l.Size = max(l.Size-stepSize, stepSize)
	case "clockwise":
		l.Turn = (l.Turn + stepTurn) % 360
	case "back":
		l.Turn = (l.Turn - stepTurn) % 360
	case "centre":
		l.X, l.Y = z.Width/2, z.Height/2
	}
	return layers
}

// fresh is a layer as it begins: in the middle of its zone, with the first of each choice.
func fresh(z model.Zone, kind model.Kind, photo int64) model.Layer {
	l := model.Layer{Kind: kind, X: z.Width / 2, Y: z.Height / 2}
	if len(z.Colours) > 0 {
		l.Colour = z.Colours[0]
	}
	switch kind {
	case model.Text, model.Monogram:
		l.Font, l.Frame, l.Size = z.Fonts[0], "ring", max(z.Least, min(z.Height/4, 30_00))
	case model.Image:
		l.Photo, l.Size = photo, z.Width/2
	case model.Pattern:
		l.Pattern, l.Size = z.Patterns[0], max(z.LeastPattern(), min(z.Height/4, 20_00))
	}
	return l
}
