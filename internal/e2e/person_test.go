package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// person is somebody at a browser of their own, with their own cookies.
type person struct {
	t    *testing.T
	ctx  context.Context
	name string
	lang string
	step int
}

// patience is how long a page may take on a busy machine before the test gives up.
const patience = 45 * time.Second

// sits makes a person before a screen of that size, who reads that language ("fr", "en").
func sits(t *testing.T, name, lang string, width, height int64) *person {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	p := &person{t: t, ctx: ctx, name: name, lang: lang}
	if err := chromedp.Do(ctx); err != nil { // opens the window, which lives as long as the context that it was opened with
		t.Fatal(err)
	}
	options, agent := []chromedp.EmulateViewportOption{}, desktopComputer
	if width < 500 {
		options, agent = append(options, chromedp.EmulateMobile, chromedp.EmulateTouch), androidPhone
	}
	p.do("sit down", chromedp.EmulateViewport(width, height, options...), func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := chromedp.Call(ctx, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: agent, AcceptLanguage: lang})
		return chromedp.Void{}, err
	})
	return p
}

func phone(t *testing.T, name, lang string) *person   { return sits(t, name, lang, 360, 780) }
func desktop(t *testing.T, name, lang string) *person { return sits(t, name, lang, 1280, 900) }

func (p *person) do(what string, actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		p.lost(what, err)
	}
}

// lost ends the test with a picture of where it ended.
func (p *person) lost(what string, err error) {
	p.t.Helper()
	p.shot("lost")
	p.t.Fatalf("%s: %s: %v\n%s", p.name, what, err, p.text())
}

// goes opens a path of the site, or an absolute address.
func (p *person) goes(path string) {
	p.t.Helper()
	if strings.HasPrefix(path, "/") {
		path = site.URL() + path
	}
	p.do("go to "+path, chromedp.Navigate(path))
}

// evaluate runs an expression in the page; a value comes back as JSON.
func evaluate[T any](p *person, expression string) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`(async () => JSON.stringify(await (`+expression+`)) ?? "null")()`, chromedp.EvalAwaitPromise))
	var v T
	if err == nil {
		err = json.Unmarshal([]byte(text), &v)
	}
	if err != nil {
		p.t.Helper()
		p.t.Fatalf("%s: %s: %v", p.name, expression, err)
	}
	return v
}

// text is what can be read on the page.
func (p *person) text() string {
	ctx, cancel := context.WithTimeout(p.ctx, 5*time.Second)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`location.pathname + "\n" + document.body.innerText`))
	if err != nil {
		return err.Error()
	}
	return plain(text)
}

// plain writes every kind of space as a space.
func plain(s string) string { return strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(s) }

// reads waits until the page shows a text, whatever its case.
func (p *person) reads(text string) {
	p.t.Helper()
	p.until("read "+text, `document.body.innerText.replace(/[\u00a0\u202f]/g, " ").toLowerCase().includes(`+quote(strings.ToLower(text))+`)`)
}

// until waits for a condition in the page.
func (p *person) until(what, condition string) {
	p.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		ctx, cancel := context.WithTimeout(p.ctx, 10*time.Second)
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`!!(document.body && (`+condition+`))`))
		cancel()
		if ok {
			return
		}
		if time.Now().After(deadline) {
			p.lost(what, fmt.Errorf("not within %v (%w)", patience, errorOr(err)))
		}
		// The page is asked again at its next frame, or at once while it is being replaced.
		frame, cancel := context.WithTimeout(p.ctx, 5*time.Second)
		_, _ = chromedp.Run(frame, chromedp.Evaluate[int](`new Promise(r => setTimeout(() => r(1), 50))`, chromedp.EvalAwaitPromise))
		cancel()
	}
}

func errorOr(err error) error {
	if err == nil {
		return context.DeadlineExceeded
	}
	return err
}

func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		return `""`
	}
	return string(b)
}

// types fills in a field by its name.
func (p *person) types(field, value string) {
	p.t.Helper()
	ok := evaluate[bool](p, `(() => {
		const f = [...document.querySelectorAll('[name=' + JSON.stringify(`+quote(field)+`) + ']')].find(e => e.type !== "hidden" && e.offsetParent !== null);
		if (!f) return false;
		f.focus(); f.value = `+quote(value)+`;
		f.dispatchEvent(new Event("input", {bubbles: true})); f.dispatchEvent(new Event("change", {bubbles: true}));
		return true })()`)
	if !ok {
		p.lost("type", fmt.Errorf("there is no field %s", field))
	}
}

