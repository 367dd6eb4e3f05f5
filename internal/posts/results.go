package posts

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/insight"
)

// Result is what came of a post in one circle, or by one network, since the day it was published. Who looked at it is not counted.
type Result struct {
	insight.Figures
	Place   *Place   // nil: a network
	Network *Network // nil: a circle
}

// ResultsOf is what came of an author's own post: its circles, then its networks. The links are the author's for that product or
// storefront, so what came by the same link of another post in the same circle is in it too.
func ResultsOf(ctx context.Context, q sqlx.QueryerContext, p Post, there []Place, networks []Network, now time.Time) ([]Result, error) {
	if p.PublishedAt == nil {
		return nil, nil
	}
	by, err := insight.ByLink(ctx, q, p.AuthorID, insight.Since(*p.PublishedAt, now))
	if err != nil {
		return nil, err
	}
	var list []Result
	for _, at := range there {
		if at.PublishedAt != nil {
			list = append(list, Result{Figures: figures(by, at.LinkID), Place: &at})
		}
	}
	for _, n := range networks {
		list = append(list, Result{Figures: figures(by, n.LinkID), Network: &n})
	}
	return list, nil
}

// figures are those of a link; none without one.
func figures(by map[int64]insight.Figures, linkID int64) insight.Figures {
	if linkID == 0 {
		return insight.Figures{}
	}
	return by[linkID]
}
