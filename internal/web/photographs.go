package web

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/labstack/echo/v4"

	"relais/internal/fault"
	"relais/internal/ideas"
	"relais/internal/media"
	"relais/internal/stories"
)

// everybodys are the photographs that are known to be for everybody, and stay so: hashes, a few megabytes of them.
type everybodys struct {
	known sync.Map
	n     atomic.Int64
}

const mostKnown = 50_000

func (p *everybodys) has(ctx context.Context, db *sqlx.DB, hash string) (bool, error) {
	if _, known := p.known.Load(hash); known {
		return true, nil
	}
	public, err := media.Public(ctx, db, hash)
	if public && p.n.Add(1) <= mostKnown {
		p.known.Store(hash, true)
	}
	return public, err
}

// photograph answers one rendition of a photograph that is for everybody. Its name says its content, so it may be kept for ever; but that of a
// story or an idea is for everybody only while that is read, and is kept for minutes.
func (o Options) photograph(shown *everybodys) echo.HandlerFunc {
	return func(c echo.Context) error {
		ctx, hash, keep := c.Request().Context(), media.HashOf(c.Param("file")), "public, max-age=31536000, immutable"
		public, err := shown.has(ctx, o.DB, hash)
		if err == nil && !public {
			keep = "public, max-age=300"
			if public, err = stories.Shows(ctx, o.DB, hash); err == nil && !public {
				public, err = ideas.Shows(ctx, o.DB, hash)
			}
		}
		if err != nil {
			return err
		}
		if !public { // or not there: the answer is the same
			return fault.New(fault.NotFound, "fault.not_found")
		}
		f, err := o.Media.OpenNamed(c.Param("file"))
		if err != nil {
			return err
		}
		defer f.Close()
		h := c.Response().Header()
		h.Set("Cache-Control", keep)
		h.Set("Content-Type", "image/jpeg")
		http.ServeContent(c.Response(), c.Request(), "", time.Time{}, f)
		return nil
	}
}