// findByText marks the visible link or button with that text, and says whether there is one.
const findByText = `((text) => {
	document.querySelectorAll("[data-e2e]").forEach(e => e.removeAttribute("data-e2e"));
	const clean = s => (s || "").replace(/[\u00a0\u202f\s]+/g, " ").trim().toLowerCase();
	const all = [...document.querySelectorAll("a, button, summary, input[type=submit], label")].filter(e => e.offsetParent !== null || getComputedStyle(e).position === "fixed");
	const label = e => clean(e.innerText || e.value || "") || clean(e.getAttribute("aria-label"));
	const hit = all.find(e => label(e) === clean(text)) || all.find(e => label(e).startsWith(clean(text))) || all.find(e => label(e).includes(clean(text)));
	if (!hit) return false;
	hit.setAttribute("data-e2e", "");
	hit.scrollIntoView({block: "center", behavior: "instant"});
	return true })`

// presses clicks the link or button with that text and waits for the page that it leads to.
func (p *person) presses(text string) {
	p.t.Helper()
	p.follows(text, findByText+"("+quote(text)+")")
}

// pressesElement is presses for what has no text, by its selector.
func (p *person) pressesElement(selector string) {
	p.t.Helper()
	p.follows(selector, `(() => { const e = document.querySelector(`+quote(selector)+`); if (!e) return false;
		document.querySelectorAll("[data-e2e]").forEach(e => e.removeAttribute("data-e2e")); e.setAttribute("data-e2e", ""); e.scrollIntoView({block: "center", behavior: "instant"}); return true })()`)
}

// follows clicks what an expression finds and marks, and waits for the next page, which forgets the mark that the old one gets. A page that replaced
// what was found before it could be clicked, as one that is worked out again does, is looked through again.
func (p *person) follows(what, find string) {
	p.t.Helper()
	for clicked := false; !clicked; {
		p.until("find "+what, find)
		clicked = evaluate[bool](p, `(() => { const e = document.querySelector("[data-e2e]"); if (!e) return false; window.e2eOld = true; e.click(); return true })()`)
	}
	p.until("press "+what, `!window.e2eOld && document.readyState === "complete"`)
}

// has says whether something is on the page.
func (p *person) has(selector string) bool {
	p.t.Helper()
	return evaluate[bool](p, `!!document.querySelector(`+quote(selector)+`)`)
}

// becomes opens the page again until it shows a text: what a job does is seen a moment later.
func (p *person) becomes(text string) {
	p.t.Helper()
	path := evaluate[string](p, `location.pathname + location.search`)
	for deadline := time.Now().Add(patience); !strings.Contains(strings.ToLower(p.text()), strings.ToLower(text)); p.goes(path) {
		if time.Now().After(deadline) {
			p.lost("see "+text, context.DeadlineExceeded)
		}
	}
}

// photographs has those below the screen loaded as well, and waits for them.
const photographs = `Promise.race([new Promise(r => setTimeout(r, 5000)), Promise.allSettled([...document.images].map(i => { i.loading = "eager"; return i.decode() }))]).then(() => true)`

// shot keeps a picture of the whole page.
func (p *person) shot(what string) {
	p.step++
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	_, _ = chromedp.Run(ctx, chromedp.Evaluate[bool](photographs, chromedp.EvalAwaitPromise)) // a picture without them tells as much
	png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(filepath.Join(shots, fmt.Sprintf("%s-%02d-%s.png", p.name, p.step, what)), png, 0o644)
	}
	if err != nil {
		p.t.Logf("%s: picture %s: %v", p.name, what, err)
	}
}

// path is where the person is.
func (p *person) path() string { return evaluate[string](p, `location.pathname`) }

// logsIn enters with an account of the demo, or any other.
func (p *person) logsIn(email, password string) {
	p.t.Helper()
	p.goes("/login")
	p.types("email", email)
	p.types("password", password)
	p.pressesElement(`main form button[type=submit], main form button:not([type])`)
	if path := p.path(); path == "/login" {
		p.lost("log in as "+email, fmt.Errorf("still at the log-in page"))
	}
	p.speaks(p.lang) // an earlier story may have left the member with another
}

// complaints collects what the browser complains about: uncaught errors, what the content security policy refused, what
// could not be loaded.
func (p *person) complaints() <-chan string {
	found := make(chan string, 100)
	tell := func(text string) {
		select {
		case found <- text:
		default: // a hundred are enough
		}
	}
	thrown, logged := chromedp.Events(p.ctx, runtime.ExceptionThrown), chromedp.Events(p.ctx, cdplog.EntryAdded)
	go func() {
		for e, err := range thrown {
			if err != nil {
				return
			}
			tell(e.ExceptionDetails.Text)
		}
	}()
	go func() {
		for e, err := range logged {
			if err != nil {
				return
			}
			if e.Entry.Level == cdplog.EntryLevelError {
				tell(e.Entry.Text + " " + e.Entry.URL)
			}
		}
	}()
	return found
}

// chooses has a file field take one of the demo's photographs.
func (p *person) chooses(selector, file string) {
	p.t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "demo", "content", "photos", file))
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	p.do("choose "+file, chromedp.SetUploadFiles(selector, []string{path}))
}
