package page

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"relais/internal/i18n"
)

// What makes the site an app that can be installed: a manifest in each language, and a service worker that keeps static files, shows a page of its
// own while there is no network, and shows what web push brings. It never keeps a page.

type manifest struct {
	ID          string         `json:"id"`
	Name        string         `json:"name"`
	ShortName   string         `json:"short_name"`
	Description string         `json:"description"`
	Lang        string         `json:"lang"`
	Dir         string         `json:"dir"`
	StartURL    string         `json:"start_url"`
	Scope       string         `json:"scope"`
	Display     string         `json:"display"`
	Background  string         `json:"background_color"`
	Theme       string         `json:"theme_color"`
	Categories  []string       `json:"categories"`
	Icons       []manifestIcon `json:"icons"`
	Shortcuts   []shortcut     `json:"shortcuts"`
}

type manifestIcon struct {
	Src     string `json:"src"`
	Sizes   string `json:"sizes"`
	Type    string `json:"type"`
	Purpose string `json:"purpose,omitempty"`
}

type shortcut struct {
	Name  string         `json:"name"`
	URL   string         `json:"url"`
	Icons []manifestIcon `json:"icons"`
}

// Manifest answers GET /app.webmanifest?lang=fr.
func (s *Site) Manifest(c echo.Context) error {
	l, ok := i18n.Parse(c.QueryParam("lang"))
	if !ok {
		l = Lang(c)
	}
	var failed error
	icon := func(name, sizes, kind, purpose string) manifestIcon {
		address, err := s.assets.URL(name)
		if err != nil {
			failed = err
		}
		return manifestIcon{address, sizes, kind, purpose}
	}
	small := []manifestIcon{icon("icon-192.png", "192x192", "image/png", "")}
	m := manifest{ID: "/", Name: "Relais", ShortName: "Relais", Description: l.T("notice.app.description"), Lang: string(l), Dir: "ltr", StartURL: "/", Scope: "/",
		Display: "standalone", Background: "#fbf6ec", Theme: "#c2321a", Categories: []string{"shopping"},
		Icons: []manifestIcon{icon("icon-192.png", "192x192", "image/png", "any"), icon("icon-512.png", "512x512", "image/png", "any"),
			icon("icon-mask-512.png", "512x512", "image/png", "maskable"), icon("favicon.svg", "any", "image/svg+xml", "any")},
		Shortcuts: []shortcut{{l.T("notice.app.share"), "/me/links", small}, {l.T("notice.app.earnings"), "/me/earnings", small}, {l.T("notice.app.notices"), "/me/notices", small}}}
	body, err := json.Marshal(m)
	if err != nil || failed != nil {
		return fmt.Errorf("write manifest: %w", firstOf(err, failed))
	}
	c.Response().Header().Set("Cache-Control", "public, max-age=3600")
	return c.Blob(http.StatusOK, "application/manifest+json", body)
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// offlineAssets are what the page without a network is made of.
func offlineAssets() []string {
	return []string{Bundle, "js/app.js", "vendor/htmx-2.0.11.min.js", "favicon.svg", "icon-192.png",
		"fonts/fraunces-latin-opsz-normal.woff2", "fonts/source-sans-3-latin-wght-normal.woff2"}
}

// ServiceWorker answers GET /sw.js: the script with the addresses of what it keeps. Another version of any of them is another script, which
// browsers notice.
func (s *Site) ServiceWorker(c echo.Context) error {
	f := s.assets.file("js/sw.js")
	if f == nil {
		return fmt.Errorf("there is no service worker")
	}
	list := []string{}
	for _, name := range offlineAssets() {
		address, err := s.assets.URL(name)
		if err != nil {
			return err
		}
		list = append(list, address)
	}
	addresses, err := json.Marshal(list)
	if err != nil {
		return err
	}
	icon, err := s.assets.URL("icon-192.png")
	if err != nil {
		return err
	}
	sum := sha256.Sum256(append(append([]byte{}, addresses...), f.content...))
	script := bytes.Replace(f.content, []byte(`["ASSETS"]`), addresses, 1)
	script = bytes.Replace(script, []byte("ICON-ADDRESS"), []byte(icon), 1)
	script = bytes.Replace(script, []byte("VERSION"), []byte(hex.EncodeToString(sum[:6])), 1)
	c.Response().Header().Set("Cache-Control", "no-cache")
	return c.Blob(http.StatusOK, "text/javascript; charset=utf-8", script)
}
