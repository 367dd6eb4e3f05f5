package e2e_test

import (
	"context"
	"fmt"
	"math"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// point is a place on the screen, in CSS pixels.
type point struct{ X, Y float64 }

// touches puts fingers down, moves them in steps to where they go, and lifts them, as the screen reports it.
func (p *person) touches(from, to []point) {
	p.t.Helper()
	const steps = 6
	at := func(part float64) []*input.TouchPoint {
		var list []*input.TouchPoint
		for i := range from {
			id := float64(i)
			list = append(list, &input.TouchPoint{X: from[i].X + (to[i].X-from[i].X)*part, Y: from[i].Y + (to[i].Y-from[i].Y)*part, ID: &id})
		}
		return list
	}
	p.do("touch", func(ctx context.Context, _ *chromedp.Target) (chromedp.Void, error) {
		send := func(kind input.DispatchTouchEventType, points []*input.TouchPoint) error {
			_, err := chromedp.Call(ctx, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: kind, TouchPoints: points})
			return err
		}
		err := send(input.DispatchTouchEventTypeTouchStart, at(0))
		for n := 1; n <= steps && err == nil; n++ {
			err = send(input.DispatchTouchEventTypeTouchMove, at(float64(n)/steps))
		}
		if err == nil {
			err = send(input.DispatchTouchEventTypeTouchEnd, []*input.TouchPoint{})
		}
		return chromedp.Void{}, err
	})
}

// around are two points opposite each other around a middle, so far from it, at an angle in degrees.
func around(middle point, radius, degrees float64) []point {
	s, c := math.Sincos(degrees * math.Pi / 180)
	return []point{{middle.X - radius*c, middle.Y - radius*s}, {middle.X + radius*c, middle.Y + radius*s}}
}

// keys presses keys, one after the other, where the focus is.
func (p *person) keys(keys string) {
	p.t.Helper()
	p.do("press keys", chromedp.KeyEvent(keys))
}

// forgotten takes the person's cookies away: they are logged out, and do not know it.
func (p *person) forgotten() {
	p.t.Helper()
	p.do("forget", func(ctx context.Context, _ *chromedp.Target) (chromedp.Void, error) {
		_, err := chromedp.Call(ctx, network.ClearBrowserCookies, cdp.Empty{})
		return chromedp.Void{}, err
	})
}

// attentive has the person's window in front, as far as its page knows, whatever other windows the test has open: fields that get the focus say so.
func (p *person) attentive() {
	p.t.Helper()
	p.do("look at the window", func(ctx context.Context, _ *chromedp.Target) (chromedp.Void, error) {
		_, err := chromedp.Call(ctx, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
		return chromedp.Void{}, err
	})
}

// studioField is what a field of the studio says.
func (p *person) studioField(name string) string {
	p.t.Helper()
	return evaluate[string](p, fmt.Sprintf(`document.querySelector("#studio").elements.namedItem(%s).value`, quote(name)))
}

// kept waits until the studio has kept everything.
func (p *person) kept() {
	p.t.Helper()
	p.until("it is kept", `document.querySelector("[data-state]").textContent === "Enregistré"`)
}
