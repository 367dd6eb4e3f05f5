package page

import (
	"encoding/base64"
	"errors"
	"image/png"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"
	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"relais/internal/fault"
	"relais/internal/i18n"
)

func TestMarkdownIsSafe(t *testing.T) {
	for text, want := range map[string]string{
		"# Title":                              "<h2>Title</h2>\n",
		"###### Deep":                          "<h4>Deep</h4>\n",
		"**a** _b_":                            "<p><strong>a</strong> <em>b</em></p>\n",
		"<script>alert(1)</script>x":           "\n",
		"[x](javascript:alert(1))":             "<p>x</p>\n",
		"![x](https://evil.example/pixel.gif)": "<p></p>\n",
		"<img src=x onerror=alert(1)>":         "\n",
		"[shop](/products)":                    `<p><a href="/products" rel="nofollow">shop</a></p>` + "\n",
		"<b onclick=x style=y>z</b>":           "<p>z</p>\n",
	} {
		got, err := markdown(text)
		if err != nil {
			t.Fatal(err)
		}
		if clean := strings.ReplaceAll(string(got), "<!-- raw HTML omitted -->", ""); clean != want {
			t.Errorf("markdown(%q) = %q, want %q", text, clean, want)
		}
	}
}

func TestLocalPath(t *testing.T) {
	for path, want := range map[string]string{
		"/a?b=c": "/a?b=c", "": "/x", "a": "/x", "//evil": "/x", "/\\evil": "/x", "https://evil": "/x", "/a\r\nb": "/x", "/\tevil": "/x",
	} {
		if got := LocalPath(path, "/x"); got != want {
			t.Errorf("LocalPath(%q) = %q, want %q", path, got, want)
		}
	}
}

func TestForm(t *testing.T) {
	f := NewForm("email", " ada@example.org ", "size", "M", "n", "7")
	if f.Get("email") != "ada@example.org" || f.Raw("email") != " ada@example.org " || !f.Has("size", "M") || f.Int("n", 0) != 7 || f.Int("size", 3) != 3 {
		t.Error("values are not kept")
	}
	if f.Failed() || f.Status() != 200 || f.Refused(nil) || f.Refused(errors.New("broken")) || f.Refused(fault.New(fault.NotFound, "fault.not_found")) {
		t.Error("a good form is refused")
	}
	if !f.Refused(fault.New(fault.Conflict, "fault.email_taken").With("email", "fault.email_taken")) || f.Status() != 409 {
		t.Error("a conflict is not taken over")
	}
	want := []Problem{{"email", "This e-mail address already has an account."}}
	if diff := cmp.Diff(want, f.Problems(i18n.EN)); diff != "" {
		t.Error(diff)
	}
	if f.Error(i18n.FR, "email") != "Cette adresse e-mail a déjà un compte." || f.Error(i18n.FR, "size") != "" {
		t.Error("the error does not stand at its field")
	}
}

func TestPager(t *testing.T) {
	c := echo.New().NewContext(httptest.NewRequest("GET", "/products?q=a&page=4", nil), nil)
	p := NewPager(c, 24, 230)
	if p.Offset() != 72 || p.Last() != 10 || p.From() != 73 || p.To() != 96 || p.Previous() != 3 || p.Next() != 5 {
		t.Errorf("%+v counts wrongly", p)
	}
	if diff := cmp.Diff([]int{1, 0, 3, 4, 5, 0, 10}, p.Around()); diff != "" {
		t.Error(diff)
	}
	if p.URL(1) != "/products?q=a" || p.URL(5) != "/products?page=5&q=a" {
		t.Errorf("%s %s", p.URL(1), p.URL(5))
	}
	for _, bad := range []string{"0", "-1", "x", "99999999999"} {
		c := echo.New().NewContext(httptest.NewRequest("GET", "/products?page="+bad, nil), nil)
		if p := NewPager(c, 24, 0); p.Page != 1 || p.Last() != 1 || p.HasNext() || p.To() != 0 {
			t.Errorf("page=%s: %+v", bad, p)
		}
	}
}

func TestChart(t *testing.T) {
	if c := bars(Series{}); len(c.Bars) != 0 || c.Line != "" {
		t.Error("an empty series draws something")
	}
	s := Series{Points: []Point{{"a", "0", 0}, {"b", "5", 5}, {"c", "10", 10}, {"d", "1", -3}}}
	c := line(s)
	if c.Peak.Label != "c" || c.Bars[2].H != chartHeight-10 || c.Bars[0].H != 0 || c.Bars[3].H != 0 || !strings.HasPrefix(c.Line, "M") {
		t.Errorf("%+v", c)
	}
	for _, b := range c.Bars {
		if b.X < 0 || b.X+b.W > c.Width || b.Y < 0 || b.Y+b.H > c.Height {
			t.Errorf("%+v leaves the canvas", b)
		}
	}
}

func TestQR(t *testing.T) {
	const link = "https://relais.example/r/k7Qm2xPd"
	text, err := QRPNG(link)
	if err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	bitmap, err := gozxing.NewBinaryBitmapFromImage(picture)
	if err != nil {
		t.Fatal(err)
	}
	read, err := qrcode.NewQRCodeReader().Decode(bitmap, nil)
	if err != nil || read.GetText() != link {
		t.Errorf("a reader reads %v, %v", read, err)
	}
	drawing, err := NewQR(link)
	if err != nil || drawing.Size < 29 || !strings.HasPrefix(drawing.Path, "M4 4h7") {
		t.Errorf("%+v %v", drawing, err)
	}
	if _, err := NewQR(strings.Repeat("x", 5000)); err == nil {
		t.Error("a text too long for a QR code was encoded")
	}
}

func TestShareTargetsEscape(t *testing.T) {
	for _, target := range shareTargets(i18n.FR, ShareLink{URL: "https://r.example/r/a", Title: "Thé & café", Text: "Publicité : goûtez + dites"}) {
		if strings.ContainsAny(string(target.URL), " +") || !strings.Contains(string(target.URL), "r.example%2Fr%2Fa") {
			t.Errorf("%s: %s", target.Name, target.URL)
		}
	}
}

func TestText(t *testing.T) {
	if got := Excerpt("Une  bougie, coulée\nà la main", 14); got != "Une bougie…" {
		t.Errorf("excerpt: %q", got)
	}
	for name, want := range map[string]string{"Camille Rousseau": "CR", "Élodie": "É", "Jean-Paul d’Arc": "JP", "": "", " ": ""} {
		if got := initials(name); got != want {
			t.Errorf("initials(%q) = %q, want %q", name, got, want)
		}
	}
	if _, err := dict("a"); err == nil {
		t.Error("dict takes half a pair")
	}
	if _, err := wholeNumber(1.5); err == nil {
		t.Error("a fraction passes as a whole number")
	}
}

// FuzzFlash feeds cookies that a visitor may forge.
func FuzzFlash(f *testing.F) {
	f.Add(base64.RawURLEncoding.EncodeToString([]byte(`[{"t":"good","k":"page.skip"}]`)))
	f.Add("!!")
	f.Fuzz(func(t *testing.T, value string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Cookie", flashCookie+"="+strings.Map(func(r rune) rune {
			if r < 0x21 || r > 0x7e {
				return -1
			}
			return r
		}, value))
		for _, m := range flashFrom(echo.New().NewContext(r, httptest.NewRecorder())) {
			if m.Text == "" {
				t.Error("an empty message is shown")
			}
		}
	})
}
