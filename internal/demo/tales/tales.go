// Package tales has the brands and members of the demo tell their stories, at the demo's past dates and by the use cases that writers set off.
package tales

import (
	"context"
	"fmt"
	"slices"
	"time"

	"relais/internal/demo/content"
	"relais/internal/i18n"
	"relais/internal/media"
	"relais/internal/stories"
)

// Stage is what stories are told with.
type Stage struct {
	Stories *stories.Service
	Content *content.Content
	Now     time.Time       // the end of the demo
	At      func(time.Time) // sets the demo's clock
	Member  func(handle string) int64
	Brand   func(handle string) int64
	Product func(slug string) int64
	Photo   func(file string) media.Photo
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
	by, owner := s.Member(one.By), stories.Owner{MemberID: s.Member(one.By)}
	if one.Brand != "" {
		owner = stories.Owner{BrandID: s.Brand(one.Brand)}
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
	told, err := s.Stories.Save(ctx, by, owner, id, 1, c, when)
	if err != nil {
		return err
	}
	if one.Edited != "" {
		s.At(at.Add(23 * time.Hour))
		c.Title = one.Edited
		if told, err = s.Stories.Save(ctx, by, owner, id, told.Version, c, stories.When{}); err != nil {
			return err
		}
	}
	if one.Reported == nil {
		return nil
	}
	s.At(at.Add(30 * time.Hour))
	reporter := s.Member(one.Reported.By)
	return s.Stories.Report(ctx, stories.Complaint{Code: told.Code, MemberID: &reporter, Reason: one.Reported.Reason, Text: one.Reported.Text})
}

// words are what a story says, with its photographs as their author's own.
func (s Stage) words(ctx context.Context, by int64, owner stories.Owner, one content.Story, lang i18n.Lang) (c stories.Content, err error) {
	c = stories.Content{Lang: lang, Title: one.Title, Body: one.Text}
	for _, slug := range one.Products {
		c.Products = append(c.Products, s.Product(slug))
	}
	for _, file := range one.Photos {
		photo := s.Photo(file)
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
