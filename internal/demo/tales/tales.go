// Package tales has the brands and members of the demo tell their stories, at the demo's past dates and by the use cases that writers set off.
package tales

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/catalog"
	"relais/internal/demo/content"
	"relais/internal/i18n"
	"relais/internal/media"
	"relais/internal/reports"
	"relais/internal/storefronts"
	"relais/internal/stories"
)

// Stage is what stories are told with.
type Stage struct {
	DB      *sqlx.DB
	Stories *stories.Service
	Content *content.Content
	Now     time.Time               // the end of the demo
	At      func(time.Time)         // sets the demo's clock
	Photos  map[string]media.Photo  // by file
	Product func(slug string) int64 // their number, by the slug of the content
}

// Make has each story told, in the order of the content.
func Make(ctx context.Context, s Stage) error {
	for _, one := range s.Content.Stories {
		if err := s.tell(ctx, one); err != nil {
			return fmt.Errorf("story of %s, %q: %w", one.By, one.Title, err)
		}
	}
	return nil
}

func (s Stage) tell(ctx context.Context, one content.Story) error {
	at, when := s.Now.Add(-2*time.Hour), stories.When{}
	switch {
	case one.Days == nil:
	case *one.Days < 0:
		when = stories.When{At: s.Now.AddDate(0, 0, -*one.Days).Truncate(time.Minute), Zone: "Europe/Paris"}
	default:
		at, when.Now = s.Now.AddDate(0, 0, -*one.Days).Add(-3*time.Hour), true
	}
	s.At(at)
	front, err := storefronts.ByHandle(ctx, s.DB, one.By)
	if err != nil {
		return err
	}
	by, owner := front.MemberID, stories.Owner{MemberID: front.MemberID}
	if one.Brand != "" {
		b, err := catalog.BrandByHandle(ctx, s.DB, one.Brand, "")
		if err != nil {
			return err
		}
		owner = stories.Owner{BrandID: b.ID}
	}
	author, _ := s.Content.Member(one.By)
	c, err := s.words(ctx, by, owner, one, i18n.Lang(author.Lang))
	if err != nil {
		return err
	}
	id, err := s.Stories.Start(ctx, by, owner, c.Lang)
	if err != nil {
		return err
	}
	told, err := s.Stories.Save(ctx, by, owner, id, stories.Seen{Version: 1}, c, when)
	if err != nil {
		return err
	}
	if one.Edited != "" {
		s.At(at.Add(23 * time.Hour))
		c.Title = one.Edited
		if told, err = s.Stories.Save(ctx, by, owner, id, stories.Seen{Version: told.Version}, c, stories.When{}); err != nil {
			return err
		}
	}
	if one.Reported == nil {
		return nil
	}
	s.At(at.Add(30 * time.Hour))
	reporter, err := storefronts.ByHandle(ctx, s.DB, one.Reported.By)
	if err != nil {
		return err
	}
	return s.Stories.Report(ctx, reports.Complaint{ID: told.ID, MemberID: reporter.MemberID, Reason: one.Reported.Reason, Text: one.Reported.Text})
}

// words are what a story says, with its photographs as their author's own.
func (s Stage) words(ctx context.Context, by int64, owner stories.Owner, one content.Story, lang i18n.Lang) (c stories.Content, err error) {
	c = stories.Content{Lang: lang, Title: one.Title, Body: one.Text}
	for _, slug := range one.Products {
		c.Products = append(c.Products, s.Product(slug))
	}
	for _, file := range one.Photos {
		photo := s.Photos[file]
		if err := s.Stories.TakePhoto(ctx, by, photo.ID); err != nil {
			return c, err
		}
		said := s.Content.Photos[slices.IndexFunc(s.Content.Photos, func(p content.Photo) bool { return p.File == file })]
		c.Photos = append(c.Photos, stories.Photo{Hash: photo.Hash, Alt: said.Alt.In(string(lang))})
	}
	if one.Series != "" {
		c.SeriesID, err = s.Stories.AddSeries(ctx, by, owner, one.Series)
	}
	return c, err
}
