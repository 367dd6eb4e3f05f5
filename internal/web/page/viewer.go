package page

import (
	"github.com/labstack/echo/v4"

	"relais/internal/fault"
	"relais/internal/i18n"
)

// Viewer is the signed-in member as pages see them.
type Viewer struct {
	ID        int64
	Handle    string
	Name      string
	Email     string
	Lang      i18n.Lang
	Picture   string // content hash of the member's picture; empty: none
	Admin     bool
	Confirmed bool // the e-mail address
	Brands    []BrandRef
}

// BrandRef is a brand on whose team the viewer is.
type BrandRef struct {
	ID           int64
	Handle, Name string
	Role         string // "owner" or "staff"
}

// Brand returns the viewer's brand with that handle.
func (v *Viewer) Brand(handle string) (BrandRef, bool) {
	if v != nil {
		for _, b := range v.Brands {
			if b.Handle == handle {
				return b, true
			}
		}
	}
	return BrandRef{}, false
}

const viewerKey = "page.viewer"

// SetViewer records who is signed in; the session middleware calls it once per request.
func SetViewer(c echo.Context, v *Viewer) { c.Set(viewerKey, v) }

// ViewerFrom returns who is signed in, or nil for a guest.
func ViewerFrom(c echo.Context) *Viewer {
	v, _ := c.Get(viewerKey).(*Viewer)
	return v
}

// RequireMember lets only signed-in members through; a guest is sent to the log-in page and back afterwards.
func RequireMember(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if ViewerFrom(c) == nil {
			return fault.New(fault.Unauthenticated, "fault.sign_in_first")
		}
		return next(c)
	}
}

// RequireAdmin lets only administrators of the platform through; to others the page does not exist.
func RequireAdmin(next echo.HandlerFunc) echo.HandlerFunc {
	return RequireMember(func(c echo.Context) error {
		if !ViewerFrom(c).Admin {
			return fault.New(fault.NotFound, "fault.page_not_found")
		}
		return next(c)
	})
}

// RequireBrand lets only the team of the brand named by the route's :handle through; to others the page does not exist.
func RequireBrand(next echo.HandlerFunc) echo.HandlerFunc {
	return RequireMember(func(c echo.Context) error {
		if _, ok := ViewerFrom(c).Brand(c.Param("handle")); !ok {
			return fault.New(fault.NotFound, "fault.page_not_found")
		}
		return next(c)
	})
}

// Private keeps the address of an order, which opens it to whoever has it, from other sites, search engines and
// caches. The policy is same-origin rather than no-referrer: under that one browsers without Sec-Fetch-Site send
// "Origin: null" with our own forms, which the check for other sites' forms refuses.
func Private(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("Referrer-Policy", "same-origin")
		h.Set("X-Robots-Tag", "noindex, nofollow")
		h.Set("Cache-Control", "private, no-store")
		return next(c)
	}
}
