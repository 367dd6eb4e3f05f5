package federation

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"os"
	"strings"

	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/fediverse"
	"relais/internal/fediverse/feeds"
	"relais/internal/fediverse/wire"
	"relais/internal/media"
	"relais/internal/storefronts"
)

// feedTypes are the media types of feeds.
var feedTypes = map[string]string{"atom": "application/atom+xml; charset=utf-8", "rss": "application/rss+xml; charset=utf-8"}

// feed answers what a storefront or brand published. One that was open once and is no longer answers 410, so that readers stop asking.
func (s *Server) feed(kind fediverse.Kind, form string) echo.HandlerFunc {
	return func(c echo.Context) error {
		ctx := c.Request().Context()
		owner, err := s.owner(ctx, kind, c.Param("handle"))
		if err != nil {
			return refusal(c, err)
		}
		a, list, was, err := fediverse.FeedOf(ctx, s.DB, owner)
		if errors.Is(err, fediverse.ErrClosed) && was {
			return c.JSON(http.StatusGone, map[string]any{"error": http.StatusText(http.StatusGone)})
		}
		if err != nil {
			return refusal(c, err)
		}
		f := s.feedOf(a, list, form)
		body, err := f.Atom()
		if form == "rss" {
			body, err = f.RSS()
		}
		if err != nil {
			return err
		}
		sum := sha256.Sum256(body)
		h := c.Response().Header()
		h.Set("ETag", `"`+base64.RawURLEncoding.EncodeToString(sum[:12])+`"`)
		h.Set("Cache-Control", "public, max-age=300")
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Content-Type", feedTypes[form])
		http.ServeContent(c.Response(), c.Request(), "", f.Updated(), strings.NewReader(string(body)))
		return nil
	}
}

func (s *Server) owner(ctx context.Context, kind fediverse.Kind, handle string) (fediverse.Owner, error) {
	if kind == fediverse.Brand {
		b, err := catalog.BrandByHandle(ctx, s.DB, handle, "")
		return fediverse.Owner{Kind: kind, ID: b.ID}, err
	}
	f, err := storefronts.ByHandle(ctx, s.DB, handle)
	return fediverse.Owner{Kind: kind, ID: f.MemberID}, err
}

func (s *Server) feedOf(a fediverse.Actor, list []fediverse.Object, form string) feeds.Feed {
	site := wire.Site(s.BaseURL)
	f := feeds.Feed{Title: a.Name, Text: a.Text, Author: a.Name, Lang: string(a.Lang), ID: site.Actor(a.ID), Page: s.BaseURL + a.Path(),
		Self: s.BaseURL + a.Path() + "/feed." + form, Since: a.OpenedAt}
	if a.IconHash != "" {
		f.Icon = s.BaseURL + media.URL(a.IconHash, media.Small)
	}
	for _, o := range list {
		e := feeds.Entry{ID: site.Note(o.ID), Title: o.Title, Lang: string(o.Lang), Tags: o.Tags, Created: o.At, Updated: o.UpdatedAt}
		e.Link, e.Label, e.HTML = s.Fediverse.Post(o)
		if o.MediaHash != "" {
			e.Picture = feeds.Picture{Address: s.BaseURL + media.URL(o.MediaHash, media.Large), Alt: o.MediaAlt, Bytes: s.bytes(o.MediaHash)}
		}
		f.Entries = append(f.Entries, e)
	}
	return f
}

// bytes is how large a photograph is; 0 where that is not known.
func (s *Server) bytes(hash string) int64 {
	f, err := s.Media.Open(hash, media.Large)
	if err != nil {
		return 0
	}
	defer f.Close()
	return sizeOf(f)
}

func sizeOf(f *os.File) int64 {
	info, err := f.Stat()
	if err != nil {
		return 0
	}
	return info.Size()
}
