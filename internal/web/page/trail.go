package page

import (
	"net/url"
	"regexp"

	"github.com/labstack/echo/v4"
)

var (
	handleShape = regexp.MustCompile(`^[a-z0-9-]{3,40}$`)
	clickShape  = regexp.MustCompile(`^[A-Z2-7]{26}$`)
)

// Trail is how a visitor came to a product: pages beside the product's own carry it in their addresses, so that who recommended it is not lost.
type Trail struct {
	From  string // handle of the storefront that they came from; empty: none
	Click string // token of the click that brought them; empty: none
}

// TrailOf reads the trail from the address of a page.
func TrailOf(c echo.Context) (t Trail) {
	if from := c.QueryParam("from"); handleShape.MatchString(from) {
		t.From = from
	}
	if click := c.QueryParam("c"); clickShape.MatchString(click) {
		t.Click = click
	}
	return t
}

// Product is the page of a product where the visitor comes from: in the storefront, with their click, or the product's own.
func (t Trail) Product(slug string) string {
	path := "/p/" + slug
	if t.From != "" {
		path = "/@" + t.From + path
	}
	if t.Click != "" {
		path += "?c=" + t.Click
	}
	return path
}

// To is the address of a page beside the product's, which carries the trail on; more are pairs of names and values for its query. An empty value
// is left out.
func (t Trail) To(path string, more ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(more); i += 2 {
		if more[i+1] != "" {
			q.Set(more[i], more[i+1])
		}
	}
	if t.From != "" {
		q.Set("from", t.From)
	}
	if t.Click == stand || clickShape.MatchString(t.Click) {
		q.Set("c", t.Click)
	}
	if len(q) > 0 {
		path += "?" + q.Encode()
	}
	return path
}
